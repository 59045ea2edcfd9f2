"""The totals of one job system: the answer of ``jobctl info``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from jobctl.model.layout import QueueForm
from jobctl.model.rows import Row


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """Facts that a Redis server reports about itself. Memory in bytes, uptime in seconds."""

    product: str
    version: str
    role: str
    uptime: int
    memory: int
    memory_limit: int | None
    clients: int


@dataclass(frozen=True, slots=True)
class JobServerFacts:
    """Facts that a job server reports about itself; None where it does not say.

    Attributes:
        version: as ``1.10.0``.
        uptime: seconds.
        connections: how many clients are connected.
        commands: how many it has served.
        memory: its own, as it words it: ``68 MB``.
        processed, failures, enqueued: totals over all queues.
        queues: the queues that it knows: name and jobs; None where it lists none by name.
        form: the form of queues' lists that it reads.
    """

    version: str | None
    uptime: int | None
    connections: int | None
    commands: int | None
    memory: str | None
    processed: int | None
    failures: int | None
    enqueued: int | None
    queues: Mapping[str, int] | None
    form: QueueForm | None = None

    def document(self) -> dict[str, object]:
        """Return it under its JSON keys."""
        document = asdict(self)
        del document["form"]
        return document


NOT_LOOKED = "the Redis was not looked at: this is what the Faktory server says"


@dataclass(frozen=True, slots=True)
class Day:
    """One day's counters, by the server's clock; None if the day has none."""

    date: str
    processed: int | None
    failures: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Totals, days and servers at one moment; None for what is not known.

    Attributes:
        target: the Redis, or the Faktory server if no Redis is known.
        server: the Redis.
        faktory: the Faktory server, if it is known and answers.
        lists: which form of queue lists there is, for people.
        system: the job system; None if the data of two is there and none was named.
        warnings: totals that could not be counted or asked for.
        whole: whether the Redis was asked; a Faktory server alone knows only a few totals.
    """

    target: str
    server: ServerFacts | None
    faktory: JobServerFacts | None
    layout: str | None = None
    lists: str = ""
    processed: int | None = None
    failures: int | None = None
    queues: int | None = None
    paused: int | None = None
    enqueued: int | None = None
    scheduled: int | None = None
    working: int | None = None
    retries: int | None = None
    dead: int | None = None
    days: tuple[Day, ...] = ()
    system: str | None = "faktory"
    warnings: tuple[str, ...] = ()
    whole: bool = True

    def day_rows(self) -> list[Row]:
        """Return a row per day."""
        return [asdict(day) for day in self.days]

    def document(self) -> Row:
        """Return its JSON document."""
        document = asdict(self)
        del document["whole"], document["lists"]
        document["faktory"] = None if self.faktory is None else self.faktory.document()
        document["days"] = self.day_rows()
        document["warnings"] = list(self.warnings)
        return document
