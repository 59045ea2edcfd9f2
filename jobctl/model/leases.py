"""Who paused queues and why, and the leases of those who hold them during a deploy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobctl.model.jsontext import dumps, glance
from jobctl.model.rows import Row
from jobctl.model.times import score_time

VERSION = "1"  # of the leases; another one is left alone
STALE = 30.0  # seconds without a heartbeat after which a holder counts as dead
BEAT = 5.0  # seconds between two heartbeats


@dataclass(frozen=True, slots=True)
class Author:
    """Who did something and why, `at` unix seconds by the clock of Redis.

    With `at_restart` it takes effect at the next start of the job server.
    """

    who: str
    host: str
    at: float
    reason: str | None = None
    at_restart: bool = False

    def encode(self) -> bytes:
        """Return the JSON text that Redis keeps."""
        found = {"who": self.who, "host": self.host, "at": self.at, "reason": self.reason}
        return dumps(found | ({"at_restart": True} if self.at_restart else {}))

    @classmethod
    def decode(cls, text: bytes) -> Author | None:
        """Read the JSON text; None if it is not valid."""
        found = glance(text)
        return None if found is None else cls._of(found)

    @classmethod
    def _of(cls, found: Mapping[str, object]) -> Author:
        at, reason = found.get("at"), found.get("reason")
        return cls(
            who=str(found.get("who", "")),
            host=str(found.get("host", "")),
            at=float(at) if isinstance(at, int | float) else 0.0,
            reason=reason if isinstance(reason, str) else None,
            at_restart=found.get("at_restart") is True,
        )

    def __str__(self) -> str:
        return f"{self.who}@{self.host}"


@dataclass(frozen=True, slots=True)
class Lease:
    """One holder's claim on one queue.

    Attributes:
        ident: its id, the same on all queues of one hold.
        author: who holds it, since when and why.
        pid: the process that holds it, on the author's host.
        process: identifies that process on any machine; None if nothing does.
        command: the command that runs meanwhile.
        dead: whether its heartbeat has stopped.
        silent: seconds since the last heartbeat.
    """

    ident: str
    author: Author
    pid: int
    command: Sequence[str]
    dead: bool = False
    silent: float = 0.0
    process: str | None = None

    def encode(self) -> bytes:
        """Return the JSON text that Redis keeps."""
        return dumps(
            {
                "who": self.author.who,
                "host": self.author.host,
                "at": self.author.at,
                "reason": self.author.reason,
                "pid": self.pid,
                "command": list(self.command),
                "process": self.process,
            }
        )

    @classmethod
    def decode(cls, ident: str, text: bytes, *, silent: float) -> Lease:
        """Read the JSON text; fields that are missing or odd count as unknown.

        Args:
            ident: its id.
            text: the JSON text.
            silent: seconds since its last heartbeat.
        """
        found = glance(text) or {}
        author = Author.decode(text) or Author("?", "?", 0.0)
        pid, command, process = found.get("pid"), found.get("command"), found.get("process")
        words = [str(word) for word in command] if isinstance(command, list) else []
        number = pid if isinstance(pid, int) else 0
        name = process if isinstance(process, str) else None
        return cls(ident, author, number, words, silent > STALE, silent, name)

    def document(self) -> Row:
        """Return the lease under its JSON keys."""
        return {
            "who": self.author.who,
            "host": self.author.host,
            "pid": self.pid,
            "command": list(self.command),
            "reason": self.author.reason,
            "since": score_time(self.author.at),
            "dead": self.dead,
        }

    def __str__(self) -> str:
        """Return the holder, for people."""
        state = ", dead" if self.dead else ""
        return f"{self.author} (pid {self.pid}{state})"


@dataclass(frozen=True, slots=True)
class Holders:
    """The holders of one queue.

    Attributes:
        leases: the earliest first.
        paused_before: whether the queue was paused before the first of them, and so stays paused.
        leaving: whether the last holder is just resuming the queue.
        other_version: a version of leases that this jobctl does not know; they are left alone.
    """

    leases: tuple[Lease, ...] = ()
    paused_before: bool = False
    leaving: bool = False
    other_version: str | None = None

    def __bool__(self) -> bool:
        return bool(self.leases) or self.other_version is not None

    @property
    def dead(self) -> bool:
        """Whether all holders are dead."""
        return bool(self.leases) and all(lease.dead for lease in self.leases)

    def __str__(self) -> str:
        """Return who holds it, for people."""
        if self.other_version is not None:
            return f"another version of jobctl ({self.other_version})"
        return ", ".join(map(str, self.leases))

    @classmethod
    def read(cls, found: Mapping[bytes, bytes], now: float) -> Holders:
        """Read the hash that Redis keeps; `now` in unix seconds by its clock."""
        if not found:
            return cls()
        version = found.get(b"v", b"").decode("utf-8", "replace")
        if version != VERSION:
            return cls(other_version=version or "?")
        beats = {field[5:]: _number(text) for field, text in found.items() if field[:5] == b"beat:"}
        leases = [
            Lease.decode(
                field[6:].decode("utf-8", "replace"),
                text,
                silent=now - beats.get(field[6:], 0.0),
            )
            for field, text in found.items()
            if field[:6] == b"lease:"
        ]
        leaver = found.get(b"leaving", b"")
        return cls(
            tuple(sorted(leases, key=lambda lease: (lease.author.at, lease.ident))),
            found.get(b"before") == b"1",
            bool(leaver) and now - beats.get(leaver, 0.0) <= STALE,
        )


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
