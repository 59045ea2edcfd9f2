"""Files of cron entries, from where they are named to documents."""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from jobctl.cron.document import Document
from jobctl.errors import BadCronFile, JobctlError, NotFound, UsageProblem

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
    """Return the bytes of one file, one that is to be edited.

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
    """Tell whether it is a directory; to read what cannot even be asked about says why."""
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
    """Tell whether a file, as far as it can be read, has entries in its first MiB."""
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
