"""``jobctl queue drain`` waits until queues are idle; ``queue hold`` runs a command meanwhile."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import Command, Session
from jobctl.cli.connect import connect_either, note_passed_over, without_passwords
from jobctl.cli.options import all_of, connection_options, option, shared_options
from jobctl.cli.pausing import (
    author,
    glob_option,
    how_to_resume,
    names_argument,
    read_naming,
    reason_option,
    resume_command,
)
from jobctl.cli.streams import console, read_duration, say, write_document, write_rows
from jobctl.errors import JobctlError, NotTaken, UsageProblem
from jobctl.model.entry import listing_row
from jobctl.model.words import listed
from jobctl.queues.draining import Activity, Drain, DrainObserver, DrainResult, describe, drain
from jobctl.queues.holders import pending_pauses
from jobctl.queues.holding import NOT_FOUND, QueueHold, Signals, runnable
from jobctl.queues.naming import Naming, select_queues
from jobctl.queues.pausing import pause
from jobctl.render.formats import printable

if TYPE_CHECKING:
    from jobctl.backend import Backend
    from jobctl.render.progress import Waiting


ignore_expired_option = option(
    "Options", "--ignore-expired", is_flag=True,
    help="Do not wait for reservations that have expired; their workers may be late, not gone.",
)  # fmt: skip
_COLUMNS = ("queues", "idle", "running", "waiting", "seconds", "expired")


@click.command(
    "drain",
    cls=Command,
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
@shared_options
@click.pass_obj
def drain_command(session: Session, names: Sequence[str]) -> None:
    """Wait until nobody works on a queue's jobs.

    That is, until no look within three seconds, counted from the pause, finds a reservation. Exit
    code 0: idle; 6: time is up; 130: interrupted. What is paused stays paused.
    """
    naming = read_naming(session, names)
    timeout = read_duration(session, "timeout")
    with connect_either(session) as backend:
        note_passed_over(backend)
        backend.require_redis("queue drain")
        wanted, way = _prepare(session, backend, naming, timeout)
        try:
            ended = wait(session, backend, wanted)
        except (KeyboardInterrupt, JobctlError) as error:
            if way is not None and isinstance(error, JobctlError):
                error.hint = way
            elif way is not None:
                say(way)
            raise
    _finish(session, wanted, ended, way)


def _prepare(
    session: Session, backend: Backend, naming: Naming, timeout: float | None
) -> tuple[Drain, str | None]:
    """Pause if asked to; return what to wait for, and how to resume what was paused."""
    if session.flag("pause"):
        outcome = pause(backend, naming, author(session, backend), offered=False)
        for text in (*outcome.warnings, *filter(None, (q.problem for q in outcome.queues))):
            say(f"warning: {text}")
        command = how_to_resume(session, naming, outcome)
        way = None if command is None else f"paused still; resume: {command}"
        if outcome.failed:
            raise NotTaken("not every queue could be paused; those that were stay so", hint=way)
        names = paused = [queue.queue for queue in outcome.queues]
    else:
        meant = select_queues(backend, naming, also_paused=True)
        names, way = meant.names, None
        pending = pending_pauses(backend)
        paused = [name for name in names if name in (meant.paused or ()) and name not in pending]
    empty, ignore = session.flag("empty"), session.flag("ignore_expired")
    _warn_of_pauses(backend, names, paused, empty=empty)
    return Drain(names, empty, timeout, ignore), way


def _warn_of_pauses(
    backend: Backend, names: Sequence[str], paused: Sequence[str], *, empty: bool
) -> None:
    running = [name for name in names if name not in paused]
    if running and not empty:
        say(f"not paused, so new jobs may start: {listed(running)} (--pause)")
    if empty and paused:
        full = [q.name for q in backend.queues.named() if q.name in paused and q.size]
        if full:
            blocked = "paused with jobs in them, which do not run until they are resumed"
            say(f"{blocked}: {listed(full)}")


def _finish(session: Session, wanted: Drain, ended: DrainResult, way: str | None) -> None:
    row = ended.document()
    if session.in_json:
        write_document(session, row)
    elif not session.format.human:
        write_rows(session, [row], _COLUMNS, 0.0, ident="queues")
    if not ended.idle:
        problem = ended.problem(wanted)
        problem.hint = way
        raise problem
    if session.format.human:
        click.echo(printable(f"idle after {ended.seconds:.0f} s: {listed(ended.names)}"))
        if way is not None:
            say(way)


_PATIENCE = 0.7  # seconds before a live line is worth its import
_SHOWN = 5  # jobs of the live lines
_PLAIN_EVERY = (5.0, 60.0)  # seconds between two lines off a terminal, first and last


def wait(
    session: Session, backend: Backend, wanted: Drain, stopping: Callable[[], bool] = lambda: False
) -> DrainResult:
    """Wait until queues are idle, and show which jobs they wait for."""
    watch = _Watch(session, wanted, stopping, backend.server.now)
    try:
        return drain(backend, wanted, watch)
    finally:
        watch.close()


class _Watch(DrainObserver):
    """Show on stderr which jobs the queues wait for."""

    def __init__(
        self,
        session: Session,
        wanted: Drain,
        stopping: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        self._session = session
        self._wanted = wanted
        self._stopping = stopping
        self._now = now
        self._begun = self._told = time.monotonic()
        self._live: Waiting | None = None
        self._told_expired = False

    def waiting(self, activity: Activity) -> None:
        """Show the running jobs: live on a terminal, elsewhere a line now and then."""
        with suppress(OSError):  # the terminal is gone; the wait goes on
            self._show(activity)

    def _show(self, activity: Activity) -> None:
        now = time.monotonic()
        if activity.expired and self._live is None and not self._told_expired:
            self._told_expired = True
            self._say_expired(activity)
        if sys.stderr.isatty():
            if self._live is None and now - self._begun > _PATIENCE:
                from jobctl.render.progress import Waiting

                self._live = Waiting(console(self._session, sys.stderr))
            if self._live is not None:
                rows = [listing_row(entry) for entry in activity.running[:_SHOWN]]
                text = describe(activity, empty=self._wanted.empty, named=False)
                self._live.update(text, rows, now - self._begun, self._now())
        elif now - self._told > min(
            _PLAIN_EVERY[1], max(_PLAIN_EVERY[0], (now - self._begun) / 10)
        ):
            self._told = now
            say(f"{now - self._begun:.0f} s: {describe(activity, empty=self._wanted.empty)}")

    def _say_expired(self, activity: Activity) -> None:
        first, count = activity.expired[0], len(activity.expired)
        have = "1 reservation has" if count == 1 else f"{count:,} reservations have"
        way = "give jobs back: jobctl working release --stuck"
        if not self._wanted.ignore_expired:
            way += "; or do not wait for them: --ignore-expired"
        say(f"{have} expired ({first.jid or '?'}, at {first.at}): a worker is gone, or late; {way}")

    def stopping(self) -> bool:
        """Return whether to give up."""
        return self._stopping()

    def close(self) -> None:
        """Remove the live lines."""
        if self._live is not None:
            with suppress(OSError):
                self._live.stop()
        self._live = None


class _Hold(Command):
    """A command that is followed by ``--`` and another command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split at the first ``--``, which click would drop; the rest is the other command."""
        if "--" in args:
            at = args.index("--")
            ctx.ensure_object(Session).given["command"] = tuple(args[at + 1 :])
            args = args[:at]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Show the command in the usage line."""
        return [*super().collect_usage_pieces(ctx), "-- CMD ..."]


@click.command(
    "hold",
    cls=_Hold,
    examples=[
        "jobctl queue hold '*' -- ./migrate.sh",
        "jobctl queue hold mailers imports --drain 10m -- kamal deploy",
        "jobctl queue hold --glob 'bulk-*' --reason 'deploy 4711' -- make deploy",
    ],
)
@names_argument
@all_of([
    glob_option,
    option("Options", "--drain", "drain_for", metavar="D",
           help="Run the command once the queues are idle; give up after D: 90s, 15m."),
    ignore_expired_option,
    reason_option,
])  # fmt: skip
@connection_options
@click.pass_obj
def hold(session: Session, names: Sequence[str]) -> None:
    """Pause queues, run a command, resume them whatever becomes of it.

    Also after a failure, Ctrl-C or a signal. The exit code is the command's (128+n where signal n
    killed it, 127: no such command, 126: it cannot be run); 1 where it succeeded and the queues
    could not be resumed.

    A lease in Redis tells others of it: queue ls shows it. Holds may overlap: the last one resumes.
    A queue that was paused before stays paused. With --drain the command runs once the queues are
    idle; where they are not within D, they are resumed, the command is not run, and the exit code
    is 6.
    """
    naming = read_naming(session, names)
    timeout = read_duration(session, "drain_for")
    command = _command(session)
    backend = connect_either(session)
    held = QueueHold(
        backend, lambda: connect_either(session), say, resume_command(session, "").strip()
    )
    try:
        note_passed_over(backend)
        if timeout is not None:
            backend.require_redis("--drain")
        with Signals() as signals:
            shown = without_passwords(command)
            held.take(naming, author(session, backend), os.getpid(), shown)
            code = _run(session, held, signals, command, timeout)
    finally:
        held.close()
    raise click.exceptions.Exit(code)


def _command(session: Session) -> tuple[str, ...]:
    """Return the command to run.

    Raises:
        UsageProblem: there is none.
        Exit: it does not exist or cannot be executed; nothing was paused.
    """
    command = session.texts("command")
    if not command:
        raise UsageProblem("there is no command to run", hint="put it after --: -- ./deploy.sh")
    code = runnable(command)
    if code:
        why = "there is no such command" if code == NOT_FOUND else "it cannot be run"
        say(f"error: {command[0]}: {why}; nothing was paused")
        raise click.exceptions.Exit(code)
    return command


def _run(
    session: Session,
    held: QueueHold,
    signals: Signals,
    command: Sequence[str],
    timeout: float | None,
) -> int:
    """Run the command while the queues are held, resume them, and return the exit code."""
    code = 0
    problem: BaseException | None = None
    try:
        if timeout is not None:
            _drain(session, held, signals, command, timeout)
        if signals.caught:
            say(f"interrupted: {command[0]} is not run")
            code = signals.code
        else:
            code = signals.run(command)
        if signals.refusal is not None:
            say(f"error: {command[0]} could not be run: {signals.refusal}")
    except BaseException as error:  # whatever it is, the queues are resumed first
        problem = error
    try:
        known = len(signals.caught)
        held.leave(impatient=lambda: len(signals.caught) > known)
    except JobctlError as error:
        if problem is None and not code:
            raise JobctlError(error.message, hint=error.hint) from error
        say(f"error: {error.message}")
        say(f"hint: {error.hint}")
    if problem is not None:
        raise problem
    return code


def _drain(
    session: Session, held: QueueHold, signals: Signals, command: Sequence[str], timeout: float
) -> None:
    ignore = session.flag("ignore_expired")
    wanted = Drain(held.names, timeout=timeout, ignore_expired=ignore, since=held.paused_at)
    ended = wait(session, held.backend, wanted, lambda: bool(signals.caught))
    if not ended.idle and not ended.stopped:
        problem = ended.problem(wanted)
        problem.hint = f"{command[0]} was not run"
        raise problem
