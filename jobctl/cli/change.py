"""Do a change: read it from the options, ask at the terminal, show progress, write the report."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from types import FrameType
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import Session
from jobctl.cli.connect import connect, connect_either, provenance, rules_of
from jobctl.cli.streams import console, say, write_document, write_rows
from jobctl.errors import Exit, Refused
from jobctl.filter.where import Where
from jobctl.model.layout import Kind
from jobctl.model.queue import shown_queues
from jobctl.model.report import Preview, Report
from jobctl.model.times import parse_moment
from jobctl.model.verbs import Change, Guards, Verb
from jobctl.model.words import things
from jobctl.operations.begin import begin
from jobctl.operations.request import Request, Watch
from jobctl.records.query import RecordWhere
from jobctl.render.formats import printable

if TYPE_CHECKING:
    from jobctl.backend import Backend
    from jobctl.render.progress import Progress

_COLUMNS = (
    "action", "target", "matched", "done", "gone", "failed", "skipped", "dry_run", "operation",
    "seconds",
)  # fmt: skip
_NO_FILTER = Where()


def make_change(
    session: Session,
    kind: Kind,
    change: Change,
    text: str,
    *,
    where: Where | RecordWhere = _NO_FILTER,
    names: Sequence[str] = (),
) -> None:
    """Change what is meant, and exit with the code of the report.

    Args:
        session: the options, with the guards.
        kind: the structure that is changed.
        change: the verb and its options.
        text: the filter or the names, to be shown.
        where: which jobs or records.
        names: of whole queues.

    Raises:
        UsageProblem: the options make no sense; nothing was connected.
        Refused: a guard or the context forbids it.
    """
    request = _read_request(session, kind, change, where, tuple(names), text)
    server_told = change.verb in (Verb.RELEASE, Verb.REMOVE)
    with connect_either(session) if server_told else connect(session) as backend:
        if change.verb is Verb.RELEASE:
            backend.require_redis("working release")
        at = session.text("at")
        if at is not None:  # +2h counts from the server's clock
            moment = parse_moment(at, backend.server.now(), ahead=True).epoch()
            request = replace(request, change=replace(change, at=moment))
        run(session, backend, lambda watch: begin(backend, request, watch))


def read_guards(session: Session) -> Guards:
    """Return the guards that were given."""
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


def _read_request(
    session: Session,
    kind: Kind,
    change: Change,
    where: Where | RecordWhere,
    names: tuple[str, ...],
    text: str,
) -> Request:
    """Return the request, after all checks that need no connection."""
    plan = session.text("plan")
    request = Request(
        kind=kind,
        change=change,
        where=where,
        names=names,
        guards=read_guards(session),
        plan=None if plan is None else Path(plan),
        text=text,
        author=provenance(),
    )
    previewed = session.flag("dry_run") or asks(session, request.typed)
    request = replace(request, histogram=previewed)
    request.check()
    request.under(rules_of(session)).check()  # without a journal less is allowed
    check_answer(session, name=request.typed)
    return request


def run(session: Session, backend: Backend, act: Callable[[TerminalWatch], Report]) -> None:
    """Run a change, which `act` does; write its report, and exit with its code."""
    watch = TerminalWatch(session, backend.server.now() if backend.has_redis else time.time())
    try:
        report = act(watch)
    except KeyboardInterrupt:
        watch.end()
        if watch.operation is not None:
            say(f"stopped; nothing is lost, go on with: jobctl resume {watch.operation}")
        raise
    finally:
        watch.close()
    _write_report(session, report)
    if watch.interrupted and report.unfinished:
        raise click.exceptions.Exit(Exit.INTERRUPTED)
    if report.exit is not Exit.OK:
        raise click.exceptions.Exit(report.exit)


def _write_report(session: Session, report: Report) -> None:
    """Write a report in the session's format, and the next command on stderr."""
    if session.in_json:
        write_document(session, report.document())
    elif not session.format.human:
        write_rows(session, [report.document()], _COLUMNS, 0.0, ident="operation")
    elif _prints(report) and not report.dry_run:
        from jobctl.render.report import print_report

        print_report(console(session), report)
    for text in _remarks(session, report):
        say(text)
    if report.missing and not _names_missing(session, report):
        from jobctl.render.report import missing_lines

        for line in missing_lines(report, left=report.action == "undo"):
            say(line)
    _say_next(report)
    if not _prints(report):
        nothing = f"nothing matched in {report.target}"
        if report.target == Kind.QUEUE:  # they may be empty
            nothing = "no job waits there"
        say("there is nothing left to undo" if report.action == "undo" else nothing)


def _remarks(session: Session, report: Report) -> Iterator[str]:
    """Yield remarks that the written report does not show."""
    if report.retries_text is not None:
        yield report.retries_text
    if session.in_json or not report.dry_run:  # else the preview has said it
        yield from report.notes
        yield from report.problems
    if not session.format.human:
        for reason, count in report.reasons.items():
            yield f"failed, {count:,}: {reason}"
        if report.merged_text is not None and not session.in_json:
            yield report.merged_text


def _names_missing(session: Session, report: Report) -> bool:
    """Check whether the written report names the ids that matched nothing."""
    if session.in_json:
        return True
    return report.matched > 0 if report.dry_run else session.format.human and _prints(report)


def _prints(report: Report) -> bool:
    return bool(report.matched or report.before)


def _say_next(report: Report) -> None:
    operation = report.operation
    if report.unfinished and operation is not None:
        verb = "undo" if report.action == "undo" else "resume"
        say(f"{report.left + report.failed:,} still to do: jobctl {verb} {operation}")
    elif not report.adds_up and not report.dry_run:
        say(f"this does not add up: {report.left:,} {report.thing}s are not accounted for")
    elif report.action == Verb.RELEASE and report.done:
        say(Verb.RELEASE.row.warning)
    elif operation is not None and _undoable(report):
        say(f"undo: jobctl undo {operation}")


def _undoable(report: Report) -> bool:
    if report.action == "undo" or report.dry_run or Verb(report.action).row.permanent:
        return False
    return report.done > 0 or report.action == "remove"  # a queue without a job has its name


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
