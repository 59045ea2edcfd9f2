"""Running a change, and saying what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from jobctl.cli.onlooker import TerminalWatch
from jobctl.cli.output import console, say, write_document, write_rows
from jobctl.cli.session import Session
from jobctl.errors import Exit
from jobctl.model.layout import Kind
from jobctl.model.verbs import Verb

if TYPE_CHECKING:
    from jobctl.backend import Backend
    from jobctl.model.report import Report

COLUMNS = (
    "action", "target", "matched", "done", "gone", "failed", "skipped", "dry_run", "operation",
    "seconds",
)  # fmt: skip


def run(
    session: Session, backend: Backend, act: Callable[[TerminalWatch], Report], done: str
) -> None:
    """Run a change while someone looks on; write its report, and exit with its code.

    Args:
        session: the output's format.
        backend: what it works on.
        act: the change.
        done: what becomes of the jobs, in a word.
    """
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
    write_report(session, report, done)
    if watch.interrupted and report.unfinished:
        raise click.exceptions.Exit(Exit.INTERRUPTED)
    if report.exit is not Exit.OK:
        raise click.exceptions.Exit(report.exit)


def write_report(session: Session, report: Report, done: str) -> None:
    """Write a report in the session's format, and the next command on stderr."""
    if session.in_json:
        write_document(session, report.document())
    elif not session.format.human:
        row = report.document()
        write_rows(session, [row], COLUMNS, 0.0, ident="operation")
    elif _prints(report) and not report.dry_run:
        from jobctl.render.report import print_report

        print_report(console(session), report, done)
    _say_more(session, report)


def _say_more(session: Session, report: Report) -> None:
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
    """Yield what there is to say beside the counts, as far as what was written does not say it."""
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
    """Tell whether what was written says already which ids matched nothing."""
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
    if report.action == "undo" or report.dry_run:
        return False
    if Verb(report.action).row.permanent:
        return False
    return report.done > 0 or report.action == "remove"  # a queue without a job has its name
