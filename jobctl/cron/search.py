"""When six fields fire on a clock: exactly the instants that the server's search finds.

`robfig_next` goes the server's own steps (SpecSchedule.Next of robfig/cron v3). Far from clock
changes these find just what the wall clock says: there the days that match are walked instead, in a
tenth of the time. Near a change, and over one that takes a midnight, the steps decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import inf

from jobctl.cron.clock import DAY, LAST_YEAR, Clock, date_of, midnight, year_of
from jobctl.cron.fields import Fields
from jobctl.errors import HangingSchedule

YEARS = 5  # the server gives up when the year passes the start's by more
_HANGS = 5_000  # steps of a day or month; six years have 2,192 days
_HOUR, _MINUTE = 3600, 60
_NEAR = 2 * DAY  # a search that begins and ends further from a change does not meet it
_MONTH_BACK = 32 * DAY  # a search for a month begins at the first of its own
_AHEAD = 400 * DAY  # how far to look for the next change


def firings(fields: Fields, clock: Clock, after: int) -> Iterator[int]:
    """Yield every firing after an instant (unix seconds), each the next one of the last.

    The year 9990 is the last one looked at.

    Raises:
        HangingSchedule: the server's search for the next one never ends.
    """
    if not (fields.second.values and fields.minute.values and fields.hour.values):
        return  # other impossible fields may fire: see Fields.impossible
    fast = _FastSearch(fields, clock)
    last = after
    while True:
        for firing in fast.firings(last):
            yield firing
            last = firing
        found = robfig_next(fields, clock, last)
        if found is None or found <= last or year_of(found) > LAST_YEAR:
            return
        yield found
        last = found


def robfig_next(fields: Fields, clock: Clock, after: int) -> int | None:
    """Return the next firing as the server searches for it; None where it gives up.

    Raises:
        HangingSchedule: its search never comes to an end.
    """
    search = _RobfigSearch(fields, clock, after + 1)
    limit = search.date.year + YEARS
    while search.date.year <= limit:
        if (
            search.find_month()
            and search.find_day()
            and search.find_hour()
            and search.find_minute()
            and search.find_second()
        ):
            return search.at
    return None


class _RobfigSearch:
    """The instant at which a search stands, and its steps.

    Each step goes on to a value that its field lets through, and returns False where that led into
    the next greater unit: the search then begins with the months again.
    """

    def __init__(self, fields: Fields, clock: Clock, at: int) -> None:
        self.at = at
        self._fields = fields
        self._clock = clock
        self._truncated = False  # to the beginning of the first unit that did not match
        self._steps = 0

    @property
    def wall(self) -> int:
        return self.at + self._clock.offset(self.at)

    @property
    def date(self) -> date:
        return date_of(self.wall)

    def find_month(self) -> bool:
        while (found := self.date).month not in self._fields.month.values:
            self._count_step()
            if not self._truncated:
                self._truncated = True
                self.at = self._clock.instant(midnight(found.year, found.month, 1))
            self.at = self._clock.instant(_a_month_on(self.date) + self.wall % DAY)
            if self.date.month == 1:
                return False
        return True

    def find_day(self) -> bool:
        while not self._fields.day_matches(self.date):
            self._count_step()
            if not self._truncated:
                self._truncated = True
                self.at = self._clock.instant(self.wall // DAY * DAY)
            self.at = self._clock.instant(self.wall + DAY)
            hour = self.wall % DAY // _HOUR
            if hour > 12:
                self.at += (24 - hour) * _HOUR
            elif hour:
                self.at -= hour * _HOUR
            if self.date.day == 1:
                return False
        return True

    def find_hour(self) -> bool:
        wall = self.wall
        while wall % DAY // _HOUR not in self._fields.hour.values:
            if not self._truncated:
                self._truncated = True
                self.at = self._clock.instant(wall // _HOUR * _HOUR)
            self.at += _HOUR
            wall = self.wall
            if wall % DAY < _HOUR:
                return False
        return True

    def find_minute(self) -> bool:
        wall = self.wall
        while wall % _HOUR // _MINUTE not in self._fields.minute.values:
            if not self._truncated:
                self._truncated = True
                self.at -= self.at % _MINUTE  # of elapsed time, not of the wall clock
            self.at += _MINUTE
            wall = self.wall
            if wall % _HOUR < _MINUTE:
                return False
        return True

    def find_second(self) -> bool:
        wall = self.wall
        while wall % _MINUTE not in self._fields.second.values:
            self._truncated = True
            self.at += 1
            wall = self.wall
            if wall % _MINUTE == 0:
                return False
        return True

    def _count_step(self) -> None:
        """Count a step to another day or month: only these can lead back to where they began."""
        self._steps += 1
        if self._steps > _HANGS:
            raise HangingSchedule(
                f"the server hangs: its search never gets past {self.date} in {self._clock.name}"
            )


def _a_month_on(day: date) -> int:
    """Return a date a month on, as a wall clock's midnight; the 31st of April is the 1st of May."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return midnight(year, month, 1) + (day.day - 1) * DAY


@dataclass(frozen=True, slots=True)
class _Calm:
    """Time without a clock change: until when on the wall clock, and the offset."""

    until: float
    offset: int


class _FastSearch:
    def __init__(self, fields: Fields, clock: Clock) -> None:
        self._fields = fields
        self._clock = clock
        self._hours = [hour * _HOUR for hour in fields.hour.values]
        self._within = [
            minute * _MINUTE + second
            for minute in fields.minute.values
            for second in fields.second.values
        ]

    def firings(self, last: int) -> Iterator[int]:
        """Yield firings as long as no clock change disturbs the search from each to the next."""
        calm = self._calm_around(last)
        if calm is None:
            return
        for day in self._days(last + 1 + calm.offset):
            if day >= calm.until:
                calm = self._calm_after(last, day)
                if calm is None:
                    return
            base = day - calm.offset
            for hour in self._hours:
                for second in self._within:
                    if base + hour + second > last:
                        yield base + hour + second
            last = max(last, base + self._hours[-1] + self._within[-1])

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

    def _calm_around(self, instant: int) -> _Calm | None:
        """Return the calm time around an instant; None where it is not calm."""
        clock = self._clock
        offset = clock.offset(instant)
        if offset % _MINUTE:
            return None
        if clock.fixed:
            return _Calm(inf, offset)
        near = clock.changes(instant - _NEAR, instant + _AHEAD)
        until = (near[0].at if near else instant + _AHEAD) - _NEAR
        if until <= instant:
            return None
        if self._midnight_taken(instant - _MONTH_BACK, instant):
            today = date_of(instant + offset)
            next_month = midnight(today.year + today.month // 12, today.month % 12 + 1, 1)
            until = min(until, next_month - offset)
        return _Calm(until + offset, offset)

    def _calm_after(self, last: int, day: int) -> _Calm | None:
        """Return the calm time around a day; None where a change on the way there disturbs."""
        there = self._clock.instant(day)
        taken = self._midnight_taken(last - _MONTH_BACK, there)
        return None if taken else self._calm_around(there)

    def _midnight_taken(self, start: int, end: int) -> bool:
        return any(change.takes_midnight for change in self._clock.changes(start, end))
