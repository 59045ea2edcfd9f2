"""``jobctl record delete|request-kill|mark|cleanup``: changes to many records at once."""

from __future__ import annotations

from collections.abc import Callable
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobctl.cli.helping import FILTERS, OWN, Command
from jobctl.cli.options import (
    all_of,
    guard_options,
    option,
    record_filter_options,
    shared,
    shared_options,
)
from jobctl.cli.session import Session
from jobctl.errors import UsageProblem

if TYPE_CHECKING:
    from jobctl.model.change import Change
    from jobctl.records.query import RecordWhere

_F = TypeVar("_F", bound=Callable[..., Any])

_rate = option(OWN, "--rate", metavar="N/s", help="At most so many records a second.")


def _chosen() -> Callable[[_F], _F]:
    """Add what chooses records: ids, and conditions."""
    return all_of([
        click.argument("named", nargs=-1, metavar="[ID...]"),
        record_filter_options(),
        shared(FILTERS, "--all", own=True),
    ])  # fmt: skip


def _guarded() -> Callable[[_F], _F]:
    return all_of([_rate, guard_options(), shared_options()])


@click.command(
    "delete",
    cls=Command,
    help="""Delete records, their index entries and archived attempts; jobctl undo puts them back.

    Ids (- reads them from stdin) and filters must all hold. What neither succeeded nor failed is
    refused without --force. Of ids that are named, index entries without a record go as well.""",
    short_help="Delete records; undo puts them back.",
    examples=[
        "jobctl record delete 8f3a6c0d-2b91-4e57-a1c0-5d1f00c2a7e4",
        "jobctl record delete -w state=succeeded --older-than 3d --dry-run",
        "jobctl record delete -w 'job_name=Import and state=killed' --force --expect 40 --yes",
        "jobctl record delete - --yes < ids",
    ],
)
@_chosen()
@option(OWN, "--force", is_flag=True, help="Also those that neither succeeded nor failed.")
@_guarded()
@click.pass_obj
def delete(session: Session, named: tuple[str, ...]) -> None:
    """Delete records."""
    from jobctl.model.change import Change
    from jobctl.model.verbs import Verb

    rate = _read_rate(session)
    change = Change(Verb.DELETE, force=session.flag("force"), rate=rate)
    _run(session, change, _where(session, named), _text(session, named))


@click.command(
    "request-kill",
    cls=Command,
    help="""Ask for the end of the records' jobs. A job that looks (kill_requested) can end itself
    and mark its record killed; the first request stays. Ids (- reads them from stdin) and filters
    must all hold. It cannot be undone.""",
    short_help="Ask for the end of the records' jobs.",
    examples=[
        "jobctl record request-kill 8f3a6c0d-2b91-4e57-a1c0-5d1f00c2a7e4",
        "jobctl record request-kill -w 'state=started and job_name=Import' --max 20 --yes",
    ],
)
@_chosen()
@_guarded()
@click.pass_obj
def request_kill(session: Session, named: tuple[str, ...]) -> None:
    """Ask for the end of jobs."""
    from jobctl.model.change import Change
    from jobctl.model.verbs import Verb

    change = Change(Verb.REQUEST_KILL, rate=_read_rate(session))
    _run(session, change, _where(session, named), _text(session, named))


@click.command(
    "mark",
    cls=Command,
    help="""Mark records: unqueued, queued, started, succeeded, failed, killed, unknown.

    The time of a state is kept where there is one from before. A record that is started once more
    restarts: what it was is kept as an attempt. Ids (- reads them from stdin) and filters must all
    hold. It cannot be undone. Ids that are typed are marked without asking, so that a job can do
    it; what is read or filtered is asked for.""",
    short_help="Mark records with a state.",
    examples=[
        'jobctl record mark succeeded "$ID"',
        "jobctl record mark killed -w 'state=started and started_at<-2d' --dry-run",
        "jobctl record mark unknown - --reason 'host 7 died' --yes < ids",
    ],
)
@click.argument("state")
@_chosen()
@_guarded()
@click.pass_obj
def mark(session: Session, state: str, named: tuple[str, ...]) -> None:
    """Mark records."""
    from jobctl.model.change import Change
    from jobctl.model.verbs import Verb

    if named and "-" not in named:  # a protected context asks for its name all the same
        session.given["yes"] = True
    change = Change(Verb.MARK, state=state, rate=_read_rate(session))
    _run(session, change, _where(session, named), _text(session, named))


@click.command(
    "cleanup",
    cls=Command,
    help="""Delete records that were recorded long ago and have succeeded or failed; with --force
    all of that age. Ids of which only index entries are left go as well. jobctl undo puts them
    back.""",
    short_help="Delete completed records by their age.",
    examples=[
        "jobctl record cleanup --older-than 12w --dry-run",
        "jobctl record cleanup --older-than 12w --yes --no-undo",
        "jobctl record cleanup --older-than 52w --force --max 10000",
    ],
)
@shared(FILTERS, "--older-than", own=True)
@option(OWN, "--force", is_flag=True, help="Whatever state they are in.")
@_guarded()
@click.pass_obj
def cleanup(session: Session) -> None:
    """Delete old records."""
    from jobctl.model.change import Change
    from jobctl.model.verbs import Verb
    from jobctl.records.query import RecordWhere

    ages = session.texts("older_than")
    if len(ages) != 1:
        raise UsageProblem("cleanup of how old records?", hint="--older-than 12w, once")
    force = session.flag("force")
    where = RecordWhere.older(ages[0], completed=not force)
    change = Change(Verb.DELETE, force=force, rate=_read_rate(session))
    _run(session, change, where, f"cleanup {session.filter_text()}")


COMMANDS = (delete, request_kill, mark, cleanup)


def _run(session: Session, change: Change, where: RecordWhere, text: str) -> None:
    """Do a change as the options ask for it, report, and exit with the report's code."""
    from jobctl.cli.reporting import run
    from jobctl.cli.verbs import read_request
    from jobctl.model.layout import Kind
    from jobctl.operations.performing import perform

    request = read_request(session, Kind.RECORDS, change, where, text)
    with session.connect() as backend:
        run(
            session,
            backend,
            lambda o: perform(backend, request, o),
            change.verb.row.done,
        )


def _where(session: Session, named: tuple[str, ...]) -> RecordWhere:
    from jobctl.cli.query import conditions
    from jobctl.cli.stdin import read_ids
    from jobctl.records.query import RecordWhere

    return RecordWhere(read_ids(named, "an id") if named else None, conditions(session))


def _text(session: Session, named: tuple[str, ...]) -> str:
    return " ".join([*map(quote, named), session.filter_text()]).strip()


def _read_rate(session: Session) -> float | None:
    from jobctl.model.times import parse_rate

    rate = session.text("rate")
    return None if rate is None else parse_rate(rate)
