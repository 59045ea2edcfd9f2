"""The guards of a change, as options, and who answers where it asks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobctl.cli.options import all_of, option
from jobctl.cli.session import Session
from jobctl.errors import Refused
from jobctl.render.safe import printable

if TYPE_CHECKING:
    from jobctl.model.guards import Guards

GUARD = "Guard options"
_FIRST = "of lowest score"

_F = TypeVar("_F", bound=Callable[..., Any])


def guard_options(*, first: str = _FIRST) -> Callable[[_F], _F]:
    """Add the guards of a verb, and what becomes of its file; `first`: what a limit begins with."""
    return all_of([
        plain_guard_options(first=first),
        option(
            GUARD, "--plan", metavar="FILE", type=click.Path(dir_okay=False),
            help="Write the chosen jobs to a new file, for jobctl apply, and change nothing.",
        ),
        option(
            GUARD, "--no-undo", is_flag=True,
            help="Keep no file once it is done; clear is then instant.",
        ),
    ])  # fmt: skip


def plain_guard_options(*, first: str = _FIRST) -> Callable[[_F], _F]:
    """Add the guards alone, for what can be neither planned nor undone."""
    whole = click.IntRange(min=0)
    return all_of([
        option(
            GUARD, "-n", "--dry-run", is_flag=True,
            help="Show what would be changed: count, histogram, sample.",
        ),
        option(GUARD, "-y", "--yes", is_flag=True, help="Do not ask; needed off a terminal."),
        option(
            GUARD, "--confirm", metavar="NAME",
            help="Answer where a name must be typed: clear asks for the set's, a protected "
            "context for its own.",
        ),
        option(GUARD, "--expect", type=whole, metavar="N", help="Refuse unless N match."),
        option(GUARD, "--max", "most", type=whole, metavar="N", help="Refuse if more match."),
        option(
            GUARD, "--limit", type=whole, metavar="N",
            help=f"Change the N {first}; the rest are skipped.",
        ),
        option(GUARD, "--reason", metavar="TEXT", help="Why; kept with the operation."),
    ])  # fmt: skip


def answer_options() -> Callable[[_F], _F]:
    """Add what answers the question that undo, resume and apply ask."""
    dry = option(GUARD, "-n", "--dry-run", is_flag=True, help="Show what would be changed.")
    yes = option(GUARD, "-y", "--yes", is_flag=True, help="Do not ask; needed off a terminal.")
    confirm = option(
        GUARD, "--confirm", metavar="NAME",
        help="Answer where a name must be typed: a protected context asks for its own.",
    )  # fmt: skip
    changed = option(
        GUARD, "--server-changed", is_flag=True,
        help="Go on where nothing shows that this Redis holds the operation's data: it was "
        "restored, or moved. If it holds other data, jobs of the old one get into it.",
    )  # fmt: skip
    return all_of([dry, yes, confirm, changed])


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
    )


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
