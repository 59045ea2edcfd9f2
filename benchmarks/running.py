"""What the benchmarks run, and the private server they run it against."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import redis
from measuring import Program

from jobctl import embedded

JOBCTL = str(Path(sys.executable).with_name("jobctl"))


def ours(*words: str, stdin: Path | None = None, code: int = 0) -> Program:
    return Program((JOBCTL, *words), stdin, code)


def loop(*words: str) -> Program:
    return script("baselines.py", *words)


def script(name: str, *words: str) -> Program:
    """Return a run of a file that stands beside this one."""
    return Program((sys.executable, str(Path(__file__).with_name(name)), *words))


def python(code: str) -> Program:
    return Program((sys.executable, "-c", code))


def compile_all() -> None:
    """Compile what the processes import, so that the first one does not pay for it."""
    names = ("jobctl", "redis", "click", "hiredis", "rich", "orjson")
    specs = [spec for name in names if (spec := find_spec(name)) is not None]
    places = [place for spec in specs for place in spec.submodule_search_locations or ()]
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", *places], env=clean_env(), check=False
    )


def clean_env() -> dict[str, str]:
    """Return the environment without what would change what is measured."""
    named = ("JOBCTL_", "_JOBCTL_", "REDIS_URL", "FAKTORY_", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(named)}


@contextlib.contextmanager
def private_server(directory: Path) -> Iterator[Path]:
    """Yield the socket of a server that is stopped at the end, however that comes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        server, _ = embedded.start(directory / "server", environ=os.environ)
        with redis.Redis(unix_socket_path=str(server.socket)) as db:
            db.config_set("appendonly", "no")  # no rewrite in the middle of a measure
        yield server.socket
    finally:
        embedded.stop(directory / "server")
