"""Entries that make jobs of the same type, in the same queue, at the same instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from math import lcm

from jobctl.errors import HangingSchedule
from jobctl.model.crontab.entry import CronEntry
from jobctl.model.crontab.twice import content
from jobctl.model.schedule.clock import Clock, moment
from jobctl.model.schedule.schedule import Every, Schedule
from jobctl.model.schedule.sixfields import Fields
from jobctl.model.words import things

_YEAR = 366 * 86400
_PAIR = 20_000  # firings that are looked at for a pair of entries: a year of every hour
_ALL = 1_000_000  # for all pairs of a document: about a second
_AHEAD = 50  # firings to go on by one by one before the search begins anew


class Clashes:
    """What entries meet within a year; bounded in the firings that are looked at."""

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
        self._groups: dict[tuple[str, str], list[CronEntry]] = {}
        for entry in entries:
            if entry.parsed is not None and entry.jobtype:
                self._groups.setdefault((entry.jobtype, entry.queue), []).append(entry)

    def found(self) -> list[tuple[CronEntry, CronEntry, str]]:
        """Return each entry that meets an earlier one: the first such, and when, in words."""
        met = []
        for group in self._groups.values():
            earlier: dict[str, CronEntry] = {}
            for entry in group:
                if content(entry) in earlier:
                    continue  # that it is there twice is said elsewhere
                first = self._first(entry, earlier.values())
                if first is not None:
                    met.append((entry, *first))
                earlier[content(entry)] = entry
        return met

    def _first(
        self, entry: CronEntry, earlier: Iterable[CronEntry]
    ) -> tuple[CronEntry, str] | None:
        for other in earlier:
            when = self._meeting(other, entry)
            if when is not None:
                return other, when
        return None

    def _meeting(self, one: CronEntry, other: CronEntry) -> str | None:
        mine, theirs = one.parsed, other.parsed
        if mine is None or theirs is None:
            return None
        if isinstance(mine.plan, Every) and isinstance(theirs.plan, Every):
            after = lcm(mine.plan.seconds, theirs.plan.seconds)
            seconds = f"{after:,} {things(after, 'second')}"
            return f"{seconds} after the server's start" if after <= _YEAR else None
        if isinstance(mine.plan, Every) or isinstance(theirs.plan, Every):
            return None  # nobody knows when the server will start
        if self._apart(mine, theirs):
            return None
        met = self._search(mine, theirs)
        return None if met is None else f"{moment(met, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def _apart(self, one: Schedule, other: Schedule) -> bool:
        """Tell whether no wall clock that both are read by can match both."""
        if one.clock(self._local) is not other.clock(self._local):
            return False
        mine, theirs = one.plan, other.plan
        if not isinstance(mine, Fields) or not isinstance(theirs, Fields):
            return False
        return any(
            set(field.values).isdisjoint(its.values)
            for field, its in (
                (mine.second, theirs.second),
                (mine.minute, theirs.minute),
                (mine.hour, theirs.hour),
                (mine.month, theirs.month),
            )
        )

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
