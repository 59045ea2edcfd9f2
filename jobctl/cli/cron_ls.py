"""``jobctl cron ls``: the entries of cron files, and when they fire."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from jobctl.cli.cron_entries import read_crontabs, say_error, say_problems, write_entries
from jobctl.cli.cron_options import (
    flavour_option,
    from_option,
    local_clock,
    say_start,
    say_zone,
    start,
    zone_option,
)
from jobctl.cli.helping import Command
from jobctl.cli.options import output_options, page_options
from jobctl.cli.output import ON_A_TERMINAL, say
from jobctl.cli.session import Session
from jobctl.errors import Exit
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.cron.clock import Clock
    from jobctl.cron.crontab import CronEntry
    from jobctl.model.rows import Row

_PEOPLE = ("line", "schedule", "words", "jobtype", "queue", "next", "last")


@click.command(
    "ls",
    cls=Command,
    help="""List the entries of cron files: their schedules in words, their queues, when each fires
    next and when it fired last.

    DIR is read as the server reads it: all *.toml of its conf.d, or its own, as one document. What
    is wrong with an entry stands in its row and on stderr; the exit code is then 8. An interval
    (@every) counts from the server's start: next counts from now, and nobody knows the last.""",
    short_help="List entries, and when they fire.",
    examples=[
        "jobctl cron ls /etc/faktory",
        "jobctl cron ls conf.d/mail.toml --sort next --tz Europe/Berlin",
        "jobctl cron ls cron.toml -o json | jq -r '.[] | select(.queue == \"low\") | .next'",
    ],
)
@click.argument(
    "paths", nargs=-1, required=True, metavar="FILE|DIR|-...", type=click.Path(readable=False)
)
@from_option()
@zone_option()
@flavour_option()
@page_options()
@output_options()
@click.pass_obj
def ls(session: Session, paths: tuple[str, ...]) -> None:
    """List the entries of cron files."""
    from jobctl.cron.firing import LISTING_KEYS

    now = time.time()
    at, local = start(session, now), local_clock(session)
    order, page = session.order(LISTING_KEYS), session.page()
    session.columns(LISTING_KEYS, LISTING_KEYS)
    crontabs = read_crontabs(session, paths)
    problems = say_problems(session, crontabs)
    entries = [entry for crontab in crontabs for entry in crontab.entries]
    rows = [
        _row(session, entry, at, local, problems.get((entry.file, entry.line))) for entry in entries
    ]
    if order.field is not None:
        from jobctl.model.rows import sorted_by

        keyed = ((row[order.field], row) for row in rows)
        rows = list(sorted_by(keyed, reverse=order.reverse))
    elif order.reverse:
        rows.reverse()
    brief = session.brief and page.limit is None
    shown = list(page.of(iter(rows)))[: ON_A_TERMINAL if brief else None]
    columns = session.columns(_columns(session, rows), LISTING_KEYS)
    write_entries(session, shown, columns, at)
    if brief and len(rows) - page.offset > len(shown):
        say(f"{len(rows) - page.offset - len(shown):,} more: --limit")
    _say(session, entries)
    if problems or any(row["problem"] is not None for row in rows):
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _columns(session: Session, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the columns: for people those that tell them apart."""
    from jobctl.cron.firing import LISTING_KEYS

    if session.format is not Format.TABLE:
        return LISTING_KEYS
    files = ("file",) if len({row["file"] for row in rows}) > 1 else ()
    return (*files, *_PEOPLE)


def _row(session: Session, entry: CronEntry, now: int, local: Clock, problem: str | None) -> Row:
    """Return an entry's row; say what only the search finds out."""
    from jobctl.cron.firing import listing_row

    row = listing_row(entry, now, local, problem)
    if problem is None and row["problem"] is not None:
        say_error(session, f"{entry.file}:{entry.line}: {row['problem']}")
    return row


def _say(session: Session, entries: Sequence[CronEntry]) -> None:
    """Say what the times hang on."""
    schedules = [entry.parsed for entry in entries if entry.parsed is not None]
    say_zone(session, schedules)
    say_start(session, schedules)
