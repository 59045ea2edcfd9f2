"""``jobctl retries|scheduled|dead kill|discard|requeue|reschedule|clear``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobctl.cli.completion import complete_queues
from jobctl.cli.guarding import check_answer, read_guards
from jobctl.cli.helping import FILTERS, OWN, Command
from jobctl.cli.options import (
    all_of,
    filter_options,
    guard_options,
    option,
    shared,
    shared_options,
)
from jobctl.cli.session import Session
from jobctl.model.layout import Kind

if TYPE_CHECKING:
    from jobctl.filter.where import Where
    from jobctl.model.change import Change, Verb
    from jobctl.operations.performing import Order
    from jobctl.records.query import RecordWhere

_F = TypeVar("_F", bound=Callable[..., Any])

_ABOUT = {
    "kill": "Move jobs to dead. Their bytes stay as they are; they are purged 180 days from now.",
    "discard": "Remove jobs. jobctl undo puts them back.",
    "requeue": "Move jobs to their queues. They go in order of score, with a fresh enqueued_at.",
    "reschedule": "Give jobs another time.",
    "clear": "Remove every job. jobctl undo puts them back, unless --no-undo is given.",
}
_ABOUT_DEAD = {"kill": "Purge dead jobs later: 180 days from now."}
_MORE = {
    "requeue": "The retry count is kept: a job out of retries goes back to dead at its next "
    "failure, unless --reset-retries is given.",
    "clear": "It asks for the set's name; --confirm NAME answers it.",
}


def verb_commands(kind: Kind) -> list[click.Command]:
    """Make the verbs of one set."""
    return [_verb(kind, name) for name in _ABOUT]


def _verb(kind: Kind, name: str) -> click.Command:
    about = _ABOUT_DEAD.get(name, _ABOUT[name]) if kind is Kind.DEAD else _ABOUT[name]

    @click.command(
        name,
        cls=Command,
        help=f"{about} {_MORE.get(name, '')}".strip().replace(". ", ".\n\n", 1),
        short_help=f"{about.partition('. ')[0].removesuffix('.')}.",
        examples=_examples(kind, name),
    )
    @_own_options(name)
    @_filters(name)
    @guard_options()
    @shared_options()
    @click.pass_obj
    def verb(session: Session) -> None:
        from jobctl.model.change import Verb

        change, where = read_change(session, Verb(name)), session.where(kind)
        if session.explains(kind, where):
            return
        text = session.filter_text() if name != "clear" else ""
        run_change(session, kind, change, where, text)

    return verb


def run_change(session: Session, kind: Kind, change: Change, where: Where, text: str) -> None:
    """Do a change as the options ask for it, report, and exit with the report's code.

    Raises:
        UsageProblem: it makes no sense; nothing was connected.
        Refused: a guard says no.
    """
    from jobctl.cli.reporting import run
    from jobctl.model.change import Verb
    from jobctl.operations.performing import perform

    order = check_order(session, read_order(session, change, where, text), kind)
    check_answer(session, name=kind.value if change.verb is Verb.CLEAR else None)
    with session.connect() as backend:
        order = _by_server_clock(session, order, backend.server.now())
        run(session, backend, lambda w: perform(backend, kind, order, w), change.done)


def _by_server_clock(session: Session, order: Order, now: float) -> Order:
    """Return an order whose ``--at +2h`` counts from the server's clock; `now` is what it says."""
    from dataclasses import replace

    from jobctl.model.times import parse_moment

    at = session.text("at")
    if at is None:
        return order
    return replace(
        order, change=replace(order.change, at=parse_moment(at, now, ahead=True).epoch())
    )


def read_order(session: Session, change: Change, where: Where | RecordWhere, text: str) -> Order:
    """Return a change as the options ask for it."""
    from jobctl.cli.asker import command_line, host, who
    from jobctl.operations.performing import Order

    plan = session.text("plan")
    return Order(
        where=where,
        change=change,
        guards=read_guards(session),
        plan=None if plan is None else Path(plan),
        text=text,
        who=who(),
        host=host(),
        argv=command_line(),
    )


def check_order(session: Session, order: Order, kind: Kind) -> Order:
    """Return an order as the context has it done.

    Raises:
        UsageProblem: it makes no sense.
        Refused: the context forbids it, or wants a reason.
    """
    order.check(kind)
    order = order.under(session.rules)
    order.check(kind)  # what keeps no journal allows less
    return order


def read_change(session: Session, verb: Verb) -> Change:
    """Return how a verb is meant."""
    from time import time

    from jobctl.model.change import Change
    from jobctl.model.times import parse_duration, parse_moment, parse_rate

    delay, spread = session.text("delay"), session.text("spread")
    at, rate = session.text("at"), session.text("rate")
    return Change(
        verb,
        at=None if at is None else parse_moment(at, time(), ahead=True).epoch(),
        delay=None if delay is None else parse_duration(delay),
        spread=None if spread is None else parse_duration(spread),
        to=session.text("to"),
        front=session.flag("front"),
        reset_retries=session.flag("reset_retries"),
        rate=None if rate is None else parse_rate(rate),
    )


def _filters(name: str) -> Callable[[_F], _F]:
    if name == "clear":
        return all_of([])
    return all_of([filter_options(), shared(FILTERS, "--all", own=True)])


def _own_options(name: str) -> Callable[[_F], _F]:
    rate = option(OWN, "--rate", metavar="N/s", help="At most so many jobs a second.")
    if name not in _IN:
        return all_of([rate])
    spread = option(
        "Options",
        "--spread",
        metavar="D",
        help="Likewise, but evenly over D, so that nothing floods.",
    )
    later = [option(OWN, "--in", "delay", metavar="D", help=_IN[name]), spread, rate]
    if name == "reschedule":
        return all_of([
            option(
                OWN, "--at", metavar="T", help="To a time: RFC 3339, monday, +2h, epoch seconds.",
            ),
            *later,
        ])  # fmt: skip
    return all_of([
        option(
            OWN, "--to", metavar="QUEUE", shell_complete=complete_queues,
            help="To this queue, instead of each job's own.",
        ),
        option(OWN, "--front", is_flag=True, help="To run next, in their order."),
        option(
            OWN, "--reset-retries", is_flag=True,
            help="Take the failure out: the job gets all its retries again.",
        ),
        *later,
    ])  # fmt: skip


_IN = {
    "requeue": "To scheduled instead, all from D from now on.",
    "reschedule": "To D from now.",
}


def _examples(kind: Kind, name: str) -> list[str]:
    start = f"jobctl {kind.value} {name}"
    if name == "clear":
        return [f"{start} --dry-run", f"{start} --confirm {kind.value}"]
    if name == "reschedule" and kind is Kind.DEAD:
        return [f"{start} --help  # not for dead jobs: jobctl dead requeue --in 1h"]
    extra = {
        "requeue": [
            f"{start} --error Timeout --spread 30m --yes",
            f"{start} --all --to slow --rate 50/s --reason 'after the fix'",
        ],
        "reschedule": [
            f"{start} -w 'jobtype=SyncStock' --in 2h",
            f"{start} --all --spread 1h --expect 1200 --yes",
        ],
        "kill": [
            f"{start} --error 'NoMethodError' --older-than 2d --max 500",
            f"{start} --jid - --yes < jids",
        ],
        "discard": [
            f"{start} -w 'custom.tenant=acme and age>1w' --expect 40 --yes",
            f'{start} --match \'*"args":\\\\["bob"*\' --plan bobs.jsonl',
        ],
    }
    return [f"{start} --type SendEmail --dry-run", *extra[name]]
