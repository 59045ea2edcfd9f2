"""``jobctl queue hold``: pause queues while a command runs."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from jobctl.cli.command import Command
from jobctl.cli.connect import connect_either, note_passed_over
from jobctl.cli.draining import ignore_expired_option, read_timeout, wait
from jobctl.cli.options import all_of, connection_options, option
from jobctl.cli.output import say
from jobctl.cli.pausing import (
    author,
    glob_option,
    names_argument,
    read_naming,
    reason_option,
    resume_command,
)
from jobctl.cli.provenance import without_passwords
from jobctl.cli.session import Session
from jobctl.errors import JobctlError, UsageProblem
from jobctl.queues.draining import Drain
from jobctl.queues.holding import QueueHold
from jobctl.queues.running import NOT_FOUND, Signals, runnable


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
@connection_options()
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
    timeout = read_timeout(session.text("drain_for"))
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
        _leave(held, signals)
    except JobctlError as error:
        if problem is None and not code:
            raise JobctlError(error.message, hint=error.hint) from error
        say(f"error: {error.message}")
        say(f"hint: {error.hint}")
    if problem is not None:
        raise problem
    return code


def _leave(held: QueueHold, signals: Signals) -> None:
    known = len(signals.caught)
    held.leave(impatient=lambda: len(signals.caught) > known)


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
