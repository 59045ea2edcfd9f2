"""``jobctl journal``, ``undo``, ``resume`` and ``apply``: the operations of this user."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from jobctl import Target
from jobctl.backend import Backend
from jobctl.cli.change import check_answer, read_guards, run
from jobctl.cli.command import Command, Group, Session
from jobctl.cli.completion import complete_operations, complete_undoable, complete_unfinished
from jobctl.cli.connect import connect, level_of, provenance
from jobctl.cli.options import answer_options, option, output_options, shared_options
from jobctl.cli.streams import say, write_facts, write_rows
from jobctl.config.contexts import find_context
from jobctl.config.levels import (
    Endpoint,
    SettingsLevel,
    choose_level,
    context_level,
    faktory_endpoint,
    operations_directory,
)
from jobctl.connecting import resolved
from jobctl.errors import (
    BadUrl,
    ConfigProblem,
    Refused,
    UnknownContext,
    Unreachable,
    UsageProblem,
)
from jobctl.model.layout import Kind
from jobctl.model.operation import Header
from jobctl.model.rows import Row
from jobctl.model.target import Address
from jobctl.model.times import parse_duration
from jobctl.model.verbs import Guards
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import Journal, outcome_keys, outcomes, tell
from jobctl.operations.resume import apply as apply_plan
from jobctl.operations.resume import resume as resume_operation
from jobctl.operations.undo import check_undoable
from jobctl.operations.undo import undo as undo_operation


@click.command(
    "undo",
    cls=Command,
    examples=["jobctl undo 7f3a09c2", "jobctl undo 7f3a --yes -o json"],
)
@click.argument("operation", shell_complete=complete_undoable)
@option(
    "Options",
    "--without-pause",
    is_flag=True,
    help="Put the jobs of a removed queue back also where its pause cannot come back: they run.",
)
@answer_options
@shared_options
@click.pass_obj
def undo(session: Session, operation: str) -> None:
    """Put back what an operation changed.

    Each job with its exact bytes and its score, as far as it is still where the operation left it.
    What ran or moved meanwhile is named.
    """
    header = _header(own_journal(), operation)
    check_undoable(header)
    with _aimed(session, header) as (backend, guards):
        name = header.operation
        run(session, backend, lambda watch: undo_operation(backend, name, guards, watch))


@click.command(
    "resume",
    cls=Command,
    examples=["jobctl resume 7f3a09c2", "jobctl resume 7f3a --yes"],
)
@click.argument("operation", shell_complete=complete_unfinished)
@answer_options
@shared_options
@click.pass_obj
def resume(session: Session, operation: str) -> None:
    """Go on with an operation that was stopped.

    By Ctrl-C, a lost connection, a crash. What was done is not done again; the report counts all of
    it.
    """
    header = _header(own_journal(), operation)
    with _aimed(session, header) as (backend, guards):
        name = header.operation
        run(session, backend, lambda watch: resume_operation(backend, name, guards, watch))


@click.command(
    "apply",
    cls=Command,
    examples=[
        "jobctl apply timeouts.jsonl  # made by: jobctl retries discard .. --plan timeouts.jsonl",
        "jobctl apply timeouts.jsonl --yes -o json",
    ],
)
@click.argument("plan", type=click.Path(path_type=Path))
@answer_options
@shared_options
@click.pass_obj
def apply(session: Session, plan: Path) -> None:
    """Do what a plan says, to exactly its jobs.

    A plan is made by --plan FILE. What has left since then is counted as gone; what came since then
    is left alone.
    """
    with (
        OperationFile.open_plan(plan) as planned,
        _aimed(session, planned.header) as (backend, guards),
    ):
        author = provenance()
        run(session, backend, lambda watch: apply_plan(backend, planned, author, guards, watch))


@contextmanager
def _aimed(session: Session, header: Header) -> Iterator[tuple[Backend, Guards]]:
    """Open the Redis of an operation, once it is certain that its question finds an answer."""
    aim(session, header)
    check_answer(session)
    with connect(session) as backend:
        yield backend, read_guards(session)


def own_journal() -> Journal:
    """Return the journal of this user."""
    return Journal(operations_directory(os.environ))


def aim(session: Session, header: Header) -> None:
    """Choose the Redis for an operation: the one given, else the one its file names.

    The context it was made under comes with its password and its rules; so does what the
    environment names, where that is the same Redis.

    Raises:
        ConfigProblem: config.toml cannot be read, so the rules are unknown.
        Refused: its password was not kept, or it is about other records.
    """
    if session.flag("server_changed"):
        say(
            f"nobody checks whether this Redis holds the data of operation {header.operation}: if "
            "it holds other data, jobs of the old one get into it"
        )
    namespace = session.text("records_namespace")
    if header.kind is Kind.RECORDS and namespace not in (None, header.namespace):
        raise Refused(
            f"operation {header.operation} is of the records of {header.namespace}, not of "
            f"{namespace}",
            hint="leave --records-namespace out; nothing was changed",
        )
    if session.text("url") is not None or session.text("context") is not None:
        return
    if session.text("faktory_url") is None:
        level = _made_under(header) or _of_environment(header)
        if level is not None:
            session.level = _with_server(level, header)
            return
    if "***@" in header.server:
        raise Refused(
            f"operation {header.operation} is of {header.server}; its password was not kept",
            hint="give the whole URL with --url",
        )
    session.given["url"] = header.server
    session.level = _with_server(level_of(session), header)


def _with_server(level: SettingsLevel, header: Header) -> SettingsLevel:
    """Return a level with the Faktory server of an operation, unless it names one itself."""
    if level.faktory is not None or header.faktory is None:
        return level
    try:
        named = faktory_endpoint(os.environ)
        if named is not None and str(Address.parse(named.url)) == header.faktory:
            return replace(level, faktory=named)
    except UsageProblem:  # another server, or none at all
        pass
    if "***@" in header.faktory:
        return level
    return replace(level, faktory=Endpoint(header.faktory, "the operation's file"))


def _made_under(header: Header) -> SettingsLevel | None:
    name = header.context
    if name is None:
        return None
    try:
        level = context_level(find_context(name, os.environ), os.environ)
    except UnknownContext:
        level = None
    if level is None or not _is_of(level, header):
        say(f"context {name}, which this was made under, is not there any more: no rules apply")
        return None
    return level


def _of_environment(header: Header) -> SettingsLevel | None:
    try:
        level = choose_level(None, None, os.environ, lambda: None)
    except ConfigProblem:
        raise
    except UsageProblem:  # FAKTORY_PROVIDER: nobody asked for a server
        return None
    return level if _is_of(level, header) else None


def _is_of(level: SettingsLevel, header: Header) -> bool:
    """Check whether an operation was made on the Redis of a level."""
    if level.redis is None:
        return False
    try:
        return str(resolved(Target.parse(level.redis.url), os.environ)) == header.server
    except (BadUrl, Unreachable):
        return False


def _header(kept: Journal, operation: str) -> Header:
    with kept.open(operation, write=False) as file:
        return file.header


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
@output_options
@click.pass_obj
def ls(session: Session) -> None:
    """List operations, newest first."""
    entries = own_journal().entries(lambda error: say(error.message))
    rows = [entry.row() for entry in entries]
    write_rows(session, rows, KEYS, time.time(), ident="operation")


@journal.command(
    "show",
    examples=["jobctl journal show 7f3a09c2", "jobctl journal show 7f3a --jobs -o jsonl"],
)
@click.argument("operation", shell_complete=complete_operations)
@click.option("--jobs", is_flag=True, help="List its jobs, and what became of each.")
@output_options
@click.pass_obj
def show(session: Session, operation: str, jobs: bool) -> None:
    """Show an operation: who asked for what, and what became of it."""
    with own_journal().open(operation, write=False) as file:
        if jobs:
            rows: Iterator[Row] = outcomes(file)
            keys = outcome_keys(file)
            write_rows(session, rows, keys, time.time(), ident=keys[0])
            return
        document = tell(file)
    write_facts(session, document, ident="operation")


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
@output_options
@click.pass_obj
def prune(session: Session, older_than: str, max_size: int, dry_run: bool) -> None:
    """Delete the files of old operations.

    Finished ones go by age, then the oldest until the rest is small enough. One that is unfinished
    or in use stays. What is deleted cannot be undone any more.
    """
    gone = own_journal().prune(
        older_than=parse_duration(older_than), most_bytes=max_size * 1024 * 1024, dry_run=dry_run
    )
    write_rows(session, [entry.row() for entry in gone], KEYS, time.time(), ident="operation")
    if gone and session.format.human:
        say(f"{len(gone):,} {'would be deleted' if dry_run else 'deleted'}")
