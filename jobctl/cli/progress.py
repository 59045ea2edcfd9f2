"""The person at the terminal, looking on while an operation runs."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING

from jobctl.cli.confirm import answered, asks
from jobctl.cli.output import console, say
from jobctl.cli.session import Session
from jobctl.model.layout import Kind
from jobctl.model.preview import Preview
from jobctl.model.removal import shown_queues
from jobctl.model.words import things
from jobctl.operations.watch import Watch

if TYPE_CHECKING:
    from jobctl.render.progress import Progress

_PATIENCE = 0.7  # seconds before a bar is worth its import
_PLAIN_EVERY = 5.0  # seconds between two lines where there is no terminal


class TerminalWatch(Watch):
    """Shows progress on stderr, asks the question, and stops at the first Ctrl-C."""

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
        """Show how far the scan is."""
        self._show("scanning", looked, total, f"{matched:,} matched")

    def acting(self, done: int, total: int) -> None:
        """Show how many jobs were dealt with."""
        self._show("changing", done, total, "")

    def confirm(self, preview: Preview) -> bool:
        """Show what would be changed, and ask."""
        self.end()
        name = preview.name
        if asks(self._session, name):
            self._describe(preview)
        went_on = answered(self._session, _question(preview), name=name)
        self._begun = self._told = time.monotonic()
        return went_on

    def show(self, preview: Preview) -> None:
        """Show what would be changed, and is not."""
        self.end()
        if self._session.in_json:
            return
        if preview.matched or preview.queues:
            self._describe(preview)
        elif preview.rehearsed:  # else the report says them
            for note in preview.notes:
                say(note)

    def began(self, operation: str) -> None:
        """Remember what to resume; from now on Ctrl-C waits for the batch."""
        self.operation = operation
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._interrupt)

    def stopping(self) -> bool:
        """Tell whether Ctrl-C was pressed."""
        return self.interrupted

    def end(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
        self._progress = None
        self._phase = ""

    def close(self) -> None:
        """Take the bar away, and give Ctrl-C back its meaning."""
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
            say(_plain(phase, at, total, note, now - self._begun))


def _plain(phase: str, at: int, total: int, note: str, seconds: float) -> str:
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
