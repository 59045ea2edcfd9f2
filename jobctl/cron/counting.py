"""How many jobs entries make when, by queue."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from jobctl.cron.buckets import Buckets
from jobctl.cron.clock import Clock
from jobctl.cron.entry import CronEntry
from jobctl.cron.schedule import Every, Schedule
from jobctl.errors import HangingSchedule, UsageProblem
from jobctl.model.rows import Row
from jobctl.model.times import Instant

KEYS = ("at", "queue", "count")
MOST = 5_000_000  # firings that are counted, one by one: a few seconds
_CELLS = 50_000_000  # buckets of all queues together: 200 MB
_HINT = "fewer --days, or one --queue"


@dataclass(frozen=True, slots=True)
class Peak:
    """The bucket with the most jobs, the first of several.

    Attributes:
        bucket: its number.
        count: of jobs.
        jobtype: the type that most of them have; None where it is not known.
        share: how many have it.
    """

    bucket: int
    count: int
    jobtype: str | None
    share: int


@dataclass(frozen=True, slots=True)
class Load:
    """Jobs by queue and bucket.

    Attributes:
        buckets: of time.
        queues: for each queue, in order of name, the jobs of each bucket.
        idle: entries that never fire, or that the server's search never gets on with, and why.
    """

    buckets: Buckets
    queues: dict[str, Sequence[int]]
    idle: tuple[tuple[CronEntry, str], ...]

    def rows(self) -> Iterator[Row]:
        """Yield a row, under `KEYS`, for each queue and bucket with jobs, in order of time."""
        for bucket in range(self.buckets.count):
            for queue, counts in self.queues.items():
                if counts[bucket]:
                    at = Instant(self.buckets.begins(bucket)).rfc3339()
                    yield {"at": at, "queue": queue, "count": counts[bucket]}

    @property
    def totals(self) -> Sequence[int]:
        """The jobs of each bucket, of all queues."""
        if len(self.queues) == 1:
            return next(iter(self.queues.values()))
        return [sum(counts) for counts in zip(*self.queues.values(), strict=True)]


def count_firings(entries: Sequence[CronEntry], buckets: Buckets, local: Clock) -> Load:
    """Count the firings of entries in buckets; an interval counts from their start.

    Raises:
        UsageProblem: there are more than `MOST`, or too many queues for so many buckets.
    """
    names = sorted(_queues(entries))
    if len(names) * buckets.count > _CELLS:
        message = f"{len(names):,} queues in {buckets.count:,} buckets of time are too many"
        raise UsageProblem(message, hint=_HINT)
    queues = {queue: array("I", bytes(4 * buckets.count)) for queue in names}
    idle, left = [], MOST
    for entry in entries:
        if entry.parsed is None:
            continue
        firings = _from(entry.parsed, buckets.start, local)
        try:
            first = next(firings, None)
            if first is None:
                idle.append((entry, "never fires"))
            else:
                left = _count(chain((first,), firings), buckets, queues[entry.queue], left)
        except HangingSchedule as error:
            idle.append((entry, error.message))
    return Load(buckets, dict(queues), tuple(idle))


def find_peak(load: Load, entries: Sequence[CronEntry], local: Clock) -> Peak | None:
    """Return the bucket with the most jobs; None where there are none at all."""
    totals = load.totals if load.queues else ()
    most = max(totals, default=0)
    if most == 0:
        return None
    bucket = list(totals).index(most)
    start, end = load.buckets.begins(bucket), load.buckets.ends(bucket)
    types: Counter[str] = Counter()
    stuck = {id(entry) for entry, _ in load.idle}
    for entry in entries:
        if entry.parsed is None or entry.jobtype is None or id(entry) in stuck:
            continue
        if isinstance(entry.parsed.plan, Every):
            seconds, since = entry.parsed.plan.seconds, load.buckets.start
            types[entry.jobtype] += (end - 1 - since) // seconds - (start - 1 - since) // seconds
        else:
            types[entry.jobtype] += _within(entry.parsed, start, end, local)
    jobtype, share = max(types.items(), key=lambda item: item[1], default=(None, 0))
    return Peak(bucket, most, jobtype, share)


def _queues(entries: Sequence[CronEntry]) -> set[str]:
    return {entry.queue for entry in entries if entry.parsed is not None}


def _from(schedule: Schedule, start: int, local: Clock) -> Iterator[int]:
    """Yield the firings from an instant on, that one included."""
    every = isinstance(schedule.plan, Every)
    return schedule.seconds(start if every else start - 1, local)


def _within(schedule: Schedule, start: int, end: int, local: Clock) -> int:
    count = 0
    for firing in schedule.seconds(start - 1, local):
        if firing >= end:
            break
        count += 1
    return count


def _count(firings: Iterator[int], buckets: Buckets, counts: array[int], left: int) -> int:
    """Count firings; return how many more may be."""
    size, pieces = buckets.size, iter(buckets.pieces)
    piece = next(pieces)
    away = piece.first * size + piece.offset - piece.low
    end = piece.end
    for firing in firings:
        while firing >= end:
            following = next(pieces, None)
            if following is None:
                return left
            away = following.first * size + following.offset - following.low
            end = following.end
        left -= 1
        if left < 0:
            raise UsageProblem(
                f"there are more than {MOST:,} firings in this time",
                hint=_HINT,
            )
        counts[(firing + away) // size] += 1
    return left
