"""Entries that make the same jobs: duplicates, and those that fire at the same instant."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from math import lcm

from jobctl.cron.clock import Clock, moment
from jobctl.cron.entry import CronEntry
from jobctl.cron.fields import Field
from jobctl.cron.finding import Code, Stage
from jobctl.cron.notes import Notes
from jobctl.cron.schedule import Every, Schedule
from jobctl.cron.sixfields import Fields
from jobctl.errors import HangingSchedule
from jobctl.model.words import things

_YEAR = 366 * 86400
_PAIR = 20_000  # firings that are looked at for a pair of entries: a year of every hour
_ALL = 1_000_000  # for all pairs of a document: about a second
_PAIRS = 5_000_000  # of entries that are compared at all: about a second
_AHEAD = 50  # firings to go on by one by one before the search begins anew


def check_duplicates(notes: Notes, entries: Sequence[CronEntry]) -> None:
    """Note entries whose schedule and job are those of an earlier one."""
    broken = {each.entry for each in notes.findings if each.stage is Stage.ENTRY}
    first: dict[str, CronEntry] = {}
    for entry in entries:
        if entry.number in broken:
            continue  # what is wrong in it is not in its job
        same = first.setdefault(_content(entry), entry)
        if same is not entry:
            message = f"the same schedule and job as {same.seen_from(entry.file)}"
            hint = "leave one of them out: each firing makes the job twice"
            notes.warning(("cron", entry.number - 1), Code.DUPLICATE, message, hint=hint)


class Clashes:
    """What entries meet within a year; bounded in the pairs and firings that are looked at."""

    def __init__(self, entries: Sequence[CronEntry], now: int, local: Clock) -> None:
        """Look from an instant on.

        Args:
            entries: of one document.
            now: unix seconds.
            local: the server's clock.
        """
        self._now = now
        self._local = local
        self._left = _ALL
        self._pairs = _PAIRS
        self._groups: dict[tuple[str, str], dict[str, _Timed]] = {}
        for entry in entries:
            if entry.parsed is not None and entry.jobtype:
                group = self._groups.setdefault((entry.jobtype, entry.queue), {})
                # That one is there twice is said elsewhere.
                group.setdefault(_content(entry), _Timed.of(entry, entry.parsed, local))

    def found(self) -> list[tuple[CronEntry, CronEntry, str]]:
        """Return each entry that meets an earlier one: the first such, and when, in words."""
        met = []
        for group in self._groups.values():
            earlier: list[_Timed] = []
            for timed in group.values():
                first = self._first(timed, earlier)
                if first is not None:
                    met.append((timed.entry, *first))
                earlier.append(timed)
        return met

    def _first(self, timed: _Timed, earlier: Sequence[_Timed]) -> tuple[CronEntry, str] | None:
        for other in earlier[: self._pairs]:
            self._pairs -= 1
            if not other.apart(timed):
                when = self._meeting(other.schedule, timed.schedule)
                if when is not None:
                    return other.entry, when
        return None

    def _meeting(self, one: Schedule, other: Schedule) -> str | None:
        mine, its = one.plan, other.plan
        if isinstance(mine, Every) and isinstance(its, Every):
            after = lcm(mine.seconds, its.seconds)
            seconds = f"{after:,} {things(after, 'second')}"
            return f"{seconds} after the server's start" if after <= _YEAR else None
        if isinstance(mine, Every) or isinstance(its, Every):
            return None  # nobody knows when the server will start
        met = self._search(one, other)
        return None if met is None else f"{moment(met, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def _search(self, one: Schedule, other: Schedule) -> int | None:
        """Let each catch up with the other in turn, until they meet."""
        runners = (_Runner(one, self._now, self._local), _Runner(other, self._now, self._local))
        spent, at, turn = 0, self._now + 1, 0
        try:
            while spent < min(_PAIR, self._left) and at <= self._now + _YEAR:
                found = runners[turn].reach(at)
                if found is None:
                    return None
                if found == at and spent:
                    return at
                at, turn, spent = found, 1 - turn, spent + 1
        except HangingSchedule:
            return None
        finally:
            self._left -= spent
        return None


@dataclass(frozen=True, slots=True)
class _Timed:
    """An entry with a schedule, made ready to be compared with many others.

    Attributes:
        entry: the entry.
        schedule: its schedule.
        clock: that it is read by.
        masks: of its minutes, hours, months and seconds: a bit for each value; all bits where they
            are not known.
    """

    entry: CronEntry
    schedule: Schedule
    clock: Clock
    masks: tuple[int, int, int, int]

    @classmethod
    def of(cls, entry: CronEntry, schedule: Schedule, local: Clock) -> _Timed:
        plan, masks = schedule.plan, (-1, -1, -1, -1)
        if isinstance(plan, Fields):
            masks = (_mask(plan.minute), _mask(plan.hour), _mask(plan.month), _mask(plan.second))
        return cls(entry, schedule, schedule.clock(local), masks)

    def apart(self, other: _Timed) -> bool:
        """Tell whether no wall clock that both are read by can match both."""
        if self.clock is not other.clock:
            return False
        # Spelled out, as it is asked of each pair.
        minute, hour, month, second = self.masks
        its_minute, its_hour, its_month, its_second = other.masks
        return not (
            minute & its_minute and hour & its_hour and month & its_month and second & its_second
        )


def _mask(field: Field) -> int:
    return sum(1 << value for value in field.values)


class _Runner:
    """The firings of one schedule, which can leap ahead."""

    def __init__(self, schedule: Schedule, now: int, local: Clock) -> None:
        self._schedule = schedule
        self._local = local
        self._firings = schedule.seconds(now, local)
        self._last: int | None = None

    def reach(self, instant: int) -> int | None:
        """Return the first firing at an instant or after it; instants only grow."""
        if self._last is not None and self._last >= instant:
            return self._last
        for _ in range(_AHEAD):
            self._last = next(self._firings, None)
            if self._last is None or self._last >= instant:
                return self._last
        self._firings = self._schedule.seconds(instant - 1, self._local)
        self._last = next(self._firings, None)
        return self._last


def _content(entry: CronEntry) -> str:
    """Return what an entry does, as text that can be compared."""
    return json.dumps([entry.schedule, entry.queue, entry.job], sort_keys=True)
