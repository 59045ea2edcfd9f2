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
    """Totals, days and server at one moment; None where Redis does not say."""

    target: str
    server: ServerFacts | None
    layout: str | None
    processed: int | None
    failures: int | None
    queues: int
    paused: int
    enqueued: int
    scheduled: int | None
    working: int | None
    retries: int | None
    dead: int | None
    days: tuple[Day, ...]
    odd: tuple[str, ...] = ()

    def day_rows(self) -> list[Row]:
        """Return a row per day."""
        return [asdict(day) for day in self.days]

    def document(self) -> Row:
        """Return its JSON document."""
        document = asdict(self)
        document["warnings"] = list(document.pop("odd"))
        return document
