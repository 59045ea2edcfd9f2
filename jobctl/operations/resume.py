"""Resume and apply: an operation's file is all they need."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from jobctl.backend import Backend
from jobctl.errors import JobctlError, Refused, RefusedByRedis
from jobctl.model.operation import Header
from jobctl.model.queue import Author
from jobctl.model.report import Preview, Report
from jobctl.model.verbs import Guards, Verb
from jobctl.operations.engine import Operation, resumable
from jobctl.operations.file import OperationFile
from jobctl.operations.history import History, claimed_by
from jobctl.operations.journal import Journal
from jobctl.operations.request import Provenance, Watch, rehearsed
from jobctl.operations.undo import undo_file


def resume(backend: Backend, name: str, guards: Guards, watch: Watch) -> Report:
    """Go on with an operation, or its undo, that was stopped; the report counts all of it.

    Raises:
        NotFound: there is no such operation.
        Refused: it is of another server, in use, or never began; or the watch says no.
    """
    guards.allow(backend.rules)
    begun = time.monotonic()
    with Journal.of(backend).open(name, write=not guards.dry_run) as file:
        state = History.read(backend, file, server_changed=guards.server_changed)
        if state.undo is not None:
            return undo_file(backend, file, state, guards, watch)
        if file.header.change.verb.row.on_queues:
            from jobctl.operations.subjects.restore import resume_removal  # few operations

            report = resume_removal(backend, file, state, guards, watch)
        else:
            report = _resume(backend, file, state, guards, watch)
        return report if report.dry_run else replace(report, seconds=time.monotonic() - begun)


def _resume(
    backend: Backend, file: OperationFile, state: History, guards: Guards, watch: Watch
) -> Report:
    header = file.header
    if state.selected is None:
        raise Refused(
            f"operation {header.operation} was stopped while it was choosing "
            f"{header.kind.thing}s: nothing was changed",
            hint="run its command again",
        )
    operation = Operation(backend, file, state.selection(file), watch, state)
    left = len(operation.selection) - state.settled
    warnings = _check(backend, operation, guards) if left else []
    preview = _preview(operation, file, "resume", left, warnings)
    if guards.dry_run:
        return rehearsed(state.report(file, "resume"), preview, watch)
    if left:
        _confirm(backend, header, preview, watch)
    if state.start is None:  # it was stopped in front of the question
        operation.begin(Provenance(header.who, header.host))
    report = _run(operation, file, state.claimant or operation.claim())
    ended = state.end is not None and not left  # else the server has forgotten some
    return report.of_earlier(header.operation) if ended else report


def apply(
    backend: Backend, planned: OperationFile, author: Provenance, guards: Guards, watch: Watch
) -> Report:
    """Do what was planned to exactly those jobs; what has left since counts as gone.

    Where somebody else has applied another copy of the plan, all of them count as gone.

    Args:
        backend: what it works on.
        planned: the plan.
        author: who applies it.
        guards: dry_run, server_changed.
        watch: who looks on.

    Raises:
        Refused: it is of another server, or was applied before; or the watch says no.
        FileProblem: it is no plan, or was cut off.
    """
    guards.allow(backend.rules)
    begun = time.monotonic()
    state = History.read(backend, planned, server_changed=guards.server_changed)
    header = planned.header
    if state.selected is None:
        raise Refused(
            f"{planned.path} is no whole plan: choosing never ended", hint="make a new one"
        )
    if header.change.verb.row.on_queues or state.start is not None:
        raise Refused(f"{planned.path} is no plan: it is the file of an operation")
    operation = Operation(backend, planned, state.selection(planned), watch, state)
    left = len(operation.selection)
    if not left:
        watch.show(_preview(operation, planned, "apply", left, ()))
        return replace(state.report(planned, header.change.verb), operation=None)
    notes: list[str] = []
    if header.change.to_queues:
        notes += backend.system.check_form(header.form, rehearsed=guards.dry_run)
    notes += operation.subject.drift(backend)
    if state.claimant is not None:
        notes.append(claimed_by(state.claimant, header))
    notes += _check(backend, operation, guards)
    preview = _preview(operation, planned, "apply", left, notes)
    if guards.dry_run:
        return rehearsed(state.report(planned, "apply"), preview, watch)
    _confirm(backend, header, preview, watch)
    with Journal.of(backend).adopt(planned) as file:
        file.header = replace(header, keep=header.keep and backend.rules.journal)
        operation = Operation(backend, file, operation.selection, watch, state)
        report = _run(operation, file, _claim_plan(operation, file, author))
        return replace(report, seconds=time.monotonic() - begun)


def _claim_plan(operation: Operation, file: OperationFile, author: Provenance) -> Author | None:
    """Begin to carry out a plan, and claim it; where that is refused, it can be applied again."""
    try:
        operation.begin(author)
    except BaseException:
        file.delete()
        raise
    try:
        return operation.claim()
    except RefusedByRedis:
        file.delete()
        raise
    except JobctlError as error:  # it may be claimed: with this file alone it can go on
        raise resumable(error, file.header.operation) from error


def _run(operation: Operation, file: OperationFile, claimant: Author | None) -> Report:
    report = operation.state.report(file, operation.header.change.verb.value)
    if claimant is not None:
        return operation.leave_to(claimant, report)
    return operation.run(report)


def _confirm(backend: Backend, header: Header, preview: Preview, watch: Watch) -> None:
    backend.operations.check_script(header.change.script(header.kind), kind=header.kind)
    if not watch.confirm(preview):
        raise Refused("not confirmed; nothing was changed")


def _check(backend: Backend, operation: Operation, guards: Guards) -> list[str]:
    """Check that a release can go on, and return what there is to warn of.

    Raises:
        Refused: it cannot.
    """
    header = operation.header
    if header.change.verb is not Verb.RELEASE:
        return []
    from jobctl.operations.subjects.reservations import check_batches, check_way

    backend.rules.check(header.reason, rehearsed=guards.dry_run)
    # What was acknowledged before can be pushed without the server; the rest is refused by then.
    if backend.faktory is None and operation.state.half_told:
        return []
    warnings = check_way(backend, header, rehearsed=guards.dry_run)
    check_batches(backend, header, operation.subject, len(operation.selection))
    return warnings


def _preview(
    operation: Operation, file: OperationFile, action: str, left: int, notes: Sequence[str]
) -> Preview:
    header, report = operation.header, operation.state.report(file, action)
    return Preview(
        action=action,
        kind=header.kind,
        change=header.change,
        server=header.server,
        matched=report.matched,
        chosen=left,
        skipped=report.skipped,
        missing=report.missing,
        unmatched=report.unmatched,
        sample=operation.subject.sample(),
        notes=tuple(dict.fromkeys((*header.change.notes, *notes))),
    )
