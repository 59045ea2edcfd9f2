"""``jobctl record``: one status record, shown and changed; many of them, changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jobctl.cli import record_verbs
from jobctl.cli.helping import Group
from jobctl.cli.index import COMMANDS
from jobctl.cli.options import shared_options
from jobctl.cli.record_stats import stats
from jobctl.cli.recording import create, ident_argument, read_ident, set_values
from jobctl.cli.session import Session
from jobctl.cli.writing import console, write_document, write_rows
from jobctl.errors import NotFound
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl import Store
    from jobctl.model.record import Record


@click.group(
    "record",
    cls=Group,
    help=COMMANDS["record"].summary,
    examples=[
        "ID=$(jobctl record create --name Import --state started)",
        'jobctl record set "$ID" --progress 3/8',
        'jobctl record show "$ID"',
        "jobctl record cleanup --older-than 12w --dry-run",
    ],
)
def record() -> None:
    """Status records."""


@record.command(
    "show",
    short_help="Show one, and its attempts before.",
    help="""Show a record: what it says, and the attempts before its restarts.

    JSON has its row, and the rows of the attempts under "attempts", the first one first.""",
    examples=[
        "jobctl record show 5f1c2b9e-6a54-4f0e-9d0e-0a4b7c1d2e3f",
        "jobctl record show import-7 -o json | jq .progress",
    ],
)
@ident_argument
@shared_options()
@click.pass_obj
def show(session: Session, ident: str) -> None:
    """Show a record."""
    with session.connect() as store:
        found = store.records.find(read_ident(ident))
        if found is None:
            raise NotFound(
                f"there is no record {ident} in {store.target}",
                hint="is it a job's JID? jobctl status finds the records of that",
            )
        _write(session, store, found)


def _write(session: Session, store: Store, found: Record) -> None:
    from jobctl.model.record import ROW_KEYS

    now = store.server.now()
    if session.format is Format.IDS or session.text("columns") is not None:
        write_rows(session, [found.row()], ROW_KEYS, now, ident="id")
        return
    attempts = store.records.attempts(found) if session.in_json or session.format.human else []
    if session.format.human:
        from jobctl.render.records import print_record

        print_record(console(session), found, attempts, now)
        return
    row = found.row() | {"attempts": [attempt.row() for attempt in attempts]}
    if session.in_json:
        write_document(session, row)
    else:
        write_rows(session, [row], ROW_KEYS, now, ident="id")


for command in (create, set_values, *record_verbs.COMMANDS, stats):
    record.add_command(command)
