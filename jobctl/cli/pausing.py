"""``jobctl queue pause`` and ``queue resume``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from time import time
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import Command, Session
from jobctl.cli.completion import complete_queues
from jobctl.cli.connect import connect_either, host, naming_options, note_passed_over, who
from jobctl.cli.options import all_of, option, shared_options
from jobctl.cli.streams import say, write_rows
from jobctl.errors import NotTaken, UsageProblem
from jobctl.model.queue import Author
from jobctl.model.words import listed
from jobctl.queues.naming import Naming
from jobctl.queues.pausing import KEYS, PauseReport, clear_dead
from jobctl.queues.pausing import pause as pause_queues
from jobctl.queues.pausing import resume as resume_queues
from jobctl.render.formats import printable

if TYPE_CHECKING:
    from jobctl.backend import Backend

names_argument = click.argument(
    "names", nargs=-1, metavar="NAME...", shell_complete=complete_queues
)
glob_option = option(
    "Options", "--glob", "queue_globs", multiple=True, metavar="GLOB",
    help="Queues whose name matches: 'mail*'. Names themselves are no patterns.",
)  # fmt: skip
reason_option = option("Options", "--reason", metavar="TEXT", help="Why; queue ls shows it.")
at_restart_option = option(
    "Options", "--at-restart", is_flag=True,
    help="Write it into Redis alone; a Faktory server reads it at its next start.",
)  # fmt: skip


@click.command(
    "pause",
    cls=Command,
    examples=[
        "jobctl queue pause mailers imports --reason 'deploy 4711'",
        "jobctl queue pause '*'",
        "jobctl queue pause --glob 'bulk-*'",
    ],
)
@names_argument
@all_of([glob_option, at_restart_option, reason_option])
@shared_options
@click.pass_obj
def pause(session: Session, names: Sequence[str]) -> None:
    """Pause queues: nothing in them runs until they are resumed.

    What runs already goes on. '*' alone means all queues. Pausing a paused queue is fine. Where the
    Faktory server is known (--faktory-url), it is told, and the effect verified. By Redis alone it
    is done only where no server runs: it would not notice before its restart.
    """
    naming = read_naming(session, names)
    with connect_either(session) as backend:
        note_passed_over(backend)
        at_restart = session.flag("at_restart")
        outcome = pause_queues(backend, naming, author(session, backend), at_restart=at_restart)
    _write(session, naming, outcome)


@click.command(
    "resume",
    cls=Command,
    examples=[
        "jobctl queue resume mailers imports",
        "jobctl queue resume --stale '*'   # after a deploy was killed; only what it held",
    ],
)
@names_argument
@all_of([
    glob_option,
    option("Options", "--force", is_flag=True, help="Also queues that somebody holds."),
    option("Options", "--stale", is_flag=True, help="Only clear holders that have died."),
    at_restart_option,
])  # fmt: skip
@shared_options
@click.pass_obj
def resume(session: Session, names: Sequence[str]) -> None:
    """Resume queues.

    '*' alone means all queues. Resuming one that is not paused is fine. One that jobctl queue hold
    holds is resumed by its last holder; by hand only with --force. --stale clears the holders that
    have died, and resumes what nobody else holds.
    """
    naming = read_naming(session, names)
    force, at_restart = session.flag("force"), session.flag("at_restart")
    if session.flag("stale") and (force or at_restart):
        other = "--force" if force else "--at-restart"
        raise UsageProblem(f"--stale clears dead holders and nothing else: no {other} with it")
    with connect_either(session) as backend:
        note_passed_over(backend)
        if session.flag("stale"):
            outcome = clear_dead(backend, naming)
        else:
            outcome = resume_queues(backend, naming, at_restart=at_restart, force=force)
    _write(session, naming, outcome)


def read_naming(session: Session, names: Sequence[str]) -> Naming:
    """Return the names and globs of the queues to act on.

    Raises:
        UsageProblem: none is named, or a name that no queue can have.
    """
    naming = Naming(tuple(names), session.texts("queue_globs"))
    naming.check()
    return naming


def author(session: Session, backend: Backend) -> Author:
    """Return who pauses, when and why."""
    now = time() if not backend.has_redis else backend.server.now()
    return Author(who(), host(), now, session.text("reason"))


def _write(session: Session, naming: Naming, outcome: PauseReport) -> None:
    for warning in outcome.warnings:
        say(f"warning: {warning}")
    if session.format.human:
        for line in _sentences(outcome):
            click.echo(line)
    else:
        write_rows(session, outcome.rows(), KEYS, 0.0, ident="queue")
        for queue in outcome.queues:
            if queue.note is not None and queue.paused and not queue.changed:
                say(f"{queue.queue}: {queue.note}")
    if not outcome.queues:
        say("no queue matches" if naming.globs else "there are no queues")
    way = how_to_resume(session, naming, outcome)
    if outcome.failed:
        raise _not_taken(outcome, way)
    if way is not None and session.format.human:
        say(f"resume: {way}")


def how_to_resume(session: Session, naming: Naming, outcome: PauseReport) -> str | None:
    """Return how to resume the queues that this command paused, and no others."""
    mine = [q for q in outcome.queues if q.changed is not False and q.problem is None]
    if outcome.action != "pause" or not mine:
        return None
    all_mine = len(mine) == len(outcome.queues)
    words = naming.words() if all_mine else shlex.join(q.queue for q in mine)
    return resume_command(session, f"{'--at-restart ' if mine[0].pending else ''}{words}")


def resume_command(session: Session, names: str) -> str:
    """Return the command that resumes queues of the same job system."""
    return f"jobctl{naming_options(session)} queue resume {names}"


def _not_taken(outcome: PauseReport, way: str | None) -> NotTaken:
    """Return the error for queues that could not be paused or resumed."""
    problems = [queue.problem for queue in outcome.queues if queue.problem is not None]
    more = f" (and {len(problems) - 1:,} more queues)" if len(problems) > 1 else ""
    hint = None if way is None else f"the others are paused; resume: {way}"
    return NotTaken(f"{problems[0]}{more}", hint=hint)


def _sentences(outcome: PauseReport) -> list[str]:
    fine = [q for q in outcome.queues if q.problem is None and (q.note is None or q.changed)]
    changed, already = _WORDS[outcome.action]
    groups = (
        (f"pending, {changed} once the server restarts", [q for q in fine if q.pending]),
        (changed, [q for q in fine if q.changed is not False and not q.pending]),
        (already, [q for q in fine if q.changed is False and not q.pending]),
    )
    lines = [f"{words}: {listed([q.queue for q in queues])}" for words, queues in groups if queues]
    lines += [f"{queue.queue}: {queue.note}" for queue in outcome.queues if queue.note is not None]
    return [printable(line) for line in lines]


_WORDS = {
    "pause": ("paused", "paused already"),
    "resume": ("resumed", "not paused anyway"),
}
