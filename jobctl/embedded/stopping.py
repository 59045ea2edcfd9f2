"""End a server and remove its traces."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from signal import SIGKILL, SIGTERM
from typing import TYPE_CHECKING

from jobctl.embedded.directory import (
    POLL,
    SERVER_LOCK,
    STATE,
    EmbeddedServer,
    is_held,
    read,
    short_name,
    unpublish,
)
from jobctl.errors import ServerProblem

if TYPE_CHECKING:
    from pathlib import Path

_GRACE = 5.0  # seconds that a killed server may take to end


def clear(directory: Path, deadline: float) -> EmbeddedServer | None:
    """End the server that holds the directory's lock, and remove its files; return that server.

    The server may never have become ready, if its starter was killed. Call this under the start
    lock.
    """
    known = _known(directory)
    held = is_held(directory)
    while held and known is None:
        if time.monotonic() >= deadline:
            lock = directory / SERVER_LOCK
            raise ServerProblem(f"an unknown process holds {lock}", hint=f"see: lsof {lock}")
        time.sleep(POLL)  # it may not have written its pid file yet
        known, held = _known(directory), is_held(directory)
    if held and known is not None:
        _end(known, deadline)
    unpublish(directory)
    # A directory that was copied describes the socket of the one it was copied from.
    if known is not None and (
        known.socket.parent == directory or known.socket.name == short_name(directory)
    ):
        _remove(known.socket)
    return known if held else None


def _known(directory: Path) -> EmbeddedServer | None:
    return read(directory / SERVER_LOCK) or read(directory / STATE)


def _remove(socket: Path) -> None:
    if socket.is_socket():
        socket.unlink(missing_ok=True)


def _end(server: EmbeddedServer, deadline: float) -> None:
    """Terminate the server, kill it at the deadline, and return when it is gone."""
    here = os.uname().nodename
    if server.host != here:  # its process number means another process here
        raise ServerProblem(
            f"the server in {server.directory} was started on {server.host}, this is {here}",
            hint="stop it there, or choose another directory",
        )
    _signal(server, SIGTERM)
    unpublish(server.directory)
    killed = False
    while is_held(server.directory):
        _reap(server, os.WNOHANG)
        if time.monotonic() >= deadline:
            if killed:
                raise ServerProblem(f"the server does not end (process {server.pid})")
            _signal(server, SIGKILL)
            killed, deadline = True, time.monotonic() + _GRACE
        time.sleep(POLL)
    _reap(server, 0)


def _signal(server: EmbeddedServer, number: int) -> None:
    """Signal the whole group: the program may be a script around the server."""
    # On macOS a group of none but the dead is "not permitted".
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, number)


def _reap(server: EmbeddedServer, options: int) -> None:
    """Collect the exit status when the server is a child of this very process."""
    with suppress(ChildProcessError):
        os.waitpid(server.pid, options)
