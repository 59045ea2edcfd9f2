"""The directory of a server: its two locks, what describes the server, its socket; and its end.

Without a URL every start of jobctl looks here, so the imports are cheap.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shlex import quote as shell_quote
from signal import SIGKILL, SIGTERM
from urllib.parse import quote

from jobctl.errors import ServerProblem

SERVER_LOCK = "server.lock"
START_LOCK = "start.lock"
STATE = "server.json"
PID = "server.pid"
POLL = 0.01  # seconds between two looks at something that is about to happen
LONGEST_SOCKET = 100  # bytes of a socket's path: 107 fit on Linux, 103 on macOS


def is_held(directory: Path) -> bool:
    """Check whether a server (ready or not) holds the lock of the directory.

    This takes a shared lock for an instant: two checks do not disturb each other, and `locked`
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
        """The ``unix://`` URL of the socket, percent-quoted."""
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

    Nothing is written or sent: this tests a lock, and reads a file if it is held.
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

    A description without a pid was written just before the server was started; the server then
    writes its pid file.

    Raises:
        OSError: the file exists, but cannot be read.
    """
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
    """Write into the held lock which server holds it."""
    os.ftruncate(lock, os.pwrite(lock, _encode(server), 0))


def publish(server: EmbeddedServer) -> None:
    """Write the state file, whole or not at all: from now on `find` finds the server."""
    draft = _draft(server.directory)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_encode(server))
    draft.replace(server.directory / STATE)


def unpublish(directory: Path) -> None:
    """Remove all files that name the server: from now on `find` finds nothing."""
    for path in (directory / STATE, _draft(directory), directory / PID):
        path.unlink(missing_ok=True)


def _draft(directory: Path) -> Path:
    return directory / f"{STATE}.new"


def _encode(server: EmbeddedServer) -> bytes:
    known = {
        "pid": server.pid,
        "socket": str(server.socket),
        "binary": server.binary,
        "started_at": server.started_at,
        "host": server.host,
    }
    return json.dumps(known).encode() + b"\n"


@contextmanager
def reporting(failure: str) -> Iterator[None]:
    """Turn an `OSError` into a `ServerProblem` whose message begins with `failure`."""
    try:
        yield
    except OSError as error:
        path = f" ({error.filename})" if error.filename else ""
        raise ServerProblem(f"{failure}: {error.strerror or error}{path}") from error


def make_private(directory: Path) -> None:
    """Create the directory, or check that only this user can enter it.

    An empty directory of this user is closed to others; one with something in it is left as it is.

    Raises:
        ServerProblem: it is another user's, or others may enter it.
        OSError: it cannot be created.
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
        raise ServerProblem(
            f"other users may enter {directory}",
            hint=f"chmod 700 {shell_quote(str(directory))}, or choose a new directory",
        )
    directory.chmod(0o700)


def socket_path(directory: Path, environ: Mapping[str, str]) -> Path:
    """Return the path of the server's socket, short enough for a socket.

    Raises:
        ServerProblem: there is no such place.
        OSError: it cannot be created.
    """
    if _fits(path := directory / "server.sock"):
        return path
    import tempfile  # 4 ms, seldom needed

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
    """Return the name of a socket that lies outside its directory."""
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
