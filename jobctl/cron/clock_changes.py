"""What clock changes do to a schedule: times that are skipped, doubled, missed, made up.

Skipped and doubled times are told only where it shows: a schedule that also fires within the length
of the change before it and behind it (``*/5 * * * *``, ``0 * * * *``) goes on at its pace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jobctl.cron.clock import DAY, Change, Clock, date_of
from jobctl.cron.daywords import Days, deciding
from jobctl.cron.doubt import Code, Doubt, Level
from jobctl.cron.search import Search
from jobctl.cron.series import joined
from jobctl.cron.sixfields import Fields
from jobctl.errors import HangingSchedule

_AHEAD = 366 * DAY
_NEAR = 3 * DAY  # of a change: a search that begins further behind it knows nothing of it
_OFTEN = 24  # firings a day: of more only the first of each hour are looked at
_NAMED = 3  # times in a sentence; of more the first and the last
_HOUR = 3600
_MONTHS = 12
_HINT = "choose another time of the day, or a zone that never changes its clock"


def clock_change_doubts(fields: Fields, clock: Clock, now: int) -> Iterator[Doubt]:
    """Yield what the clock changes of the year from `now` on do, each change once a kind."""
    for change in clock.changes(now, now + _AHEAD):
        try:
            yield from _Disturbance(fields, clock, change).doubts()
        except HangingSchedule as error:
            yield Doubt(Level.ERROR, Code.HANGS, error.message)
            return


@dataclass(frozen=True, slots=True)
class _Disturbance:
    """A schedule and a clock change."""

    fields: Fields
    clock: Clock
    change: Change

    def doubts(self) -> Iterator[Doubt]:
        found = self._within(*self._disturbed())
        if found and not self._unnoticed():
            yield from self._skipped(found) if self._gap > 0 else self._doubled(found)
        if not (self._harmless or self._always):
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
    def _harmless(self) -> bool:
        """Whether no search is led astray: whole hours change, none of them at midnight."""
        low, high = self._disturbed()
        return not (low % _HOUR or high % _HOUR or self.change.takes_midnight)

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
            _HINT,
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
        yield self._doubt(Code.DOUBLED_TIME, message, _HINT)

    def _differing(self) -> Iterator[Doubt]:
        """Yield where the server's search finds other firings than the wall clock has."""
        start = self.change.at - _NEAR
        often = _a_day(self.fields) > _OFTEN
        missed, odd = self._differences(start, minutes=often)
        if often and (missed or odd):  # rare enough to look at all of it
            missed, odd = self._differences(start, minutes=False)
        if missed:
            message = f"the server misses {_times(missed)} in {self.clock.name}: {self._why()}"
            yield self._doubt(Code.MISSED_FIRING, message, _HINT)
        if odd:
            message = f"fires at {_times(odd)} in {self.clock.name}, which it does not say"
            yield self._doubt(Code.ODD_FIRING, f"{message}: {self._why()}", None)

    def _differences(self, start: int, *, minutes: bool) -> tuple[list[int], list[int]]:
        """Return the wall times that the server misses, and those that it makes up.

        A search that is led astray may stay so until it finds something: that is the end here.
        """
        fields = _thinned(self.fields, minutes=minutes)
        given: set[int] = set()
        end = self.change.at + _NEAR
        for firing in _until(Search(fields, self.clock).after(start - 1), start + _AHEAD):
            given.add(firing)
            if firing >= end:
                end = firing + 1
                break
        named = dict(self._named(fields, start, end))
        reached = {named[firing] for firing in given if firing in named}
        odd = sorted(self.clock.wall(firing) for firing in given if firing not in named)
        return sorted(set(named.values()) - reached), odd

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
    """Yield the wall times that match, from `low` until before `high`, existing or not."""
    for midnight in range(low // DAY * DAY, high, DAY):
        today = date_of(midnight)
        if today.month not in fields.month.values:
            continue
        if not fields.day_matches(today.day, today.toordinal() % 7):
            continue
        for hour in fields.hour.values:
            begun = midnight + hour * _HOUR
            if begun >= high or begun + _HOUR <= low:
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
    many = len(found) > _NAMED
    shown: list[str] = []
    date = None
    for wall in (found[0], found[-1]) if many else found:
        today = date_of(wall)
        shown.append(_clock(wall) if today == date else f"{today} {_clock(wall)}")
        date = today
    return " to ".join(shown) if many else joined(shown)


def _clock(wall: int) -> str:
    minutes, second = divmod(wall % DAY, 60)
    shown = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{shown}:{second:02}" if second else shown
