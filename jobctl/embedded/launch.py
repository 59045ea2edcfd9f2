"""Launch a server and leave it running, or leave nothing behind."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from jobctl.embedded.places import socket_path
from jobctl.embedded.ready import Log, wait_until_ready
from jobctl.embedded.state import PID, EmbeddedServer, describe, publish, unpublish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from subprocess import Popen
    from types import FrameType

LOG = "server.log"
_INHERITED = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def launch(
    directory: Path, program: str, environ: Mapping[str, str], lock: int, deadline: float
) -> EmbeddedServer:
    """Run the program as the directory's server, and return once it is ready and published.

    After a failure, Ctrl-C included, nothing is left running.

    Args:
        directory: private; no server runs in it.
        program: see `binary`.
        environ: where the server's few variables come from.
        lock: its server lock, held: the server inherits it too.
        deadline: of `time.monotonic`, to be ready.

    Raises:
        ServerProblem: no place for a socket, or the server did not get ready.
        OSError: no room, or the program cannot be run.
    """
    socket = socket_path(directory, environ)
    socket.unlink(missing_ok=True)
    begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    server = EmbeddedServer(directory, socket, 0, program, begun, os.uname().nodename)
    describe(server, lock)  # now, lest a crash of ours leaves a server that nobody knows
    child: Popen[bytes] | None = None
    try:
        with _open_log(directory / LOG) as (output, log):
            with _signals_held():
                command = [program, *_settings(directory, socket)]
                child = _spawn(command, environ, lock, output)
            server = replace(server, pid=child.pid)
            describe(server, lock)
            wait_until_ready(child, socket, log, deadline)
        publish(server)
        # It outlives us on purpose: Popen need not warn of that. `stop` reaps it if it can.
        child.returncode = 0
    except BaseException:
        with _signals_held():
            _bury(child)
            unpublish(directory)
            socket.unlink(missing_ok=True)
        raise
    return server


def _settings(directory: Path, socket: Path) -> list[str]:
    settings = {
        "dir": str(directory),
        "port": "0",
        "unixsocket": str(socket),
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
    import subprocess

    return subprocess.Popen(
        command,
        # Nothing of whoever started it stays with it: no locale, no password in a URL.
        env={name: environ[name] for name in _INHERITED if name in environ} | {"LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=(lock,),
        start_new_session=True,
        umask=0o077,
    )


def _bury(child: Popen[bytes] | None) -> None:
    from signal import SIGKILL

    if child is not None:
        # The whole group: the program may be a script around the server. On macOS a group of
        # none but the dead is "not permitted".
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, SIGKILL)
        child.wait()


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back Ctrl-C, and other signals that raise, until a child is safely born or buried."""
    import signal
    import threading

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
