"""All firings after an instant: the server's, in a fraction of its steps.

Far from clock changes the server finds just what the wall clock says, so there the matching days
are walked over the values of the fields. Near a change, and over one that takes a midnight, the
server's own steps decide (crawl.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from jobctl.cron.clock import DAY, LAST_YEAR, Clock, date_of, midnight, moment, year_of
from jobctl.cron.crawl import YEARS, Crawl
from jobctl.cron.sixfields import Fields
from jobctl.errors import HangingSchedule

_NEAR = 2 * DAY  # of a change: it is on no day that a search begins or ends on further away
_MONTH_BACK = 32 * DAY  # a search for a month begins at the first of its own
_AHEAD = 400 * DAY  # how far to look for the next change
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Time without a clock change: until when on the wall clock, and the offset."""

    until: float
    offset: int


class Search:
    """The firings of six fields on a clock."""

    def __init__(self, fields: Fields, clock: Clock) -> None:
        self._fields = fields
        self._clock = clock
        self._hours = tuple(hour * _HOUR for hour in fields.hour.values)
        self._within = tuple(
            minute * 60 + second
            for minute in fields.minute.values
            for second in fields.second.values
        )

    def after(self, start: int) -> Iterator[int]:
        """Yield every firing after an instant (unix seconds), each the next one of the last.

        The year 9990 is the last one looked at.

        Raises:
            HangingSchedule: the server's search for the next one never ends, or does not get on.
        """
        if not (self._hours and self._within):  # other impossible fields may fire: see there
            return
        last = start
        while True:
            for firing in self._calm(last):
                yield firing
                last = firing
            found = Crawl(self._fields, self._clock, last).find()
            if found is None or year_of(found) > LAST_YEAR:
                return
            if found <= last:
                raise HangingSchedule(f"the server fires without end at {self._shown(found)}")
            yield found
            last = found

    def _shown(self, instant: int) -> str:
        return moment(instant, self._clock.zone).isoformat()

    def _calm(self, last: int) -> Iterator[int]:
        """Yield firings as long as nothing disturbs the search from each to the next."""
        stretch = self._stretch(last)
        if stretch is None:
            return
        begun = last + 1 + stretch.offset
        today = begun // DAY * DAY
        for day in self._days(begun):
            if day >= stretch.until:
                following = self._pass(last, day)
                if following is None:
                    return
                stretch = following
            base = day - stretch.offset
            if day == today:
                yield from self._rest(base, last)
            else:
                for hour in self._hours:
                    for second in self._within:
                        yield base + hour + second
            last = max(last, base + self._hours[-1] + self._within[-1])

    def _rest(self, base: int, last: int) -> Iterator[int]:
        """Yield what is left of a day."""
        for hour in self._hours:
            if base + hour + _HOUR > last:
                for second in self._within:
                    if base + hour + second > last:
                        yield base + hour + second

    def _days(self, begun: int) -> Iterator[int]:
        """Yield the midnights of the matching days on the wall clock, from that of `begun` on.

        It ends where the server gives up: years after the second behind the last firing. That may
        be in the next year already; but what fires on a 31st of December fires on the next one too.
        """
        first = date_of(begun)
        year, month, day = first.year, first.month, first.day
        limit = year + YEARS
        while year <= min(limit, LAST_YEAR):
            if month in self._fields.month.values:
                for found in self._fields.days(year, month):
                    if found >= day:
                        yield midnight(year, month, found)
                        limit = year + YEARS
            day = 1
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)

    def _stretch(self, last: int) -> _Stretch | None:
        """Return the calm time around an instant; None where it is not calm."""
        clock = self._clock
        offset = clock.offset(last)
        if offset % 60:
            return None
        if clock.fixed:
            return _Stretch(inf, offset)
        around = clock.changes(last - _NEAR, last + _AHEAD)
        until = (around[0].at if around else last + _AHEAD) - _NEAR
        if until <= last:
            return None
        if any(change.takes_midnight for change in clock.changes(last - _MONTH_BACK, last)):
            today = date_of(last + offset)
            following = midnight(today.year + today.month // 12, today.month % 12 + 1, 1)
            until = min(until, following - offset)
        return _Stretch(until + offset, offset)

    def _pass(self, last: int, day: int) -> _Stretch | None:
        """Return the calm time around a day; None where something on the way there disturbs."""
        clock = self._clock
        there = clock.instant(day)
        passed = clock.changes(last - _MONTH_BACK, there)
        return None if any(c.takes_midnight for c in passed) else self._stretch(there)
