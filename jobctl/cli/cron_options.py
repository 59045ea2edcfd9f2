"""What the cron commands have in common: options, files that are read, what is said of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from sys import maxsize
from typing import Any, TypeVar

import click

from jobctl.cli.command import Session
from jobctl.cli.filters import open_stdin
from jobctl.cli.options import all_of, option
from jobctl.cli.output import ON_A_TERMINAL, say, write_rows
from jobctl.cron.checks import read_crontab
from jobctl.cron.clock import Clock, moment
from jobctl.cron.crontab import Crontab, Flavour
from jobctl.cron.fields import Every
from jobctl.cron.files import STDIN, Document, Unreadable, read_documents
from jobctl.cron.finding import Finding
from jobctl.cron.schedule import Dialect, Schedule
from jobctl.errors import Exit, UsageProblem
from jobctl.model.rows import Row
from jobctl.model.times import parse_moment
from jobctl.render.formats import Format, printable_json

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


def flavour_option() -> Callable[[_F], _F]:
    """Add ``--flavour``: see `flavour`."""
    return option(
        READING, "--flavour", type=click.Choice(["plugin", "enterprise"]),
        help="Whose files these are: the cron plugin's, or Faktory Enterprise's own. Else "
        "enterprise where there is no [cron_plugin].",
    )  # fmt: skip


def flavour(session: Session) -> Flavour | None:
    """Return whose files of entries are read; None to go by what is in them."""
    text = session.text("flavour")
    return None if text is None else Flavour(text)


def write_entries(
    session: Session, rows: Iterable[Row], columns: Sequence[str], now: float = 0.0
) -> None:
    """Write rows with a file and a line in the session's format; ``ids`` are ``file:line``."""
    if session.format is Format.IDS:
        places = (_place(row) for row in rows)
        write_rows(session, places, ("place",), now, ident="place")
    else:
        write_rows(session, rows, columns, now)


def _place(row: Row) -> Row:
    file, line = row["file"], row["line"]
    return {"place": file if line is None else f"{file}:{line}"}


def read_files(paths: Sequence[str], *, unreadable: Unreadable | None = None) -> list[Document]:
    """Return the documents of files, directories and ``-``, each of them once.

    `unreadable` is told of what cannot be read where it is not the only one; else that is raised.

    Raises:
        NotFound: there is no such file, or no ``*.toml`` in a directory.
        BadCronFile: it cannot be read.
        UsageProblem: ``-`` is given, and stdin is a terminal.
    """
    named = tuple(dict.fromkeys(paths))
    stdin = open_stdin("a file of cron entries") if STDIN in named else None
    return read_documents(named, stdin, unreadable=unreadable if len(named) > 1 else None)


def read_crontabs(session: Session, paths: Sequence[str]) -> list[Crontab]:
    """Return the same with their entries, and what is wrong with them; errors are the same."""
    return [read_crontab(document, flavour(session)) for document in read_files(paths)]


def say_problems(session: Session, crontabs: Sequence[Crontab]) -> dict[tuple[str, int], str]:
    """Say the errors in documents, and where no entry runs; return the first error of each entry.

    Its key is the entry's file and number; an error of no entry has the number 0.
    """
    problems: dict[tuple[str, int], str] = {}
    for crontab in crontabs:
        for each in crontab.findings:
            if each.is_error:
                say_finding(session, each)
                known = each.entry is not None and each.entry <= len(crontab.entries)
                entry = crontab.entries[each.entry - 1] if known and each.entry else None
                place = (entry.file, entry.number) if entry else (each.file or "", 0)
                problems.setdefault(place, each.message)
            elif each.code in ("plugin-off", "flavour"):
                say_finding(session, each)
    return problems


def say_finding(session: Session, finding: Finding) -> None:
    """Say what is wrong, where, and what to do about it."""
    message = f"{finding.file}:{finding.line}: {finding.message}"
    if finding.is_error:
        say_error(session, message, finding.hint)
        return
    say(f"{finding.level}: {message}")
    if finding.hint is not None:
        say(f"hint: {finding.hint}")


def say_error(session: Session, message: str, hint: str | None = None) -> None:
    """Say one of several errors; an object where the output is JSON."""
    if session.in_json:
        told = {"code": Exit.PROBLEMS.value, "message": message, "hint": hint}
        say(printable_json(json.dumps(told)))
        return
    say(f"error: {message}")
    if hint is not None:
        say(f"hint: {hint}")
