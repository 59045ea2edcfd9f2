"""Go's durations: what ``@every`` takes."""

from __future__ import annotations

import re

from jobctl.errors import BadSchedule

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
