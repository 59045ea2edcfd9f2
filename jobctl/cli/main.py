"""The front door: runs a command line, says what went wrong, and returns the exit code."""

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

from jobctl.cli.index import SUCCESSORS
from jobctl.cli.root import root
from jobctl.cli.session import Session
from jobctl.errors import Exit, JobctlError, UsageProblem
from jobctl.render.formats import Format
from jobctl.render.safe import printable, printable_json

_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF)

_AROUND = 100  # characters of a long text that are shown on either side of a mistake


def run(argv: Sequence[str]) -> int:
    """Run a command line and return its exit code. Nothing escapes but an exit."""
    session = Session()
    _settle_streams()
    try:
        code = _invoke(argv, session)
        sys.stdout.flush()
    except BrokenPipeError:
        _hush()
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
        return _tell(_explain(error), in_json=_wants_json(session, argv))
    return code


def _explain(error: Exception) -> JobctlError:
    """Return the error to tell of, whatever was raised."""
    if isinstance(error, JobctlError):
        return error
    if isinstance(error, click.UsageError):
        return _usage(error)
    if isinstance(error, click.ClickException):
        return JobctlError(error.format_message())
    if isinstance(error, OSError):
        return _of_system(error)
    return JobctlError(
        f"{type(error).__name__}: {error}", hint="this is a bug in jobctl; --debug shows where"
    )


def _of_system(error: OSError) -> JobctlError:
    """Return the error for what the system refused: to write the output, or something else."""
    said = error.strerror or str(error)
    if error.filename is not None:
        return JobctlError(f"{os.fsdecode(error.filename)}: {said}")
    if error.errno in _WRITING:  # files' own are JobctlErrors by now: this is stdout's
        _hush()
        return JobctlError(f"cannot write the output: {said}")
    return JobctlError(f"the system refused: {said}", hint="--debug shows where")


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


def _settle_streams() -> None:
    """Make stdout and stderr take whatever comes: also when closed, or where no UTF-8 is spoken."""
    # None is what Python makes of a closed one; print would take the other for it.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _hush()


def _hush() -> None:
    """Drop what stdout still holds: nobody reads it, and the exit must not try again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage(error: click.UsageError) -> UsageProblem:
    hint = f"see: {error.ctx.command_path} --help" if error.ctx else None
    if isinstance(error, click.NoSuchOption):
        from jobctl.model.words import near_name

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


def _tell(error: JobctlError, *, in_json: bool) -> int:
    """Print an error: two lines, or an object where the output is JSON."""
    _flush()
    code = error.code.value
    if in_json:
        told = {"code": code, "message": error.message, "hint": error.hint}
        text = printable_json(json.dumps(told))
    else:
        lines = [f"error: {printable(error.message)}"]
        if error.at:
            lines += _under(*error.at)
        lines += [f"hint: {printable(error.hint)}"] if error.hint else []
        text = "\n".join(lines)
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr)
    return code


def _under(typed: str, position: int) -> list[str]:
    """Return what was typed, of a long text what is around the position, and the caret under it."""
    start = max(0, position - _AROUND)
    before = ("…" if start else "") + printable(typed[start:position])
    end = position + _AROUND
    behind = printable(typed[position:end]) + ("…" if end < len(typed) else "")
    return [f"  {before}{behind}", f"  {' ' * len(before)}^"]


def _wants_json(session: Session, argv: Sequence[str]) -> bool:
    """Tell whether the output is JSON, also where the command line could not be read so far."""
    given = session.text("output")
    if given is not None:
        return given in (Format.JSON, Format.JSONL)
    joined = [f"{option}={value}" for option, value in pairwise(argv)]
    asked = ("-o=json", "--output=json", "-ojson")
    return any(word.startswith(asked) for word in (*argv, *joined))


_IMPORTING = "<frozen importlib."

_LATER = 0.01  # seconds


class Interruptible:
    """Makes Ctrl-C a KeyboardInterrupt, so that what is under way can be put in order.

    One that comes while a module is imported waits for its end: what is raised there may be printed
    and forgotten, or come out as another error. What is ignored (nohup) stays ignored.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._unraisable = sys.unraisablehook

    def __enter__(self) -> None:
        """Take over from whatever is done by default."""
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
        """Give back what was there before; an interrupt that still waits comes now."""
        if not self._before:
            return
        waiting, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        sys.unraisablehook = self._unraisable
        if waiting and error is None:
            raise KeyboardInterrupt

    def _raise_later(self, lost: sys.UnraisableHookArgs) -> None:
        """Put off an interrupt that came where nothing can be raised, as in a destructor."""
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
    """Let whoever answers Ctrl-C by now have the one that has waited."""
    signal.raise_signal(signal.SIGINT)
