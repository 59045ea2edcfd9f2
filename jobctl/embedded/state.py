"""What is known about the server of a directory, and who says so.

Every start of jobctl looks here, so this file imports only what is cheap.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jobctl.embedded.locks import is_held

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE = "server.json"
PID = "server.pid"


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """One running server and where it lives.

    Attributes:
        directory: its private directory (0700).
        socket: the unix socket it listens on.
        pid: its process, which leads a session and a process group of its own.
        binary: the path of its program.
        started_at: RFC 3339, in UTC, with ``Z``.
        host: the name of the machine (or container) it runs on.
    """

    directory: Path
    socket: Path
    pid: int
    binary: str
    started_at: str
    host: str

    @property
    def url(self) -> str:
        """Return the ``unix://`` URL of the socket, percent-quoted."""
        from urllib.parse import quote

        return "unix://" + quote(os.fsencode(self.socket))


def default_directory(environ: Mapping[str, str]) -> Path:
    """Return ``$XDG_STATE_HOME/jobctl/embedded``, else the one below ``~/.local/state``.

    An empty or relative XDG_STATE_HOME does not count (XDG base directory specification).
    """
    state = Path(environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        state = _home(environ) / ".local" / "state"
    return state / "jobctl" / "embedded"


def _home(environ: Mapping[str, str]) -> Path:
    if home := environ.get("HOME"):
        return Path(home)
    try:
        return Path.home()
    except RuntimeError:  # a user without a home, as in a container: the root, as Docker has it
        return Path("/")


def find(directory: Path) -> EmbeddedServer | None:
    """Return the server that runs in the directory and is ready, or None.

    Nothing is written and nothing is sent: one look at a lock, and at a file when it is held.
    """
    try:
        directory = directory.absolute()
        if not is_held(directory):
            return None
        server = read(directory / STATE)
        return server if server is not None and server.socket.is_socket() else None
    except OSError:
        return None


def read(path: Path) -> EmbeddedServer | None:
    """Read a description, or return None when the file does not hold one.

    One without a pid was written just before the server was started: the server itself writes
    its pid file then.

    Raises:
        OSError: the file is there, but cannot be read.
    """
    import json

    try:
        known = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    match known:
        # A process group of 0 or 1 would be ourselves, or everybody.
        case {
            "pid": int(pid),
            "socket": str(socket),
            "binary": str(binary),
            "started_at": str(at),
            "host": str(host),
        }:
            pid = pid or _pid(path.with_name(PID))
            if 1 < pid < 2**31 and "\0" not in socket:
                return EmbeddedServer(path.parent, Path(socket), pid, binary, at, host)
    return None


def _pid(path: Path) -> int:
    try:
        return int(path.read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return 0


def describe(server: EmbeddedServer, lock: int) -> None:
    """Write into the held lock which server it is that holds it."""
    os.ftruncate(lock, os.pwrite(lock, _encode(server), 0))


def publish(server: EmbeddedServer) -> None:
    """Write the state file, whole or not at all: from now on `find` finds the server."""
    draft = _draft(server.directory)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_encode(server))
    draft.replace(server.directory / STATE)


def unpublish(directory: Path) -> None:
    """Remove the state file and what else names the server: from now on `find` finds nothing."""
    for path in (directory / STATE, _draft(directory), directory / PID):
        path.unlink(missing_ok=True)


def _draft(directory: Path) -> Path:
    return directory / f"{STATE}.new"


def _encode(server: EmbeddedServer) -> bytes:
    import json

    known = {
        "pid": server.pid,
        "socket": str(server.socket),
        "binary": server.binary,
        "started_at": server.started_at,
        "host": server.host,
    }
    return json.dumps(known).encode() + b"\n"
