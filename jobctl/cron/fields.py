"""The plan of a schedule: its six fields and the days they let through, or an interval."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import lru_cache

from jobctl.cron.field import (
    DAY,
    HOUR,
    MINUTE,
    MONTH,
    SECOND,
    WEEKDAY,
    Field,
    OddText,
    parse_field,
)
from jobctl.errors import BadSchedule

UNITS = (SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY)
# unicode.IsSpace of Go; str.split() would also split at U+001C to U+001F.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_WORD = re.compile(rf"[^{WHITE_SPACE}]+")
FEBRUARY = 2
LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # of months, the longest they get


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a schedule, and where it begins."""

    text: str
    start: int


class Days(Enum):
    """Which of the two day fields decide."""

    NEITHER = "every day"
    MONTH = "day of month"
    WEEK = "day of week"
    EITHER = "either suffices"


@dataclass(frozen=True, slots=True)
class Every:
    """``@every``: so many whole seconds after the last one, and what is odd about it."""

    seconds: int
    notes: tuple[OddText, ...] = ()


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a schedule, seconds first.

    Attributes:
        second, minute, hour, day, month, weekday: as they were read.
        starts: where in the schedule each was typed; None for what was not (5 fields: second 0).
    """

    second: Field
    minute: Field
    hour: Field
    day: Field
    month: Field
    weekday: Field
    starts: tuple[int | None, ...] = (None,) * 6

    @classmethod
    def parse(cls, text: str, start: int = 0) -> Fields:
        """Read five fields, or six with the seconds first.

        Args:
            text: the whole schedule, for the position in an error.
            start: where in it the fields begin.

        Raises:
            BadSchedule: the server would refuse it.
        """
        words = list(split(text, start))
        if len(words) not in (5, 6):
            message, hint = _count(len(words))
            raise BadSchedule(message, hint=hint, at=(text, _extra(words, text, start)))
        if len(words) == 5:
            words = [Word("0", -1), *words]
        read = []
        for word, unit in zip(words, UNITS, strict=True):
            try:
                read.append(parse_field(word.text, unit))
            except BadSchedule as error:
                error.at = (text, word.start + (error.at[1] if error.at else 0))
                raise
        second, minute, hour, day, month, weekday = read
        starts = tuple(None if word.start < 0 else word.start for word in words)
        return cls(second, minute, hour, day, month, weekday, starts)

    def __iter__(self) -> Iterator[Field]:
        """Yield the six, seconds first."""
        yield from (self.second, self.minute, self.hour, self.day, self.month, self.weekday)

    @property
    def both_days(self) -> bool:
        """Whether day of month and day of week must both match; otherwise either suffices."""
        return self.day.star or self.weekday.star

    @property
    def notes(self) -> tuple[OddText, ...]:
        """Odd text that the server lets through, with positions in the schedule's text."""
        found = zip(self, self.starts, strict=True)
        return tuple(
            OddText(note.code, note.message, note.position + (start or 0))
            for field, start in found
            for note in field.notes
        )

    @property
    def decided_by(self) -> Days:
        """Which day fields decide; some day must pass.

        With a star in one of them only the other one counts. Without, either suffices: a full range
        (``1-31``) lets every day through, and days that its months never have let none.
        """
        day, week = self.day, self.weekday
        if day.full or week.full:
            if not self.both_days or (day.full and week.full):
                return Days.NEITHER
            return Days.WEEK if day.full else Days.MONTH
        if not week.values:
            return Days.MONTH
        return Days.EITHER if self.dated_months else Days.WEEK

    @property
    def dated_months(self) -> tuple[int, ...]:
        """The months that ever have one of the days of month."""
        first = min(self.day.values, default=32)
        return tuple(month for month in self.month.values if first <= LENGTHS[month - 1])

    def days(self, year: int, month: int) -> tuple[int, ...]:
        """Return the days of a month that match, ascending; the month itself is not tested."""
        first, length = _month(year, month)
        if self.weekday.full and self.both_days:
            return tuple(day for day in self.day.values if day <= length)
        by_month, by_week = set(self.day.values), set(self.weekday.values)
        days = range(1, length + 1)
        if self.both_days:
            return tuple(d for d in days if d in by_month and (first + d - 1) % 7 in by_week)
        return tuple(d for d in days if d in by_month or (first + d - 1) % 7 in by_week)

    @property
    def impossible(self) -> bool:
        """Whether no second of any year passes.

        The server may still fire, on a date of a wrong month: where the clock leaves out the
        midnight of a month's first day, its search takes the month for the one before.
        """
        if not (self.second.values and self.minute.values and self.hour.values):
            return True
        longest = max((LENGTHS[month - 1] for month in self.month.values), default=0)
        by_month = any(day <= longest for day in self.day.values)
        by_week = bool(longest and self.weekday.values)
        return not (by_month and by_week if self.both_days else by_month or by_week)

    def day_matches(self, day: date) -> bool:
        """Check a day against day of month and day of week; its month is not tested."""
        by_month = day.day in self.day.values
        by_week = day.toordinal() % 7 in self.weekday.values
        return by_month and by_week if self.both_days else by_month or by_week


def split(text: str, start: int = 0) -> Iterator[Word]:
    """Yield the words of a text as Go's strings.Fields parts them."""
    for found in _WORD.finditer(text, start):
        yield Word(found[0], found.start())


@lru_cache(maxsize=4096)
def _month(year: int, month: int) -> tuple[int, int]:
    """Return the weekday of a month's first day (0 is Sunday), and how many days it has."""
    first = date(year, month, 1).toordinal()
    ends = date(year + month // 12, month % 12 + 1, 1).toordinal()
    return first % 7, ends - first


def _count(count: int) -> tuple[str, str]:
    if count == 0:
        return "the schedule is empty", "five fields: minute hour day month weekday; or @daily"
    hint = "five fields: minute hour day month weekday; six with the seconds first"
    if count == 7:
        hint = f"{hint}; years cannot be told"
    elif count == 8:
        hint = f"{hint}; the eight in the plugin's own README are refused"
    return f"{count} field{'' if count == 1 else 's'}, the server takes 5 or 6", hint


def _extra(words: list[Word], text: str, start: int) -> int:
    """Return where the first field too many begins, else where the schedule ends."""
    if len(words) > 6:
        return words[6].start
    return words[-1].start + len(words[-1].text) if words else min(start, len(text))


_UNITS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # the micro sign, and the Greek letter that looks like it
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?([^0-9.]*)", re.ASCII)
_MOST = 2**63  # nanoseconds; one less when it is not negative
_HINT = "durations look like 90s, 15m, 1h30m; the units are h m s ms us ns"
_DAYS = "Go's durations know no days or weeks: 24h, 168h"
_BLANKS = "one blank behind @every, none in the duration or behind it: @every 1h30m"


def go_nanoseconds(text: str) -> int:
    """Return nanoseconds of a duration, as Go's time.ParseDuration reads it.

    Raises:
        BadSchedule: it is none; `at` is the duration, and where it goes wrong.
    """
    negative = text[:1] == "-"
    start = 1 if text[:1] in ("-", "+") else 0
    if text[start:] == "0":
        return 0
    if not text[start:]:
        raise BadSchedule("the duration is missing", hint=_HINT, at=(text, len(text)))
    total, at = 0, start
    while at < len(text):
        value, end = _part(text, at)
        total += value
        if value > _MOST or total > _MOST:
            raise _too_long(text, at)
        at = end
    if negative:
        return -total
    if total == _MOST:
        raise _too_long(text, start)
    return total


def _part(text: str, at: int) -> tuple[int, int]:
    """Return the nanoseconds of a number with its unit, and where they end."""
    found = _PART.match(text, at)
    assert found is not None  # noqa: S101 (all of it is optional)
    whole, point, fraction, name = found.groups()
    if not whole and not fraction:
        hint = _BLANKS if " " in text else _HINT
        raise BadSchedule(f"{text[:40]!r} is not a duration", hint=hint, at=(text, at))
    if not name:
        raise BadSchedule("the unit is missing", hint=_HINT, at=(text, found.end()))
    unit = _UNITS.get(name)
    if unit is None:
        hint = _DAYS if name[:1] in ("d", "w") else _BLANKS if " " in text else _HINT
        raise BadSchedule(f"{name[:40]!r} is not a unit", hint=hint, at=(text, found.start(4)))
    if len(whole.lstrip("0")) > 19 or int(whole.lstrip("0") or 0) > _MOST:
        raise _too_long(text, at)
    value = int(whole.lstrip("0") or 0) * unit
    if point and fraction:
        value += _fraction(fraction, unit)
    return value, found.end()


def _fraction(digits: str, unit: int) -> int:
    """Return a fraction of a unit as Go has it: in floats, without digits beyond 63 bits."""
    value, scale = 0, 1.0
    for digit in digits:
        longer = value * 10 + int(digit)
        if value > (_MOST - 1) // 10 or longer > _MOST:
            break
        value, scale = longer, scale * 10
    return int(value * (unit / scale))


def _too_long(text: str, at: int) -> BadSchedule:
    return BadSchedule(
        "the duration is too long", hint="the server knows up to 292 years", at=(text, at)
    )
