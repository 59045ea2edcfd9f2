"""``jobctl queue remove`` and ``queue adopt``: whole queues away, and old lists to new ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from jobctl.cli.completion import complete_queues
from jobctl.cli.guarding import read_guards, wants_histogram
from jobctl.cli.helping import Command
from jobctl.cli.options import queue_guard_options, shared_options
from jobctl.cli.session import Session
from jobctl.model.layout import Kind
from jobctl.model.verbs import Verb

if TYPE_CHECKING:
    from jobctl.operations.request import Request


@click.command(
    "remove",
    cls=Command,
    short_help="Delete queues and their jobs; jobctl undo puts them back.",
    help="""Delete queues: their jobs, their names, their pauses. '*' alone means all of them. Jobs
    that are being worked on are left alone.

    A running Faktory server has to be told (--faktory-url): it removes what it knows. A worker
    that asks for jobs of a queue, or a push to it, makes it anew.

    It asks for the name, several in one line; --confirm answers it. jobctl undo puts the jobs back
    in front, in their order, and the pause.""",
    examples=[
        "jobctl queue remove old-mailers --dry-run",
        "jobctl queue remove old-mailers --confirm old-mailers --expect 1200",
        "jobctl queue remove a b --confirm 'a b' --reason 'split into c'",
        "jobctl queue remove '*' --confirm '*' --faktory-url tcp://localhost -u redis://localhost",
    ],
)
@click.argument("names", nargs=-1, metavar="NAME...|'*'", shell_complete=complete_queues)
@queue_guard_options()
@shared_options()
@click.pass_obj
def remove(session: Session, names: Sequence[str]) -> None:
    """Remove queues."""
    from jobctl.cli.reporting import run
    from jobctl.operations.performing import perform

    request = _request(session, Verb.REMOVE, names)
    with session.connect_either() as backend:
        run(session, backend, lambda o: perform(backend, request, o), "removed")


@click.command(
    "adopt",
    cls=Command,
    short_help="Move jobs from lists that the server does not read.",
    help="""Move the jobs of lists that the server does not read to those that it reads. Servers
    from 1.10 on keep a queue in q:NAME and before that in NAME: one that is started on the data of
    another leaves its lists alone, and their jobs wait for ever. '*' alone means all of them.

    What the server reads is what it says (--faktory-url), what was noted of it at an earlier
    change, or what the lists tell; where nothing does, --layout says it. The jobs run next, in
    their order; their bytes stay as they are. jobctl undo puts back what has not run yet.""",
    examples=[
        "jobctl queue adopt '*' --dry-run",
        "jobctl queue adopt mailers --yes --expect 1200",
        "jobctl queue adopt '*' --layout q --reason 'upgrade to 1.10'",
    ],
)
@click.argument("names", nargs=-1, metavar="NAME...|'*'", shell_complete=complete_queues)
@queue_guard_options()
@shared_options()
@click.pass_obj
def adopt(session: Session, names: Sequence[str]) -> None:
    """Adopt lists."""
    from jobctl.cli.reporting import run
    from jobctl.operations.performing import perform

    request = _request(session, Verb.ADOPT, names)
    with session.connect() as backend:
        run(session, backend, lambda o: perform(backend, request, o), "adopted")


def _request(session: Session, verb: Verb, names: Sequence[str]) -> Request:
    """Return a change of queues as the options ask for it, checked."""
    from jobctl.cli.asker import provenance
    from jobctl.cli.verbs import check_request
    from jobctl.model.change import Change
    from jobctl.operations.request import Request

    dry_run, confirmed = session.flag("dry_run"), session.text("confirm") is not None
    request = Request(
        kind=Kind.QUEUE,
        change=Change(verb),
        names=tuple(names),
        guards=read_guards(session),
        text=" ".join(dict.fromkeys(names)),
        author=provenance(),
        histogram=dry_run or (not confirmed and wants_histogram(session)),
    )
    return check_request(session, request)
