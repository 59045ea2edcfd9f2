"""A request from its filter to its report: select, guard, confirm, run."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from jobctl.backend import Backend
from jobctl.errors import FileProblem, Refused, UsageProblem
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.operation import Header
from jobctl.model.report import Preview, Report
from jobctl.model.verbs import Change, Verb
from jobctl.operations.engine import Operation
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import Journal
from jobctl.operations.request import Request, Watch
from jobctl.operations.selection import Selection
from jobctl.operations.subject import Found
from jobctl.operations.subjects import subject_of


def begin(backend: Backend, request: Request, watch: Watch) -> Report:
    """Do what is requested to what matches, and report.

    Raises:
        UsageProblem: the request makes no sense.
        Refused: a guard or the watch says no. Nothing was changed.
        FileProblem: the operation's file cannot be written. Nothing was changed.
        ConnectionLost: Redis went away on the way; resume goes on from there.
    """
    request = request.under(backend.rules)
    request.check()
    kind = request.kind
    if request.change.verb.row.on_queues:
        from jobctl.operations.subjects.queues import change_queues  # few changes are of them

        return change_queues(backend, request, watch)
    begun = time.monotonic()
    warnings: list[str] = []
    if kind is not Kind.RECORDS:
        backend.check_system()
    if request.change.verb is Verb.RELEASE:
        from jobctl.operations.subjects.reservations import check_way

        warnings = check_way(backend, rehearsed=request.rehearsed)
    kept = request.guards.undo or request.guards.dry_run or request.plan is not None
    if request.change.verb is Verb.CLEAR and not kept:
        report = _clear(backend, kind, request, watch)
    else:
        if not request.rehearsed:
            backend.operations.check_script(request.change.script(kind), kind=kind)
        with _new_file(backend, kind, request) as file:
            report = _run(backend, file, request, watch, warnings)
    return replace(report, seconds=report.seconds + time.monotonic() - begun)


def _run(
    backend: Backend,
    file: OperationFile,
    request: Request,
    watch: Watch,
    warnings: Sequence[str],
) -> Report:
    try:
        found = _select(backend, file, request, watch)
        operation = Operation(backend, file, found.selection, watch)
        report = _report(file.header, found, warnings, rehearsed=request.rehearsed)
        preview = _preview(operation, found, request, warnings)
        nothing = not len(found.selection)
        if request.rehearsed or nothing:
            watch.show(preview)
        else:
            if request.guards.undo:  # what nobody will undo need not outlive a power failure
                file.flush()
            asked = time.monotonic()
            if not watch.confirm(preview):
                raise Refused("not confirmed; nothing was changed")
            report = replace(report, seconds=asked - time.monotonic())  # nobody's work
            operation.begin(request.author)
            operation.claim()  # what is refused now has cost nothing
    except BaseException:
        file.delete()  # nothing was changed: there is nothing to undo, nor to resume
        raise
    if request.plan is not None:
        return report
    if request.guards.dry_run or nothing:
        file.delete()
        return replace(report, operation=None)
    return operation.run(report)


def _select(backend: Backend, file: OperationFile, request: Request, watch: Watch) -> Found:
    """Select into the file, hold that to the guards, and note how it ended."""
    change, selection = request.change, Selection()
    subject = subject_of(file, selection, backend.layout)
    found = subject.select(backend, request, watch)
    request.guards.check(found.matched)
    found.skipped = found.selection.cut(request.guards.limit)
    if change.verb is Verb.RELEASE:
        from jobctl.operations.subjects.reservations import check_batches

        check_batches(backend, file.header, subject, len(found.selection))
    if change.to_queues and found.matched:
        form, named, warnings = _queues(backend, change, rehearsed=request.rehearsed)
        if change.verb is not Verb.RELEASE:  # who has said so before
            found.notes = (*found.notes, *warnings)
        file.header = replace(file.header, form=form, named=named)
    note = {
        "form": file.header.form,
        "named": list(file.header.named),
        "matched": found.matched,
        "skipped": found.skipped,
        "missing": list(found.missing),
        "unmatched": list(found.unmatched),
        "limit": request.guards.limit,
    }
    file.note({"chosen": note})
    if change.front:
        found.selection.backwards()
    return found


@contextmanager
def _new_file(backend: Backend, kind: Kind, request: Request) -> Iterator[OperationFile]:
    header = Header(
        operation=secrets.token_hex(4),
        kind=kind,
        change=request.change,
        server=str(backend.target),
        identity=backend.operations.identity(),
        where=request.text,
        who=request.author.who,
        host=request.author.host,
        argv=request.author.argv,
        reason=request.guards.reason,
        started_at=backend.server.now(),
        keep=request.guards.undo,
        faktory=_server(backend) if request.change.verb is Verb.RELEASE else None,
        context=request.context,
        namespace=backend.scope.records_namespace if kind is Kind.RECORDS else None,
    )
    if request.plan is None:
        journal = Journal.of(backend)
        if not request.guards.dry_run:
            journal.tidy()
        made = journal.create(header, hidden=request.guards.dry_run)
    else:
        try:
            made = OperationFile.create(request.plan, header)
        except FileExistsError:
            raise UsageProblem(
                f"--plan: {request.plan} is there already", hint="name a new file"
            ) from None
        except FileProblem as error:  # its hint is about the journal's place
            raise FileProblem(error.message) from None
    with made:
        yield made


def _server(backend: Backend) -> str | None:
    return None if backend.faktory is None else str(backend.faktory.address)


def _queues(
    backend: Backend, change: Change, *, rehearsed: bool
) -> tuple[QueueForm, tuple[str, ...], tuple[str, ...]]:
    """Return the form of the lists that jobs go to, the odd names of queues, and warnings.

    Raises:
        Refused: nothing tells which form.
        UsageProblem: ``--to`` names what is no queue, and could not become one.
    """
    form, warnings = backend.system.form_to_write(rehearsed=rehearsed)
    names = sorted({queue.name for queue in backend.queues.named()})
    named = tuple(name for name in names if not backend.layout.is_queue_name(name))
    if change.to is None:
        return form, named, warnings
    if form not in backend.layout.queue_forms(change.to):
        raise UsageProblem(f"--to: {change.to!r} is a key of the job system, no queue")
    if not backend.layout.is_queue_name(change.to) and change.to not in named:
        raise UsageProblem(
            f"--to: {change.to!r} is no name of a queue",
            hint="a queue that is not there yet: letters, digits, dots, dashes and underscores",
        )
    return form, named, warnings


def _report(header: Header, found: Found, warnings: Sequence[str], *, rehearsed: bool) -> Report:
    return Report(
        action=header.change.verb.value,
        target=header.kind.value,
        server=header.server,
        matched=found.matched,
        skipped=found.skipped,
        missing=found.missing,
        unmatched=found.unmatched,
        dry_run=rehearsed,
        operation=header.operation,
        reason=header.reason,
        notes=(*found.notes, *warnings),
    )


def _preview(
    operation: Operation, found: Found, request: Request, warnings: Sequence[str]
) -> Preview:
    header = operation.header
    return Preview(
        action=header.change.verb.value,
        kind=header.kind,
        change=header.change,
        server=header.server,
        matched=found.matched,
        chosen=len(found.selection),
        skipped=found.skipped,
        missing=found.missing,
        unmatched=found.unmatched,
        histogram=dict(sorted(found.histogram.items(), key=lambda item: (-item[1], item[0]))),
        sample=operation.subject.sample(),
        notes=(*request.change.notes, *found.notes, *warnings),
        plan=request.plan,
        rehearsed=request.rehearsed,
        name=request.typed,
    )


def _clear(backend: Backend, kind: Kind, request: Request, watch: Watch) -> Report:
    """Remove a whole set at once: nothing is kept, nothing can be undone."""
    source = backend.set(kind)
    matched = source.count()
    request.guards.check(matched)
    server = str(backend.target)
    preview = Preview(
        Verb.CLEAR, kind, request.change, server, matched, matched, name=request.typed
    )
    if matched and not watch.confirm(preview):
        raise Refused("not confirmed; nothing was changed")
    done = backend.operations.clear(kind) if matched else 0
    return Report(
        action=Verb.CLEAR.value,
        target=kind.value,
        server=server,
        matched=done,
        done=done,
        reason=request.guards.reason,
        before={kind.value: matched},
        after={kind.value: source.count()},
        moved={kind.value: -done},
    )
