"""``jobctl queue remove``: queues, their jobs and their pauses, gone; until an undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from jobctl.cli.completing import complete_queues
from jobctl.cli.guarding import GUARD, check_answer
from jobctl.cli.helping import Command
from jobctl.cli.options import all_of, option, shared_options
from jobctl.cli.session import Session

if TYPE_CHECKING:
    from jobctl.actions.removal.request import Removal

_WHOLE = click.IntRange(min=0)
_GUARDS = all_of([
    option(
        GUARD, "-n", "--dry-run", is_flag=True,
        help="Show what would be removed: counts, histogram, sample.",
    ),
    option(GUARD, "-y", "--yes", is_flag=True, hidden=True),
    option(
        GUARD, "--confirm", metavar="NAMES",
        help="Answer the question: the names as they were given, in one word: 'a b', '*'.",
    ),
    option(GUARD, "--expect", type=_WHOLE, metavar="N", help="Refuse unless N jobs wait."),
    option(GUARD, "--max", "most", type=_WHOLE, metavar="N", help="Refuse if more jobs wait."),
    option(GUARD, "--reason", metavar="TEXT", help="Why; kept with the operation."),
    option(GUARD, "--no-undo", is_flag=True, help="Keep no file: the jobs are gone for good."),
])  # fmt: skip


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
@_GUARDS
@shared_options()
@click.pass_obj
def remove(session: Session, names: Sequence[str]) -> None:
    """Remove queues."""
    from jobctl.actions.removal.removing import remove_queues
    from jobctl.cli.operations import journal
    from jobctl.cli.reporting import run

    order = _order(session, names)
    order.check()
    order.under(session.rules)
    check_answer(session, name=order.name)
    with session.doors() as doors:
        kept = journal()
        run(session, doors.store, lambda w: remove_queues(doors, kept, order, w), "removed")


def _order(session: Session, names: Sequence[str]) -> Removal:
    from jobctl.actions.removal.request import Removal
    from jobctl.cli.asker import command_line, host, who
    from jobctl.cli.guarding import read_guards

    return Removal(
        names=names,
        guards=read_guards(session),
        described=session.text("confirm") is None,
        who=who(),
        host=host(),
        argv=command_line(),
    )
