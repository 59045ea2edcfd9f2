"""Opening the files of operations: this user's own ones, and plans, which may be anybody's."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import stat
import tempfile
import time
from pathlib import Path

from jobctl.errors import FileProblem

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
    """Lock a file; whoever only looks whether it is locked does so for an instant.

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
