"""The guards of a change, and the answer to its question."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from jobctl.cli.session import Session
from jobctl.errors import Refused
from jobctl.render.safe import printable

if TYPE_CHECKING:
    from jobctl.model.guards import Guards


def read_guards(session: Session) -> Guards:
    """Return the guards that were given."""
    from jobctl.model.guards import Guards

    return Guards(
        dry_run=session.flag("dry_run"),
        everything=session.flag("everything"),
        expect=session.number("expect"),
        most=session.number("most"),
        limit=session.number("limit"),
        reason=session.text("reason"),
        undo=not session.flag("no_undo"),
        server_changed=session.flag("server_changed"),
        without_pause=session.flag("without_pause"),
    )


def wants_histogram(session: Session) -> bool:
    """Tell whether somebody will look at the preview of a change."""
    asks = not session.flag("yes") or session.rules.protected
    return asks or session.flag("dry_run")


def check_answer(session: Session, *, name: str | None = None) -> None:
    """Check, before anything is looked at, that the question will find an answer.

    Args:
        session: the options.
        name: what must be typed; None where yes or no is the question. A protected context asks
            for its own name instead of either.

    Raises:
        Refused: nobody is there to answer, the wrong name was given, or the context is read-only.
    """
    if session.flag("dry_run") or session.text("plan") is not None:
        return
    session.rules.allow()
    name = to_type(session, name)
    if _someone():
        return
    if name is None and not session.flag("yes"):
        raise Refused(
            "this asks first, and there is no terminal to answer on",
            hint="--yes goes on without asking; --dry-run shows what it would do",
        )
    given = session.text("confirm")
    if name is not None and given != name:
        from shlex import quote

        raise Refused(
            f"this asks for the name {name!r}, and "
            + ("there is no terminal to type it on" if given is None else f"{given!r} was given"),
            hint=f"--confirm {quote(name)} answers it; --dry-run shows what it would do",
        )


def answered(session: Session, question: str, *, name: str | None = None) -> bool:
    """Ask, where the options have not answered already."""
    name = to_type(session, name)
    if name is None:
        return session.flag("yes") or click.confirm(printable(question), err=True)
    given = session.text("confirm")
    if given is None:
        text = printable(f"{question} Type {name} to go on")
        given = click.prompt(text, err=True, prompt_suffix=": ")
    return given == name


def to_type(session: Session, name: str | None) -> str | None:
    """Return what must be typed where this name, or else yes or no, would be asked for."""
    return session.rules.context if session.rules.protected else name


def _someone() -> bool:
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())
