"""Check a schedule for what will not work, and for what may not be meant.

A new check is a row of `CHECKS` and a function: it gets the schedule's text and fields, and yields
a message, a hint, and where in the text it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jobctl.cron.clock import Clock
from jobctl.cron.clock_changes import check_clock_changes
from jobctl.cron.field import DAY, WEEKDAY, Field
from jobctl.cron.fields import FEBRUARY, LENGTHS, Days, Every, Fields
from jobctl.cron.finding import Finding, Level
from jobctl.cron.schedule import QUARTZ_DAYS, Schedule
from jobctl.cron.schedule_words import MONTHS, day_words, joined, series
from jobctl.cron.search import YEARS
from jobctl.errors import BadSchedule, HangingSchedule
from jobctl.model.words import things

Remark = tuple[str, str | None, int | None]

_HOUR = 3600
_MANY = 30  # seconds of a minute
_SHORTEST = 28  # days that every month has
_SECOND, _MINUTE, _HOURS, _DAY, _MONTH, _WEEKDAY = range(6)  # places in `starts`
_CLOCK_HINT = "choose another time of the day, or a zone that never changes its clock"


def lint(schedule: Schedule, now: int, local: Clock) -> list[Finding]:
    """Return what is wrong with a schedule or may not be meant, errors first.

    Where it never fires, or the server hangs, nothing else is said but what is odd in its text.

    Args:
        schedule: the one to check.
        now: unix seconds; clock changes of the year from then on are looked at.
        local: the server's own clock, for a schedule without a zone.
    """
    text, plan = schedule.text, schedule.plan
    errors = lint_errors(schedule, now, local)
    if not isinstance(plan, Fields | Every):
        return errors
    notes = [_warning(text, note.code, note.message, None, note.position) for note in plan.notes]
    if errors:
        return errors + notes
    if isinstance(plan, Every):
        return notes + [_warning(text, *told, None) for told in _interval(plan)]
    found = [
        _warning(text, code, *remark) for code, check in CHECKS for remark in check(text, plan)
    ]
    try:
        for code, message in check_clock_changes(plan, schedule.clock(local), now):
            hint = None if code == "odd-firing" else _CLOCK_HINT
            found.append(_warning(text, code, message, hint, None))
    except HangingSchedule as error:
        errors = [_error(text, "hangs", error.message)]
    return errors + notes + found


def lint_text(text: str, now: int, local: Clock) -> list[Finding]:
    """Return the findings of a schedule's text, also where the server refuses it."""
    try:
        return lint(Schedule.parse(text), now, local)
    except BadSchedule as error:
        position = error.at[1] if error.at else None
        return [_error(text, "bad-schedule", error.message, error.hint, position)]


def lint_errors(schedule: Schedule, now: int, local: Clock) -> list[Finding]:
    """Return the error of a schedule that never fires after `now`, or stops the server's search."""
    text, fields = schedule.text, schedule.fields
    if fields is not None and fields.impossible:
        why, position = _why_impossible(fields)
        return [_error(text, "never-fires", f"never fires: {why}", position=position)]
    try:
        if next(schedule.seconds(now, local), None) is not None:
            return []
    except HangingSchedule as error:
        return [_error(text, "hangs", error.message)]
    within = f"none within {YEARS} years; the server gives up then"
    why = within if isinstance(schedule.plan, Fields) else "no time fits"
    return [_error(text, "never-fires", f"never fires: {why}")]


def _error(
    text: str, code: str, message: str, hint: str | None = None, position: int | None = None
) -> Finding:
    return Finding.in_schedule(text, Level.ERROR, code, message, hint, position)


def _warning(text: str, code: str, message: str, hint: str | None, position: int | None) -> Finding:
    return Finding.in_schedule(text, Level.WARNING, code, message, hint, position)


def _why_impossible(fields: Fields) -> tuple[str, int | None]:
    """Return why no time matches, and where in the text that stands."""
    places = (_SECOND, _MINUTE, _HOURS, _MONTH, _DAY, _WEEKDAY)
    for place in places:
        field = (*fields,)[place]
        if not field.values:
            return f"the list of {field.unit.name} is empty", fields.starts[place]
    months = fields.month.values
    longest = max(LENGTHS[month - 1] for month in months)
    has = "has" if len(months) == 1 else "have"
    names = joined([MONTHS[month - 1] for month in months])
    return f"{names} {has} at most {longest} days", fields.starts[_DAY]


def _interval(plan: Every) -> Iterator[tuple[str, str, str | None]]:
    if plan.seconds == 1:
        yield "every-second", "fires every second", None
    if plan.seconds >= _HOUR:
        message = "counts anew whenever the server starts or reloads: it may come late, or never"
        hint = "@hourly, @daily and fields fire at times of the day, whenever it was started"
        yield "every-restart", message, hint


def other_dialect(_text: str, fields: Fields) -> Iterator[Remark]:
    """Yield where a ``?`` tells of another dialect: here it is a star."""
    for field, start in zip(fields, fields.starts, strict=True):
        if field.unit not in (DAY, WEEKDAY) and "?" in field.text:
            message = f"? is the {field.unit.name}: in other dialects only days have it"
            hint = "six fields are seconds first, the weekday last; AWS has the year there"
            yield message, hint, start
    if fields.day.text == "?" and any(letter.isdigit() for letter in fields.weekday.text):
        message = f"fires {day_words(fields).strip(' ,')}: days of the week are numbered from 0 on"
        yield message, QUARTZ_DAYS, fields.starts[_WEEKDAY]


def every_second(text: str, fields: Fields) -> Iterator[Remark]:
    """Yield where most seconds of a minute match: five fields were meant, most likely."""
    count, start = len(fields.second.values), fields.starts[_SECOND]
    if count >= _MANY:
        often = "every second" if fields.second.full else f"{count} times a minute"
        message = f"fires {often}: of six fields the first is the second"
        hint = None if start is None else f"once a minute: {_at_zero(text, fields.second, start)}"
        yield message, hint, start


def every_minute(text: str, fields: Fields) -> Iterator[Remark]:
    """Yield where a star stands before single hours: once was meant, most likely."""
    minute, hour, start = fields.minute, fields.hour, fields.starts[_MINUTE]
    lone = not any(mark in hour.text for mark in "*?/-")
    if minute.full and len(fields.second.values) == 1 and lone and start is not None:
        hours = f"the {things(len(hour.values), 'hour')} {series(hour.values)}"
        message = f"fires 60 times an hour: at every minute of {hours}"
        yield message, f"once: {_at_zero(text, minute, start)}", start


def _at_zero(text: str, field: Field, start: int) -> str:
    """Return a schedule's text with 0 for a field."""
    return f"{text[:start]}0{text[start + len(field.text) :]}"


def uneven_step(_text: str, fields: Fields) -> Iterator[Remark]:
    """Yield a step of more than half a round: ``*/45`` is 45 minutes, then 15."""
    whole = (fields.second, fields.minute, fields.hour)
    for i, over in ((_MINUTE, "hour"), (_HOURS, "day")):
        field, size = whole[i], whole[i].unit.most + 1
        finer, rest = whole[:i], [*whole[i + 1 :], fields.day, fields.month, fields.weekday]
        step = field.values[-1]
        if (
            field.text[:2] in ("*/", "?/")
            and field.values == (0, step)
            and 2 * step != size
            and all(len(each.values) == 1 for each in finer)
            and all(each.full for each in rest)
        ):
            unit = field.unit.name
            message = f"each {over} starts over: after {step} {unit}s it fires {size - step} later"
            every = f"@every {step}{unit[0]} is every {step} {unit}s"
            yield message, f"{every}, counted from the server's start", fields.starts[i]


def not_every_month(_text: str, fields: Fields) -> Iterator[Remark]:
    """Yield where some of the months have none of the days."""
    first, start = min(fields.day.values, default=0), fields.starts[_DAY]
    if fields.decided_by is not Days.MONTH or first <= _SHORTEST:
        return
    months = fields.month.values
    skipped = [MONTHS[month - 1] for month in months if first > LENGTHS[month - 1]]
    if FEBRUARY in months and first <= LENGTHS[FEBRUARY - 1]:
        skipped.insert(0, "February (but in leap years)")
    if skipped:
        message = f"does not fire in {joined(skipped)}: no day {series(fields.day.values)} there"
        yield message, "days 1 to 28 are in every month", start


def either_day(_text: str, fields: Fields) -> Iterator[Remark]:
    """Yield two day fields without a star: either suffices."""
    day, week = fields.day, fields.weekday
    if fields.both_days or not (day.values and week.values) or (day.full and week.full):
        return
    days = day_words(fields).strip(" ,")
    message = f"fires {days}: without a star in one of them either day suffices"
    hint = "no schedule says both at once: write * for one, and let the job itself check that one"
    yield message, hint, fields.starts[_DAY]


CHECKS: tuple[tuple[str, Callable[[str, Fields], Iterator[Remark]]], ...] = (
    ("other-dialect", other_dialect),
    ("every-second", every_second),
    ("every-minute", every_minute),
    ("uneven-step", uneven_step),
    ("not-every-month", not_every_month),
    ("either-day", either_day),
)
