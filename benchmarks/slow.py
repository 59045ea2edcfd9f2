"""Which of jobctl's commands hold the server up, by the server's own slow log."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

import redis
from measuring import Table

LIMIT = 10_000  # microseconds: no command of jobctl's may take longer
_MOST = 100  # commands of one database that are tried again
_TRIES = 5


@dataclass(slots=True)
class Slow:
    """Counts what was slow once, and keeps what is slow each time.

    The server counts the time it waits for a processor too, so on a busy machine any command is
    slow now and then. Those in the log are sent again, while their data is still there.
    """

    once: int = 0
    others: int = 0
    always: list[str] = field(default_factory=list)

    def watch(self, db: redis.Redis) -> None:
        """Begin to log."""
        db.config_set("slowlog-log-slower-than", LIMIT)
        db.config_set("slowlog-max-len", 10_000)
        db.slowlog_reset()

    def take(self, db: redis.Redis) -> None:
        """Take the log's entries, and try jobctl's again on this database."""
        # As two words redis-py does not know the command, and leaves its arguments apart.
        logged = db.execute_command("SLOWLOG", "GET", 10_000)
        asked = [entry for entry in logged if entry[5] == b"jobctl"]
        read = (b"LRANGE", b"ZRANGE", b"ZSCAN")
        self.once += len(asked)
        self.others += sum(entry[5] != b"jobctl" and entry[3][0] in read for entry in logged)
        for entry in sorted(asked, key=lambda entry: -entry[2])[:_MOST]:
            command = entry[3]
            best = min(_microseconds(db, command) for _ in range(_TRIES))
            if best > LIMIT:
                words = b" ".join(command)[:80].decode("utf-8", "replace")
                self.always.append(f"{best / 1000:.1f} ms at best: {words}")
        db.slowlog_reset()

    def report(self, table: Table) -> None:
        """Add the verdict to a table."""
        found = [f"{len(self.always)} commands"] if self.always else []
        table.nothing(f"commands of jobctl's slower than {LIMIT // 1000} ms, each time", found)
        for line in self.always[:10]:
            table.note(line)
        table.note(
            f"slower once: {self.once} of jobctl's, {self.others} of the bare loops'; load average "
            f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
        )


def _microseconds(db: redis.Redis, command: list[bytes]) -> float:
    begun = time.perf_counter()
    db.execute_command(*command)
    return (time.perf_counter() - begun) * 1e6
