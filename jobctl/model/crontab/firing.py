"""When an entry fires next, and when it fired last."""

from __future__ import annotations

from jobctl.model.crontab.entry import CronEntry
from jobctl.model.rows import Row
from jobctl.model.schedule import Schedule
from jobctl.model.schedule.clock import Clock
from jobctl.model.schedule.schedule import Every
from jobctl.model.times import Instant

KEYS = ("file", "line", "entry", "schedule", "words", "jobtype", "queue", "next", "last", "problem")
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
    """Return an entry's row, under `KEYS`.

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
    return {
        "file": entry.file,
        "line": entry.line,
        "entry": entry.number,
        "schedule": entry.schedule,
        "words": None if schedule is None else schedule.explain(),
        "jobtype": entry.jobtype,
        "queue": entry.queue,
        "next": None if coming is None else Instant(coming).rfc3339(),
        "last": None if last is None else Instant(last).rfc3339(),
        "problem": problem,
    }
