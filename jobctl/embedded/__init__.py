"""A private Valkey or Redis server: for the demo, the tests and a single machine.

One directory holds one server and everything it needs::

    server.lock     held by the server itself for as long as it lives; says which process it is
    server.json     the same description, from the moment the server answers until it is stopped
    server.pid      its process, written by the server itself
    start.lock      held by whoever is starting or stopping it
    server.sock     where it listens (elsewhere when the path is too long for a socket)
    server.log      what it says
    appendonlydir/  its data

The server inherits the open, locked ``server.lock``, so that the kernel lets go of the lock when
the server ends, by whatever means. "Does it run?" is therefore "is the lock held?", never "is
there a process of that number?".

Every start of jobctl imports this file to `find` a server, so it imports only what is cheap.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jobctl.embedded.locks import SERVER_LOCK, START_LOCK, locked
from jobctl.embedded.places import binary, make_private, telling
from jobctl.embedded.state import EmbeddedServer, default_directory, find

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["EmbeddedServer", "binary", "default_directory", "find", "start", "stop"]


def start(
    directory: Path, *, environ: Mapping[str, str], timeout: float = 15.0
) -> tuple[EmbeddedServer, bool]:
    """Return the directory's server, started if need be, and whether this call started it.

    Of several that start at the same moment one does, and the others wait for it. After a
    failure, Ctrl-C included, nothing is left running.

    Args:
        directory: is made when missing, and must be ours alone.
        environ: where to look for the program (see `binary`), and for the server's few variables.
        timeout: seconds until the server must be ready; loading its data may take longer.

    Raises:
        ServerProblem: no program, no place, no room, or the server did not get ready.
    """
    with telling(f"cannot start the server in {directory}"):
        directory = directory.absolute()
        if (running := find(directory)) is not None:
            return running, False
        from jobctl.embedded.launch import launch
        from jobctl.embedded.stopping import clear

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
    """Stop the directory's server and return it; None when none runs. Its data stays.

    Args:
        directory: need not exist.
        timeout: seconds to leave in peace; then the server is killed.

    Raises:
        ServerProblem: it is not ours to stop, or it does not end.
    """
    with telling(f"cannot stop the server in {directory}"):
        directory = directory.absolute()
        if not (directory / SERVER_LOCK).exists():
            return None
        from jobctl.embedded.stopping import clear

        deadline = time.monotonic() + timeout
        with locked(directory / START_LOCK, deadline):
            return clear(directory, deadline)
