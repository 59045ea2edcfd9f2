"""Real servers in directories of the test's own: start, ask, kill, and see what is left."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from jobctl import embedded
from jobctl.embedded.launch import binary

ENVIRON = {"PATH": os.environ.get("PATH", os.defpath)}
# For Python processes of the tests: they import the jobctl that is tested.
PYTHON = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def start(directory: Path, *, timeout: float = 10, **environ: str) -> embedded.EmbeddedServer:
    """Start a server where none runs."""
    server, started = embedded.start(directory, environ=ENVIRON | environ, timeout=timeout)
    assert started
    return server


def ask(server: embedded.EmbeddedServer, *command: str) -> object:
    """Send one command and return the answer."""
    import redis  # not for the processes that only start and stop

    with redis.Redis(unix_socket_path=str(server.socket), decode_responses=True) as client:
        return client.execute_command(*command)


def kill(server: embedded.EmbeddedServer) -> None:
    """Kill the server so that it can tidy nothing up, and bury it: it is our child."""
    os.kill(server.pid, signal.SIGKILL)
    os.waitpid(server.pid, 0)


def script(path: Path, text: str) -> str:
    """Write a program to run in a server's place; SERVER in the text is the real one."""
    text = text.replace("SERVER", f'"{binary(ENVIRON)}" "$@"')
    path.write_text(f"#!{shutil.which('sh')}\n{text}\n")
    path.chmod(0o755)
    return str(path)


def lock_is_free(directory: Path) -> bool:
    """Tell whether no process at all, child or grandchild, still holds the server's lock."""
    if not (directory / "server.lock").exists():
        return True
    with (directory / "server.lock").open("rb+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def nothing_is_left(directory: Path) -> bool:
    """Tell whether nothing runs, and nothing claims that something does."""
    traces = {"server.json", "server.json.new", "server.pid", "server.sock"}
    return lock_is_free(directory) and not traces & {path.name for path in directory.iterdir()}


def until(condition: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
