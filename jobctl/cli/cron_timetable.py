"""The timetable of a file of cron entries, for ``jobctl cron next``."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING

from jobctl.cli.cron_firings import Span, say_start
from jobctl.cli.cron_reading import dialect, say_zone
from jobctl.cli.session import Session
from jobctl.cli.stdin import open_stdin
from jobctl.cli.writing import say, write_rows
from jobctl.errors import BadCronFile, UsageProblem
from jobctl.model.words import things

if TYPE_CHECKING:
    from jobctl.model.crontab.entry import CronEntry, Crontab
    from jobctl.model.crontab.timetable import Timetable
    from jobctl.model.rows import Row

_COLUMNS = ("jobtype", "queue", "schedule", "file", "line")
_MOST = 10  # of what is left out, told one by one


def write_timetable(session: Session, path: str, span: Span) -> None:
    """Write when the entries of a file fire, those that the server takes.

    Raises:
        BadCronFile: some of it was left out; what there is has been written.
    """
    from jobctl.model.crontab.timetable import KEYS, Timetable
    from jobctl.model.schedule import Dialect

    if dialect(session) is not Dialect.FAKTORY:
        raise UsageProblem("a file is read as the server reads it", hint="leave --dialect out")
    people = ("fires", "day", span.heading) if session.format.human else ()
    columns = session.columns((*people, *(_COLUMNS if people else KEYS)), (*people, *KEYS))
    crontab = _read(path)
    good, left_out = _parted(crontab)
    table = Timetable(good, span.after, span.local)
    write_rows(session, _rows(session, table, span), columns, 0.0, ident="at")
    schedules = [entry.parsed for entry in good if entry.parsed is not None]
    say_start(session, schedules)
    say_zone(session, schedules)
    if not (crontab.enabled or left_out):
        say("the plugin is not enabled: none of it runs")
    _conclude(path, [*left_out, *_troubled(table)])


def _read(path: str) -> Crontab:
    from jobctl.actions.cron.reading import STDIN, read_documents
    from jobctl.model.crontab.loading import load

    stdin = open_stdin("a file of cron entries") if path == STDIN else None
    (document,) = read_documents([path], stdin)
    return load(document)


def _parted(crontab: Crontab) -> tuple[list[CronEntry], list[str]]:
    """Return the entries that the server takes, and what to say of the rest."""
    errors = [finding for finding in crontab.findings if finding.is_error]
    bad = {finding.entry for finding in errors}
    good = [entry for entry in crontab.entries if entry.parsed and entry.number not in bad]
    said = [f"left out: {error.file}:{error.line or 1}: {error.message}" for error in errors]
    return good, said


def _rows(session: Session, table: Timetable, span: Span) -> Iterator[Row]:
    from jobctl.model.crontab.timetable import timetable_row

    if not session.format.human:
        for at, entry in span.of(table):
            yield timetable_row(at, entry)
        return
    for at, entry in span.brief(session, span.of(table)):
        yield span.cells(at, span.local) | timetable_row(at, entry)


def _troubled(table: Timetable) -> list[str]:
    """Return what to say of entries that stop short."""
    said = [f"{entry.file}:{entry.line}: never fires" for entry in table.silent]
    return said + [f"{entry.file}:{entry.line}: {error}" for entry, error in table.hanging]


def _conclude(path: str, troubles: list[str]) -> None:
    for trouble in troubles[:_MOST]:
        say(trouble)
    count = len(troubles)
    if count > _MOST:
        say(f"and {count - _MOST:,} more")
    if troubles:
        message = f"the timetable is not whole: {count:,} {things(count, 'error')}"
        hint = f"jobctl cron validate {quote(path)}" if path != "-" else None
        raise BadCronFile(message, hint=hint)
