"""The person at the terminal: asked before a change, shown its progress, and Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
import time
from shlex import quote
from types import FrameType
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import Session
from jobctl.cli.connect import rules_of
from jobctl.cli.output import console, say
from jobctl.errors import Refused
from jobctl.model.layout import Kind
from jobctl.model.queue import shown_queues
from jobctl.model.report import Preview
from jobctl.model.words import things
from jobctl.operations.request import Watch
from jobctl.render.formats import printable

if TYPE_CHECKING:
    from jobctl.render.progress import Progress

_PATIENCE = 0.7  # seconds before a bar is worth its import
_PLAIN_EVERY = 5.0  # seconds between two lines off a terminal


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
    if sys.stdin and sys.stdin.isatty() and sys.stderr.isatty():
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


class TerminalWatch(Watch):
    """Ask before a change, show its progress on stderr, and stop it at the first Ctrl-C."""

    def __init__(self, session: Session, store_now: float) -> None:
        self.operation: str | None = None
        self.interrupted = False
        self._session = session
        self._now = store_now
        self._progress: Progress | None = None
        self._phase = ""
        self._begun = time.monotonic()
        self._told = self._begun

    def choosing(self, looked: int, total: int, matched: int) -> None:
        """Show the progress of the scan."""
        self._show("scanning", looked, total, f"{matched:,} matched")

    def acting(self, done: int, total: int) -> None:
        """Show the progress of the change."""
        self._show("changing", done, total, "")

    def confirm(self, preview: Preview) -> bool:
        """Show what will be changed, and ask."""
        self.end()
        name = preview.name
        if asks(self._session, name):
            self._describe(preview)
        went_on = answered(self._session, _question(preview), name=name)
        self._begun = self._told = time.monotonic()
        return went_on

    def show(self, preview: Preview) -> None:
        """Show what a dry run or a plan would change."""
        self.end()
        if self._session.in_json:
            return
        if preview.matched or preview.queues:
            self._describe(preview)
        elif preview.rehearsed:  # otherwise the report has them
            for note in preview.notes:
                say(note)

    def began(self, operation: str) -> None:
        """Note the operation; from now on Ctrl-C waits for the end of the batch."""
        self.operation = operation
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)

    def stopping(self) -> bool:
        """Return whether Ctrl-C was pressed."""
        return self.interrupted

    def end(self) -> None:
        """Remove the bar."""
        if self._progress is not None:
            self._progress.stop()
        self._progress = None
        self._phase = ""

    def close(self) -> None:
        """Remove the bar, and restore Ctrl-C."""
        self.end()
        if self.operation is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._before)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        say("stopping after this batch (Ctrl-C again: at once)")

    def _describe(self, preview: Preview) -> None:
        from jobctl.render.report import print_preview

        out = sys.stdout if self._session.format.human and preview.rehearsed else sys.stderr
        print_preview(console(self._session, out), preview, self._now)

    def _show(self, phase: str, at: int, total: int, note: str) -> None:
        now = time.monotonic()
        if phase != self._phase:
            self.end()
            self._phase, self._begun, self._told = phase, now, now
        if self._progress is not None:
            self._progress.update(at, total, note)
        elif sys.stderr.isatty():
            if now - self._begun > _PATIENCE:
                from jobctl.render.progress import Progress

                self._progress = Progress(console(self._session, sys.stderr), phase)
        elif now - self._told > _PLAIN_EVERY:
            self._told = now
            say(_plain_line(phase, at, total, note, now - self._begun))


def _plain_line(phase: str, at: int, total: int, note: str, seconds: float) -> str:
    rate = at / seconds if seconds else 0.0
    left = f", {(total - at) / rate:.0f} s left" if rate else ""
    return f"{phase}: {at:,} of {total:,}{', ' + note if note else ''}, {rate:,.0f}/s{left}"


def _question(preview: Preview) -> str:
    jobs = things(preview.chosen, preview.kind.thing)
    return f"{preview.action.capitalize()} {preview.chosen:,} {jobs}{_where(preview)}?"


def _where(preview: Preview) -> str:
    place = {"undo": "back to", "resume": "of", "apply": "of"}.get(preview.action, "of")
    doing = "" if preview.action == preview.change.verb else f" ({preview.change.verb})"
    target = preview.kind.value
    if preview.kind is Kind.RECORDS and preview.action == preview.change.verb:
        state = preview.change.state
        return f"{'' if state is None else f' {state}'} at {preview.server}"
    if preview.kind is Kind.QUEUE:
        target = shown_queues(preview.queues)
    return f" {place} {target}{doing} at {preview.server}"
