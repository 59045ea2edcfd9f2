"""The root command; a command line is run, what went wrong printed, the exit code returned."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import click

from jobctl import __version__
from jobctl.cli.command import SUCCESSORS, LazyGroup, Listed, Session, write_options
from jobctl.cli.options import shared_options
from jobctl.errors import EXIT_MEANINGS, Exit, JobctlError, UsageProblem
from jobctl.model.words import near_name
from jobctl.render.formats import Format, printable, printable_json

# The module and summary of every command, so that the root help imports none of them.
SECTIONS: dict[str, dict[str, Listed]] = {
    "Find and list": {
        "status": Listed("status:status", "Find jobs by JID, whatever structure they are in."),
        "retries": Listed("sets:retries", "Jobs that failed and will be tried again."),
        "scheduled": Listed("sets:scheduled", "Jobs that will be pushed at a set time."),
        "dead": Listed("sets:dead", "Jobs that will not run again by themselves."),
        "working": Listed("sets:working", "Jobs that workers hold right now."),
        "queue": Listed("queue:queue", "Queues and the jobs that wait in them."),
        "query": Listed("query:query", "Status records that match, as Jobba keeps them."),
        "info": Listed("status:info", "One screen: totals, days, server."),
        "states": Listed("status:states", "The states of a job, and what other systems call them."),
    },
    "Repair": {
        "mutate": Listed("verbs:mutate", "Do what a MUTATE document of Faktory says."),
        "undo": Listed("journal:undo", "Put back what an operation changed."),
        "resume": Listed("journal:resume", "Go on with an operation that was stopped."),
        "apply": Listed("journal:apply", "Do what a plan says, to exactly its jobs."),
        "journal": Listed("journal:journal", "The operations that changed something."),
    },
    "Records": {
        "record": Listed("record:record", "Status records of jobs, as the Jobba gem keeps them."),
    },
    "Cron": {
        "cron": Listed("cron:cron", "Schedules of the cron plugin, as the server reads them."),
    },
    "Set up": {
        "demo": Listed("demo:demo", "Try jobctl on a private server full of lifelike jobs."),
        "server": Listed("server:server", "Start, stop or look at the private server."),
        "context": Listed("context:context", "Names for job systems, and the rules of each."),
        "completion": Listed("completion:completion", "Print the completion script of a shell."),
        "help": Listed("options:help_command", "Explain a command, or options that many share."),
    },
}
COMMANDS = {name: listed for section in SECTIONS.values() for name, listed in section.items()}


class Root(LazyGroup):
    """The root: its help has the commands by section, and the exit codes."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, the options, and the exit codes."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, each.summary) for name, each in commands.items()])
        write_options(self, ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code.value), text) for code, text in EXIT_MEANINGS.items()])


@click.group(
    "jobctl",
    cls=Root,
    listed=COMMANDS,
    examples=[
        "jobctl demo                          # a private server with lifelike jobs",
        "jobctl status 8f3a6c0d2b914e57a1c0   # one job, wherever it is",
        "jobctl retries ls --type SendEmail --error Timeout",
        "jobctl -u unix:///var/lib/faktory/db/redis.sock info",
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@shared_options
@click.version_option(__version__, "--version", message="jobctl %(version)s")
def root() -> None:
    """Find, inspect and repair background jobs in Redis."""


_NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF)
_CONTEXT = 100  # characters of a long text that are shown on either side of a mistake


def run(argv: Sequence[str]) -> int:
    """Run a command line and return its exit code; no exception escapes."""
    session = Session()
    _prepare_streams()
    try:
        code = _invoke(argv, session)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
        return Exit.OK
    except (click.Abort, KeyboardInterrupt):
        _flush()
        return Exit.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return Exit.USAGE
    except Exception as error:
        if session.flag("debug"):
            traceback.print_exc()
        return _print_error(_as_problem(error), in_json=_wants_json(session, argv))
    return code


def _as_problem(error: Exception) -> JobctlError:
    """Return the error to print for an exception."""
    if isinstance(error, JobctlError):
        return error
    if isinstance(error, click.UsageError):
        return _usage_problem(error)
    if isinstance(error, click.ClickException):
        return JobctlError(error.format_message())
    if isinstance(error, OSError):
        return _system_problem(error)
    return JobctlError(
        f"{type(error).__name__}: {error}", hint="this is a bug in jobctl; --debug shows where"
    )


def _system_problem(error: OSError) -> JobctlError:
    said = error.strerror or str(error)
    if error.filename is not None:
        return JobctlError(f"{os.fsdecode(error.filename)}: {said}")
    if error.errno in _NOT_WRITABLE:  # of stdout: for files it is a JobctlError
        _discard_stdout()
        return JobctlError(f"cannot write the output: {said}")
    return JobctlError(f"system error: {said}", hint="--debug shows where")


def _invoke(argv: Sequence[str], session: Session) -> int:
    if "_JOBCTL_COMPLETE" in os.environ:
        root.main([], prog_name="jobctl", obj=session)
    # Not root.main: it takes a broken pipe for a failure.
    try:
        with root.make_context("jobctl", list(argv), obj=session) as context, Interruptible():
            root.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return Exit.OK


def _prepare_streams() -> None:
    """Make stdout and stderr accept any text, also when closed or not UTF-8."""
    # Python has None for a closed stream; print would then use the other one.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _discard_stdout()


def _discard_stdout() -> None:
    """Drop what stdout has buffered: nobody reads it, and the exit must not try again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage_problem(error: click.UsageError) -> UsageProblem:
    hint = f"see: {error.ctx.command_path} --help" if error.ctx else None
    if isinstance(error, click.NoSuchOption):
        path = error.ctx.command_path if error.ctx else ""
        params = error.ctx.command.params if error.ctx else []
        options = [param for param in params if isinstance(param, click.Option)]
        known = {name.lstrip("-"): name for option in options for name in option.opts}
        near = near_name(error.option_name.lstrip("-"), known)
        successor = SUCCESSORS.get(f"{path} {error.option_name}")
        if successor is not None:
            hint = f"it is now {successor}"
        elif near:
            hint = f"did you mean {known[near]}?"
        return UsageProblem(f"no such option: {error.option_name}", hint=hint)
    return UsageProblem(error.format_message().rstrip("."), hint=hint)


def _print_error(error: JobctlError, *, in_json: bool) -> int:
    """Print an error, as lines or as a JSON object, and return its exit code."""
    _flush()
    code = error.code.value
    if in_json:
        document = {"code": code, "message": error.message, "hint": error.hint}
        text = printable_json(json.dumps(document))
    else:
        lines = [f"error: {printable(error.message)}"]
        if error.at:
            lines += _point_at(*error.at)
        lines += [f"hint: {printable(error.hint)}"] if error.hint else []
        text = "\n".join(lines)
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr)
    return code


def _point_at(typed: str, position: int) -> list[str]:
    """Return what was typed, or the part of it around a position, and a caret below that."""
    start = max(0, position - _CONTEXT)
    before = ("…" if start else "") + printable(typed[start:position])
    end = position + _CONTEXT
    behind = printable(typed[position:end]) + ("…" if end < len(typed) else "")
    return [f"  {before}{behind}", f"  {' ' * len(before)}^"]


def _wants_json(session: Session, argv: Sequence[str]) -> bool:
    """Check whether the output is JSON, also where the command line could not be parsed."""
    given = session.text("output")
    if given is not None:
        return given in (Format.JSON, Format.JSONL)
    joined = [f"{option}={value}" for option, value in pairwise(argv)]
    asked = ("-o=json", "--output=json", "-ojson")
    return any(word.startswith(asked) for word in (*argv, *joined))


_IMPORTING = "<frozen importlib."
_LATER = 0.01  # seconds


class Interruptible:
    """Turn Ctrl-C into KeyboardInterrupt while a command runs, so that it can clean up.

    An interrupt during an import is delayed until the import ends: raised there, it may be printed
    and swallowed, or turn into another error. A signal that is ignored (nohup) stays ignored.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._unraisable = sys.unraisablehook

    def __enter__(self) -> None:
        """Replace the default handlers."""
        own = (signal.SIG_DFL, signal.default_int_handler)
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) in own:
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, _again)
            sys.unraisablehook = self._raise_later
            self._before[signal.SIGINT] = signal.signal(signal.SIGINT, _interrupt)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Restore the handlers; raise an interrupt that is still delayed."""
        if not self._before:
            return
        waiting, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        sys.unraisablehook = self._unraisable
        if waiting and error is None:
            raise KeyboardInterrupt

    def _raise_later(self, lost: sys.UnraisableHookArgs) -> None:
        """Delay an interrupt that came where nothing can be raised, as in a destructor."""
        if issubclass(lost.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, _LATER)
        else:
            self._unraisable(lost)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTING):
            signal.setitimer(signal.ITIMER_REAL, _LATER)
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _again(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Deliver a delayed interrupt to the handler that is installed now."""
    signal.raise_signal(signal.SIGINT)
