"""Do a change: read it from the options, confirm it, run it, and write its report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobctl.cli.command import Session
from jobctl.cli.connect import connect, connect_either, provenance, rules_of
from jobctl.cli.output import console, read_duration, say, write_document, write_rows
from jobctl.cli.terminal import TerminalWatch, asks, check_answer
from jobctl.errors import Exit
from jobctl.filter.where import Where
from jobctl.model.layout import Kind
from jobctl.model.report import Report
from jobctl.model.times import parse_moment, parse_rate
from jobctl.model.verbs import Change, Guards, Verb
from jobctl.operations.begin import begin
from jobctl.operations.request import Request
from jobctl.records.query import RecordWhere

if TYPE_CHECKING:
    from jobctl.backend import Backend

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


def read_change(session: Session, verb: Verb) -> Change:
    """Return a verb with the options it was given.

    Raises:
        UsageProblem: one of them makes no sense.
    """
    at, rate = session.text("at"), session.text("rate")
    return Change(
        verb,
        at=None if at is None else parse_moment(at, time.time(), ahead=True).epoch(),
        delay=read_duration(session, "delay"),
        spread=read_duration(session, "spread"),
        to=session.text("to"),
        front=session.flag("front") or verb is Verb.RELEASE,
        reset_retries=session.flag("reset_retries"),
        break_batch=session.flag("break_batch"),
        force=session.flag("force"),
        rate=None if rate is None else parse_rate(rate),
    )


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
