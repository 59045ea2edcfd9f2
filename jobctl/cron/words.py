"""A schedule in plain English, and its fields as the values they let through.

Everything is said of the values, never of the text: ``*/7`` minutes are not every 7 minutes, since
they start over each hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobctl.cron.daywords import Days, day_words, deciding
from jobctl.cron.fields import Field
from jobctl.cron.schedule import LOCAL, Every
from jobctl.cron.series import joined, runs, step_of
from jobctl.cron.sixfields import Fields
from jobctl.cron.timewords import Times
from jobctl.model.words import things

if TYPE_CHECKING:
    from jobctl.cron.schedule import Schedule

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_PLAIN = 120  # of one unit; more are said in larger ones
_YEAR = 12


@dataclass(frozen=True, slots=True)
class Expanded:
    """A field and what it lets through.

    Attributes:
        field: its name: second, minute, hour, day of month, month, day of week.
        text: as it was typed; None where it was not.
        values: in ranges and steps: ``0-59``, ``0-55/5``, ``MON-FRI (1-5)``; empty for none.
        count: how many they are.
    """

    field: str
    text: str | None
    values: str
    count: int


def in_words(schedule: Schedule) -> str:
    """Return what a schedule says, in plain English: ``at 09:30, Monday to Friday``."""
    plan = schedule.plan
    if isinstance(plan, Every):
        return f"every {_lasting(plan.seconds)}, counted from the start of the server"
    fields = plan if isinstance(plan, Fields) else plan.fields()
    if fields is None:
        return f"as the crontab's line says: {schedule.text}"
    if fields.impossible:
        return "never"
    return f"{_when(fields)}{_where(schedule.zone)}"


def expanded(schedule: Schedule) -> tuple[Expanded, ...]:
    """Return the six fields, seconds first; none of an interval, or of a crontab's odd line."""
    plan = schedule.plan
    if isinstance(plan, Every):
        return ()
    fields = plan if isinstance(plan, Fields) else plan.fields()
    if fields is None:
        return ()
    return tuple(
        Expanded(
            field.unit.name,
            field.text if start is not None else None,
            _compressed(field),
            len(field.values),
        )
        for field, start in zip(fields, fields.starts, strict=True)
    )


def _when(fields: Fields) -> str:
    all_days = deciding(fields) is Days.ALL
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
