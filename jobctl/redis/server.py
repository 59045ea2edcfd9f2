"""The server: its version, clock and memory, and the job system's counters."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, Loading, NoPermission, TooOld
from jobctl.model.info import ServerFacts
from jobctl.redis.scripts import Command, Reply

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection

_OLDEST = (6, 2)


class Server:
    """The Redis behind a connection, greeted once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ahead = 0.0
        self.clock: str | None = None  # why times go by this machine's clock, if they do

    def greet(self, also: Sequence[Command] = ()) -> list[Reply]:
        """Ask for version and clock; what is denied or missing is left open.

        Args:
            also: other commands to send in the same go.

        Returns:
            The replies to these; a refusal in its place, as the error.

        Raises:
            TooOld: it is older than Redis 6.2.
            Unreachable: it is no Redis, loads its data, or wants another password.
        """
        named, info, clock, *others = self._connection.attempt(
            [("CLIENT", "SETNAME", "jobctl"), ("INFO", "server"), ("TIME",), *also]
        )
        for reply in (info, clock):
            if isinstance(reply, JobctlError) and not isinstance(reply, NoPermission):
                raise reply
        if isinstance(named, Loading):
            raise named
        if isinstance(info, bytes):
            self._check_version(_fields(info))
        if isinstance(clock, list):
            self._ahead = int(clock[0]) + int(clock[1]) / 1e6 - time.time()
        else:
            self.clock = clock.message
        self._connection.patient()
        return others

    def now(self) -> float:
        """Return unix seconds by the server's clock, which jobs and workers go by."""
        return time.time() + self._ahead

    def facts(self) -> ServerFacts | None:
        """Return version, memory and uptime; None if this user may not see them."""
        (info,) = self._connection.attempt([("INFO",)])
        if isinstance(info, NoPermission):
            return None
        if isinstance(info, JobctlError):
            raise info
        fields = _fields(info)
        limit = int(fields.get("maxmemory", 0))
        return ServerFacts(
            product="Valkey" if "valkey_version" in fields else "Redis",
            version=fields.get("valkey_version") or fields.get("redis_version", ""),
            role=fields.get("role", ""),
            uptime=int(fields.get("uptime_in_seconds", 0)),
            memory=int(fields.get("used_memory", 0)),
            memory_limit=limit or None,
            clients=int(fields.get("connected_clients", 0)),
        )

    def started(self) -> float | None:
        """Return when it started, in unix seconds; None if this user may not see it."""
        (info,) = self.ask(("INFO", "server"))
        uptime = _fields(info).get("uptime_in_seconds") if isinstance(info, bytes) else None
        return None if uptime is None else self.now() - int(uptime)

    def ask(self, *commands: Command) -> list[Reply]:
        """Return the replies to commands that only read; a refusal in its place, as the error."""
        return self._connection.attempt(commands)

    def counters(
        self, names: Sequence[str], days: Iterable[str] = ()
    ) -> list[tuple[int | None, int | None]]:
        """Return (processed, failures) in all, then of each day (YYYY-MM-DD); None: no count."""
        asked: list[Command] = []
        for suffix in ("", *(f":{day}" for day in days)):
            asked += [("GET", name + suffix) for name in names]
        counts = [_count(reply) for reply in self._connection.attempt(asked)]
        return list(zip(counts[::2], counts[1::2], strict=True))

    def _check_version(self, fields: dict[str, str]) -> None:
        # Valkey calls itself a Redis 7.2 here, for exactly this purpose.
        version = fields.get("redis_version", "")
        found = re.match(r"(\d+)\.(\d+)", version)
        if found and (int(found[1]), int(found[2])) < _OLDEST:
            raise TooOld(
                f"{self._connection.target} is Redis {version}; jobctl needs 6.2 or newer",
                hint="Redis 6.2 is from 2021; Valkey will do as well",
            )


def _fields(info: bytes) -> dict[str, str]:
    lines = info.decode("utf-8", "replace").splitlines()
    pairs = (line.partition(":") for line in lines if not line.startswith("#"))
    return {name: value for name, colon, value in pairs if colon}


def _count(reply: object) -> int | None:
    if not isinstance(reply, bytes):
        return None
    text = reply.strip()
    return int(text) if re.fullmatch(rb"-?\d{1,40}", text) else None
