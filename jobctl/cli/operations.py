"""``jobctl undo``, ``resume`` and ``apply``: what an operation's file is for."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobctl.cli.completion import complete_undoable, complete_unfinished
from jobctl.cli.connect import level_of
from jobctl.cli.guarding import check_answer, read_guards
from jobctl.cli.helping import Command
from jobctl.cli.index import COMMANDS
from jobctl.cli.options import answer_options, option, shared_options
from jobctl.cli.output import say
from jobctl.cli.session import Session
from jobctl.errors import (
    BadUrl,
    ConfigProblem,
    Refused,
    UnknownContext,
    Unreachable,
    UsageProblem,
)
from jobctl.model.layout import Kind

if TYPE_CHECKING:
    from jobctl.config.levels import SettingsLevel
    from jobctl.model.operation import Header
    from jobctl.operations.journal import Journal


@click.command(
    "undo",
    cls=Command,
    help="""Put back what an operation changed: each job with its exact bytes and its score, as far
    as it is still where the operation left it. What ran or moved meanwhile is named.""",
    short_help=COMMANDS["undo"].summary,
    examples=["jobctl undo 7f3a09c2", "jobctl undo 7f3a --yes -o json"],
)
@click.argument("operation", shell_complete=complete_undoable)
@option(
    "Options",
    "--without-pause",
    is_flag=True,
    help="Put the jobs of a removed queue back also where its pause cannot come back: they run.",
)
@answer_options()
@shared_options()
@click.pass_obj
def undo(session: Session, operation: str) -> None:
    """Undo an operation."""
    from jobctl.cli.reporting import run
    from jobctl.operations.undoing import check_undoable
    from jobctl.operations.undoing import undo as undo_operation

    header = _header(journal(), operation)
    check_undoable(header)
    aim(session, header)
    check_answer(session)
    with session.connect() as backend:
        name, guards = header.operation, read_guards(session)
        run(session, backend, lambda o: undo_operation(backend, name, guards, o), "put back")


@click.command(
    "resume",
    cls=Command,
    help="""Go on with an operation that was stopped: by Ctrl-C, a lost connection, a crash. What
    was done is not done again; the report counts all of it.""",
    short_help=COMMANDS["resume"].summary,
    examples=["jobctl resume 7f3a09c2", "jobctl resume 7f3a --yes"],
)
@click.argument("operation", shell_complete=complete_unfinished)
@answer_options()
@shared_options()
@click.pass_obj
def resume(session: Session, operation: str) -> None:
    """Resume an operation."""
    from jobctl.cli.reporting import run
    from jobctl.operations.resuming import resume as resume_operation

    header = _header(journal(), operation)
    aim(session, header)
    check_answer(session)
    with session.connect() as backend:
        name, guards = header.operation, read_guards(session)
        done = header.change.verb.row.done
        run(session, backend, lambda o: resume_operation(backend, name, guards, o), done)


@click.command(
    "apply",
    cls=Command,
    help="""Do what a plan (--plan FILE) says, to exactly the jobs that are in it. What has left
    since then is counted as gone; what came since then is left alone.""",
    short_help=COMMANDS["apply"].summary,
    examples=[
        "jobctl apply timeouts.jsonl  # made by: jobctl retries discard .. --plan timeouts.jsonl",
        "jobctl apply timeouts.jsonl --yes -o json",
    ],
)
@click.argument("plan", type=click.Path(path_type=Path))
@answer_options()
@shared_options()
@click.pass_obj
def apply(session: Session, plan: Path) -> None:
    """Apply a plan."""
    from jobctl.cli.asker import provenance
    from jobctl.cli.reporting import run
    from jobctl.operations.file import OperationFile
    from jobctl.operations.resuming import apply as apply_plan

    with OperationFile.open_plan(plan) as planned:
        aim(session, planned.header)
        check_answer(session)
        with session.connect() as backend:
            guards, done = read_guards(session), planned.header.change.verb.row.done
            run(
                session,
                backend,
                lambda o: apply_plan(backend, planned, provenance(), guards, o),
                done,
            )


def journal() -> Journal:
    """Return the journal of this user."""
    from jobctl.config.levels import operations_directory
    from jobctl.operations.journal import Journal

    return Journal(operations_directory(os.environ))


def aim(session: Session, header: Header) -> None:
    """Settle which Redis an operation's command talks to: what is given, else what its file names.

    The context it was made under comes with its password and its rules; so does what the
    environment names, where that is the same Redis.

    Raises:
        ConfigProblem: config.toml cannot be read, so that nobody knows the rules.
        Refused: a password is needed, and nobody gave it; or it is of other records.
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
    """Return a level with the server that an operation spoke to, where it names none."""
    from jobctl.config.levels import Endpoint, faktory_endpoint
    from jobctl.model.target import Address

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
    from jobctl.config.contexts import find_context
    from jobctl.config.levels import context_level

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
    from jobctl.config.levels import choose_level

    try:
        level = choose_level(None, None, os.environ, lambda: None)
    except ConfigProblem:
        raise
    except UsageProblem:  # FAKTORY_PROVIDER: nobody asked for a server
        return None
    return level if _is_of(level, header) else None


def _is_of(level: SettingsLevel, header: Header) -> bool:
    """Tell whether an operation is of the Redis of a level."""
    from jobctl import Target
    from jobctl.connecting import resolved

    if level.redis is None:
        return False
    try:
        return str(resolved(Target.parse(level.redis.url), os.environ)) == header.server
    except (BadUrl, Unreachable):
        return False


def _header(kept: Journal, operation: str) -> Header:
    with kept.open(operation, write=False) as file:
        return file.header
