"""A private server, and real jobctl processes that work on it and die at random instants."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from jobctl import embedded
from tests.campaign.stocks import Stock
from tests.systems.double import FaktoryDouble


@dataclass
class Shop:
    """The server, and what is done to it; `popped` is what workers took."""

    directory: Path
    popped: list[bytes] = field(default_factory=list)
    faktory_url: str | None = None
    earlier: str | None = None  # the newest operation when it was filled

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

    def fill(self, stock: Stock) -> None:
        """Begin anew."""
        self.popped.clear()
        with self.client() as db:
            db.flushdb()
            stock.fill(db)
            db.waitaof(1, 0, 10_000)  # what it begins with is on the disk
        latest = self.latest()
        self.earlier = latest["operation"] if latest else None

    @contextlib.contextmanager
    def server(self, stock: Stock) -> Iterator[FaktoryDouble]:
        """Let a Faktory server be there, which the processes know."""
        with FaktoryDouble(self.socket) as double:
            stock.serve(double)
            self.faktory_url = double.url
            yield double
        self.faktory_url = None

    def begin(self, *argv: str) -> subprocess.Popen[bytes]:
        """Start jobctl."""
        env = os.environ | {"XDG_STATE_HOME": str(self.directory), "JOBCTL_URL": self.url}
        if self.faktory_url:
            env["FAKTORY_URL"] = self.faktory_url
        return subprocess.Popen(
            [sys.executable, "-m", "jobctl", *argv],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
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

    def begun(self) -> tuple[str, str] | None:
        """Return the operation that was begun since it was filled, and its state."""
        latest = self.latest()
        if latest is None or latest["operation"] == self.earlier:
            return None
        return latest["operation"], latest["state"]

    @contextlib.contextmanager
    def meanwhile(self, *works: Callable[[redis.Redis], object]) -> Iterator[None]:
        """Let others do these again and again, each on a connection of its own."""
        done = threading.Event()

        def repeat(work: Callable[[redis.Redis], object]) -> None:
            with self.client() as db:
                while not done.is_set():
                    work(db)

        threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join()

    def work(self, queue: str) -> Callable[[redis.Redis], object]:
        """Return what a worker of a queue does: take a job."""

        def take(db: redis.Redis) -> None:
            found = db.brpop(queue, timeout=0.05)
            if found:
                self.popped.append(found[1])

        return take
