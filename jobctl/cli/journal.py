"""``jobctl journal ls|show|prune``: the operations of this user on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from jobctl.cli.completion import complete_operations
from jobctl.cli.helping import Group
from jobctl.cli.operations import journal as kept_journal
from jobctl.cli.options import output_options
from jobctl.cli.output import console, say, write_document, write_rows
from jobctl.cli.session import Session

if TYPE_CHECKING:
    from jobctl.model.rows import Row

KEYS = ("operation", "action", "target", "state", "started_at", "matched", "done")


@click.group(
    "journal",
    cls=Group,
    examples=[
        "jobctl journal ls",
        "jobctl journal show 7f3a09c2 --jobs",
        "jobctl journal prune -n",
    ],
)
def journal() -> None:
    """The operations that changed something.

    Their files hold the jobs as they were, for undo and resume: payloads, so personal data; only
    you can read them. They are pruned after 30 days, or beyond 1 GiB.
    """


@journal.command(
    "ls",
    examples=["jobctl journal ls", "jobctl journal ls -o json"],
)
@output_options()
@click.pass_obj
def ls(session: Session) -> None:
    """List operations, newest first."""
    entries = kept_journal().entries(lambda error: say(error.message))
    rows = [entry.row() for entry in entries]
    write_rows(session, rows, KEYS, time.time(), ident="operation")


@journal.command(
    "show",
    examples=["jobctl journal show 7f3a09c2", "jobctl journal show 7f3a --jobs -o jsonl"],
)
@click.argument("operation", shell_complete=complete_operations)
@click.option("--jobs", is_flag=True, help="List its jobs, and what became of each.")
@output_options()
@click.pass_obj
def show(session: Session, operation: str, jobs: bool) -> None:
    """Show an operation: who asked for what, and what became of it."""
    from jobctl.operations.telling import outcome_keys, outcomes, tell

    with kept_journal().open(operation, write=False) as file:
        if jobs:
            rows: Iterator[Row] = outcomes(file)
            keys = outcome_keys(file)
            write_rows(session, rows, keys, time.time(), ident=keys[0])
            return
        document = tell(file)
    if session.in_json:
        write_document(session, document)
    elif session.format.human:
        from jobctl.render.screen import print_facts

        print_facts(console(session), document)
    else:
        write_rows(session, [document], tuple(document), time.time(), ident="operation")


@journal.command(
    "prune",
    examples=["jobctl journal prune --dry-run", "jobctl journal prune --older-than 1w"],
)
@click.option("--older-than", metavar="AGE", default="30d", help="Delete older ones; else 30d.")
@click.option(
    "--max-size", metavar="MIB", type=click.IntRange(min=0), default=1024,
    help="Keep so many MiB at most; else 1024.",
)  # fmt: skip
@click.option("-n", "--dry-run", is_flag=True, help="Show them, and delete nothing.")
@output_options()
@click.pass_obj
def prune(session: Session, older_than: str, max_size: int, dry_run: bool) -> None:
    """Delete the files of old operations.

    Finished ones go by age, then the oldest until the rest is small enough. One that is unfinished
    or in use stays. What is deleted cannot be undone any more.
    """
    from jobctl.model.times import parse_duration

    gone = kept_journal().prune(
        older_than=parse_duration(older_than), most_bytes=max_size * 1024 * 1024, dry_run=dry_run
    )
    write_rows(session, [entry.row() for entry in gone], KEYS, time.time(), ident="operation")
    if gone and session.format.human:
        say(f"{len(gone):,} {'would be deleted' if dry_run else 'deleted'}")
