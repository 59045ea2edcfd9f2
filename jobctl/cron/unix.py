"""A crontab's line, as croniter reads it: ``--dialect unix``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from croniter import CroniterBadDateError, croniter

from jobctl.cron.clock import Clock, moment
from jobctl.cron.field import Field, Unit
from jobctl.cron.fields import UNITS, Fields, Word, split
from jobctl.errors import BadSchedule
from jobctl.model.words import things

_COUNTS = (5, 6, 7)
_TAKEN = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31, or L"),
    ("month", "1-12, or JAN to DEC"),
    ("day of week", "0-7, or SUN to SAT"),
    ("second", "0-59"),
    ("year", "1970-2099"),
)
_QUOTED = 40  # characters of what was typed, in a message


@dataclass(frozen=True, slots=True)
class CrontabLine:
    """A line that croniter takes: 5 fields, 6 with the seconds last, 7 with the year."""

    text: str

    @classmethod
    def parse(cls, text: str) -> CrontabLine:
        """Read a line.

        Raises:
            BadSchedule: croniter refuses it, or it names times at random.
        """
        if not _is_taken(text):
            raise _refusal(text)
        if any(word[:1] in ("r", "R") for word in text.split()):
            raise BadSchedule(
                "R stands for a time at random: nobody knows when it fires", at=(text, 0)
            )
        return cls(text)

    def fields(self) -> Fields | None:
        """Return the fields with the values croniter lets through.

        None where six fields cannot say it: a year, the last day (L), the second Monday (#).
        """
        expanded, nth = croniter.expand(self.text)[:2]
        values = [set(some) for some in expanded]
        if nth or "*" not in (values[6:] or [{"*"}])[0] or any("l" in some for some in values):
            return None
        words = list(split(self.text))
        if len(words) != len(values):  # @daily
            words = [Word("", -1) for _ in values]
        if len(values) == 5:
            words.append(Word("0", -1))
            values.append({0})
        order = (5, 0, 1, 2, 3, 4)  # the seconds are the sixth here
        second, minute, hour, day, month, weekday = (
            _field(words[i].text, unit, values[i]) for i, unit in zip(order, UNITS, strict=True)
        )
        starts = tuple(words[i].start if words[i].start >= 0 else None for i in order)
        return Fields(second, minute, hour, day, month, weekday, starts)

    def after(self, start: int, clock: Clock) -> Iterator[int]:
        """Yield every firing after an instant, in unix seconds, until croniter finds no more."""
        found = croniter(self.text, moment(start, clock.zone), ret_type=float)
        while True:
            try:
                yield int(found.get_next())
            except (CroniterBadDateError, OverflowError, ValueError):
                return


def _is_taken(text: str) -> bool:
    try:
        croniter.expand(text)
    except Exception:  # whatever a foreign parser makes of odd text
        return False
    return True


def _refusal(text: str) -> BadSchedule:
    """Return what is wrong with a line that croniter refuses, and where."""
    words = list(split(text))
    if text.lstrip().startswith("@"):
        hint = "@hourly, @daily and their kind are; @every is the server's: --dialect faktory"
        return BadSchedule("not a crontab's descriptor", hint=hint, at=(text, 0))
    if text.startswith(("TZ=", "CRON_TZ=")):
        hint = "leave it out, and name the zone by --tz"
        return BadSchedule("a crontab's line has no zone in front", hint=hint, at=(text, 0))
    if len(words) not in _COUNTS:
        count = f"{len(words)} {things(len(words), 'field')}"
        hint = "minute hour day month weekday; a sixth is seconds, a seventh the year; no command"
        end = words[-1].start + len(words[-1].text) if words else 0
        return BadSchedule(f"{count}, a crontab's line has 5", hint=hint, at=(text, end))
    for i, word in enumerate(words):
        alone = ["*"] * len(words)
        alone[i] = word.text
        if not _is_taken(" ".join(alone)):
            name, taken = _TAKEN[i]
            message = f"{name}: {word.text[:_QUOTED]!r} is not what a crontab takes"
            return BadSchedule(message, hint=f"it takes {taken}", at=(text, word.start))
    return BadSchedule("not what a crontab takes", at=(text, 0))


def _field(text: str, unit: Unit, values: Collection[int | str]) -> Field:
    """Return a field of croniter's values; a star is all of them, and keeps no day out."""
    star = "*" in values
    every = range(unit.least, unit.most + 1)
    return Field(text, unit, tuple(value for value in every if star or value in values), star)
