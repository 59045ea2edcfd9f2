"""``jobctl info``: totals, days and servers on one screen."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import Command
from jobctl.cli.connect import connect_either, note_passed_over
from jobctl.cli.options import shared_options, watch_option
from jobctl.cli.output import console, repeat, say, write_document, write_rows
from jobctl.cli.session import Session
from jobctl.jobs.overview import overview
from jobctl.model.info import NOT_LOOKED
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.backend import Backend

_DAYS = ("date", "processed", "failures")
_BY_WIRE = ("version", "uptime", "connections", "processed", "failures", "enqueued")


@click.command(
    "info",
    cls=Command,
    examples=[
        "jobctl info",
        "jobctl info --watch=5",
        "jobctl info -o json | jq .retries",
        "jobctl info --faktory-url tcp://:PASSWORD@faktory.internal:7419",
    ],
)
@click.option(
    "--days", type=click.IntRange(1, 366), default=14, metavar="N", help="Days to look back (14)."
)
@watch_option()
@shared_options()
@click.pass_obj
def info(session: Session, days: int, seconds: str | None) -> None:
    """One screen: totals, days, server.

    csv, tsv and ids have a row for each day. Days are the server's own, in its local zone, which it
    does not name. With --faktory-url alone: what that server knows, in csv and tsv one row of it;
    there are no ids.
    """
    if seconds is not None:
        write = partial(_write, session, days=days)
        repeat(session, seconds, lambda: _open(session), write)
        return
    with _open(session) as backend:
        _write(session, backend, days)


def _open(session: Session) -> Backend:
    """Open the Redis, or the Faktory server where only that is known."""
    backend = connect_either(session)
    if not backend.has_redis and backend.faktory is not None:
        if session.format is Format.IDS:
            backend.require_redis("info by day")
        backend.faktory.open()  # where that fails, there is nothing else to say
        note_passed_over(backend)
        if not session.format.human:  # the screen says it itself
            say(NOT_LOOKED)
    return backend


def _write(session: Session, backend: Backend, days: int) -> None:
    view = overview(backend, days)
    if not (session.format.human or session.in_json):  # these hold them
        for warning in view.warnings:
            say(f"warning: {warning}")
    now = time.time() if not backend.has_redis else backend.server.now()
    if session.format.human:
        from jobctl.render.screen import print_screen

        print_screen(console(session), view)
    elif session.in_json:
        write_document(session, view.document())
    elif not view.whole and view.faktory is not None:
        write_rows(session, [view.faktory.document()], _BY_WIRE, now, ident="version")
    else:
        write_rows(session, view.day_rows(), _DAYS, now, ident="date")
