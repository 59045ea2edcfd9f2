"""A producer and worker of the test double, as their libraries speak: line by line."""

from __future__ import annotations

import json
import socket
from types import TracebackType
from typing import Any, Self

from tests.systems.double import FaktoryDouble


class Client:
    """A connection without password or TLS; with a `wid` a worker's."""

    def __init__(self, double: FaktoryDouble, wid: str | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", double.port), 10)
        self._lines = self._socket.makefile("rb")
        self.greeting = self._lines.readline()
        hello: dict[str, Any] = {"v": 2}
        if wid is not None:
            hello |= {"wid": wid, "hostname": "test", "pid": 1, "labels": []}
        assert self.say(f"HELLO {json.dumps(hello)}") == b"OK"

    def say(self, line: str) -> bytes | None:
        """Send a line and return the answer to it; errors with their minus."""
        self.send(line)
        return self.receive()

    def send(self, line: str) -> None:
        """Send a line."""
        self._socket.sendall(line.encode() + b"\r\n")

    def receive(self) -> bytes | None:
        """Return the next answer."""
        line = self._lines.readline()
        assert line.endswith(b"\r\n"), "closed"
        if line.startswith(b"+"):
            return line[1:-2]
        if not line.startswith(b"$"):
            return line[:-2]
        size = int(line[1:])
        return None if size < 0 else self._lines.read(size + 2)[:-2]

    def push(self, jid: str, queue: str = "default", **fields: Any) -> None:
        """Push a job."""
        job = {"jid": jid, "jobtype": "SendEmail", "args": [1], "queue": queue} | fields
        assert self.say(f"PUSH {json.dumps(job)}") == b"OK"

    def fetch(self, *queues: str) -> dict[str, Any] | None:
        """Fetch a job; None where none comes in two seconds."""
        found = self.say(f"FETCH {' '.join(queues)}")
        return None if found is None else json.loads(found)

    def acknowledge(self, jid: str) -> bytes | None:
        """Say that a job is done."""
        return self.say(f"ACK {json.dumps({'jid': jid})}")

    def fail(self, jid: str) -> bytes | None:
        """Say that a job failed."""
        failure = {"jid": jid, "errtype": "RuntimeError", "message": "boom", "backtrace": []}
        return self.say(f"FAIL {json.dumps(failure)}")

    def close(self) -> None:
        """Close the connection."""
        self._lines.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
