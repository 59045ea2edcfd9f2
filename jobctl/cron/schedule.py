"""A schedule as the cron plugin of Faktory reads it (robfig/cron v3, seconds optional)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING

from jobctl.cron.clock import (
    FIRST_YEAR,
    LAST_YEAR,
    LOCAL,
    Clock,
    midnight,
    moment,
    whole_seconds,
)
from jobctl.cron.field import OddText, other_dialect
from jobctl.cron.fields import WHITE_SPACE, Every, Fields, go_nanoseconds, split
from jobctl.cron.schedule_words import in_words
from jobctl.cron.search import firings
from jobctl.errors import BadSchedule, UnknownZone, UsageProblem
from jobctl.model.words import did_you_mean, near_name

if TYPE_CHECKING:
    from jobctl.cron.unix import CrontabLine


DESCRIPTORS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_EVERY = "@every "
_SECOND = 1_000_000_000
_FIRST, _BEHIND = midnight(FIRST_YEAR, 1, 1), midnight(LAST_YEAR + 1, 1, 1)


class Dialect(StrEnum):
    """How a schedule is read: as the server does, or as a crontab (by croniter)."""

    FAKTORY = "faktory"
    UNIX = "unix"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule: when it fires, in which zone.

    Attributes:
        text: as it was typed.
        plan: six fields; or an interval; or, in the unix dialect, a crontab's line.
        zone: the name in front; empty for UTC, ``Local`` for the server's own; None where there
            is no prefix, which is the server's own too.
    """

    text: str
    plan: Fields | Every | CrontabLine
    zone: str | None = None
    # By zone the instant that `next` gave last, and what goes on from there: who asks for one after
    # the other pays for one search. It is taken out while it is used, so threads do not share it.
    _ahead: dict[tzinfo, tuple[int, Iterator[int]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __reduce__(self) -> tuple[type[Schedule], tuple[object, ...]]:
        """Leave out where a search stands: it can be neither copied nor pickled."""
        return Schedule, (self.text, self.plan, self.zone)

    @classmethod
    def parse(cls, text: str, *, dialect: Dialect = Dialect.FAKTORY) -> Schedule:
        """Read a schedule.

        Raises:
            BadSchedule: the server would refuse it, or crash; `at` says where.
        """
        if dialect is Dialect.UNIX:
            from jobctl.cron.unix import CrontabLine

            return cls(text, CrontabLine.parse(text))
        zone, start = _prefix(text)
        end = len(text) if zone is None else len(text.rstrip(WHITE_SPACE))
        if text[start : start + 1] == "@":
            return cls(text, _descriptor(text, start, end), zone)
        return cls(text, _fields(text, start), zone)

    def clock(self, local: Clock) -> Clock:
        """Return the clock it is read by; `local` is the server's own."""
        return local if self.zone in (None, LOCAL) else Clock.named(self.zone or "")

    @property
    def fields(self) -> Fields | None:
        """Its six fields; None of an interval, and of a crontab's line that they cannot say."""
        plan = self.plan
        if isinstance(plan, Every):
            return None
        return plan if isinstance(plan, Fields) else plan.fields()

    @property
    def zone_matters(self) -> bool:
        """Whether when it fires is left to the server's own zone."""
        return self.zone in (None, LOCAL) and not isinstance(self.plan, Every)

    def seconds(self, after: int, local: Clock) -> Iterator[int]:
        """Yield every firing after an instant, both in unix seconds, as the server gives them.

        The year 9990 is the last one with firings; a crontab's line ends where croniter does.

        Args:
            after: where the search begins; an interval counts from there.
            local: the server's own clock, for a schedule without a zone.

        Raises:
            UsageProblem: `after` is before the year 2 or behind the year 9990.
            HangingSchedule: the server's search never ends.
        """
        if not _FIRST <= after < _BEHIND:
            raise UsageProblem(f"firings are known from the year {FIRST_YEAR} to {LAST_YEAR}")
        plan = self.plan
        if isinstance(plan, Every):
            return iter(range(after + plan.seconds, _BEHIND, plan.seconds))
        clock = self.clock(local)
        return firings(plan, clock, after) if isinstance(plan, Fields) else plan.after(after, clock)

    def firings(self, after: datetime) -> Iterator[datetime]:
        """Yield every firing after a time, in its zone; a schedule without one is read in it too.

        Raises:
            UsageProblem: `after` has no zone, or is before the year 2 or behind the year 9990.
            HangingSchedule: the server's search never ends.
        """
        zone, instant = _read(after)
        return (moment(found, zone) for found in self.seconds(instant, Clock.of(zone)))

    def next(self, after: datetime) -> datetime | None:
        """Return the first firing after a time, in its zone; None where there is none any more.

        Errors are those of `firings`.
        """
        zone, instant = _read(after)
        last, ahead = self._ahead.pop(zone, (None, None))
        if ahead is None or last != instant:
            ahead = self.seconds(instant, Clock.of(zone))
        found = next(ahead, None)
        if found is None:
            return None
        self._ahead[zone] = found, ahead
        return moment(found, zone)

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the firings after `start`, up to and with `end`, in the zone of `start`.

        Errors are those of `firings`.
        """
        (zone, first), (_, last) = _read(start), _read(end)
        # Two times of one zone are compared by their wall clocks, which a change sets back.
        found = takewhile(lambda at: at <= last, self.seconds(first, Clock.of(zone)))
        return (moment(at, zone) for at in found)

    def explain(self) -> str:
        """Return what it says, in plain English."""
        plan = self.plan if isinstance(self.plan, Every) else self.fields
        return (
            f"as the crontab's line says: {self.text}"
            if plan is None
            else in_words(plan, self.zone)
        )


def _read(time: datetime) -> tuple[tzinfo, int]:
    """Return the zone and the instant of a time.

    Raises:
        UsageProblem: it has no zone.
    """
    zone = time.tzinfo
    try:
        if zone is not None:
            return zone, whole_seconds(time)
    except TypeError:  # a zone that knows no offset
        pass
    raise UsageProblem(f"the time {time} has no zone", hint="give it one: tzinfo=timezone.utc")


def _prefix(text: str) -> tuple[str | None, int]:
    """Return the zone in front, and where the rest begins.

    Raises:
        BadSchedule: there is no such zone, or nothing behind it.
    """
    for keyword in ("TZ=", "CRON_TZ="):
        if not text.startswith(keyword):
            continue
        zone, blank, rest = text[len(keyword) :].partition(" ")
        if not blank:
            raise BadSchedule(
                "nothing stands behind the zone: the server crashes on it",
                hint=f"write {keyword}Europe/Berlin, one blank, and the schedule",
                at=(text, len(text)),
            )
        _check_zone(zone, text, len(keyword))
        return zone, len(text) - len(rest.lstrip(WHITE_SPACE))
    return None, 0


def _check_zone(zone: str, text: str, at: int) -> None:
    if zone == LOCAL:
        return
    try:
        Clock.named(zone)
    except UnknownZone as error:
        error.at = (text, at)
        if zone.lower() == LOCAL.lower():
            error.hint = f"did you mean {LOCAL}? it is the server's own zone"
        raise


def _descriptor(text: str, start: int, end: int) -> Fields | Every:
    word = text[start:end]
    if word in DESCRIPTORS:
        return replace(Fields.parse(DESCRIPTORS[word]), starts=(None,) * 6)
    if word.startswith(_EVERY):
        return _every(text, start + len(_EVERY), end)
    raise BadSchedule(
        f"{word[:40]!r} is not a descriptor", hint=_near_descriptor(word), at=(text, start)
    )


def _near_descriptor(word: str) -> str:
    plain = word.strip(WHITE_SPACE).lower()
    if plain in DESCRIPTORS:
        return f"write {plain}: lower case, no blanks around it"
    if plain.startswith("@every"):
        return "write @every, exactly one blank, and a duration: @every 90s"
    return did_you_mean(plain, [*DESCRIPTORS, "@every 1h"])


def _every(text: str, start: int, end: int) -> Every:
    try:
        nanoseconds = go_nanoseconds(text[start:end])
    except BadSchedule as error:
        error.at = (text, start + (error.at[1] if error.at else 0))
        raise
    if nanoseconds < _SECOND:
        return Every(1, (OddText("raised", "less than a second is read as 1s", start),))
    seconds, rest = divmod(nanoseconds, _SECOND)
    notes = (OddText("cut", f"fractions of a second are cut: {seconds}s", start),) if rest else ()
    return Every(seconds, notes)


def _fields(text: str, start: int) -> Fields:
    try:
        return Fields.parse(text, start)
    except BadSchedule as error:
        stripped = text.strip(WHITE_SPACE)
        if stripped.startswith("@"):
            error.hint = "a descriptor is the whole text: no blanks around it"
        elif start == 0 and (keyword := _near_prefix(stripped)) is not None:
            error.hint = f"a zone goes in front, in capitals and without a blank: {keyword}.."
        else:
            error.hint = foreign_hint(text[start:]) or error.hint
        raise


def _near_prefix(text: str) -> str | None:
    """Return the prefix that was meant where one was misspelled."""
    head, equals, _ = text.partition("=")
    return near_name(f"{head.upper()}=", ("TZ=", "CRON_TZ=")) if equals else None


# Texts that other systems take for a schedule, and what to write for them here.
QUARTZ_DAYS = "in Quartz, where ? is from, Sunday is 1; here it is 0: name the days, SUN to SAT"

_QUOTES = "'\"`"
_LONGEST = 200  # characters that a hint says again
_WORDS = ("yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly")
_UNITS = {"second": (1, "s"), "minute": (1, "m"), "hour": (1, "h"), "day": (24, "h")}
_OFTEN = re.compile(
    r"(?:rate\(|every )\s*([0-9]{1,6}) (second|minute|hour|day)s?\)?", re.ASCII | re.IGNORECASE
)
_YEARS = re.compile(r"[0-9]{4}[-,/0-9]*|\*", re.ASCII)
_NO_WEEKDAY = re.compile(r"[#/].*|[0-9]{4}.*", re.ASCII)


def foreign_hint(text: str) -> str | None:
    """Return what to write for a text that the server refuses; None where nobody's is known.

    Args:
        text: without a zone in front.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if len(text) > 2 and text[0] in _QUOTES and text[0] == text[-1]:
        return f"leave the quotes out: {text[1:-1]}"
    if text.lower() in _WORDS:
        return f"did you mean @{text.lower()}?"
    often = _OFTEN.fullmatch(text)
    if often is not None:
        times, letter = _UNITS[often[2].lower()]
        return f"write @every {int(often[1]) * times}{letter}"
    return _too_much([word.text for word in split(text)])


def _too_much(words: list[str]) -> str | None:
    """Return the hint where a year or a command follows the fields, or Quartz was meant."""
    if len(words) < 5:
        return None
    foreign = next(filter(None, map(other_dialect, words)), None)
    # Quartz has seconds first and a year last, AWS a year without seconds: a ? tells it.
    with_year = len(words) == 7 or (len(words) == 6 and "?" in words)
    if with_year and _YEARS.fullmatch(words[-1]):
        return foreign or "years cannot be told: leave the last field out"
    if "?" in words:
        digits = any(letter.isdigit() for letter in words[-1])
        return foreign or (QUARTZ_DAYS if digits else None)
    if len(words) == 6 and not _NO_WEEKDAY.fullmatch(words[5]):
        return None
    if len(words) > 5 and _is_schedule(words[:5]) and not _is_schedule(words[:6]):
        five = " ".join(words[:5])
        return f"five fields, and nothing behind them: {five}; six have the seconds first"
    return None


def _is_schedule(words: list[str]) -> bool:
    try:
        Fields.parse(" ".join(words))
    except BadSchedule:
        return False
    return True
