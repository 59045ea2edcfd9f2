"""A schedule in plain English, and its fields as the values they let through.

Everything is said of the values, never of the text: ``*/7`` minutes are not every 7 minutes, since
they start over each hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product

from jobctl.cron.clock import LOCAL
from jobctl.cron.field import Field
from jobctl.cron.fields import LENGTHS, Days, Every, Fields

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEK, _SHORTEST = 7, 28
_LISTED = 5  # times of a day that are listed one by one
_STEPPED = 5  # values with one step between them, from which on the first three tell the rest
_RUN = 3  # values in a row that are told by the first and the last
_PIECES, _KEPT = 8, 6  # of a list; of one that has more


def in_words(plan: Fields | Every, zone: str | None) -> str:
    """Return what a schedule says, in plain English: ``at 09:30, Monday to Friday``.

    Args:
        plan: its fields or interval.
        zone: the name in front; None where there is none.
    """
    if isinstance(plan, Every):
        return f"every {_interval(plan.seconds)}, counted from the start of the server"
    if plan.impossible:
        return "never"
    where = ""
    if zone is not None:
        where = ", in the server's own zone" if zone == LOCAL else f", in {zone or 'UTC'}"
    return f"{_times(plan)}{day_words(plan)}{where}"


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


def day_words(fields: Fields) -> str:
    """Return `` on the 1st of every month``, ``, Monday to Friday``: what follows the times.

    Empty where it is every day of the year and the times tell that.
    """
    by = fields.decided_by
    inside = "" if fields.month.full else f" in {series(fields.month.values, _month)}"
    if by is Days.NEITHER:
        if _is_list(fields):
            return f" every day{inside}"
        return inside if fields.hour.full or _on_the_hour(fields) else f", every day{inside}"
    if by is Days.MONTH:
        return f" {_dates(fields)}"
    week = _weekdays(fields.weekday.values)
    if by is Days.WEEK:
        return f"{' ' if week.startswith('on ') else ', '}{week}{inside}"
    return f" {_dates(fields)}, or {week}{inside}"


def _times(fields: Fields) -> str:
    """Return ``at 09:30``, ``every 5 minutes from 09:00 to 17:55``, ``every second``."""
    second, minute, hour = fields.second, fields.minute, fields.hour
    ends = [_clock(fields, *(field.values[i] for field in (hour, minute, second))) for i in (0, -1)]
    from_to = f"from {ends[0]} to {ends[1]}"
    if _is_list(fields):
        times = product(hour.values, minute.values, second.values)
        return f"at {joined([_clock(fields, *time) for time in times])}"
    once_an_hour = len(minute.values) == len(second.values) == 1
    if once_an_hour and not hour.full and not _on_the_hour(fields):
        return f"every {_count(step_of(hour.values) or 1, 'hour')} {from_to}"
    finest = [second, minute, hour]
    while len(finest) > 1 and finest[0].values == (0,):
        del finest[0]
    first, *coarser = finest
    every = _cycle(first)
    if every and all(field.full for field in coarser):
        return every if coarser else f"{every}, on the hour"
    if every and all(field.full for field in coarser[:-1]) and len(_runs(hour.values)) == 1:
        return f"{every} {from_to}"
    if len(coarser) > 1 and minute.full and hour.full:
        coarser = [minute]
    return " ".join([every or f"at {_numbers(first)}", *(_within(field) for field in coarser)])


def _is_list(fields: Fields) -> bool:
    """Check whether the times of a day are few enough to be listed."""
    counts = [len(field.values) for field in (fields.second, fields.minute, fields.hour)]
    count = counts[0] * counts[1] * counts[2]
    uneven = counts[:2] == [1, 1] and step_of(fields.hour.values) is None
    return count <= _LISTED or uneven


def _on_the_hour(fields: Fields) -> bool:
    """Check whether it fires at full hours, as far apart over midnight as during the day."""
    return fields.minute.values == fields.second.values == (0,) and bool(_cycle(fields.hour))


def _cycle(field: Field) -> str | None:
    """Return ``every 5 minutes`` where that goes on from each round to the next, from 0 on."""
    step = step_of(field.values)
    if step is None or field.values[0] != 0 or step * len(field.values) != field.unit.most + 1:
        return None
    return f"every {_count(step, field.unit.name)}"


def _within(field: Field) -> str:
    if field.full:
        return f"of every {field.unit.name}"
    return f"{'in' if field.unit.name == 'hour' else 'of'} {_numbers(field)}"


def _numbers(field: Field) -> str:
    """Return ``minute 30``, ``hours 09 to 17``."""
    name: Callable[[int], str] = _two if field.unit.name == "hour" else str
    return f"{field.unit.name}{'s' * (len(field.values) > 1)} {series(field.values, name)}"


def _clock(fields: Fields, hour: int, minute: int, second: int) -> str:
    shown = f"{_two(hour)}:{_two(minute)}"
    return f"{shown}:{_two(second)}" if any(fields.second.values) else shown


def _interval(seconds: int) -> str:
    """Return ``hour``, ``90 minutes``, ``3,601 seconds``."""
    for size, unit in ((3600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return _count(seconds // size, unit)
    return _count(seconds, "second")


def _count(count: int, unit: str) -> str:
    return unit if count == 1 else f"{count:,} {unit}s"


def _dates(fields: Fields) -> str:
    """Return ``on the 1st and 15th of January and July``."""
    months = fields.dated_months
    longest = max(LENGTHS[month - 1] for month in months)
    days = [day for day in fields.day.values if day <= longest]
    on = f"on the {series(days, _ordinal)} of"
    if not fields.month.full:
        return f"{on} {series(months, _month)}"
    having = f" that has {'one' if len(days) == 1 else 'them'}" if days[0] > _SHORTEST else ""
    return f"{on} every month{having}"


def _weekdays(values: Sequence[int]) -> str:
    """Return ``on Mondays and Fridays``, ``Monday to Friday``."""
    order = sorted(value or _WEEK for value in values)  # people's weeks begin on Monday
    if len(order) >= _RUN and step_of(order) == 1:
        return f"{_WEEKDAYS[order[0] - 1]} to {_WEEKDAYS[order[-1] - 1]}"
    return f"on {joined([f'{_WEEKDAYS[value - 1]}s' for value in order])}"


def joined(parts: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def series(values: Sequence[int], name: Callable[[int], str] = str) -> str:
    """Return values for a sentence: ``1 to 5 and 9``, ``0, 7, 14 … 56``, ``.. and 37 more``."""
    step = step_of(values)
    if step is not None and step > 1 and len(values) >= _STEPPED:
        return f"{', '.join(name(value) for value in values[:3])} … {name(values[-1])}"
    pieces = list(_pieces(values))
    kept = pieces if len(pieces) <= _PIECES else pieces[:_KEPT]
    words = [" to ".join(name(value) for value in dict.fromkeys((p[0], p[-1]))) for p in kept]
    more = sum(len(piece) for piece in pieces[len(kept) :])
    return joined([*words, f"{more} more"] if more else words)


def step_of(values: Sequence[int]) -> int | None:
    """Return what lies between each two values; None where that differs, or there is but one."""
    steps = {after - before for before, after in pairwise(values)}
    return steps.pop() if len(steps) == 1 else None


def _pieces(values: Sequence[int]) -> Iterator[range]:
    """Yield runs whole, and what is too short for one value by value."""
    for first, last in _runs(values):
        if last - first + 1 >= _RUN:
            yield range(first, last + 1)
        else:
            yield from (range(value, value + 1) for value in range(first, last + 1))


def _runs(values: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending values as runs, each its first and last."""
    found: list[tuple[int, int]] = []
    for value in values:
        if found and value == found[-1][1] + 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return found


def _month(value: int) -> str:
    return MONTHS[value - 1]


def _ordinal(day: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day // 10 != 1 else "th"
    return f"{day}{ending}"


def _two(value: int) -> str:
    return f"{value:02}"


def _compressed(field: Field) -> str:
    """Return values in ranges and steps; names beside the numbers where they have some."""
    step = step_of(field.values)
    if step is not None and step > 1 and len(field.values) > 2:
        return f"{field.values[0]}-{field.values[-1]}/{step}"
    spans = [dict.fromkeys(run) for run in _runs(field.values)]
    numbers = ",".join("-".join(str(value) for value in span) for span in spans)
    if not field.unit.names or field.full or not field.values:
        return numbers
    names = ",".join("-".join(field.unit.name_of(value) for value in span) for span in spans)
    return f"{names} ({numbers})"
