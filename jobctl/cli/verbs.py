"""``jobctl retries|scheduled|dead kill|discard|requeue|reschedule|clear``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobctl.cli.completion import complete_queues
from jobctl.cli.guarding import check_answer, read_guards, wants_histogram
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
from jobctl.model.verbs import Verb

if TYPE_CHECKING:
    from jobctl.filter.where import Where
    from jobctl.model.change import Change
    from jobctl.model.verbs import Verb
    from jobctl.operations.request import Request
    from jobctl.records.query import RecordWhere

_F = TypeVar("_F", bound=Callable[..., Any])

_ABOUT_DEAD = {Verb.KILL: "Purge dead jobs later: 180 days from now."}


def verb_commands(kind: Kind) -> list[click.Command]:
    """Make the verbs of one set."""
    return [_verb(kind, verb) for verb in Verb if kind in verb.row.kinds]


def _verb(kind: Kind, verb: Verb) -> click.Command:
    name, row = verb.value, verb.row
    about = _ABOUT_DEAD.get(verb, row.about) if kind is Kind.DEAD else row.about

    @click.command(
        name,
        cls=Command,
        help=f"{about} {row.more}".strip().replace(". ", ".\n\n", 1),
        short_help=f"{about.partition('. ')[0].removesuffix('.')}.",
        examples=_examples(kind, verb),
    )
    @_own_options(verb)
    @_filters(verb)
    @guard_options()
    @shared_options()
    @click.pass_obj
    def command(session: Session) -> None:
        change, where = read_change(session, verb), session.where(kind)
        if session.explains(kind, where):
            return
        text = session.filter_text() if verb is not Verb.CLEAR else ""
        run_change(session, kind, change, where, text)

    return command


def run_change(session: Session, kind: Kind, change: Change, where: Where, text: str) -> None:
    """Do a change as the options ask for it, report, and exit with the report's code.

    Raises:
        UsageProblem: it makes no sense; nothing was connected.
        Refused: a guard says no.
    """
    from jobctl.cli.reporting import run
    from jobctl.operations.performing import perform

    request = read_request(session, kind, change, where, text)
    with session.connect() as backend:
        request = _by_server_clock(session, request, backend.server.now())
        run(session, backend, lambda o: perform(backend, request, o), change.verb.row.done)


def _by_server_clock(session: Session, request: Request, now: float) -> Request:
    """Return a request whose ``--at +2h`` counts from the server's clock, which says `now`."""
    from dataclasses import replace

    from jobctl.model.times import parse_moment

    at = session.text("at")
    if at is None:
        return request
    moment = parse_moment(at, now, ahead=True).epoch()
    return replace(request, change=replace(request.change, at=moment))


def read_request(
    session: Session, kind: Kind, change: Change, where: Where | RecordWhere, text: str
) -> Request:
    """Return a change of jobs or records as the options ask for it, checked.

    Raises:
        UsageProblem: it makes no sense.
        Refused: the context forbids it, or wants a reason; or nobody is there to answer.
    """
    from jobctl.cli.asker import provenance
    from jobctl.operations.request import Request

    plan = session.text("plan")
    request = Request(
        kind=kind,
        change=change,
        where=where,
        guards=read_guards(session),
        plan=None if plan is None else Path(plan),
        text=text,
        author=provenance(),
        histogram=wants_histogram(session),
    )
    return check_request(session, request)


def check_request(session: Session, request: Request) -> Request:
    """Check all that can be checked before there is a connection, and return the request.

    Raises:
        UsageProblem: it makes no sense.
        Refused: the context forbids it, or wants a reason; or nobody is there to answer.
    """
    request.check()
    request.under(session.rules).check()  # what keeps no journal allows less
    check_answer(session, name=request.typed)
    return request


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


def _filters(verb: Verb) -> Callable[[_F], _F]:
    if verb is Verb.CLEAR:
        return all_of([])
    return all_of([filter_options(), shared(FILTERS, "--all", own=True)])


def _own_options(verb: Verb) -> Callable[[_F], _F]:
    return all_of([_option(name, verb) for name in verb.row.options])


def _option(name: str, verb: Verb) -> Callable[[_F], _F]:
    """Return one of the options that a verb may have for its own."""
    options: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
        "--rate": (OWN, (), {"metavar": "N/s", "help": "At most so many jobs a second."}),
        "--spread": (
            "Options",
            (),
            {"metavar": "D", "help": "Likewise, but evenly over D, so that nothing floods."},
        ),
        "--in": (OWN, ("delay",), {"metavar": "D", "help": _IN.get(verb, "")}),
        "--at": (
            OWN,
            (),
            {"metavar": "T", "help": "To a time: RFC 3339, monday, +2h, epoch seconds."},
        ),
        "--to": (
            OWN,
            (),
            {
                "metavar": "QUEUE",
                "shell_complete": complete_queues,
                "help": "To this queue, instead of each job's own.",
            },
        ),
        "--front": (OWN, (), {"is_flag": True, "help": "To run next, in their order."}),
        "--reset-retries": (
            OWN,
            (),
            {
                "is_flag": True,
                "help": "Take the failure out: the job gets all its retries again.",
            },
        ),
    }
    group, names, settings = options[name]
    return option(group, name, *names, **settings)


_IN = {
    Verb.REQUEUE: "To scheduled instead, all from D from now on.",
    Verb.RESCHEDULE: "To D from now.",
}


def _examples(kind: Kind, verb: Verb) -> list[str]:
    if verb is Verb.RESCHEDULE and kind is Kind.DEAD:
        return [
            f"jobctl {kind.value} {verb} --help  # not for dead jobs: jobctl dead requeue --in 1h"
        ]
    return [example.replace("{set}", kind.value) for example in verb.row.examples]
