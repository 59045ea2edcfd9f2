"""A schedule in plain English, and its fields as the values they let through.

Everything is said of the values, never of the text: ``*/7`` minutes are not every 7 minutes, since
they start over each hour.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobctl.cron.clock import LOCAL
from jobctl.cron.field import Field
from jobctl.cron.fields import FEBRUARY, LENGTHS, Days, Every, Fields
from jobctl.cron.time_words import Times, joined, runs, series, single_run, step_of
from jobctl.model.words import things

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_WEEK, _YEAR, _SHORTEST = 7, 12, 28
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_PLAIN = 120  # of one unit; more are said in larger ones


def in_words(plan: Fields | Every, zone: str | None) -> str:
    """Return what a schedule says, in plain English: ``at 09:30, Monday to Friday``.

    Args:
        plan: its fields or interval.
        zone: the name in front; None where there is none.
    """
    if isinstance(plan, Every):
        return f"every {_lasting(plan.seconds)}, counted from the start of the server"
    if plan.impossible:
        return "never"
    return f"{_when(plan)}{_where(zone)}"


def field_rows(fields: Fields) -> list[dict[str, object]]:
    """Return a row for each field, seconds first.

    Its keys: ``field``, the name; ``text``, as it was typed, None where it was not; ``values``, in
    ranges and steps: ``0-59``, ``0-55/5``, ``MON-FRI (1-5)``, empty for none; ``count`` of them.
    """
    return [
        {
            "field": field.unit.name,
            "text": None if start is None else field.text,
            "values": _compressed(field),
            "count": len(field.values),
        }
        for field, start in zip(fields, fields.starts, strict=True)
    ]


def _when(fields: Fields) -> str:
    all_days = fields.decided_by is Days.NEITHER
    every_day = all_days and len(fields.month.values) == _YEAR
    times = Times(fields.second.values, fields.minute.values, fields.hour.values, wrap=every_day)
    said, days = times.words(), day_words(fields)
    if times.all_day or not all_days:
        comma = "," if said.endswith("the hour") and days.startswith(" ") else ""
        return f"{said}{comma}{days}"
    comma = "" if said.startswith("at ") and ":" in said else ","  # none behind 09:00 and 12:00
    return f"{said}{comma} every day{days}"


def _where(zone: str | None) -> str:
    if zone is None:
        return ""
    return ", in the server's own zone" if zone == LOCAL else f", in {zone or 'UTC'}"


def _lasting(seconds: int) -> str:
    """Return what ``every`` stands before: ``hour``, ``90 seconds``, ``1 hour and 1 second``."""
    parts, left = [], seconds
    for size, unit in _UNITS:
        count, rest = divmod(seconds, size)
        if not rest and count < _PLAIN and (count > 1 or unit != "day"):
            return unit if count == 1 else f"{count} {unit}s"
        count, left = divmod(left, size)
        parts += [f"{count:,} {things(count, unit)}"] if count else []
    return joined(parts)


def day_words(fields: Fields) -> str:
    """Return `` on the 1st of every month``, ``, Monday to Friday``: what follows the times.

    Empty where it is every day of the year.
    """
    by, months = fields.decided_by, fields.month.values
    inside = "" if len(months) == _YEAR else _in_months(months)
    if by is Days.NEITHER:
        return f" {inside}" if inside else ""
    if by is Days.MONTH:
        return f" {_dates(fields)}"
    week = _weekdays(fields.weekday.values)
    comma = "" if week.startswith("on ") else ","
    if by is Days.WEEK:
        return f"{comma} {week}{comma} {inside}".rstrip(" ,")
    week = week if week.startswith(("on ", "every ")) else f"from {week}"
    if inside and fields.dated_months == months:
        inside = "in that month" if len(months) == 1 else "in these months"
    return f" {_dates(fields)}, or {week} {inside}".rstrip()


def _dates(fields: Fields) -> str:
    """Return ``on the 1st and 15th of January and July``."""
    months = fields.dated_months
    longest = max(LENGTHS[month - 1] for month in months)
    days = tuple(day for day in fields.day.values if day <= longest)
    on = f"on the {series(days, _ordinal)} of"
    if months == (FEBRUARY,) and days[0] > _SHORTEST:
        return f"{on} February, in leap years"
    if len(fields.month.values) == _YEAR:
        having = f" that has {'one' if len(days) == 1 else 'them'}" if days[0] > _SHORTEST else ""
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


def _compressed(field: Field) -> str:
    """Return values in ranges and steps; names beside the numbers where they have some."""
    step = step_of(field.values)
    if step is not None and step > 1 and len(field.values) > 2:
        return f"{field.values[0]}-{field.values[-1]}/{step}"
    spans = [dict.fromkeys(run) for run in runs(field.values)]
    numbers = ",".join("-".join(str(value) for value in span) for span in spans)
    if not field.unit.names or field.full or not field.values:
        return numbers
    names = ",".join("-".join(field.unit.name_of(value) for value in span) for span in spans)
    return f"{names} ({numbers})"
