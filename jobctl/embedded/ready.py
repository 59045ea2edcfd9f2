"""When a newly started server is ready, and why it is not."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobctl.embedded.locks import POLL
from jobctl.errors import ServerProblem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import Popen

# More than a page, so that it does not slip into the last free bytes of a full disk; one
# transaction, so that no key is ever seen or left behind.
_WRITE = b"MULTI\r\nSET jobctl:probe %b\r\nDEL jobctl:probe\r\nEXEC\r\n" % (b"x" * 8192)
_WRITE_ANSWERS = 6  # OK, QUEUED, QUEUED, and an array of two: three lines
_TAIL = 16 * 1024
_PATIENCE = 5.0  # seconds that a server has to answer after it said that it is loading


class _NotYetError(Exception):
    """The server does not answer yet."""


class _LoadingError(_NotYetError):
    """The server is still loading its data."""


@dataclass(frozen=True, slots=True)
class Log:
    """A server's log and the size that it had when the server was started."""

    path: Path
    start: int

    def last_words(self) -> str:
        """Return the last line that this server logged; "" when it said nothing.

        A full disk has no room for them; then they are what the system calls a full disk.
        """
        import re

        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self.start, end - _TAIL))
            lines = file.read().decode(errors="replace").split("\n")
        for line in reversed(lines):
            # "5189:M 22 Nov 2026 06:22:55.267 # Write error ..": process and role, time, level
            if text := re.sub(r"^\d+:\S+ .{8,32}? [-.*#] ", "", line.strip()):
                return text
        return "" if os.statvfs(self.path.parent).f_bavail else os.strerror(errno.ENOSPC)


def wait_until_ready(child: Popen[bytes], socket: Path, log: Log, deadline: float) -> None:
    """Return once the server answers and has written to its append-only file.

    Raises:
        ServerProblem: it ended, it refused, it cannot write, or the deadline
            (`time.monotonic`) passed.
    """
    hint = f"its log is {log.path}"
    while child.poll() is None:
        try:
            if refusal := _probe(socket, deadline):
                raise ServerProblem(f"the server refuses: {refusal}", hint=hint)
        except _LoadingError:
            deadline = max(deadline, time.monotonic() + _PATIENCE)  # much data takes its time
            time.sleep(POLL)
        except _NotYetError as reason:
            if time.monotonic() >= deadline:
                message = f"the server did not get ready in time: {reason}"
                raise ServerProblem(message, hint=hint) from None
            time.sleep(POLL)
        else:
            return
    words = log.last_words()
    message = f"the server ended before it was ready ({_ending(child.returncode)})"
    raise ServerProblem(f"{message}: {words}" if words else message, hint=hint)


def _probe(path: Path, deadline: float) -> str:
    """Return why the server refuses to be used, "" when it does not."""
    import socket

    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(max(deadline - time.monotonic(), POLL))
            connection.connect(str(path))
            with connection.makefile("rb") as answers:
                return _talk(connection.sendall, answers.readline)
    except OSError:
        raise _NotYetError("it does not answer") from None


def _talk(send: Callable[[bytes], None], answer: Callable[[], bytes]) -> str:
    """Ask, write and ask again: a failed write is acknowledged, only the next answer tells."""
    for words, lines in ((b"PING\r\n", 1), (_WRITE, _WRITE_ANSWERS), (b"PING\r\n", 1)):
        send(words)
        for _ in range(lines):
            line = answer().decode(errors="replace").strip()
            if not line:
                raise _NotYetError("it hangs up")
            if line.startswith("-LOADING"):
                raise _LoadingError
            if line.startswith("-"):
                return line[1:]
    return ""


def _ending(code: int) -> str:
    from signal import strsignal

    return f"exit code {code}" if code >= 0 else strsignal(-code) or f"signal {-code}"
