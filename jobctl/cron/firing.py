"""When entries fire: each of them next and last, and all of them in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge

from jobctl.cron.clock import Clock
from jobctl.cron.entry import CronEntry
from jobctl.cron.schedule import Every, Schedule
from jobctl.errors import HangingSchedule
from jobctl.model.rows import Row
from jobctl.model.times import Instant

LISTING_KEYS = (
    "file",
    "line",
    "entry",
    "schedule",
    "words",
    "jobtype",
    "queue",
    "next",
    "last",
    "problem",
)
TIMETABLE_KEYS = ("at", "file", "line", "schedule", "jobtype", "queue")
_HOUR, _DAY = 3600, 86400
# How far to look back, step by step: most fire often, and the server looks five years ahead.
_STEPS = (60, _HOUR, _DAY, 32 * _DAY, 366 * _DAY, 6 * 366 * _DAY)


def last_firing(schedule: Schedule, now: int, local: Clock) -> int | None:
    """Return the latest firing up to and with an instant, both in unix seconds.

    None where there is none in six years, and for an interval: that counts from the server's start.

    Raises:
        HangingSchedule: the server's search never ends.
    """
    if isinstance(schedule.plan, Every):
        return None
    for step in _STEPS:
        found = _next(schedule, now - step, local)
        if found is not None and found <= now:
            return _latest(schedule, found, now, local)
    return None


def _latest(schedule: Schedule, found: int, now: int, local: Clock) -> int:
    """Return the latest firing, where an earlier one is known: by halves of the time between."""
    beyond = now + 1  # no firing from here until now
    while beyond - found > 1:
        middle = (found + beyond - 1) // 2
        later = _next(schedule, middle, local)
        if later is None or later > now:
            beyond = middle + 1
        else:
            found = later
    return found


def _next(schedule: Schedule, after: int, local: Clock) -> int | None:
    return next(schedule.seconds(after, local), None)


def listing_row(entry: CronEntry, now: int, local: Clock, problem: str | None) -> Row:
    """Return an entry's row, under `LISTING_KEYS`.

    Args:
        entry: of a file.
        now: unix seconds: what fires in this very second is the last firing.
        local: the server's own clock.
        problem: what is wrong with it; None for nothing, and then that it fires no more is.

    Raises:
        HangingSchedule: the server's search never ends.
    """
    schedule = entry.parsed
    if schedule is None:
        return unknown_row(entry, problem)
    coming, last = _next(schedule, now, local), last_firing(schedule, now, local)
    if coming is None and problem is None:
        problem = "never fires" if last is None else "does not fire any more"
    return _row(entry, schedule, coming, last, problem)


def unknown_row(entry: CronEntry, problem: str | None) -> Row:
    """Return the row of an entry of which nobody knows when it fires."""
    return _row(entry, entry.parsed, None, None, problem)


def _row(
    entry: CronEntry,
    schedule: Schedule | None,
    coming: int | None,
    last: int | None,
    problem: str | None,
) -> Row:
    row = entry.row() | {
        "words": None if schedule is None else schedule.explain(),
        "next": None if coming is None else Instant(coming).rfc3339(),
        "last": None if last is None else Instant(last).rfc3339(),
        "problem": problem,
    }
    return {key: row[key] for key in LISTING_KEYS}


class Timetable:
    """The firings of entries after a second; entries that fire together come in their order.

    Attributes:
        silent: entries that never fire.
        hanging: entries over which the server hangs, and the error.
    """

    def __init__(self, entries: Sequence[CronEntry], after: int, local: Clock) -> None:
        self._entries = entries
        self._after = after
        self._local = local
        self.silent: list[CronEntry] = []
        self.hanging: list[tuple[CronEntry, HangingSchedule]] = []

    def __iter__(self) -> Iterator[tuple[int, CronEntry]]:
        """Yield unix seconds and the entry that fires then, for ever where entries do."""
        return merge(*(self._of(entry) for entry in self._entries), key=lambda pair: pair[0])

    def _of(self, entry: CronEntry) -> Iterator[tuple[int, CronEntry]]:
        if entry.parsed is None:
            return
        fired = False
        try:
            for firing in entry.parsed.seconds(self._after, self._local):
                fired = True
                yield firing, entry
        except HangingSchedule as error:
            self.hanging.append((entry, error))
        else:
            if not fired:
                self.silent.append(entry)


def timetable_row(at: int, entry: CronEntry) -> Row:
    """Return the row of a firing, under `TIMETABLE_KEYS`."""
    row = entry.row() | {"at": Instant(at).rfc3339()}
    return {key: row[key] for key in TIMETABLE_KEYS}
