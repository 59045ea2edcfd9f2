"""The text of a document of cron entries, and the files its lines come from.

The server appends the bytes of each file and a line feed, in order of name, and reads all of it as
one document of TOML.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import stat
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jobctl.errors import BadCronFile, JobctlError, NotFound, UsageProblem

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where something stands: a file, and the line and column in it, each from 1 on."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a document cannot be read as TOML, and where.

    Attributes:
        code: ``not-utf-8``, ``nul-byte``, or ``toml``.
        message: what is wrong.
        line: of the whole document, from 1 on.
        column: in characters, from 1 on.
        hint: what to do about it.
    """

    code: str
    message: str
    line: int
    column: int
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One document, as the server makes it of its files.

    Attributes:
        parts: the name of each file and its bytes, in order.
        directory: whether these are all the files of a directory.
        unread: files with entries there that the server does not read.
        lines: its text; what is no UTF-8 is replaced in it.
        starts: the line, from 0 on, at which each part begins.
        marked: whether a byte order mark begins it, which is no part of its text.
        unfit: why it cannot be read as text at all.
    """

    parts: tuple[tuple[str, bytes], ...]
    directory: bool
    lines: tuple[str, ...]
    starts: tuple[int, ...]
    marked: bool
    unfit: Unfit | None
    unread: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        parts: Iterable[tuple[str, bytes]],
        *,
        directory: bool = False,
        unread: Iterable[str] = (),
    ) -> Document:
        """Make the document of files, each a name and its bytes."""
        held = tuple(parts)
        whole = b"".join(raw + b"\n" for _, raw in held)
        starts, line = [], 0
        for _, raw in held:
            starts.append(line)
            line += raw.count(b"\n") + 1
        text = whole.decode("utf-8", "replace")
        marked, text = text.startswith(_BOM), text.removeprefix(_BOM)
        lines = tuple(each.removesuffix("\r") for each in text.split("\n"))
        unfit = _unfit(whole)
        return cls(held, directory, lines, tuple(starts), marked, unfit, tuple(unread))

    @property
    def text(self) -> str:
        """The whole text, its lines ended by line feeds alone, as TOML may count them."""
        return "\n".join(self.lines)

    @property
    def raw(self) -> bytes:
        """The bytes of its files, one after the other."""
        return b"".join(raw for _, raw in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its files."""
        return tuple(name for name, _ in self.parts)

    def part_of(self, line: int) -> int:
        """Return which part a line of the document is in; lines count from 1, parts from 0."""
        return max(0, bisect_right(self.starts, line - 1) - 1)

    def place(self, line: int, column: int) -> FilePlace:
        """Return the file that a line of the document is in, and the line there."""
        part = self.part_of(line)
        return FilePlace(self.parts[part][0], line - self.starts[part], column)

    def line(self, line: int) -> str:
        """Return the text of a line of the document, from 1 on."""
        return self.lines[line - 1] if line <= len(self.lines) else ""

    def end(self) -> tuple[int, int]:
        """Return line and column behind the last character that is no blank."""
        for line in range(len(self.lines), 0, -1):
            text = self.lines[line - 1].rstrip()
            if text:
                return line, len(text) + 1
        return 1, 1


def _unfit(whole: bytes) -> Unfit | None:
    """Return the first byte that stops the server from reading the text."""
    try:
        whole.decode()
    except UnicodeDecodeError as error:
        byte, at = f"0x{whole[error.start]:02x}", error.start
        message = f"the byte {byte} is not UTF-8"
        code, hint = "not-utf-8", "save the file as UTF-8: TOML knows no other encoding"
    else:
        at = whole.find(b"\0")
        if at < 0:
            return None
        code, message = "nul-byte", "a NUL byte"
        hint = "save the file as UTF-8 text: is it UTF-16, or no text at all?"
    before = whole[:at].removeprefix(_BOM.encode())
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    return Unfit(code, message, line, column, hint)


MOST = 16 * 1024 * 1024  # bytes of a document: a large crontab has some ten thousand
STDIN = "-"
_ENTRY = re.compile(rb"^[ \t]*\[\[[ \t]*cron[ \t]*\]\]", re.MULTILINE)
_OPEN = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")  # what a shell makes of <(..), open by now

Unreadable = Callable[[str, JobctlError], None]


def read_documents(
    paths: Sequence[str], stdin: BinaryIO | None = None, *, unreadable: Unreadable | None = None
) -> list[Document]:
    """Read files, directories and stdin, each as one document.

    A directory is all of its ``*.toml`` in order of their names' bytes, of its ``conf.d`` where it
    has one: what the server reads of its configuration directory.

    Args:
        paths: files, directories, or ``-`` for stdin.
        stdin: what ``-`` reads.
        unreadable: is told of what cannot be read, by name, and the rest is read; without it the
            error is raised.

    Raises:
        NotFound: there is no such file, or no ``*.toml`` in a directory.
        BadCronFile: it cannot be read, is no file, or is too large.
        UsageProblem: a path is empty.
    """
    if "" in paths:
        raise UsageProblem(
            "the name of a file is empty", hint="is a variable unset in your script?"
        )
    documents = []
    for path in paths:
        try:
            documents.append(_document(path, stdin))
        except (NotFound, BadCronFile) as error:
            if unreadable is None:
                raise
            unreadable(path, error)
    return documents


def read_one(path: str) -> bytes:
    """Return the bytes of a file that is to be edited.

    Raises:
        NotFound: there is no such file.
        BadCronFile: it cannot be read, is a directory, no regular file, or too large.
    """
    return _read(path, MOST)


def _document(path: str, stdin: BinaryIO | None) -> Document:
    if path == STDIN and stdin is not None:
        return Document.of([("-", _held(stdin, "-", MOST))])
    if _is_directory(Path(path)):
        return _directory(path)
    return Document.of([(path, _read(path, MOST))])


def _is_directory(path: Path) -> bool:
    """Check for a directory; where even that fails, reading says why."""
    try:
        return path.is_dir()
    except OSError:  # no permission on the way, or too long a name
        return False


def _directory(path: str) -> Document:
    within = Path(path, "conf.d")
    directory = within if _is_directory(within) else Path(path)
    there = _sorted_files(directory)
    # Go's Glob finds the same for *.toml: a leading dot hides nothing from it.
    files = [file for file in there if file.name.endswith(".toml")]
    beside = _sorted_files(Path(path)) if directory is within else []
    rest = [file for file in there if not file.name.endswith(".toml")] + beside
    unread = [str(file) for file in rest if _has_entries(file)]
    if not files:
        hint = (
            f"the server does not read {unread[0]}: rename it"
            if unread
            else "name a file of entries"
        )
        raise NotFound(f"{directory}: there is no *.toml in it", hint=hint)
    parts, left = [], MOST
    for file in files:
        raw = _read(str(file), left)
        parts.append((str(file), raw))
        left -= len(raw)
    return Document.of(parts, directory=True, unread=unread)


def _sorted_files(directory: Path) -> list[Path]:
    """Return what is in a directory, in order of the names' bytes."""
    try:
        return sorted(directory.iterdir(), key=lambda file: os.fsencode(file.name))
    except OSError as error:
        raise _refused(str(directory), error) from None


def _has_entries(file: Path) -> bool:
    """Check for entries in the first MiB of a file, as far as it can be read."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return False
        with file.open("rb") as opened:
            return _ENTRY.search(opened.read(1024**2)) is not None
    except OSError:
        return False


def _read(path: str, most: int) -> bytes:
    try:
        # Asked of the path first: to open a FIFO waits until somebody writes to it.
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode) and not (stat.S_ISFIFO(mode) and path.startswith(_OPEN)):
            what = "a directory" if stat.S_ISDIR(mode) else "no regular file"
            raise BadCronFile(f"{path}: cannot be read: it is {what}")
        with Path(path).open("rb") as file:
            return _held(file, path, most)
    except FileNotFoundError:
        if Path(path).is_symlink():
            raise BadCronFile(f"{path}: cannot be read: it is a link to nothing") from None
        hint = None
        if " " in path.strip() or path.startswith("@"):
            hint = f"is it a schedule? jobctl cron explain {shlex.quote(path)}"
        raise NotFound(f"{path}: there is no such file or directory", hint=hint) from None
    except (OSError, ValueError) as error:
        raise _refused(path, error) from None


def _held(file: BinaryIO, name: str, most: int) -> bytes:
    """Return all bytes of a file, up to so many."""
    raw = file.read(most + 1)
    if len(raw) > most:
        raise BadCronFile(
            f"{name}: more than {MOST // 1024**2} MiB: too large for a file of cron entries"
        )
    return raw


def _refused(path: str, error: OSError | ValueError) -> BadCronFile:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return BadCronFile(f"{path}: cannot be read: {why}")


_HINT = "nothing was changed: do it again"


def replace_file(path: str, old: bytes | None, new: bytes) -> None:
    """Put new bytes in the place of a file, or of what a link points to.

    Mode, and owner where that is allowed, stay. The bytes and the folder are on disk afterwards.

    Args:
        path: of the file.
        old: the bytes it had when it was read; None where there was none.
        new: those it is to have.

    Raises:
        NotFound: there is no such folder.
        BadCronFile: it cannot be written, is no regular file, or has changed since it was read.
    """
    target = Path(os.path.realpath(path))
    try:
        with _beside(target, old) as temporary:
            _write(temporary, new, target if old is not None else None)
            _check(path, target, old)
            if old is None:
                os.link(temporary, target)  # unlike a rename it does not overwrite
            else:
                temporary.replace(target)
        _settle(target.parent)
    except FileExistsError:
        raise _changed(path) from None
    except FileNotFoundError:
        if target.parent.is_dir():
            raise _changed(path) from None
        raise NotFound(f"{path}: there is no folder {target.parent}") from None
    except OSError as error:
        raise BadCronFile(f"{path}: cannot be written: {error.strerror}") from None


@contextlib.contextmanager
def _beside(target: Path, old: bytes | None) -> Iterator[Path]:
    """Yield a new file in the same folder; whatever happens, nothing is left of it."""
    # Not *.toml: a server that reads its folder meanwhile must not find it.
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".tmp"
    )
    temporary = Path(name)
    try:
        os.close(handle)
        if old is None:
            temporary.chmod(0o666 & ~_umask())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _write(temporary: Path, new: bytes, like: Path | None) -> None:
    with temporary.open("wb") as file:
        if like is not None:
            its = like.stat()
            with contextlib.suppress(OSError):  # who may not give it away keeps it
                os.fchown(file.fileno(), its.st_uid, its.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(its.st_mode))
        file.write(new)
        file.flush()
        os.fsync(file.fileno())


def _check(path: str, target: Path, old: bytes | None) -> None:
    """Refuse where the file is not what was read."""
    if old is None:
        if target.exists():
            raise _changed(path)
        return
    if not stat.S_ISREG(target.lstat().st_mode):
        raise BadCronFile(f"{path}: cannot be replaced: it is no regular file")
    if target.read_bytes() != old:
        raise _changed(path)


def _changed(path: str) -> BadCronFile:
    return BadCronFile(f"{path}: it has changed since it was read", hint=_HINT)


def _settle(folder: Path) -> None:
    """Have the folder itself on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
