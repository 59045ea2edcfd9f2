"""Real jobctl processes that hold queues, and the commands they run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.conftest import Ran
from tests.embedded.servers import until


@dataclass
class Holder:
    """Starts ``jobctl queue hold`` processes with commands that leave traces in a directory."""

    url: str
    directory: Path
    environ: dict[str, str] = field(default_factory=dict)

    def start(self, *argv: str, script: str = "", group: bool = True) -> subprocess.Popen[str]:
        """Hold queues while a shell runs a script; return once the script has begun."""
        begun = self.directory / f"begun-{time.monotonic_ns()}"
        # A trap stands before the mark: a signal may follow at once.
        trap, _, rest = script.partition("; ") if script.startswith("trap ") else ("", "", script)
        if trap.count("'") == 1:  # the first blank is inside of it
            more, _, rest = rest.partition("; ")
            trap = f"{trap}; {more}"
        command = ["sh", "-c", f"{trap or ':'}; touch {begun}; {rest}"]
        process = subprocess.Popen(
            [sys.executable, "-m", "jobctl", "queue", "hold", *argv, "--", *command],
            env=os.environ | {"JOBCTL_URL": self.url} | self.environ,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=group,
        )  # fmt: skip
        until(lambda: begun.exists() or process.poll() is not None)
        return process

    def wait_file(self, name: str) -> str:
        """Return a script that ends when a file is made."""
        return f"while [ ! -e {self.directory / name} ]; do sleep 0.05; done"

    def touch(self, name: str) -> None:
        """Make a file."""
        (self.directory / name).touch()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a process, and return its exit code and what it said."""
    out, err = process.communicate(timeout=30)
    return process.returncode, out + err


def paused(raw: redis.Redis) -> list[str]:
    """Return the paused queues."""
    return sorted(name.decode() for name in raw.smembers("paused"))


def leases(raw: redis.Redis, queue: str) -> list[str]:
    """Return the ids of a queue's leases."""
    fields = raw.hgetall(f"jobctl:hold:{queue}")
    return sorted(name[6:].decode() for name in fields if name.startswith(b"lease:"))


def age(raw: redis.Redis, queue: str) -> None:
    """Let the leases of a queue look as if nobody had beaten for a minute."""
    for ident in leases(raw, queue):
        raw.hset(f"jobctl:hold:{queue}", f"beat:{ident}", time.time() - 60)


def kill(process: subprocess.Popen[str]) -> None:
    """Kill jobctl, which can do nothing about it, and then the command that it left behind."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def rows(ran: Ran) -> dict[str, dict[str, object]]:
    """Return the rows of a listing in JSON by their queue."""
    return {row["queue"]: row for row in json.loads(ran.out)}


def holders(text: str) -> list[dict[str, object]]:
    """Return the holders in the JSON of ``queue ls``, over all queues."""
    return [holder for row in json.loads(text) for holder in row["holders"]]
