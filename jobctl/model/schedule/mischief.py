"""What clock changes do to a schedule: times that are skipped, doubled, missed, made up.

Skipped and doubled times are told only where it shows: a schedule that also fires within the length
of the change before it and behind it (``*/5 * * * *``, ``0 * * * *``) goes on at its pace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jobctl.model.schedule.clock import DAY, Change, Clock, date_of
from jobctl.model.schedule.daywords import Days, deciding
from jobctl.model.schedule.doubt import Code, Doubt, Level
from jobctl.model.schedule.search import Search
from jobctl.model.schedule.series import joined
from jobctl.model.schedule.sixfields import Fields
from jobctl.model.words import things

_AHEAD = 366 * DAY
_NEAR = 3 * DAY  # of a change: nothing further away is touched, but
_MONTH = 35 * DAY  # behind a change that takes a midnight, which a search for a month may have met
_OFTEN = 24  # firings a day: of more only the first of each hour are looked at
_NAMED = 3  # times in a sentence
_MONTHS = 12


def mischief(fields: Fields, clock: Clock, now: int) -> Iterator[Doubt]:
    """Yield what the clock changes of the year from `now` on do, each change once a kind."""
    for change in clock.changes(now, now + _AHEAD):
        yield from _Affair(fields, clock, change).doubts()


@dataclass(frozen=True, slots=True)
class _Affair:
    """A schedule and a clock change."""

    fields: Fields
    clock: Clock
    change: Change

    def doubts(self) -> Iterator[Doubt]:
        found = self._within(*self._disturbed())
        if found and not self._unnoticed():
            yield from self._skipped(found) if self._gap > 0 else self._doubled(found)
        if not self._always:
            yield from self._differing()

    @property
    def _gap(self) -> int:
        return self.change.after - self.change.before

    def _disturbed(self) -> tuple[int, int]:
        """Return the wall times that are skipped or come twice: from, until before."""
        at, before, after = self.change.at, self.change.before, self.change.after
        return min(at + before, at + after), max(at + before, at + after)

    def _unnoticed(self) -> bool:
        low, high = self._disturbed()
        size = high - low
        return bool(self._within(low - size, low) and self._within(high, high + size))

    @property
    def _always(self) -> bool:
        """Whether all hours of all days pass: the server tries every minute then."""
        fields = self.fields
        whole = len(fields.month.values) == _MONTHS and deciding(fields) is Days.ALL
        return whole and fields.hour.full

    def _within(self, low: int, high: int) -> list[int]:
        """Return the wall times that match, but the first second of each minute only."""
        return list(walls(_thinned(self.fields, minutes=False), low, high))

    def _skipped(self, found: Sequence[int]) -> Iterator[Doubt]:
        days = {wall // DAY for wall in found}
        lost = not any(self._exists(day * DAY, (day + 1) * DAY) for day in days)
        then = "then" if not lost else "that day" if len(days) == 1 else "on these days"
        does = "does" if len(found) == 1 else "do"
        yield self._doubt(
            Code.SKIPPED_TIME,
            f"{_times(found)} {does} not exist in {self.clock.name}: it does not fire {then}",
            "another time of the day",
        )

    def _exists(self, low: int, high: int) -> bool:
        """Tell whether some wall time of a span matches, and is not skipped."""
        first, behind = self._disturbed()
        return bool(self._within(low, first) or self._within(behind, high))

    def _doubled(self, found: Sequence[int]) -> Iterator[Doubt]:
        first, last = self.change.at + self._gap, self.change.at - self._gap
        search = Search(_thinned(self.fields, minutes=False), self.clock).after(first - 1)
        firings = set(_until(search, last))
        twice = [
            wall
            for wall in found
            if {wall - self.change.before, wall - self.change.after} <= firings
        ]
        if not twice:
            return
        come = "comes" if len(twice) == 1 else "come"
        wall = twice[0]
        both = " and ".join(
            _clock(wall - offset) + "Z" for offset in (self.change.before, self.change.after)
        )
        fires = f"fires at {both}" if len(twice) == 1 else f"fires twice, first at {both}"
        message = f"{_times(twice)} {come} twice in {self.clock.name}: {fires}"
        yield self._doubt(Code.DOUBLED_TIME, message, "another time of the day, or CRON_TZ=UTC")

    def _differing(self) -> Iterator[Doubt]:
        """Yield where the server's search finds other firings than the wall clock has."""
        fields = _thinned(self.fields, minutes=_a_day(self.fields) > _OFTEN)
        start = self.change.at - _NEAR
        end = self.change.at + (_MONTH if self.change.takes_midnight else _NEAR)
        named = {firing: wall for firing, wall in self._named(fields, start, end)}
        if not named:
            return
        given = set(_until(Search(fields, self.clock).after(start - 1), end))
        reached = {named[firing] for firing in given if firing in named}
        missed = sorted({wall for wall in named.values() if wall not in reached})
        if missed:
            message = f"the server misses {_times(missed)} in {self.clock.name}: {self._why()}"
            yield self._doubt(Code.MISSED_FIRING, message, "another time of the day")
        odd = sorted(self.clock.wall(firing) for firing in given if firing not in named)
        if odd:
            message = f"fires at {_times(odd)} in {self.clock.name}, which it does not say"
            yield self._doubt(Code.ODD_FIRING, f"{message}: {self._why()}", None)

    def _named(self, fields: Fields, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield every instant from `start` until before `end` whose wall time matches, and that."""
        at = start
        changes = self.clock.changes(start, end)
        for until in (*(change.at for change in changes), end):
            offset = self.clock.offset(at)
            for wall in walls(fields, at + offset, until + offset):
                yield wall - offset, wall
            at = until

    def _why(self) -> str:
        low, _ = self._disturbed()
        return f"its search is led astray by the clock change of {date_of(low)}"

    def _doubt(self, code: Code, message: str, hint: str | None) -> Doubt:
        return Doubt(Level.WARNING, code, message, hint)


def walls(fields: Fields, low: int, high: int) -> Iterator[int]:
    """Yield the wall times that match, from `low` until before `high`, whether they exist or not."""
    for midnight in range(low // DAY * DAY, high, DAY):
        today = date_of(midnight)
        if today.month not in fields.month.values:
            continue
        if not fields.day_matches(today.day, today.toordinal() % 7):
            continue
        for hour in fields.hour.values:
            begun = midnight + hour * 3600
            if begun >= high or begun + 3600 <= low:
                continue
            for minute in fields.minute.values:
                for second in fields.second.values:
                    wall = begun + minute * 60 + second
                    if low <= wall < high:
                        yield wall


def _thinned(fields: Fields, *, minutes: bool) -> Fields:
    """Return fields with the first of their seconds, and perhaps of their minutes, alone.

    The server never gets lost within a minute, and within an hour only in front of the first one.
    """
    second = replace(fields.second, values=fields.second.values[:1])
    if not minutes:
        return replace(fields, second=second)
    return replace(
        fields, second=second, minute=replace(fields.minute, values=fields.minute.values[:1])
    )


def _a_day(fields: Fields) -> int:
    return len(fields.hour.values) * len(fields.minute.values) * len(fields.second.values)


def _until(firings: Iterator[int], end: int) -> Iterator[int]:
    for firing in firings:
        if firing >= end:
            return
        yield firing


def _times(found: Sequence[int]) -> str:
    """Return wall times in a sentence: the date once where they share it."""
    same = len({wall // DAY for wall in found}) == 1
    shown = [
        _clock(wall) if same and i else f"{date_of(wall)} {_clock(wall)}"
        for i, wall in enumerate(found[:_NAMED])
    ]
    more = len(found) - _NAMED
    return joined([*shown, f"{more} more {things(more, 'time')}"] if more > 0 else shown)


def _clock(wall: int) -> str:
    minutes, second = divmod(wall % DAY, 60)
    shown = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{shown}:{second:02}" if second else shown
