"""Resume and apply: an operation's file is all they need."""

from __future__ import annotations

import time
from dataclasses import replace

from jobctl.backend import Backend
from jobctl.errors import JobctlError, Refused, RefusedByRedis
from jobctl.model.guards import Guards
from jobctl.model.preview import Preview
from jobctl.model.report import Report
from jobctl.model.verbs import Verb
from jobctl.operations.carrying import begin, carry_out, claim, leave_to, resumable
from jobctl.operations.chosen import Chosen
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import Journal
from jobctl.operations.past import Past, claimed_by
from jobctl.operations.preparing import Preparer
from jobctl.operations.removal.resuming import resume_removal
from jobctl.operations.request import Provenance
from jobctl.operations.undoing import allow, rehearsed, undo_file
from jobctl.operations.watch import Watch


def resume(backend: Backend, name: str, guards: Guards, watch: Watch) -> Report:
    """Go on with an operation, or its undo, that was stopped; the report counts all of it.

    Raises:
        NotFound: there is no such operation.
        Refused: it is of another server, in use, or never began; or whoever watches says no.
    """
    allow(backend, guards)
    begun = time.monotonic()
    with Journal.of(backend).open(name, write=not guards.dry_run) as file:
        past = Past.read(backend, file, server_changed=guards.server_changed)
        if past.undo is not None:
            return undo_file(backend, file, past, guards, watch)
        if file.header.change.verb.row.on_queues:
            report = resume_removal(backend, file, past, guards, watch)
            return replace(report, seconds=time.monotonic() - begun)
        if past.choice is None:
            raise Refused(
                f"operation {file.header.operation} was stopped while it was choosing "
                f"{file.header.kind.thing}s: "
                "nothing was changed",
                hint="run its command again",
            )
        chosen = past.chosen(file)
        settled = sum(past.batches[n].jobs for n in past.results if n in past.batches)
        preview = _preview(backend, file, chosen, past, "resume", len(chosen) - settled)
        if preview.chosen:
            preview = _checked(backend, file, chosen, past, preview, guards)
        if guards.dry_run:
            return rehearsed(past.report(file, "resume"), preview, watch)
        if preview.chosen:
            _check_scripts(backend, file)
            if not watch.confirm(preview):
                raise Refused("not confirmed; nothing was changed")
        report = replace(_go(backend, file, chosen, past, watch), seconds=time.monotonic() - begun)
        ended = past.end is not None and not preview.chosen  # else the server has forgotten some
        return report.of_earlier(file.header.operation) if ended else report


def apply(
    backend: Backend,
    planned: OperationFile,
    author: Provenance,
    guards: Guards,
    watch: Watch,
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
        Refused: it is of another server, or was applied before; or whoever watches says no.
        FileProblem: it is no plan, or was cut off.
    """
    allow(backend, guards)
    begun = time.monotonic()
    past = Past.read(backend, planned, server_changed=guards.server_changed)
    if past.choice is None:
        raise Refused(
            f"{planned.path} is no whole plan: choosing never ended", hint="make a new one"
        )
    if planned.header.change.verb.row.on_queues or past.acting is not None:
        raise Refused(f"{planned.path} is no plan: it is the file of an operation")
    chosen = past.chosen(planned)
    preview = _preview(backend, planned, chosen, past, "apply", len(chosen))
    if not len(chosen):
        watch.show(preview)
        return replace(past.report(planned, planned.header.change.verb), operation=None)
    warnings: tuple[str, ...] = ()
    if planned.header.change.to_queues:
        warnings = backend.system.check_form(planned.header.form, rehearsed=guards.dry_run)
    notes = [
        *preview.notes,
        *warnings,
        *Preparer.of(planned, chosen, backend.layout).drift(backend),
    ]
    if past.claimant is not None:
        notes.append(claimed_by(past.claimant, planned.header))
    preview = _checked(backend, planned, chosen, past, replace(preview, notes=notes), guards)
    if guards.dry_run:
        return rehearsed(past.report(planned, "apply"), preview, watch)
    _check_scripts(backend, planned)
    if not watch.confirm(preview):
        raise Refused("not confirmed; nothing was changed")
    with Journal.of(backend).adopt(planned) as file:
        file.header = replace(planned.header, keep=planned.header.keep and backend.rules.journal)
        past = _begun(backend, file, past, len(chosen), author)
        report = _go(backend, file, chosen, past, watch)
        return replace(report, seconds=time.monotonic() - begun)


def _begun(
    backend: Backend, file: OperationFile, past: Past, jobs: int, author: Provenance
) -> Past:
    """Begin to carry out a plan, and claim it; where that is refused, it can be applied again."""
    try:
        acting = begin(backend, file, jobs, author.who, author.host)
    except BaseException:
        file.delete()
        raise
    try:
        claimant = claim(backend, file, acting)
    except RefusedByRedis:
        file.delete()
        raise
    except JobctlError as error:  # it may be claimed: with this file alone it can go on
        raise resumable(error, file.header.operation) from error
    return replace(past, acting=acting, claimant=claimant)


def _go(backend: Backend, file: OperationFile, chosen: Chosen, past: Past, watch: Watch) -> Report:
    report = past.report(file, file.header.change.verb.value)
    acting = past.acting
    if acting is None:  # it was stopped in front of the question
        acting = begin(backend, file, len(chosen), file.header.who, file.header.host)
    claimant = past.claimant or claim(backend, file, acting)
    if claimant is not None:
        return leave_to(claimant, file, report, len(chosen))
    return carry_out(
        backend, file, chosen, acting, report, watch, noted=past.batches, results=past.results,
        acknowledged=past.acknowledged,
    )  # fmt: skip


def _check_scripts(backend: Backend, file: OperationFile) -> None:
    header = file.header
    backend.operations.check_script(header.change.script(header.kind), kind=header.kind)


def _checked(
    backend: Backend,
    file: OperationFile,
    chosen: Chosen,
    past: Past,
    preview: Preview,
    guards: Guards,
) -> Preview:
    """Check that a release can go on; return its preview with what there is to warn of.

    Raises:
        Refused: it cannot.
    """
    if file.header.change.verb is not Verb.RELEASE:
        return preview
    from jobctl.operations.release_checks import check_batches, check_way, has_limbo

    backend.rules.check(file.header.reason, rehearsed=guards.dry_run)
    # What was acknowledged before can be pushed without the server; the rest is refused by then.
    if backend.faktory is None and has_limbo(past.acknowledged, past.results):
        return preview
    warnings = check_way(backend, file.header, rehearsed=guards.dry_run)
    check_batches(backend, file, chosen)
    return replace(preview, notes=tuple(dict.fromkeys((*preview.notes, *warnings))))


def _preview(
    backend: Backend, file: OperationFile, chosen: Chosen, past: Past, action: str, left: int
) -> Preview:
    report = past.report(file, action)
    return Preview(
        action=action,
        kind=file.header.kind,
        change=file.header.change,
        server=file.header.server,
        matched=report.matched,
        chosen=left,
        skipped=report.skipped,
        missing=report.missing,
        unmatched=report.unmatched,
        sample=Preparer.of(file, chosen, backend.layout).sample(),
        notes=file.header.change.notes,
    )
