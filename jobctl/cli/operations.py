"""``jobctl undo``, ``resume`` and ``apply``: what an operation's file is for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobctl.cli.completing import complete_operations
from jobctl.cli.guarding import answer_options, check_answer
from jobctl.cli.helping import Command
from jobctl.cli.index import COMMANDS
from jobctl.cli.options import shared_options
from jobctl.cli.session import Session

if TYPE_CHECKING:
    from jobctl import Store
    from jobctl.actions.operations.journal import Journal
    from jobctl.model.operation import Header


@click.command(
    "undo",
    cls=Command,
    help="""Put back what an operation changed: each job with its exact bytes and its score, as far
    as it is still where the operation left it. What ran or moved meanwhile is named.""",
    short_help=COMMANDS["undo"].summary,
    examples=["jobctl undo 7f3a09c2", "jobctl undo 7f3a --yes -o json"],
)
@click.argument("operation", shell_complete=complete_operations)
@answer_options()
@shared_options()
@click.pass_obj
def undo(session: Session, operation: str) -> None:
    """Undo an operation."""
    from jobctl.cli.reporting import run

    header = _header(journal(), operation)
    check_answer(session)
    with connected(session, header) as store:
        run(session, store, lambda watch: store.undo(header.operation, watch=watch), "put back")


@click.command(
    "resume",
    cls=Command,
    help="""Go on with an operation that was stopped: by Ctrl-C, a lost connection, a crash. What
    was done is not done again; the report counts all of it.""",
    short_help=COMMANDS["resume"].summary,
    examples=["jobctl resume 7f3a09c2", "jobctl resume 7f3a --yes"],
)
@click.argument("operation", shell_complete=complete_operations)
@answer_options()
@shared_options()
@click.pass_obj
def resume(session: Session, operation: str) -> None:
    """Resume an operation."""
    from jobctl.cli.reporting import run

    header = _header(journal(), operation)
    check_answer(session)
    with connected(session, header) as store:
        done = header.change.done
        run(session, store, lambda watch: store.resume(header.operation, watch=watch), done)


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
    from jobctl.actions.operations.file import OperationFile
    from jobctl.cli.reporting import run

    with OperationFile.open(plan, write=False) as file:
        header = file.header
    check_answer(session)
    with connected(session, header) as store:
        done = header.change.done
        run(session, store, lambda watch: store.apply(plan, watch=watch), done)


def journal() -> Journal:
    """Return the journal of this user."""
    from jobctl.actions.operations.journal import Journal
    from jobctl.config import operations_directory

    return Journal(operations_directory(os.environ))


def connected(session: Session, header: Header) -> Store:
    """Open the Redis that an operation is of: the one that is given, else the one it names.

    Raises:
        Refused: its password is needed, and nobody gave it.
    """
    if header.faktory is not None and session.text("faktory_url") is None:
        found = _faktory_url(header)
        if found is not None:
            session.given["faktory_url"] = found
    if session.text("url") is not None:
        return session.connect()
    return session.connect(_url(header))


def _url(header: Header) -> str:
    """Return the URL of an operation's Redis; with the password, where the environment has it."""
    from jobctl import Target
    from jobctl.config import choose_level
    from jobctl.errors import JobctlError, Refused

    door = choose_level(None, None, os.environ, lambda: None).redis
    try:
        if door is not None and str(Target.parse(door.url)) == header.server:
            return door.url
    except JobctlError:
        pass
    if "***@" in header.server:
        raise Refused(
            f"operation {header.operation} is of {header.server}; its password was not kept",
            hint="give the whole URL with --url",
        )
    return header.server


def _faktory_url(header: Header) -> str | None:
    """Return the URL of the server that an operation asked; None where its password is not known.

    It has the password where the environment names this very server.
    """
    from jobctl.config import faktory_door
    from jobctl.errors import JobctlError
    from jobctl.model.address import Address

    try:
        door = faktory_door(os.environ)
        if door is not None and str(Address.parse(door.url)) == header.faktory:
            return door.url
    except JobctlError:
        pass
    return None if "***@" in (header.faktory or "") else header.faktory


def _header(kept: Journal, operation: str) -> Header:
    with kept.open(operation, write=False) as file:
        return file.header
