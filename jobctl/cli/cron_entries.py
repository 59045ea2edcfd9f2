"""Files of cron entries on the command line: read, told what is wrong, and when all of it fires."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import click

from jobctl.cli.command import Session
from jobctl.cli.cron_options import READING, Window, dialect, say_start, say_zone
from jobctl.cli.options import option
from jobctl.cli.streams import open_stdin, say, write_rows
from jobctl.cron.checks import read_crontab
from jobctl.cron.crontab import Crontab, Flavour
from jobctl.cron.files import STDIN, Document, Unreadable, read_documents
from jobctl.cron.finding import Finding
from jobctl.cron.firing import TIMETABLE_KEYS, Timetable, timetable_row
from jobctl.cron.schedule import Dialect
from jobctl.errors import Exit, UsageProblem
from jobctl.model.rows import Row
from jobctl.render.formats import Format, printable_json

_F = TypeVar("_F", bound=Callable[..., Any])
_TIMETABLE = ("jobtype", "queue", "schedule", "line")


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


def write_timetable(session: Session, path: str, window: Window) -> None:
    """Write when the entries of a file fire; what the server does not take is left out.

    Raises:
        Exit: with 8, where something was left out.
    """
    if dialect(session) is not Dialect.FAKTORY:
        raise UsageProblem("a file is read as the server reads it", hint="leave --dialect out")
    people = ("fires", "day", window.heading) if session.format.human else ()
    session.columns(TIMETABLE_KEYS, (*people, *TIMETABLE_KEYS))
    (crontab,) = read_crontabs(session, [path])
    problems = say_problems(session, [crontab])
    entries = [entry for entry in crontab.entries if (entry.file, entry.number) not in problems]
    table = Timetable(entries, window.after, window.local)
    default = (*people, *_shown(session, crontab)) if people else TIMETABLE_KEYS
    columns = session.columns(default, (*people, *TIMETABLE_KEYS))
    write_rows(session, _timetable_rows(session, table, window), columns, window.now, ident="at")
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
    return (*_TIMETABLE, "file") if many else _TIMETABLE


def _timetable_rows(session: Session, table: Timetable, window: Window) -> Iterator[Row]:
    if not session.format.human:
        for at, entry in window.of(table):
            yield timetable_row(at, entry)
        return
    for at, entry in window.brief(session, window.of(table)):
        yield window.cells(at, window.local) | timetable_row(at, entry)


def _troubles(table: Timetable) -> Iterator[str]:
    """Yield what to say of entries that fire no more, and never did."""
    for entry in table.silent:
        yield f"{entry.file}:{entry.line}: never fires"
    for entry, error in table.hanging:
        yield f"{entry.file}:{entry.line}: {error.message}"
