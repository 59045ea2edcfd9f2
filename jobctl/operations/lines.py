"""The lines of an operation's file: what a member is in its line, and back again."""

from __future__ import annotations

import base64
import errno
import fcntl
import os
import select
import stat
import tempfile
import time
from collections.abc import Sequence
from math import isnan
from pathlib import Path

from jobctl.errors import FileProblem
from jobctl.model.jsontext import loads_own, read_object
from jobctl.operations.selection import LONGEST, Selection

SCORE = b'{"score":'  # what the line of a member begins with
_JOB, B64 = b'"job":', b'"b64":"'  # what stands before it, as it is or encoded


def is_plain(members: Sequence[bytes], scores: Sequence[bytes]) -> bool:
    """Tell, of many members at once, whether each can stand in its line as it is."""
    text = b"".join(members)
    return (
        text.isascii()
        and b"\n" not in text
        and len(text) <= LONGEST
        and b"n" not in b"".join(scores)  # inf, nan
    )


def member_lines(
    members: Sequence[bytes], scores: Sequence[bytes], *, decoded: bool
) -> tuple[list[bytes], list[int]]:
    """Return the line of each member, and its length where it stands there as it is, else 0."""
    lines: list[bytes] = []
    lengths: list[int] = []
    for raw, score in zip(members, scores, strict=True):
        if _one_line(raw, decoded=decoded):
            lines.append(b'{"score":%b,"job":%b}\n' % (number(score), raw))
            lengths.append(len(raw))
        else:
            encoded = base64.b64encode(raw)
            lines.append(b'{"score":%b,"b64":"%b"}\n' % (number(score), encoded))
            lengths.append(0)
    return lines, lengths


def _one_line(raw: bytes, *, decoded: bool) -> bool:
    """Tell whether a member can stand in a line as it is."""
    if b"\n" in raw or len(raw) > LONGEST or not (decoded or read_object(raw) is not None):
        return False
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return not raw.startswith(b"\xef\xbb\xbf")


def is_member(line: bytes) -> bool:
    """Tell whether a line holds a whole member."""
    if not (line.startswith(SCORE) and line.endswith(b"}\n")):
        return False
    try:
        if not is_verbatim(line):
            start = line.index(b",", len(SCORE), 64) + 1
            if not (line.startswith(B64, start) and line.endswith(b'"}\n')):
                return False
            base64.b64decode(line[start + len(B64) : -3], validate=True)
        return not isnan(float(score_of(line)))
    except ValueError:
        return False


def score_of(line: bytes) -> bytes:
    """Return the score of a member, as Redis writes it."""
    return line[len(SCORE) : line.index(b",", len(SCORE), 64)].strip(b'"')


def number(score: bytes) -> bytes:
    """Return a score as JSON: infinity is a text."""
    return score if score[-1:].isdigit() else b'"%b"' % score  # inf, -inf


def is_verbatim(line: bytes) -> bool:
    """Tell whether the member stands in its line as it is."""
    return line.startswith(_JOB, line.index(b",", len(SCORE), 64) + 1)


def member_of(line: bytes) -> bytes:
    """Return the member of a line."""
    start = line.index(b",", len(SCORE), 64) + 1
    if line.startswith(_JOB, start):
        return line[start + len(_JOB) : -2]
    return base64.b64decode(line[start + len(B64) : -3])


def read_note(line: bytes) -> dict[str, object] | None:
    """Decode a line; None for one that was cut off when the disk was full or the power failed."""
    try:
        note = loads_own(line)
    except ValueError:
        return None
    return note if isinstance(note, dict) else None


def take_in(selection: Selection, lines: Sequence[bytes], offset: int) -> int:
    """Add the members of lines, and return where the next line stands."""
    members, offsets, lengths = list[bytes](), list[int](), list[int]()
    for line in lines:
        raw = member_of(line)
        plain = is_verbatim(line) and 0 < len(raw) <= LONGEST
        members.append(raw)
        offsets.append(offset + len(line) - len(raw) - 2 if plain else offset)
        lengths.append(len(raw) if plain else 0)
        offset += len(line)
    selection.add([float(score_of(line)) for line in lines], members, offsets, lengths)
    return offset


PATIENCE = 60.0  # seconds for which a pipe may be silent
_BLOCK = 256 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


def open_own(path: Path, *, write: bool) -> int:
    """Open a file of the journal: a regular one, and this user's. Nothing else is waited for.

    Raises:
        FileProblem: it is none, or cannot be opened.
    """
    flags = (os.O_RDWR if write else os.O_RDONLY) | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileProblem(f"{path} is a symbolic link, no operation's file") from None
        raise problem("open", path, error) from None
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
        return descriptor
    os.close(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise FileProblem(f"{path} is no regular file")
    raise FileProblem(f"{path} belongs to another user, number {found.st_uid}")


def create_own(path: Path) -> int:
    """Make a new file, and lock it.

    Raises:
        FileExistsError: there is one.
        FileProblem: it cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise
    except OSError as error:
        raise problem("make", path, error) from None
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def lock(descriptor: int) -> None:
    """Lock a file; a process that only looks whether it is locked does so for an instant.

    Raises:
        BlockingIOError: somebody works on it.
    """
    for _ in range(5):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(0.02)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def open_plan(path: Path) -> int:
    """Open a plan to read it; what others could change meanwhile, or a pipe, is copied first.

    Raises:
        FileProblem: it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        found = os.fstat(descriptor)
        regular = stat.S_ISREG(found.st_mode)
        if regular and found.st_uid == os.geteuid():
            return descriptor
        try:
            if regular or stat.S_ISFIFO(found.st_mode):
                return _copied(path, descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise problem("open", path, error) from None
    raise FileProblem(f"{path} is no plan: it is neither a file nor a pipe")


def _copied(path: Path, source: int) -> int:
    """Return a nameless file of what can be read from another one."""
    with tempfile.TemporaryFile() as file:
        poll = select.poll()
        poll.register(source, select.POLLIN)
        while poll.poll(PATIENCE * 1000):
            try:
                block = os.read(source, _BLOCK)
            except BlockingIOError:  # somebody else has read it
                continue
            if not block:
                file.flush()
                return os.dup(file.fileno())
            file.write(block)
    raise FileProblem(f"{path}: nothing came out of this pipe for {PATIENCE:g} s")


def nameless(directory: Path) -> int:
    """Make a file that nobody else sees and that ends with this process, there or elsewhere.

    Raises:
        FileProblem: there is no place for it.
    """
    try:
        place = directory if os.access(directory, os.W_OK) else None
        with tempfile.TemporaryFile(dir=place) as file:
            return os.dup(file.fileno())
    except OSError as error:
        raise problem("make", directory, error) from None


def problem(verb: str, path: Path, error: OSError) -> FileProblem:
    """Return the error for what the system said about a file."""
    hint = None if verb == "open" else "XDG_STATE_HOME says where these files go"
    if error.errno in _FULL:
        hint = "make room there, or name another directory with XDG_STATE_HOME"
    elif error.errno in _DENIED and verb != "open":
        hint = "name a directory that this user may write to: XDG_STATE_HOME"
    return FileProblem(
        f"cannot {verb} the operation's file {path}: {error.strerror or error}", hint=hint
    )
