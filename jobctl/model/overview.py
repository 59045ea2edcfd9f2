"""The totals of one Redis: the answer of ``jobctl info``."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from jobctl.model.rows import Row
from jobctl.model.server import ServerFacts


@dataclass(frozen=True, slots=True)
class Day:
    """One day's counters; None where the day has none."""

    date: str
    processed: int | None
    failures: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Totals, days and server at one moment."""

    target: str
    server: ServerFacts
    layout: str | None
    processed: int | None
    failures: int | None
    queues: int
    paused: int
    enqueued: int
    scheduled: int
    working: int
    retries: int
    dead: int
    days: tuple[Day, ...]

    def document(self) -> Row:
        """Return its JSON document."""
        return asdict(self)
