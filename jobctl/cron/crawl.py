"""The server's search for the next firing, step by step: robfig/cron v3's SpecSchedule.Next."""

from __future__ import annotations

from datetime import date

from jobctl.cron.clock import DAY, Clock, date_of, midnight
from jobctl.cron.sixfields import Fields
from jobctl.errors import HangingSchedule

YEARS = 5  # it gives up when the year passes the start's by more
_HANGS = 5_000  # steps; six years have 2,192 days
_HOUR, _MINUTE = 3600, 60


class Crawl:
    """One search. It stands at an instant, and goes on in the units of the fields."""

    def __init__(self, fields: Fields, clock: Clock, after: int) -> None:
        """Stand at the second after an instant (unix seconds)."""
        self._fields = fields
        self._clock = clock
        self._at = after + 1
        self._cut = False  # whether the lower fields have been cut
        self._steps = 0

    def find(self) -> int | None:
        """Return the next firing; None where the server gives up.

        Raises:
            HangingSchedule: it never comes to an end.
        """
        limit = self._date().year + YEARS
        while self._date().year <= limit:
            if self._month() and self._day() and self._hour() and self._minute() and self._second():
                return self._at
        return None

    def _month(self) -> bool:
        """Go to a month that matches; False where the year has come round."""
        while (found := self._date()).month not in self._fields.month.values:
            self._step()
            if not self._cut:
                self._cut = True
                found = found.replace(day=1)
                self._at = self._clock.instant(midnight(*_ymd(found)))
            wall = self._clock.wall(self._at)
            self._at = self._clock.instant(_next_month(date_of(wall)) + wall % DAY)
            if self._date().month == 1:
                return False
        return True

    def _day(self) -> bool:
        while not self._day_matches():
            self._step()
            if not self._cut:
                self._cut = True
                self._at = self._clock.instant(self._wall() // DAY * DAY)
            self._at = self._clock.instant(self._wall() + DAY)
            hour = self._wall() % DAY // _HOUR
            if hour > 12:
                self._at += (24 - hour) * _HOUR
            elif hour:
                self._at -= hour * _HOUR
            if self._date().day == 1:
                return False
        return True

    def _hour(self) -> bool:
        wall = self._wall()
        while wall % DAY // _HOUR not in self._fields.hour.values:
            if not self._cut:
                self._cut = True
                self._at = self._clock.instant(wall // _HOUR * _HOUR)
            self._at += _HOUR
            wall = self._wall()
            if wall % DAY < _HOUR:
                return False
        return True

    def _minute(self) -> bool:
        wall = self._wall()
        while wall % _HOUR // _MINUTE not in self._fields.minute.values:
            if not self._cut:
                self._cut = True
                self._at -= self._at % _MINUTE  # of elapsed time, not of the wall clock
            self._at += _MINUTE
            wall = self._wall()
            if wall % _HOUR < _MINUTE:
                return False
        return True

    def _second(self) -> bool:
        wall = self._wall()
        while wall % _MINUTE not in self._fields.second.values:
            self._cut = True
            self._at += 1
            wall = self._wall()
            if wall % _MINUTE == 0:
                return False
        return True

    def _day_matches(self) -> bool:
        today = self._date()
        return self._fields.day_matches(today.day, today.toordinal() % 7)

    def _wall(self) -> int:
        return self._at + self._clock.offset(self._at)

    def _date(self) -> date:
        return date_of(self._wall())

    def _step(self) -> None:
        """Count a step to another day or month: only these can lead back to where they began."""
        self._steps += 1
        if self._steps > _HANGS:
            raise HangingSchedule(
                f"the server hangs: its search never gets past {self._date()} in {self._clock.name}"
            )


def _ymd(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def _next_month(day: date) -> int:
    """Return a date a month on, as a wall clock's midnight; the 31st of April is the 1st of May."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return midnight(year, month, 1) + (day.day - 1) * DAY
