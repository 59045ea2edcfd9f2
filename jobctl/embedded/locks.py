"""The two locks of a directory: the server's own, and the starter's."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jobctl.errors import ServerProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVER_LOCK = "server.lock"
START_LOCK = "start.lock"
POLL = 0.01
"""Seconds between two looks at something that is about to happen."""


def is_held(directory: Path) -> bool:
    """Tell whether a server (ready or not) holds the lock of the directory.

    The look takes a shared lock for an instant: two looks do not see each other, and `locked`
    tries again when it meets one.
    """
    try:
        lock = os.open(directory / SERVER_LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextmanager
def locked(path: Path, deadline: float) -> Iterator[int]:
    """Hold the lock file exclusively and yield its descriptor.

    Raises:
        ServerProblem: another process still held it at the deadline (`time.monotonic`).
        OSError: the file cannot be created or opened.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _try_lock(lock):
            if time.monotonic() >= deadline:
                raise ServerProblem(
                    f"another process is starting or stopping the server in {path.parent}",
                    hint="try again in a moment",
                )
            time.sleep(POLL)
        yield lock
    finally:
        os.close(lock)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
