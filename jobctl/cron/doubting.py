"""What may not be meant about a schedule, or will not work, found without asking anybody."""

from __future__ import annotations

from collections.abc import Iterator

from jobctl.cron.clock import DAY, Clock
from jobctl.cron.clock_changes import clock_change_doubts
from jobctl.cron.crawl import YEARS
from jobctl.cron.daywords import FEBRUARY, MONTHS, SHORTEST, Days, dated_months, day_words, deciding
from jobctl.cron.doubt import Code, Doubt, Level
from jobctl.cron.fields import DAY as DAY_OF_MONTH
from jobctl.cron.fields import WEEKDAY, Field
from jobctl.cron.foreign import QUARTZ_DAYS
from jobctl.cron.schedule import Every, Schedule
from jobctl.cron.series import joined, series
from jobctl.cron.sixfields import LENGTHS, Fields
from jobctl.errors import HangingSchedule
from jobctl.model.words import things

_HOUR = 3600
_MANY = 30  # seconds of a minute
_YEAR = 366 * DAY
_SECOND, _MINUTE, _HOURS, _DAY, _WEEKDAY = 0, 1, 2, 3, 5  # places in `starts`


def doubts(schedule: Schedule, now: int, local: Clock) -> list[Doubt]:
    """Return what is doubtful about a schedule, errors first.

    Where it never fires, or the server hangs, nothing else is said but what is odd in its text.

    Args:
        schedule: what.
        now: unix seconds; clock changes of the year from then on are looked at.
        local: the server's own clock, for a schedule without a zone.
    """
    dead = list(dead_doubts(schedule, now, local))
    plan = schedule.plan
    if not isinstance(plan, Fields | Every):
        return dead
    notes = [Doubt(Level.WARNING, n.code, n.message, position=n.position) for n in plan.notes]
    if dead:
        return dead + notes
    if isinstance(plan, Every):
        return notes + list(_of_interval(plan))
    found = [
        *notes,
        *_question_marks(plan),
        *_every_second(schedule.text, plan),
        *_every_minute(schedule.text, plan),
        *_uneven_step(plan),
        *_not_every_month(plan),
        *_either_day(plan),
        *clock_change_doubts(plan, schedule.clock(local), now),
    ]
    return sorted(found, key=lambda doubt: doubt.level is not Level.ERROR)


def dead_doubts(schedule: Schedule, now: int, local: Clock) -> Iterator[Doubt]:
    """Yield the error of a schedule that never fires after `now`, or stops the server's search."""
    plan = schedule.plan
    fields = (
        plan if isinstance(plan, Fields) else None if isinstance(plan, Every) else plan.fields()
    )
    if fields is not None and fields.impossible:
        yield _never(*_reason(fields))
        return
    try:
        first = next(schedule.seconds(now, local), None)
        if first is None:
            within = f"within {YEARS} years; the server gives up then"
            yield _never(f"none {within}" if isinstance(plan, Fields) else "no time fits", None)
        elif isinstance(plan, Fields):
            _pass_lost_dates(schedule, now, local)
    except HangingSchedule as error:
        yield Doubt(Level.ERROR, Code.HANGS, error.message)


def _pass_lost_dates(schedule: Schedule, now: int, local: Clock) -> None:
    """Search over every date of the next years that the clock leaves out.

    Raises:
        HangingSchedule: the server does not get over it.
    """
    for change in schedule.clock(local).changes(now, now + YEARS * _YEAR):
        if change.after - change.before >= DAY:
            for firing in schedule.seconds(change.at - 2 * DAY, local):
                if firing > change.at + DAY:
                    break


def _never(reason: str, position: int | None) -> Doubt:
    return Doubt(Level.ERROR, Code.NEVER_FIRES, f"never fires: {reason}", position=position)


def _reason(fields: Fields) -> tuple[str, int | None]:
    """Return why nothing fires, and where that stands."""
    starts = fields.starts
    for field, start in zip((*fields,)[:3], starts[:3], strict=True):
        if not field.values:
            return _empty(field), start
    if not fields.month.values:
        return _empty(fields.month), starts[4]
    for field, start in ((fields.day, starts[_DAY]), (fields.weekday, starts[_WEEKDAY])):
        if not field.values:
            return _empty(field), start
    months = fields.month.values
    longest = max(LENGTHS[month - 1] for month in months)
    has = "has" if len(months) == 1 else "have"
    names = joined([MONTHS[month - 1] for month in months])
    return f"{names} {has} at most {longest} days", starts[_DAY]


def _empty(field: Field) -> str:
    return f"the list of {field.unit.name} is empty"


def _of_interval(plan: Every) -> Iterator[Doubt]:
    if plan.seconds == 1:
        yield Doubt(Level.WARNING, Code.EVERY_SECOND, "fires every second")
    if plan.seconds >= _HOUR:
        yield Doubt(
            Level.WARNING,
            Code.EVERY_RESTART,
            "counts anew whenever the server starts or reloads: it may come late, or never",
            _by_the_clock(plan.seconds),
        )


def _by_the_clock(seconds: int) -> str:
    """Return a hint: what fires as often, at times of the day."""
    hours, rest = divmod(seconds, _HOUR)
    if rest or 24 % hours:
        return "fields fire at times of the day, whenever the server was started"
    fields = {1: "@hourly", 24: "@daily"}.get(hours, f"0 */{hours} * * *")
    return f"{fields} fires as often, whenever the server was started"


def _question_marks(fields: Fields) -> Iterator[Doubt]:
    """Yield the doubts of a ``?`` by which other dialects tell their fields: here it is a star."""
    for field, start in zip(fields, fields.starts, strict=True):
        if field.unit not in (DAY_OF_MONTH, WEEKDAY) and "?" in field.text:
            message = f"? is the {field.unit.name}: in other dialects only days have it"
            hint = "six fields are seconds first, the weekday last; AWS has the year there"
            yield Doubt(Level.WARNING, Code.OTHER_DIALECT, message, hint, start)
    if fields.day.text == "?" and any(letter.isdigit() for letter in fields.weekday.text):
        message = f"fires {day_words(fields).strip(' ,')}: days of the week are numbered from 0 on"
        start = fields.starts[_WEEKDAY]
        yield Doubt(Level.WARNING, Code.OTHER_DIALECT, message, QUARTZ_DAYS, start)


def _every_second(text: str, fields: Fields) -> Iterator[Doubt]:
    count, start = len(fields.second.values), fields.starts[_SECOND]
    if count < _MANY:
        return
    once = None
    if start is not None:
        once = f"{text[:start]}0{text[start + len(fields.second.text) :]}"
    often = "every second" if fields.second.full else f"{count} times a minute"
    yield Doubt(
        Level.WARNING,
        Code.EVERY_SECOND,
        f"fires {often}: of six fields the first is the second",
        once and f"once a minute: {once}",
        start,
    )


def _every_minute(text: str, fields: Fields) -> Iterator[Doubt]:
    """Yield the doubt of a star before single hours: once was meant, most likely."""
    minute, hour, start = fields.minute, fields.hour, fields.starts[_MINUTE]
    lone = not any(mark in hour.text for mark in "*?/-")
    if not minute.full or len(fields.second.values) != 1 or not lone or start is None:
        return
    once = f"{text[:start]}0{text[start + len(minute.text) :]}"
    message = f"fires 60 times an hour: at every minute of the {things(len(hour.values), 'hour')}"
    yield Doubt(
        Level.WARNING, Code.EVERY_MINUTE, f"{message} {series(hour.values)}", f"once: {once}", start
    )


def _uneven_step(fields: Fields) -> Iterator[Doubt]:
    """Yield the doubt of a step of more than half a round: ``*/45`` is 45 minutes, then 15."""
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
            hint = (
                f"@every {step}{unit[0]} is every {step} {unit}s, counted from the server's start"
            )
            yield Doubt(Level.WARNING, Code.UNEVEN_STEP, message, hint, fields.starts[i])


def _not_every_month(fields: Fields) -> Iterator[Doubt]:
    first = min(fields.day.values, default=0)
    if deciding(fields) is not Days.MONTH or first <= SHORTEST:
        return
    if dated_months(fields) == (FEBRUARY,):
        message = "fires in leap years only: no other February has a day 29"
        yield Doubt(Level.WARNING, Code.NOT_EVERY_MONTH, message, position=fields.starts[_DAY])
        return
    skipped = [MONTHS[m - 1] for m in fields.month.values if first > LENGTHS[m - 1]]
    if 2 in fields.month.values and first <= LENGTHS[1]:
        skipped.insert(0, "February (but in leap years)")
    if skipped:
        message = f"does not fire in {joined(skipped)}: no day {series(fields.day.values)} there"
        hint = "days 1 to 28 are in every month"
        yield Doubt(Level.WARNING, Code.NOT_EVERY_MONTH, message, hint, fields.starts[_DAY])


def _either_day(fields: Fields) -> Iterator[Doubt]:
    """Yield the doubt of two day fields without a star: either suffices."""
    day, week = fields.day, fields.weekday
    if fields.both_days or not (day.values and week.values) or (day.full and week.full):
        return
    if day.full or week.full:
        full = day if day.full else week
        said = f"fires every day: {full.text} is no star, so either day suffices"
        hint = f"write * for the {full.unit.name}"
    else:
        days = day_words(fields).strip(" ,")
        said = f"fires {days}: without a star in one of them either day suffices"
        hint = (
            "no schedule says both at once: write * for one, and let the job itself check that one"
        )
    yield Doubt(Level.WARNING, Code.EITHER_DAY, said, hint, fields.starts[_DAY])
