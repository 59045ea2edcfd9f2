"""``jobctl cron explain``: what a schedule says, in plain English."""

from __future__ import annotations

import os
import shlex
import time
from typing import TYPE_CHECKING

import click

from jobctl.cli.cron_firings import Window
from jobctl.cli.cron_options import dialect, only, reading_options, say_start, say_zone
from jobctl.cli.helping import Command
from jobctl.cli.options import PAGE, option, output_options
from jobctl.cli.output import console, write_document, write_rows
from jobctl.cli.session import Session
from jobctl.errors import BadSchedule, Exit, HangingSchedule, JobctlError, NeverFires
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.cron.finding import Finding
    from jobctl.cron.firing import Explained
    from jobctl.model.rows import Row

_COLUMNS = ("expr", "words", "next")


@click.command(
    "explain",
    cls=Command,
    help="""Say what a schedule says: in plain English, field by field, when it fires next, and
    what may not be meant. All of it is told of the values that the fields let through, as the
    server reads them.

    A schedule that never fires, or over which the server hangs, exits with 8; one that the server
    refuses with 2. JSON is one object; ids are the instants.""",
    short_help="Say what a schedule says, in plain English.",
    examples=[
        "jobctl cron explain '*/7 9-17 * * MON-FRI'",
        "jobctl cron explain '30 2 * * *' --tz America/New_York",
        "jobctl cron explain '0 0 13 * FRI' -o json | jq -r .words",
        "jobctl cron explain --dialect unix '0 0 * * 7'",
    ],
)
@click.argument("words", metavar="EXPR", nargs=-1, required=True)
@reading_options()
@option(PAGE, "--columns", metavar="A,B", help="Show these columns only.")
@output_options()
@click.pass_obj
def explain(session: Session, words: tuple[str, ...]) -> None:
    """Explain a schedule."""
    from jobctl.cron.firing import EXPLAINED_KEYS, Explained
    from jobctl.cron.schedule import Schedule

    columns = session.columns(_COLUMNS, EXPLAINED_KEYS)
    window = Window.read(session, time.time())
    text = only(words)
    try:
        schedule = Schedule.parse(text, dialect=dialect(session))
    except BadSchedule as error:
        if os.path.exists(text):  # noqa: PTH110 (also odd text)
            error.hint = f"it is a file: jobctl cron ls {shlex.quote(text)}"
        raise
    explained = Explained.of(schedule, window.after, window.local)
    if session.format.human and session.text("columns") is None:
        _print(session, explained, window)
    else:
        _write(session, explained.row(dialect(session)), columns)
    say_start(session, [schedule])
    say_zone(session, [schedule])
    errors = [each for each in explained.findings if each.is_error]
    if errors and session.format.human:  # it stands in the answer
        raise click.exceptions.Exit(Exit.PROBLEMS)
    if errors:
        raise _problem(errors[0])


def _print(session: Session, explained: Explained, window: Window) -> None:
    from jobctl.render.explained import print_explained

    firings = [window.cells(at, explained.clock) for at in explained.firings]
    print_explained(console(session), explained, firings)


def _write(session: Session, row: Row, columns: tuple[str, ...]) -> None:
    if session.format is Format.JSON and session.text("columns") is None:
        write_document(session, row)
        return
    instants = row["next"] if isinstance(row["next"], list) else []
    if session.format is Format.IDS:
        write_rows(session, ({"at": at} for at in instants), ("at",), 0.0, ident="at")
        return
    if not session.in_json:
        row = row | {"next": " ".join(instants)}
    write_rows(session, [row], columns, 0.0)


def _problem(finding: Finding) -> JobctlError:
    kind = NeverFires if finding.code == "never-fires" else HangingSchedule
    return kind(finding.message, hint=finding.hint)
