"""What the cron commands have in common: the zone, the time and the dialect to read in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from sys import maxsize
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobctl.cli.command import Session
from jobctl.cli.options import all_of, option
from jobctl.cli.streams import ON_A_TERMINAL, say
from jobctl.cron.clock import Clock, moment
from jobctl.cron.fields import Every
from jobctl.cron.schedule import Dialect, Schedule
from jobctl.errors import UsageProblem
from jobctl.model.times import parse_moment

if TYPE_CHECKING:
    from jobctl.model.rows import Row

READING = "Schedule options"
COUNT = 5  # firings that nobody asked to be more
_COUNTED = 100_000  # of those that a terminal does not show

_F = TypeVar("_F", bound=Callable[..., Any])
_T = TypeVar("_T")


def zone_option() -> Callable[[_F], _F]:
    """Add ``--tz``: see `local_clock`."""
    return option(
        READING, "--tz", metavar="ZONE",
        help="The server's own zone, for schedules that name none: Europe/Berlin. Else UTC.",
    )  # fmt: skip


def from_option() -> Callable[[_F], _F]:
    """Add ``--from``: see `start`."""
    return option(
        READING, "--from", "start", metavar="T",
        help="Begin after this time: 2026-09-21T14:00:00Z, monday, +2h, epoch seconds. Else now.",
    )  # fmt: skip


def reading_options(*, until: bool = False) -> Callable[[_F], _F]:
    """Add ``--from``, perhaps ``--until``, ``--tz`` and ``--dialect``."""
    ends = option(
        READING, "--until", metavar="T",
        help="End with this time; written likewise, +2h is from now here too.",
    )  # fmt: skip
    dialects = option(
        READING, "--dialect", type=click.Choice(["faktory", "unix"]),
        help="How to read it: as the server does, or as a crontab's line. Else faktory.",
    )  # fmt: skip
    return all_of([from_option(), *([ends] if until else []), zone_option(), dialects])


def only(words: Sequence[str]) -> str:
    """Return the one argument that there may be.

    Raises:
        UsageProblem: there are more, as where a shell parts a schedule, or fills in its stars.
    """
    if len(words) > 1:
        raise UsageProblem(
            f"one argument is meant, there are {len(words):,}",
            hint="a schedule is one word for the shell: in quotes, '30 9 * * MON-FRI'",
        )
    return words[0]


def local_clock(session: Session) -> Clock:
    """Return the clock of schedules that name no zone: that of ``--tz``, else UTC.

    Raises:
        UnknownZone: there is no such zone, or it is a path.
        UsageProblem: it is empty.
    """
    name = session.text("tz")
    if name == "":
        raise UsageProblem("--tz is empty", hint="is a variable unset in your script?")
    return Clock.named(name or "UTC")


def start(session: Session, now: float) -> int:
    """Return the unix second to search from: that of ``--from``, else of now.

    What fires in that very second is not found: the search begins with the next whole one.

    Raises:
        UsageProblem: it is not a time.
    """
    text = session.text("start")
    return math.floor(now) if text is None else _second("--from", text, now)


def end(session: Session, now: float) -> int | None:
    """Return the last unix second to search: that of ``--until``; None without it.

    Raises:
        UsageProblem: it is not a time, or before the one to search from.
    """
    text = session.text("until")
    if text is None:
        return None
    last = _second("--until", text, now)
    if last < start(session, now):
        begin = "now" if session.text("start") is None else "--from"
        hint = "give a later time: 2026-09-21T14:00:00Z" if begin != "now" else "a later time: +2h"
        if text.lstrip().startswith("+"):
            hint = f"{text} counts from now, not from --from; give a time: 2026-09-21T14:00:00Z"
        raise UsageProblem(f"--until is before {begin}", hint=hint)
    return last


def dialect(session: Session) -> Dialect:
    """Return how to read schedules: as the server does, else by ``--dialect``."""
    return Dialect(session.text("dialect") or Dialect.FAKTORY)


def say_zone(session: Session, schedules: Iterable[Schedule]) -> None:
    """Say that schedules were read in UTC, where one of them leaves its zone to the server."""
    if session.text("tz") is None and any(schedule.zone_matters for schedule in schedules):
        say("no zone is named, so read in UTC: --tz ZONE for another")


def say_start(session: Session, schedules: Iterable[Schedule]) -> None:
    """Say from when intervals are counted, where one of them is one."""
    if any(isinstance(schedule.plan, Every) for schedule in schedules):
        since = "now" if session.text("start") is None else "--from"
        say(f"@every counts from {since} here; on the server, from its start")


def _second(option: str, text: str, now: float) -> int:
    """Return the whole second of a time."""
    try:
        return parse_moment(text, now, ahead=True).seconds
    except UsageProblem as error:
        error.message = f"{option}: {error.message}"
        raise


@dataclass(frozen=True, slots=True)
class Window:
    """Which firings are asked for.

    Attributes:
        now: unix seconds.
        after: the second to search from.
        until: the last second; None for no end.
        count: at most so many; None for all until then.
        local: the clock of schedules that name no zone.
        heading: of how far away they are: ``in``, or ``later`` where they do not count from now.
    """

    now: float
    after: int
    until: int | None
    count: int | None
    local: Clock
    heading: str

    @classmethod
    def read(cls, session: Session, now: float) -> Window:
        """Read ``--from``, ``--until``, ``--count`` and ``--tz``.

        Raises:
            UsageProblem: one of them does not make sense.
        """
        until, count = end(session, now), session.number("count")
        heading = "in" if session.text("start") is None else "later"
        if until is None and count is None:
            count = COUNT
        if count is not None:
            count = min(count, maxsize)  # more than islice takes
        return cls(now, start(session, now), until, count, local_clock(session), heading)

    def of(self, firings: Iterable[tuple[int, _T]]) -> Iterator[tuple[int, _T]]:
        """Yield the firings in it, and read no more than one behind it."""
        for at, what in islice(firings, self.count):
            if self.until is not None and at > self.until:
                return
            yield at, what

    def cells(self, at: int, clock: Clock) -> Row:
        """Return a firing for people: RFC 3339 as a clock shows it, the weekday, how far away."""
        from jobctl.render.cells import duration

        when = moment(at, clock.zone)
        return {
            "fires": when.isoformat(),
            "day": when.strftime("%a"),
            self.heading: duration(at - self.after),
        }

    def brief(self, session: Session, firings: Iterator[_T]) -> Iterator[_T]:
        """Yield what a table shows; of a long one on a terminal say how many more there are."""
        if not session.brief or self.count is not None:
            yield from firings
            return
        yield from islice(firings, ON_A_TERMINAL)
        more = sum(1 for _ in islice(firings, _COUNTED))
        if more:
            least = "more than " if more == _COUNTED else ""
            say(f"{least}{more:,} more: --count N, or -o wide")
