"""Times and durations: the one place that knows their forms.

Faktory writes RFC 3339 with up to nine digits inside payloads and float unix seconds as
scores. Digits are kept as they were written; nothing here rounds.
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
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])", re.ASCII)
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_MICROSECONDS = 1e14  # from here on a bare number is microseconds, not seconds
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEAR_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
DAY = 86400  # seconds
LOOKS = "times look like 2026-09-21T14:00:00Z, 2026-09-21, today, monday, +2h, -5m, 1790000000"
_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/([smh]))?", re.ASCII)
_LONGEST = 10_000 * 366 * 86400.0


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A moment: whole unix seconds, and the digits of its fraction as they were written."""

    seconds: int
    digits: str = ""

    @classmethod
    def parse(cls, text: str) -> Instant | None:
        """Read RFC 3339 with any offset; None when it is not one."""
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
        seconds = days * 86400 + clock - away
        return cls(seconds, digits or "") if _FIRST_SECOND <= seconds <= _LAST_SECOND else None

    @classmethod
    def of_epoch(cls, seconds: float) -> Instant | None:
        """Read unix seconds (a score); None outside the years 1 to 9999."""
        if not _FIRST_SECOND <= seconds < _LAST_SECOND + 1:
            return None
        text = repr(seconds)
        if seconds < 0 or "e" in text:
            return cls._of_odd_epoch(text)
        whole, _, digits = text.partition(".")
        return cls(int(whole), digits.rstrip("0"))

    @classmethod
    def _of_odd_epoch(cls, text: str) -> Instant:
        """Read what is before 1970, or written with an exponent."""
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
        """Return it in UTC with ``Z``, its digits kept."""
        whole = (_EPOCH + timedelta(seconds=self.seconds)).isoformat()[:19]
        return f"{whole}.{self.digits}Z" if self.digits else f"{whole}Z"

    def before(self, seconds: int) -> Instant:
        """Return the moment so many whole seconds earlier."""
        return Instant(self.seconds - seconds, self.digits)


def _offset(text: str) -> int:
    """Return an offset from UTC in seconds."""
    if text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    away = hours * 3600 + minutes * 60
    return -away if text[0] == "-" else away


def rfc3339(value: object) -> object:
    """Return a payload's time in UTC; what is not RFC 3339 comes back as it is."""
    if not isinstance(value, str) or (value[-1:] == "Z" and value[10:11] == "T"):
        return value  # in UTC already, if it is a time at all
    moment = Instant.parse(value)
    return value if moment is None else moment.rfc3339()


def epoch(value: object) -> float | None:
    """Return a payload's RFC 3339 time as unix seconds; None when it is not one."""
    moment = Instant.parse(value) if isinstance(value, str) else None
    return None if moment is None else moment.epoch()


def score_time(score: float) -> str | None:
    """Return a score as RFC 3339; None when it is no time (infinite, far out)."""
    moment = Instant.of_epoch(score)
    return None if moment is None else moment.rfc3339()


def parse_duration(text: str) -> float:
    """Return seconds of ``90s``, ``15m``, ``2h``, ``3d``, ``12w`` or a sum like ``1h30m``.

    Raises:
        UsageProblem: it is not a duration.
    """
    total, end = 0.0, 0
    for found in _DURATION.finditer(text):
        if found.start() != end:
            break
        total, end = total + float(found[1]) * _UNITS[found[2]], found.end()
    if not text or end != len(text) or total > _LONGEST:
        raise UsageProblem(
            f"{text!r} is not a duration", hint="durations look like 90s, 15m, 2h, 3d, 12w, 1h30m"
        )
    return total


def is_duration(text: str) -> bool:
    """Tell whether a word reads as a duration."""
    try:
        parse_duration(text)
    except UsageProblem:
        return False
    return True


def parse_day(text: str, now: float, *, ahead: bool = False) -> float | None:
    """Return when a day begins in UTC: ``2026-09-21``, ``today``, ``monday``; None: it is no day.

    A weekday is the last one there was, today included; with `ahead` the next one behind today.
    """
    if _DATE.fullmatch(text):
        moment = Instant.parse(f"{text}T00:00:00Z")
        return None if moment is None else float(moment.seconds)
    word, day = text.lower(), int(now // DAY)
    if word in _NEAR_DAYS:
        day += _NEAR_DAYS[word]
    elif word in _WEEKDAYS:
        day -= (day + 3 - _WEEKDAYS.index(word)) % 7  # the first day of 1970 was a Thursday
        day += 7 if ahead else 0
    else:
        return None
    return float(day * DAY)


def parse_moment(text: str, now: float, *, ahead: bool = False) -> float:
    """Return unix seconds of RFC 3339, a day's beginning, ``+2h``, ``-5m``, or epoch seconds.

    A bare number from 10^14 up is microseconds. `now` is what relative ones count from; `ahead` is
    as of `parse_day`.

    Raises:
        UsageProblem: it is not a time.
    """
    day = parse_day(text, now, ahead=ahead)
    if day is not None:
        return day
    if text[:1] in ("+", "-") and text[1:]:
        away = parse_duration(text[1:])
        return now - away if text[0] == "-" else now + away
    moment = Instant.parse(text)
    if moment is not None:
        return moment.epoch()
    if _NUMBER.fullmatch(text) is None:
        raise UsageProblem(
            f"{text!r} is not a time",
            hint=LOOKS,
        )
    number = float(text)
    return number / 1e6 if number >= _MICROSECONDS else number


def parse_rate(text: str) -> float:
    """Return jobs a second of ``50/s``, ``50``, ``600/m``.

    Raises:
        UsageProblem: it is not a rate.
    """
    found = _RATE.fullmatch(text)
    rate = float(found[1]) / _UNITS[found[2] or "s"] if found else 0.0
    if rate <= 0:
        raise UsageProblem(f"{text!r} is not a rate", hint="rates look like 50/s, 600/m")
    return rate
