"""A private Valkey or Redis server: for the demo, the tests and a single machine.

One directory holds one server and everything it needs::

    server.lock     held by the server as long as it lives; describes it
    server.json     the same description, from the moment the server answers until it is stopped
    server.pid      its process id, written by the server itself
    start.lock      held by the process that is starting or stopping it
    server.sock     its socket (elsewhere if the path is too long for a socket)
    server.log      its log
    appendonlydir/  its data

The server inherits the open, locked ``server.lock``, so the kernel releases the lock whenever the
server ends. So "does it run?" is "is the lock held?", never "is there a process with that id?".

Without a URL every start of jobctl imports this file to `find` a server: `start` and `stop` import
the rest (8 ms) themselves.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from jobctl.embedded.directory import (
    SERVER_LOCK,
    START_LOCK,
    EmbeddedServer,
    clear,
    default_directory,
    find,
    locked,
    make_private,
    reporting,
)

__all__ = ["EmbeddedServer", "default_directory", "find", "start", "stop"]


def start(
    directory: Path, *, environ: Mapping[str, str], timeout: float = 15.0
) -> tuple[EmbeddedServer, bool]:
    """Return the directory's server, started if necessary, and whether this call started it.

    Of several calls at the same moment one starts it, and the others wait. After a failure,
    Ctrl-C included, nothing is left running.

    Args:
        directory: created if missing; no other user may enter it.
        environ: the environment; names the program, and the server inherits a few variables.
        timeout: seconds until the server must be ready; loading its data may take longer.

    Raises:
        ServerProblem: no program, no place, no room, or the server did not get ready.
    """
    with reporting(f"cannot start the server in {directory}"):
        directory = directory.absolute()
        if (running := find(directory)) is not None:
            return running, False
        from jobctl.embedded.launch import binary, launch

        deadline = time.monotonic() + timeout
        program = binary(environ)
        make_private(directory)
        with locked(directory / START_LOCK, deadline):
            if (running := find(directory)) is not None:
                return running, False
            clear(directory, deadline)
            with locked(directory / SERVER_LOCK, deadline) as lock:
                ready_by = time.monotonic() + timeout  # an old one may have taken its time to end
                return launch(directory, program, environ, lock, ready_by), True


def stop(directory: Path, *, timeout: float = 15.0) -> EmbeddedServer | None:
    """Stop the directory's server and return it; None if none runs. Its data stays.

    Args:
        directory: need not exist.
        timeout: seconds that the server has to end; then it is killed.

    Raises:
        ServerProblem: it runs on another machine, or it does not end.
    """
    with reporting(f"cannot stop the server in {directory}"):
        directory = directory.absolute()
        if not (directory / SERVER_LOCK).exists():
            return None
        deadline = time.monotonic() + timeout
        with locked(directory / START_LOCK, deadline):
            return clear(directory, deadline)
