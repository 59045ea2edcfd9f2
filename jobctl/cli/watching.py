"""``--watch``: the same answer again and again, until Ctrl-C."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobctl.cli.helping import Option
from jobctl.cli.session import Session
from jobctl.errors import UsageProblem
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl import Store

_F = TypeVar("_F", bound=Callable[..., Any])
_T = TypeVar("_T")
_HOME, _CLEAR_BELOW, _CLEAR = "\x1b[H", "\x1b[J", "\x1b[2J"
_SHORTEST = 0.1


def watch_option() -> Callable[[_F], _F]:
    """Add ``--watch[=S]``."""
    return click.option(
        "--watch",
        "seconds",
        cls=Option,
        bare="2",
        metavar="[=S]",
        help="Look again every S seconds (2), until Ctrl-C.",
    )


def watch(session: Session, seconds: str, look: Callable[[Store], object]) -> None:
    """Call `look` with the Redis every so often; on a terminal each answer replaces the last.

    Raises:
        UsageProblem: the seconds are none, or the format is one document.
    """
    repeat(session, seconds, session.connect, look)


def repeat(
    session: Session,
    seconds: str,
    opening: Callable[[], AbstractContextManager[_T]],
    look: Callable[[_T], object],
) -> None:
    """Call `look` every so often with what `opening` opens once.

    Raises:
        UsageProblem: the seconds are none, or the format is one document.
    """
    pause = _seconds(seconds)
    if session.format is Format.JSON:
        raise UsageProblem("--watch prints many documents", hint="use -o jsonl: one a line")
    redraw = session.format.human and sys.stdout.isatty()
    with opening() as opened:
        if redraw:
            sys.stdout.write(_CLEAR)
        while True:
            if redraw:
                sys.stdout.write(_HOME + _CLEAR_BELOW)
            look(opened)
            sys.stdout.flush()
            time.sleep(pause)


def _seconds(text: str) -> float:
    from jobctl.model.times import parse_duration

    try:
        pause = float(text)
    except ValueError:
        pause = parse_duration(text)
    if not _SHORTEST <= pause < 86400:
        raise UsageProblem(f"--watch: every {text} s is not possible", hint="0.1 s to a day")
    return pause
