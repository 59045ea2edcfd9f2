"""When entries and schedules fire: next and last, in order of time, and explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice, takewhile

from jobctl.cron.clock import Clock
from jobctl.cron.crontab import CronEntry
from jobctl.cron.fields import Every
from jobctl.cron.finding import Finding, Level
from jobctl.cron.lint import lint
from jobctl.cron.schedule import Schedule
from jobctl.cron.schedule_words import field_rows
from jobctl.errors import HangingSchedule
from jobctl.model.rows import Row
from jobctl.model.times import Instant
from jobctl.model.words import things

LISTING_KEYS = (
    *("file", "line", "entry", "schedule", "words"),
    *("jobtype", "queue", "next", "last", "problem"),
)
TIMETABLE_KEYS = ("at", "file", "line", "schedule", "jobtype", "queue")
EXPLAINED_KEYS = ("expr", "dialect", "zone", "words", "fields", "next", "warnings")
_YEAR = 366 * 86400
_FIRINGS = 10_000  # of an entry that are compared with others': a year of every hour
_ALL_FIRINGS = 500_000  # of a document: half a second
_NEXT = 5  # firings of a schedule that is explained
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
        last = None
        for firing in schedule.seconds(now - step, local):
            if firing > now:
                break
            last = firing
        if last is not None:
            return last
    return None


def listing_row(entry: CronEntry, now: int, local: Clock, problem: str | None) -> Row:
    """Return an entry's row, under `LISTING_KEYS`.

    Args:
        entry: of a file.
        now: unix seconds: what fires in this very second is the last firing.
        local: the server's own clock.
        problem: what is wrong with it; None for nothing, and then that it fires no more is.
    """
    schedule, coming, last = entry.parsed, None, None
    if schedule is not None:
        try:
            coming = next(schedule.seconds(now, local), None)
            last = last_firing(schedule, now, local)
        except HangingSchedule as error:
            coming, problem = None, problem or error.message
        else:
            if coming is None:
                gone = "never fires" if last is None else "does not fire any more"
                problem = problem or gone
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


@dataclass(frozen=True, slots=True)
class Explained:
    """All that can be said of a schedule.

    Attributes:
        schedule: what.
        clock: the one it is read by.
        words: what it says.
        fields: a row for what each field lets through.
        firings: the next five, in unix seconds.
        findings: what may not be meant, errors first.
    """

    schedule: Schedule
    clock: Clock
    words: str
    fields: list[Row]
    firings: tuple[int, ...]
    findings: list[Finding]

    @classmethod
    def of(cls, schedule: Schedule, after: int, local: Clock) -> Explained:
        """Explain a schedule, as of a second; `local` is the server's own clock."""
        fires: list[int] = []
        findings = lint(schedule, after, local)
        try:
            for firing in schedule.seconds(after, local):
                fires.append(firing)
                if len(fires) == _NEXT:
                    break
        except HangingSchedule as error:
            if all(each.code != "hangs" for each in findings):
                hangs = Finding.in_schedule(schedule.text, Level.ERROR, "hangs", error.message)
                findings = [hangs, *findings]
        fields = [] if schedule.fields is None else field_rows(schedule.fields)
        clock, words = schedule.clock(local), schedule.explain()
        return cls(schedule, clock, words, fields, tuple(fires), findings)

    def row(self, dialect: str) -> Row:
        """Return its row, under `EXPLAINED_KEYS`; instants in UTC."""
        keys = ("level", "code", "message", "hint")
        return {
            "expr": self.schedule.text,
            "dialect": dialect,
            "zone": self.clock.name,
            "words": self.words,
            "fields": self.fields,
            "next": [Instant(firing).rfc3339() for firing in self.firings],
            "warnings": [{key: each.row()[key] for key in keys} for each in self.findings],
        }


def same_instants(
    entries: Sequence[CronEntry], now: int, local: Clock
) -> Iterator[tuple[CronEntry, CronEntry, str]]:
    """Yield each entry that fires together with an earlier one, that one, and when, in words.

    Only those with the same type and queue are compared, in the year from `now` on, and of what
    fires often the first firings alone. Intervals meet intervals: nobody knows when they begin.
    """
    groups: dict[tuple[str, str, bool], dict[str, CronEntry]] = {}
    for entry in entries:
        if entry.parsed is not None and entry.jobtype:
            every = isinstance(entry.parsed.plan, Every)
            group = groups.setdefault((entry.jobtype, entry.queue, every), {})
            group.setdefault(entry.content, entry)  # that one is there twice is said already
    left = _ALL_FIRINGS
    for (_, _, interval), group in groups.items():
        seen: dict[int, CronEntry] = {}
        for entry in group.values() if len(group) > 1 else ():
            met = None
            for at in _firings_of(entry, now, local, min(left, _FIRINGS)):
                left -= 1
                other = seen.setdefault(at, entry)
                if met is None and other is not entry:
                    met = other, _after_start(at - now) if interval else Instant(at).rfc3339()
            if met is not None:
                yield (entry, *met)


def _firings_of(entry: CronEntry, now: int, local: Clock, most: int) -> Iterator[int]:
    if entry.parsed is None:
        return
    try:
        firings = entry.parsed.seconds(now, local)
        yield from islice(takewhile(lambda at: at <= now + _YEAR, firings), most)
    except HangingSchedule:
        return  # that is said already


def _after_start(seconds: int) -> str:
    return f"{seconds:,} {things(seconds, 'second')} after the server's start"
