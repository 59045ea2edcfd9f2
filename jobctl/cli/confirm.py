"""The question that a change asks before it begins, and what answers it."""

from __future__ import annotations

import sys
from shlex import quote

import click

from jobctl.cli.connect import rules_of
from jobctl.cli.session import Session
from jobctl.errors import Refused
from jobctl.render.safe import printable


def check_answer(session: Session, *, name: str | None = None) -> None:
    """Check, before anything is read, that the question will find an answer.

    Args:
        session: the options.
        name: the name that must be typed; None if the question is yes or no. A protected context
            asks for its own name in either case.

    Raises:
        Refused: there is no terminal and no answer, the wrong name was given, or the context is
            read-only.
    """
    if session.flag("dry_run") or session.text("plan") is not None:
        return
    rules_of(session).allow()
    name = to_type(session, name)
    if _someone():
        return
    if name is None and not session.flag("yes"):
        raise Refused(
            "confirmation required, but there is no terminal",
            hint="pass --yes; or --dry-run to see what it would do",
        )
    given = session.text("confirm")
    if name is not None and given != name:
        raise Refused(
            f"the name {name!r} is required, but "
            + ("there is no terminal" if given is None else f"{given!r} was given"),
            hint=f"pass --confirm {quote(name)}; or --dry-run to see what it would do",
        )


def asks(session: Session, name: str | None) -> bool:
    """Check whether the question remains, as no option answers it; `name` as in `check_answer`."""
    typed = to_type(session, name) is not None
    return not (session.text("confirm") if typed else session.flag("yes"))


def answered(session: Session, question: str, *, name: str | None = None) -> bool:
    """Return the answer of the options, or ask."""
    name = to_type(session, name)
    if name is None:
        return session.flag("yes") or click.confirm(printable(question), err=True)
    given = session.text("confirm")
    if given is None:
        text = printable(f"{question} Type {name} to go on")
        given = click.prompt(text, err=True, prompt_suffix=": ")
    return given == name


def to_type(session: Session, name: str | None) -> str | None:
    """Return the name that must be typed: that of a protected context, else the one given."""
    rules = rules_of(session)
    return rules.context if rules.protected else name


def _someone() -> bool:
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())
