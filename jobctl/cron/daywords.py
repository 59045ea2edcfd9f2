"""The days of a schedule in plain English."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from jobctl.cron.series import joined, series, single_run
from jobctl.cron.sixfields import LENGTHS, Fields

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_WEEK, _YEAR, SHORTEST = 7, 12, 28
FEBRUARY = 2


class Days(Enum):
    """Which of the two day fields decide."""

    ALL = "neither: every day"
    MONTH = "day of month"
    WEEK = "day of week"
    EITHER = "either suffices"


def deciding(fields: Fields) -> Days:
    """Return which day fields decide; `fields` let some day through.

    With a star in one of them only the other one counts. Without, either suffices: a full range
    (``1-31``) lets every day through, and days that its months never have let none.
    """
    day, week = fields.day, fields.weekday
    if day.full or week.full:
        if not fields.both_days or (day.full and week.full):
            return Days.ALL
        return Days.WEEK if day.full else Days.MONTH
    if not week.values:
        return Days.MONTH
    return Days.EITHER if dated_months(fields) else Days.WEEK


def dated_months(fields: Fields) -> tuple[int, ...]:
    """Return the months that ever have one of the days of month."""
    first = min(fields.day.values, default=32)
    return tuple(month for month in fields.month.values if first <= LENGTHS[month - 1])


def day_words(fields: Fields) -> str:
    """Return `` on the 1st of every month``, ``, Monday to Friday``: what follows the times.

    Empty where it is every day of the year.
    """
    by, months = deciding(fields), fields.month.values
    inside = "" if len(months) == _YEAR else _in_months(months)
    if by is Days.ALL:
        return f" {inside}" if inside else ""
    if by is Days.MONTH:
        return f" {_dates(fields)}"
    week = _weekdays(fields.weekday.values)
    comma = "" if week.startswith("on ") else ","
    if by is Days.WEEK:
        return f"{comma} {week}{comma} {inside}".rstrip(" ,")
    week = week if week.startswith(("on ", "every ")) else f"from {week}"
    if inside and dated_months(fields) == months:
        inside = "in that month" if len(months) == 1 else "in these months"
    return f" {_dates(fields)}, or {week} {inside}".rstrip()


def _dates(fields: Fields) -> str:
    """Return ``on the 1st and 15th of January and July``."""
    months = dated_months(fields)
    longest = max(LENGTHS[month - 1] for month in months)
    days = tuple(day for day in fields.day.values if day <= longest)
    on = f"on the {series(days, _ordinal)} of"
    if months == (FEBRUARY,) and days[0] > SHORTEST:
        return f"{on} February, in leap years"
    if len(fields.month.values) == _YEAR:
        having = f" that has {'one' if len(days) == 1 else 'them'}" if days[0] > SHORTEST else ""
        return f"{on} every month{having}"
    return f"{on} {_every_month(months) or series(months, _month)}"


def _in_months(months: Sequence[int]) -> str:
    every = _every_month(months)
    if every is not None and "from" in every:
        return every.removeprefix("every month ")
    return f"in {every or joined([_month(month) for month in months])}"


def _every_month(months: Sequence[int]) -> str | None:
    """Return ``every month from March to June``; None where they are no run."""
    missing = set(range(1, _YEAR + 1)).difference(months)
    if len(missing) == 1:
        return f"every month but {_month(missing.pop())}"
    run = single_run(months, _YEAR, 1)
    return None if run is None else f"every month from {_month(run[0])} to {_month(run[1])}"


def _weekdays(values: Sequence[int]) -> str:
    """Return ``on Mondays and Fridays``, ``Monday to Friday``, ``every day but Wednesday``."""
    missing = set(range(_WEEK)).difference(values)
    if len(missing) == 1 and missing != {0}:
        return f"every day but {_WEEKDAYS[missing.pop()]}"
    run = single_run(values, _WEEK)
    if run is not None:
        return f"{_WEEKDAYS[run[0]]} to {_WEEKDAYS[run[1]]}"
    order = sorted(values, key=lambda value: value or _WEEK)  # people's weeks begin on Monday
    return f"on {joined([f'{_WEEKDAYS[value]}s' for value in order])}"


def _month(value: int) -> str:
    return MONTHS[value - 1]


def _ordinal(day: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day // 10 != 1 else "th"
    return f"{day}{ending}"
