"""Times and durations: the one place that knows their forms.

Payloads have RFC 3339 with up to nine digits, scores are float unix seconds. Digits are kept as
they were written; nothing here rounds. A time is in the years 1 to 9999; Go's zero time,
``0001-01-01T00:00:00Z``, is none: Go writes it for a missing time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jobctl.errors import UsageProblem

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.(\d+))?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_FIRST_SECOND = -62135596800  # 0001-01-01T00:00:00Z
_LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z
LAST = float(_LAST_SECOND)
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])", re.ASCII)
_NUMBER = re.compile(r"0*(\d+)(?:\.(\d+))?", re.ASCII)
_MICROSECONDS = 15  # digits: from 10^14 on a bare number is microseconds, not seconds
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEAR_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
DAY = 86400  # seconds
_TIMES_LOOK = (
    "times look like 2026-09-21T14:00:00Z, 2026-09-21, today, monday, +2h, -5m, 1790000000"
)
_SHOWN = 40  # characters of an invalid number in a message
_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/([smh]))?", re.ASCII)
LONGEST = 1000 * 366 * 86400.0  # seconds: from now, that ends before the year 9999


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A moment: whole unix seconds, and the digits of the fraction as they were written."""

    seconds: int
    digits: str = ""

    @classmethod
    def parse(cls, text: str) -> Instant | None:
        """Parse RFC 3339 with any offset; None if it is not valid."""
        read = cls.read(text)
        return read if read is not None and read.in_range and not read.zero else None

    @classmethod
    def read(cls, text: str) -> Instant | None:
        """Read RFC 3339 also if it is out of range, or Go's zero time; None if it is not valid."""
        found = _RFC3339.fullmatch(text)
        if found is None:
            return None
        digits, offset = found.groups()
        try:
            moment = datetime.fromisoformat(f"{text[:10]}T{text[11:19]}")
            away = _offset(offset)
        except ValueError:
            return None
        days = moment.toordinal() - _EPOCH_DAY
        clock = moment.hour * 3600 + moment.minute * 60 + moment.second
        return cls(days * 86400 + clock - away, digits or "")

    @classmethod
    def of_epoch(cls, seconds: float) -> Instant | None:
        """Return the moment of unix seconds (a score); None if it is out of range."""
        if not _FIRST_SECOND < seconds < _LAST_SECOND + 1:
            return None
        text = repr(seconds)
        if seconds < 0 or "e" in text:
            return cls._of_odd_epoch(text)
        whole, _, digits = text.partition(".")
        return cls(int(whole), digits.rstrip("0"))

    @classmethod
    def _of_odd_epoch(cls, text: str) -> Instant:
        """Parse seconds before 1970, or with an exponent."""
        from decimal import Decimal

        exact = Decimal(text)
        below = int(exact // 1) - (1 if exact < exact // 1 else 0)
        return cls(below, format(exact - below, "f")[2:].rstrip("0"))

    def epoch(self) -> float:
        """Return unix seconds."""
        return float(f"{self.seconds}.{self.digits}") if self.seconds >= 0 else self._below_zero()

    def _below_zero(self) -> float:
        return self.seconds + float(f"0.{self.digits or 0}")

    def rfc3339(self) -> str:
        """Return RFC 3339 in UTC with ``Z``, the digits kept."""
        whole = (_EPOCH + timedelta(seconds=self.seconds)).isoformat()[:19]
        return f"{whole}.{self.digits}Z" if self.digits else f"{whole}Z"

    def later(self, seconds: int) -> Instant | None:
        """Return the moment so many whole seconds later, or earlier; None if it is out of range."""
        moment = Instant(self.seconds + seconds, self.digits)
        return moment if moment.in_range and not moment.zero else None

    @property
    def in_range(self) -> bool:
        """Whether it is in the years 1 to 9999."""
        return _FIRST_SECOND <= self.seconds <= _LAST_SECOND

    @property
    def zero(self) -> bool:
        """Whether it is Go's zero time, which means no time."""
        return self.seconds == _FIRST_SECOND and not self.digits.strip("0")


def _offset(text: str) -> int:
    """Return an offset from UTC in seconds."""
    if text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    away = hours * 3600 + minutes * 60
    return -away if text[0] == "-" else away


def epoch(value: object) -> float | None:
    """Return an RFC 3339 time as unix seconds; None if it is not valid."""
    moment = Instant.parse(value) if isinstance(value, str) else None
    return None if moment is None else moment.epoch()


def score_time(score: float) -> str | None:
    """Return a score as RFC 3339; None if it is out of range."""
    moment = Instant.of_epoch(score)
    return None if moment is None else moment.rfc3339()


def parse_duration(text: str) -> float:
    """Return the seconds of ``90s``, ``15m``, ``2h``, ``3d``, ``12w`` or a sum like ``1h30m``.

    Raises:
        UsageProblem: it is not a duration.
    """
    total, end = 0.0, 0
    for found in _DURATION.finditer(text):
        if found.start() != end:
            break
        total, end = total + float(found[1]) * _UNITS[found[2]], found.end()
    if not text or end != len(text):
        raise UsageProblem(
            f"{text!r} is not a duration", hint="durations look like 90s, 15m, 2h, 3d, 12w, 1h30m"
        )
    if total > LONGEST:
        raise UsageProblem(f"{text!r} is longer than 1,000 years", hint="52w is about a year")
    return total


def is_duration(text: str) -> bool:
    """Check whether a text is a duration."""
    try:
        parse_duration(text)
    except UsageProblem:
        return False
    return True


def parse_day(text: str, now: float, *, ahead: bool = False) -> Instant | None:
    """Return the beginning in UTC of ``2026-09-21``, ``today`` or ``monday``; None if not a day.

    A weekday is the last one, today included; with `ahead` the next one after today.
    """
    if _DATE.fullmatch(text):
        return Instant.parse(f"{text}T00:00:00Z")
    word, day = text.lower(), int(now // DAY)
    if word in _NEAR_DAYS:
        day += _NEAR_DAYS[word]
    elif word in _WEEKDAYS:
        day -= (day + 3 - _WEEKDAYS.index(word)) % 7  # the first day of 1970 was a Thursday
        day += 7 if ahead else 0
    else:
        return None
    return Instant(day * DAY)


def parse_moment(text: str, now: float, *, ahead: bool = False) -> Instant:
    """Parse RFC 3339, a day, ``+2h``, ``-5m``, or epoch seconds.

    A bare number from 10^14 up is microseconds. Relative times count from `now`, in unix seconds;
    `ahead` is as in `parse_day`.

    Raises:
        UsageProblem: it is not a time, or not in the years 1 to 9999.
    """
    if text[:1] in ("+", "-") and text[1:]:
        away = parse_duration(text[1:])
        moment = Instant.of_epoch(now - away if text[0] == "-" else now + away)
    elif (number := _NUMBER.fullmatch(text)) is not None:
        return _parse_number(text, number[1], number[2] or "")
    else:
        moment = Instant.parse(text) or parse_day(text, now, ahead=ahead)
    if moment is None:
        raise UsageProblem(f"{text!r} is not a time", hint=_TIMES_LOOK)
    return moment


def _parse_number(text: str, whole: str, digits: str) -> Instant:
    seconds = whole
    if len(whole) >= _MICROSECONDS:
        seconds, digits = whole[:-6], whole[-6:] + digits
    if len(seconds) < 13 and int(seconds) <= _LAST_SECOND:
        return Instant(int(seconds), digits.rstrip("0"))
    if seconds == whole:
        hint = f"are these milliseconds? {whole[:-3]} are the seconds"
    elif len(seconds) == 13:
        hint = f"are these nanoseconds? {whole[:-9]} are the seconds"
    else:
        hint = _TIMES_LOOK
    raise UsageProblem(f"{text[:_SHOWN]} is no time of the years 1 to 9999", hint=hint)


def parse_rate(text: str) -> float:
    """Return the jobs a second of ``50/s``, ``50``, ``600/m``.

    Raises:
        UsageProblem: it is not a rate.
    """
    found = _RATE.fullmatch(text)
    rate = float(found[1]) / _UNITS[found[2] or "s"] if found else 0.0
    if not 0 < rate < float("inf"):
        raise UsageProblem(f"{text!r} is not a rate", hint="rates look like 50/s, 600/m")
    return rate
