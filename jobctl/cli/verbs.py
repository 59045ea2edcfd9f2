"""The verbs of retries, scheduled and dead, and ``jobctl mutate``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from jobctl.cli.command import OWN, Command, Session
from jobctl.cli.completion import complete_queues
from jobctl.cli.filters import explained, filter_text, read_where
from jobctl.cli.options import (
    all_of,
    all_option,
    filter_options,
    guard_options,
    option,
    shared_options,
)
from jobctl.cli.streams import open_stdin, read_duration
from jobctl.filter.where import Where
from jobctl.model.layout import Kind
from jobctl.model.times import parse_moment, parse_rate
from jobctl.model.verbs import Change, Verb

_F = TypeVar("_F", bound=Callable[..., Any])
_ABOUT_DEAD = {Verb.KILL: "Purge dead jobs later: 180 days from now."}
_OWN_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "--at": option(
        OWN, "--at", metavar="T", help="To a time: RFC 3339, monday, +2h, epoch seconds."
    ),
    "--to": option(
        OWN, "--to", metavar="QUEUE", shell_complete=complete_queues,
        help="To this queue, instead of each job's own.",
    ),
    "--front": option(OWN, "--front", is_flag=True, help="To run next, in their order."),
    "--reset-retries": option(
        OWN, "--reset-retries", is_flag=True,
        help="Take the failure out: the job gets all its retries again.",
    ),
    "--in": option(
        OWN, "--in", "delay", metavar="D", help="To D from now; a requeue moves them to scheduled."
    ),
    "--spread": option(
        OWN, "--spread", metavar="D", help="Likewise, but evenly over D, so that nothing floods."
    ),
    "--break-batch": option(
        OWN, "--break-batch", is_flag=True, help="Also jobs in a batch, which count as done then."
    ),
    "--force": option(
        OWN, "--force", is_flag=True, help="Also records that neither succeeded nor failed."
    ),
    "--rate": option(OWN, "--rate", metavar="N/s", help="At most so many a second."),
}  # fmt: skip


def own_options(verb: Verb) -> Callable[[_F], _F]:
    """Add the options that the table of verbs has for one."""
    return all_of([_OWN_OPTIONS[name] for name in verb.row.options])


def read_change(session: Session, verb: Verb) -> Change:
    """Return a verb with the options it was given.

    Raises:
        UsageProblem: one of them makes no sense.
    """
    at, rate = session.text("at"), session.text("rate")
    return Change(
        verb,
        at=None if at is None else parse_moment(at, time.time(), ahead=True).epoch(),
        delay=read_duration(session, "delay"),
        spread=read_duration(session, "spread"),
        to=session.text("to"),
        front=session.flag("front") or verb is Verb.RELEASE,
        reset_retries=session.flag("reset_retries"),
        break_batch=session.flag("break_batch"),
        force=session.flag("force"),
        rate=None if rate is None else parse_rate(rate),
    )


def verbs_of(kind: Kind) -> list[Verb]:
    """Return the verbs that a structure has."""
    return [verb for verb in Verb if kind in verb.row.kinds]


def verb_command(kind: Kind, verb: Verb) -> click.Command:
    """Make the command of a verb on a set."""
    row = verb.row
    about = _ABOUT_DEAD.get(verb, row.about) if kind is Kind.DEAD else row.about
    filters: list[Callable[[Any], Any]] = []
    if verb is not Verb.CLEAR:
        filters = [filter_options, all_option]

    @click.command(
        verb.value,
        cls=Command,
        help=f"{about} {row.more}".strip().replace(". ", ".\n\n", 1),
        examples=_examples(kind, verb),
    )
    @own_options(verb)
    @all_of(filters)
    @guard_options
    @shared_options
    @click.pass_obj
    def command(session: Session) -> None:
        from jobctl.cli.change import make_change  # ls does without the engine

        change, where = read_change(session, verb), read_where(session, kind)
        if not explained(session, kind, where):
            text = filter_text(session) if filters else ""
            make_change(session, kind, change, text, where=where)

    return command


def _examples(kind: Kind, verb: Verb) -> list[str]:
    if verb is Verb.RESCHEDULE and kind is Kind.DEAD:
        return [
            f"jobctl {kind.value} {verb} --help  # not for dead jobs: jobctl dead requeue --in 1h"
        ]
    return [example.replace("{set}", kind.value) for example in verb.row.examples]


_DOCUMENTS = (
    '{"cmd":"discard","target":"scheduled","filter":{"jobtype":"QuickbooksSyncJob"}}',
    '{"cmd":"requeue","target":"retries","filter":{"regexp":"*\\"args\\":[\\"bob\\"*"}}',
)


@click.command(
    "mutate",
    cls=Command,
    examples=[f"jobctl mutate --dry-run '{document}'" for document in _DOCUMENTS]
    + ["jobctl mutate --yes - < document.json"],
)
@click.argument("words", nargs=-1, required=True, metavar="DOCUMENT|-")
@guard_options
@shared_options
@click.pass_obj
def mutate(session: Session, words: Sequence[str]) -> None:
    """Do what a MUTATE document of Faktory says.

    It has cmd (kill, discard, requeue, clear), target (retries, scheduled, dead) and filter
    (jobtype, jids, regexp: all that are given must hold). Only an absent filter means every job. -
    reads the document from stdin. A command line as it was sent to the server, MUTATE {..}, will
    do.

    Unlike the server it tests the fields themselves, moves each job atomically, counts, asks first,
    and can be undone.
    """
    from jobctl.cli.change import make_change
    from jobctl.systems.faktory.mutation import read_mutation

    document = " ".join(words)
    stdin = document == "-"
    mutation = read_mutation(open_stdin("the document").read() if stdin else document)
    where = Where() if mutation.flags is None else mutation.flags.where()
    if mutation.flags is None:
        session.given["everything"] = True
    text = f"mutate {'(from stdin)' if stdin else document}"
    make_change(session, mutation.target, Change(Verb(mutation.verb)), text, where=where)
