"""Count the jobs that entries make, by queue and hour or minute of the wall clock."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jobctl.cron.clock import DAY, Clock
from jobctl.cron.crontab import CronEntry
from jobctl.cron.fields import Every
from jobctl.errors import HangingSchedule, UsageProblem
from jobctl.model.rows import Row
from jobctl.model.times import Instant

COUNT_KEYS = ("at", "queue", "count")
HOUR, MINUTE = 3600, 60
MOST = 5_000_000  # firings that are counted, one by one: a few seconds
_CELLS = 50_000_000  # of all kinds of jobs together: 200 MB
_HINT = "fewer --days, or one --queue"


@dataclass(frozen=True, slots=True)
class Peak:
    """The hour or minute with the most jobs, the first of several.

    Attributes:
        at: its first instant.
        count: of jobs.
        jobtype: the type that most of them have; None where it is not known.
        share: how many have it.
    """

    at: int
    count: int
    jobtype: str | None
    share: int


@dataclass(frozen=True, slots=True)
class Load:
    """Jobs by queue and type, and hour or minute.

    Attributes:
        clock: the wall clock that hours and minutes are of.
        size: seconds of an hour or a minute.
        starts: the first instant of each, in order. Where a clock change makes an hour come twice
            it is there twice; where one cuts an hour in two, both parts are.
        end: the instant behind the last one.
        jobs: for each queue and type how many there are in each hour or minute.
        idle: entries that never fire, or that the server's search never gets on with, and why.
    """

    clock: Clock
    size: int
    starts: Sequence[int]
    end: int
    jobs: dict[tuple[str, str | None], array[int]]
    idle: list[tuple[CronEntry, str]] = field(default_factory=list)

    @property
    def queues(self) -> list[str]:
        """The names of the queues, in order."""
        return sorted({queue for queue, _ in self.jobs})

    def counts(self, queue: str | None = None) -> Sequence[int]:
        """Return the jobs of a queue, or of all, in each hour or minute."""
        some = [counts for (its, _), counts in self.jobs.items() if queue in (None, its)]
        if len(some) == 1:
            return some[0]
        return [sum(each) for each in zip(*some, strict=True)]

    def rows(self) -> Iterator[Row]:
        """Yield a row, under `COUNT_KEYS`, for each queue and time with jobs, in order of time."""
        counts = {queue: self.counts(queue) for queue in self.queues}
        for i, start in enumerate(self.starts):
            for queue, its in counts.items():
                if its[i]:
                    yield {"at": Instant(start).rfc3339(), "queue": queue, "count": its[i]}

    def peak(self) -> Peak | None:
        """Return the hour or minute with the most jobs; None where there are none at all."""
        totals = self.counts()
        most = max(totals, default=0)
        if most == 0:
            return None
        first = list(totals).index(most)
        types: Counter[str] = Counter()
        for (_, jobtype), counts in self.jobs.items():
            if jobtype is not None:
                types[jobtype] += counts[first]
        jobtype, share = max(types.items(), key=lambda item: item[1], default=(None, 0))
        return Peak(self.starts[first], most, jobtype, share)

    def clock_changes(self) -> list[tuple[int, int]]:
        """Return what the wall clock reads before and after each change within, as if in UTC."""
        changes = self.clock.changes(self.starts[0] + 1, self.end)
        return [(change.at + change.before, change.at + change.after) for change in changes]


def count_firings(
    entries: Sequence[CronEntry], clock: Clock, start: int, end: int, size: int
) -> Load:
    """Count the firings of entries from an instant until before another one.

    An interval counts from the start.

    Args:
        entries: of one or more documents.
        clock: that hours and minutes are of, and schedules that name no zone.
        start: unix seconds.
        end: unix seconds.
        size: `HOUR` or `MINUTE`.

    Raises:
        UsageProblem: there are more than `MOST`.
    """
    starts = list(_starts(clock, start, end, size))
    load = Load(clock, size, starts, end, _nothing(entries, len(starts)))
    left = MOST
    for entry in entries:
        if entry.parsed is None:
            continue
        counts, firing = load.jobs[entry.queue, entry.jobtype], None
        since = start if isinstance(entry.parsed.plan, Every) else start - 1
        try:
            for firing in entry.parsed.seconds(since, clock):
                if firing >= end:
                    break
                counts[bisect_right(starts, firing) - 1] += 1
                left -= 1
                if left < 0:
                    message = f"there are more than {MOST:,} firings in this time"
                    raise UsageProblem(message, hint=_HINT)
        except HangingSchedule as error:
            load.idle.append((entry, error.message))
        else:
            if firing is None:
                load.idle.append((entry, "never fires"))
    return load


def _nothing(entries: Sequence[CronEntry], times: int) -> dict[tuple[str, str | None], array[int]]:
    kinds = dict.fromkeys((each.queue, each.jobtype) for each in entries if each.parsed is not None)
    if len(kinds) * times > _CELLS:
        message = f"{len(kinds):,} kinds of jobs in {times:,} buckets of time are too many"
        raise UsageProblem(message, hint=_HINT)
    return {kind: array("I", bytes(4 * times)) for kind in kinds}


def _starts(clock: Clock, start: int, end: int, size: int) -> Iterator[int]:
    """Yield the first instant of each hour or minute of the wall clock."""
    changes = iter([*(change.at for change in clock.changes(start + 1, end)), end])
    change, at = next(changes), start
    while at < end:
        yield at
        at = min(at + size - clock.wall(at) % size, change)
        if at == change:
            change = next(changes, end)


def days_from(clock: Clock, start: int, days: int) -> int:
    """Return the instant at which so many days of the wall clock end; that of `start` is one."""
    return _begins(clock, clock.wall(start) // DAY + days)


def midnight_of(clock: Clock, instant: int) -> int:
    """Return the first instant of the wall clock's day that an instant is in."""
    return _begins(clock, clock.wall(instant) // DAY)


def _begins(clock: Clock, day: int) -> int:
    """Return the first instant of a day, also where a clock change takes its midnight."""
    found = clock.instant(day * DAY)
    if clock.wall(found) < day * DAY:
        return next((change.at for change in clock.changes(found, found + 2 * DAY)), found)
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a heat map: hours of the day, or minutes of the hour.

    Attributes:
        label: what it is of.
        cells: jobs by column, all days or hours together; None where there is no such time.
        total: of all jobs.
    """

    label: str
    cells: tuple[int | None, ...]
    total: int


def heat_lines(load: Load) -> list[Line]:
    """Return a row for each queue that has jobs, the busiest first."""
    lines = [_line(load, queue, load.counts(queue)) for queue in load.queues]
    return [line for line in sorted(lines, key=lambda line: -line.total) if line.total]


def all_queues(load: Load) -> Line:
    """Return the jobs of all queues as one row."""
    return _line(load, "all", load.counts())


def _line(load: Load, label: str, counts: Sequence[int]) -> Line:
    whole = DAY if load.size == HOUR else HOUR
    cells: list[int | None] = [None] * (whole // load.size)
    for start, count in zip(load.starts, counts, strict=True):
        column = load.clock.wall(start) % whole // load.size
        cells[column] = (cells[column] or 0) + count
    return Line(label, tuple(cells), sum(counts))
