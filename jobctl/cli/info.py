"""``jobctl info``: one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jobctl.cli.helping import Command
from jobctl.cli.index import COMMANDS
from jobctl.cli.options import shared_options
from jobctl.cli.session import Session
from jobctl.cli.watching import watch, watch_option
from jobctl.cli.writing import console, write_document, write_rows
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl import Store

_DAYS = ("date", "processed", "failures")


@click.command(
    "info",
    cls=Command,
    help="""One screen: how many jobs are where, processed and failed by day, the server.

    csv, tsv and ids have a row for each day.""",
    short_help=COMMANDS["info"].summary,
    examples=[
        "jobctl info",
        "jobctl info --watch=5",
        "jobctl info -o json | jq .retries",
    ],
)
@click.option(
    "--days", type=click.IntRange(1, 366), default=14, metavar="N", help="Days to look back (14)."
)
@watch_option()
@shared_options()
@click.pass_obj
def info(session: Session, days: int, seconds: str | None) -> None:
    """One screen."""
    if seconds is not None:
        watch(session, seconds, lambda store: _write(session, store, days))
        return
    with session.connect() as store:
        _write(session, store, days)


def _write(session: Session, store: Store, days: int) -> None:
    from jobctl.actions.overview import overview

    view = overview(store, days)
    now = store.server.now()
    if session.format.human:
        from jobctl.render.screen import print_screen

        print_screen(console(session), view)
    elif session.format is Format.JSON:
        write_document(view.document())
    elif session.format is Format.JSONL:
        write_rows(session, [view.document()], _DAYS, now)
    else:
        write_rows(session, view.day_rows(), _DAYS, now, ident="date")
