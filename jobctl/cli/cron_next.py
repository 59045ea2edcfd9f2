"""``jobctl cron next``: when a schedule fires, or the entries of a file."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import OUTPUT, Command, Session
from jobctl.cli.cron_options import (
    READING,
    Window,
    dialect,
    only,
    reading_options,
    say_start,
    say_zone,
)
from jobctl.cli.options import option, output_options, shared
from jobctl.cli.streams import console, say, stdout, write_document, write_rows
from jobctl.cron.schedule import Schedule
from jobctl.errors import (
    BadSchedule,
    Exit,
    HangingSchedule,
    JobctlError,
    NeverFires,
    NotFound,
)
from jobctl.model.times import Instant
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.cron.finding import Finding
    from jobctl.cron.firing import Explained
    from jobctl.model.rows import Row

_KEYS = ("at",)


@click.command(
    "next",
    cls=Command,
    examples=[
        "jobctl cron next '30 9 * * MON-FRI' --tz Europe/Berlin",
        "jobctl cron next '0 0 29 2 *' --count 3 -o json",
        "jobctl cron next /etc/faktory --until +24h",
        "jobctl cron next @daily --from 2026-12-31T00:00:00Z --until 2027-01-07T00:00:00Z",
    ],
)
@click.argument(
    "words", metavar="EXPR|FILE|DIR|-", nargs=-1, required=True, type=click.Path(readable=False)
)
@option(
    READING, "--count", type=click.IntRange(min=0), metavar="N",
    help="At most so many; 5 where there is no --until.",
)  # fmt: skip
@reading_options(until=True)
@output_options
@shared(OUTPUT, "--columns")
@click.pass_obj
def next_firings(session: Session, words: tuple[str, ...]) -> None:
    """Say when a schedule, or a file's entries, fire.

    Exactly when the server would find. What exists is a file (or a directory, read as the server
    reads it; - is stdin), anything else a schedule.

    A schedule without a zone is read in --tz, else in UTC; the server reads it in its own zone. The
    timetable of a file leaves out what the server would not take, and exits with 8 then. JSON of a
    schedule is {"expr", "next"}; everything else has a row a firing. Instants are in UTC for
    programs.
    """
    what = only(words)
    window = Window.read(session, time.time())
    if what == "-" or what.endswith(".toml") or os.path.exists(what):  # noqa: PTH110 (also odd text)
        from jobctl.cli.cron_entries import write_timetable  # takes as long again to load

        write_timetable(session, what, window)
    else:
        _write_schedule(session, what, window)


def _write_schedule(session: Session, text: str, window: Window) -> None:
    keys = ("fires", "day", window.heading, "at") if session.format.human else _KEYS
    columns = session.columns(keys[:3], keys)
    try:
        schedule = Schedule.parse(text, dialect=dialect(session))
    except BadSchedule:
        if _like_a_path(text):
            hint = "a schedule has five fields, or six: '30 9 * * MON-FRI'"
            raise NotFound(f"{text}: there is no such file or directory", hint=hint) from None
        raise
    walk = _Walk(schedule, window)
    _write(session, walk, columns)
    if not walk.nothing:
        say_start(session, [schedule])
        say_zone(session, [schedule])
    walk.conclude()


def _like_a_path(text: str) -> bool:
    """Check whether a text that is no schedule was meant to be a file."""
    begins = text[:1].isalpha() or text.startswith(("/", ".", "~"))
    return begins and len(text.split()) == 1 and "=" not in text and ("/" in text or "." in text)


class _Walk:
    """The firings of a schedule, and how they ended."""

    def __init__(self, schedule: Schedule, window: Window) -> None:
        self.schedule = schedule
        self.window = window
        self._found = 0
        self._ended = False
        self._error: HangingSchedule | None = None

    def __iter__(self) -> Iterator[int]:
        return (at for at, _ in self.window.of(self._all()))

    def _all(self) -> Iterator[tuple[int, None]]:
        try:
            for at in self.schedule.seconds(self.window.after, self.window.local):
                self._found += 1
                yield at, None
            self._ended = True
        except HangingSchedule as error:
            self._error = error

    @property
    def nothing(self) -> bool:
        """Whether there is none because there never will be one."""
        return not self._found and (self._ended or self._error is not None)

    def conclude(self) -> None:
        """Say how it ended, where it did.

        Raises:
            HangingSchedule: the server's search never ends.
            NeverFires: there was none, and never will be.
        """
        if self._error is not None:
            raise self._error
        if not self._ended:
            return
        if self._found:
            say("it does not fire any more after that")
            return

        from jobctl.cron.lint import lint_errors

        for error in lint_errors(self.schedule, self.window.after, self.window.local):
            raise NeverFires(error.message)


def _write(session: Session, walk: _Walk, columns: tuple[str, ...]) -> None:
    window, clock = walk.window, walk.schedule.clock(walk.window.local)
    if session.format is Format.JSON and session.text("columns") is None:
        from jobctl.render.machine import write_list_in

        instants = (str(_row(at)["at"]) for at in walk)
        write_list_in(stdout(session), {"expr": walk.schedule.text}, "next", instants)
    elif session.format.human:
        firings = window.brief(session, iter(walk))
        rows = [window.cells(at, clock) | _row(at) for at in firings]
        if not walk.nothing:
            write_rows(session, rows, columns, window.now)
    else:
        write_rows(session, (_row(at) for at in walk), columns, window.now, ident="at")


def _row(at: int) -> Row:
    return {"at": Instant(at).rfc3339()}


_EXPLAINED = ("expr", "words", "next")


@click.command(
    "explain",
    cls=Command,
    examples=[
        "jobctl cron explain '*/7 9-17 * * MON-FRI'",
        "jobctl cron explain '30 2 * * *' --tz America/New_York",
        "jobctl cron explain '0 0 13 * FRI' -o json | jq -r .words",
        "jobctl cron explain --dialect unix '0 0 * * 7'",
    ],
)
@click.argument("words", metavar="EXPR", nargs=-1, required=True)
@reading_options()
@output_options
@shared(OUTPUT, "--columns")
@click.pass_obj
def explain(session: Session, words: tuple[str, ...]) -> None:
    """Say what a schedule says, in plain English.

    And field by field, when it fires next, and what may not be meant. All of it is told of the
    values that the fields let through, as the server reads them.

    A schedule that never fires, or over which the server hangs, exits with 8; one that the server
    refuses with 2. JSON is one object; ids are the instants.
    """
    from jobctl.cron.firing import EXPLAINED_KEYS, Explained

    columns = session.columns(_EXPLAINED, EXPLAINED_KEYS)
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
        _print_explained(session, explained, window)
    else:
        _write_explained(session, explained.row(dialect(session)), columns)
    say_start(session, [schedule])
    say_zone(session, [schedule])
    errors = [each for each in explained.findings if each.is_error]
    if errors and session.format.human:  # it stands in the answer
        raise click.exceptions.Exit(Exit.PROBLEMS)
    if errors:
        raise _problem(errors[0])


def _print_explained(session: Session, explained: Explained, window: Window) -> None:
    from jobctl.render.findings import print_explained

    firings = [window.cells(at, explained.clock) for at in explained.firings]
    print_explained(console(session), explained, firings)


def _write_explained(session: Session, row: Row, columns: tuple[str, ...]) -> None:
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
