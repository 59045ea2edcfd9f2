"""The timetable of a file of cron entries, for ``jobctl cron next``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from jobctl.cli.cron_entries import read_crontabs, say_error, say_problems
from jobctl.cli.cron_firings import Window
from jobctl.cli.cron_options import dialect, say_start, say_zone
from jobctl.cli.output import write_rows
from jobctl.cli.session import Session
from jobctl.errors import Exit, UsageProblem
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.cron.crontab import CronEntry, Crontab
    from jobctl.cron.firing import Timetable
    from jobctl.model.rows import Row

_COLUMNS = ("jobtype", "queue", "schedule", "line")


def write_timetable(session: Session, path: str, window: Window) -> None:
    """Write when the entries of a file fire; what the server does not take is left out.

    Raises:
        Exit: with 8, where something was left out.
    """
    from jobctl.cron.firing import TIMETABLE_KEYS, Timetable
    from jobctl.cron.schedule import Dialect

    if dialect(session) is not Dialect.FAKTORY:
        raise UsageProblem("a file is read as the server reads it", hint="leave --dialect out")
    people = ("fires", "day", window.heading) if session.format.human else ()
    session.columns(TIMETABLE_KEYS, (*people, *TIMETABLE_KEYS))
    (crontab,) = read_crontabs(session, [path])
    problems = say_problems(session, [crontab])
    entries = [entry for entry in crontab.entries if (entry.file, entry.line) not in problems]
    table = Timetable(entries, window.after, window.local)
    default = (*people, *_shown(session, crontab)) if people else TIMETABLE_KEYS
    columns = session.columns(default, (*people, *TIMETABLE_KEYS))
    write_rows(session, _rows(session, table, window), columns, window.now, ident="at")
    schedules = [entry.parsed for entry in entries if entry.parsed is not None]
    say_start(session, schedules)
    say_zone(session, schedules)
    for line in _troubles(table):
        say_error(session, line)
        problems.setdefault(("", 0), line)
    if problems:
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _shown(session: Session, crontab: Crontab) -> Sequence[str]:
    many = session.format is Format.WIDE or len(crontab.document.names) > 1
    return (*_COLUMNS, "file") if many else _COLUMNS


def _rows(session: Session, table: Timetable, window: Window) -> Iterator[Row]:
    from jobctl.cron.firing import timetable_row

    if not session.format.human:
        for at, entry in window.of(table):
            yield timetable_row(at, entry)
        return
    for at, entry in window.brief(session, window.of(table)):
        yield window.cells(at, window.local) | timetable_row(at, entry)


def _troubles(table: Timetable) -> Iterator[str]:
    """Yield what to say of entries that fire no more, and never did."""
    for entry in table.silent:
        yield f"{_place(entry)}: never fires"
    for entry, error in table.hanging:
        yield f"{_place(entry)}: {error.message}"


def _place(entry: CronEntry) -> str:
    return f"{entry.file}:{entry.line}"
