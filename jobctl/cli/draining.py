"""``jobctl queue drain``: wait until nobody works on a queue's jobs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from jobctl.cli.helping import Command
from jobctl.cli.options import all_of, option, shared_options
from jobctl.cli.pausing import (
    author,
    glob_option,
    names_argument,
    read_naming,
    reason_option,
    resume_command,
)
from jobctl.cli.session import Session
from jobctl.cli.wiring import note_doors
from jobctl.cli.writing import say, write_document, write_rows
from jobctl.errors import JobctlError, NotTaken
from jobctl.model.words import listed
from jobctl.render.safe import printable

if TYPE_CHECKING:
    from jobctl import Store
    from jobctl.backend import Doors
    from jobctl.queues.draining import Drain, Drained
    from jobctl.queues.naming import Naming

ignore_expired_option = option(
    "Options", "--ignore-expired", is_flag=True,
    help="Do not wait for reservations that have expired; their workers may be late, not gone.",
)  # fmt: skip
_COLUMNS = ("queues", "idle", "running", "waiting", "seconds", "expired")


@click.command(
    "drain",
    cls=Command,
    short_help="Wait until nobody works on a queue's jobs.",
    help="""Wait until queues are idle: no reservation of their jobs in every look over three
    seconds, counted from the pause; with --empty no job waits in them either. Exit 0: idle; 6: time
    is up, what is paused stays so; 130: interrupted, likewise.""",
    examples=[
        "jobctl queue drain mailers --pause --timeout 10m",
        "jobctl queue drain '*' --timeout 10m    # of queues that are paused already",
        "jobctl queue drain imports --empty    # until the last job is done",
    ],
)
@names_argument
@all_of([
    glob_option,
    option("Options", "--pause", is_flag=True, help="Pause them first."),
    ignore_expired_option,
    option("Options", "--empty", is_flag=True, help="Also wait until no job waits in them."),
    option(
        "Options", "--timeout", metavar="D", help="Give up after D: 90s, 15m; else without a limit."
    ),
    reason_option,
])  # fmt: skip
@shared_options()
@click.pass_obj
def drain_command(session: Session, names: Sequence[str]) -> None:
    """Wait until queues are idle."""
    from jobctl.cli.waiting import wait

    naming = read_naming(session, names)
    timeout = read_timeout(session.text("timeout"))
    with session.doors() as doors:
        note_doors(doors)
        store = doors.redis("queue drain")
        wanted, way = _prepare(session, doors, naming, timeout)
        try:
            ended = wait(session, store, wanted)
        except (KeyboardInterrupt, JobctlError) as error:
            if way is not None and isinstance(error, JobctlError):
                error.hint = way
            elif way is not None:
                say(way)
            raise
    _finish(session, wanted, ended, way)


def read_timeout(text: str | None) -> float | None:
    """Return seconds of a duration that was typed."""
    from jobctl.model.times import parse_duration

    return None if text is None else parse_duration(text)


def _prepare(
    session: Session, doors: Doors, naming: Naming, timeout: float | None
) -> tuple[Drain, str | None]:
    """Pause where that is asked for; return what to wait for, and how to resume what it paused."""
    from jobctl.queues.draining import Drain
    from jobctl.queues.listing_queues import pending_pauses
    from jobctl.queues.naming import find_meant
    from jobctl.queues.pausing import pause

    if session.flag("pause"):
        outcome = pause(doors, naming, author(session, doors), offered=False)
        for text in (*outcome.warnings, *filter(None, (q.problem for q in outcome.queues))):
            say(f"warning: {text}")
        if outcome.failed:
            raise NotTaken(
                "not every queue could be paused; those that were stay so",
                hint=_way(session, [queue.queue for queue in outcome.queues if queue.changed]),
            )
        names = [queue.queue for queue in outcome.queues]
        paused = names
        mine = [queue.queue for queue in outcome.queues if queue.changed]
    else:
        meant = find_meant(doors, naming, also_paused=True)
        names, mine = meant.names, []
        pending = pending_pauses(doors.redis("queue drain"))
        paused = [name for name in names if name in (meant.paused or ()) and name not in pending]
    _warn(doors.redis("queue drain"), names, paused, empty=session.flag("empty"))
    way = _way(session, mine, naming.words() if len(mine) == len(names) else None)
    empty, ignore = session.flag("empty"), session.flag("ignore_expired")
    return Drain(names, empty, timeout, ignore), way


def _warn(store: Store, names: Sequence[str], paused: Sequence[str], *, empty: bool) -> None:
    running = [name for name in names if name not in paused]
    if running and not empty:
        say(f"not paused, so that new jobs start meanwhile: {listed(running)} (--pause)")
    if empty and paused:
        full = [q.name for q in store.queues.named() if q.name in paused and q.size]
        if full:
            say(f"paused with jobs in it, which do not run until it is resumed: {listed(full)}")


def _way(session: Session, paused: Sequence[str], words: str | None = None) -> str | None:
    """Return how to resume what this command paused; `words`: as typed, where that is all."""
    if not paused:
        return None
    return f"paused still; resume: {resume_command(session, words or shlex.join(paused))}"


def _finish(session: Session, wanted: Drain, ended: Drained, way: str | None) -> None:
    row = ended.document()
    if session.in_json:
        write_document(session, row)
    elif not session.format.human:
        write_rows(session, [row], _COLUMNS, 0.0, ident="queues")
    elif ended.idle:
        click.echo(printable(f"idle after {ended.seconds:.0f} s: {listed(ended.names)}"))
    if ended.idle:
        if way is not None and session.format.human:
            say(way)
        return
    problem = ended.problem(wanted)
    problem.hint = way
    raise problem
