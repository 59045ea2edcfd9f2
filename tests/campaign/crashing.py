"""Real processes that die at random instants, and a census of all jobs afterwards."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from jobctl import embedded
from tests.builders import NOW, failed

JOBS = 4000
SETS = ("retries", "scheduled", "dead")


@dataclass
class Shop:
    """A private server full of retries, and jobctl processes that work on it."""

    directory: Path
    popped: list[bytes] = field(default_factory=list)

    def start(self) -> None:
        """Start the server, or start it again from its append-only file."""
        server, _ = embedded.start(self.directory / "server", environ=os.environ)
        self.url, self.pid = server.url, server.pid
        self.socket = str(server.socket)
        with self.client() as db:
            db.config_set("auto-aof-rewrite-percentage", 0)  # one file, that can be cut

    def stop(self) -> None:
        """Stop the server."""
        embedded.stop(self.directory / "server")

    def client(self) -> redis.Redis:
        """Return a plain client."""
        return redis.Redis(unix_socket_path=self.socket)

    def fill(self, jobs: int = JOBS) -> None:
        """Begin anew with so many retries at random times, and one queue with a list."""
        rng = random.Random(jobs)
        with self.client() as db:
            db.flushdb()
            db.sadd("queues", "default")
            db.lpush("q:default", failed("already-there"))
            for start in range(0, jobs, 1000):
                some = range(start, min(jobs, start + 1000))
                db.zadd("retries", {failed(f"jid-{i:08d}"): rng.uniform(0, NOW) for i in some})

    def env(self) -> dict[str, str]:
        """Return the environment of the processes."""
        return os.environ | {"XDG_STATE_HOME": str(self.directory), "JOBCTL_URL": self.url}

    def begin(self, *argv: str) -> subprocess.Popen[bytes]:
        """Start jobctl."""
        return subprocess.Popen(
            [sys.executable, "-m", "jobctl", *argv],
            env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *argv: str, codes: tuple[int, ...] = (0,)) -> Any:
        """Run jobctl to its end, and return what it says in JSON."""
        process = self.begin(*argv, "-o", "json")
        out, err = process.communicate()
        assert process.returncode in codes, (process.returncode, err)
        return json.loads(out) if out else None

    def kill_after(self, seconds: float, *argv: str) -> None:
        """Run jobctl and kill it after a time, if it still runs."""
        process = self.begin(*argv)
        time.sleep(seconds)
        process.kill()
        process.communicate()

    def kill_server(self) -> None:
        """Kill the server as a power failure would."""
        os.kill(self.pid, signal.SIGKILL)
        while embedded.find(self.directory / "server") is not None:
            time.sleep(0.005)

    def log_size(self) -> int:
        """Return the bytes of the append-only file."""
        return self._log().stat().st_size

    def forget(self, size: int) -> None:
        """Cut the append-only file: what came after it never reached the disk."""
        os.truncate(self._log(), size)

    def _log(self) -> Path:
        return max((self.directory / "server").rglob("*.incr.aof"), key=lambda f: f.stat().st_mtime)

    def latest(self) -> dict[str, Any] | None:
        """Return the newest operation in the journal."""
        found = self.run("journal", "ls")
        return found[0] if found else None

    def census(self) -> Counter[str]:
        """Count each JID over all structures, and what workers took."""
        with self.client() as db:
            members = [raw for key in SETS for raw in db.zrange(key, 0, -1)]
            for name in db.smembers("queues"):
                members += db.lrange(b"q:" + name, 0, -1)
        return Counter(json.loads(raw)["jid"] for raw in [*members, *self.popped])

    def check(self, jobs: int = JOBS, note: object = "") -> None:
        """Check that every job is in exactly one place, once."""
        found = self.census()
        expected = {f"jid-{i:08d}" for i in range(jobs)} | {"already-there"}
        assert found.keys() == expected, (note, "lost", sorted(expected - found.keys())[:5])
        assert set(found.values()) == {1}, (note, "twice", found.most_common(3))
