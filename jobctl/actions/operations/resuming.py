"""Resume and apply: an operation's file is all they need."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from jobctl.actions.jobs import Store
from jobctl.actions.operations.carrying import begin, carry_out
from jobctl.actions.operations.chosen import Chosen
from jobctl.actions.operations.file import OperationFile
from jobctl.actions.operations.journal import Journal
from jobctl.actions.operations.past import Past
from jobctl.actions.operations.preparing import Preparer
from jobctl.actions.operations.undoing import rehearsed, undo_file
from jobctl.actions.operations.watching import Watch
from jobctl.actions.removal.resuming import resume_removal
from jobctl.errors import Refused
from jobctl.model.change import ON_QUEUES, Verb
from jobctl.model.preview import Preview
from jobctl.model.report import Report


def resume(store: Store, journal: Journal, name: str, watch: Watch) -> Report:
    """Go on with an operation, or its undo, that was stopped; the report counts all of it.

    Raises:
        NotFound: there is no such operation.
        Refused: it is of another server, in use, or never began; or whoever watches says no.
    """
    begun = time.monotonic()
    with journal.open(name) as file:
        past = Past.read(store, file)
        if past.undo is not None:
            return undo_file(store, file, past, watch)
        if file.header.change.verb in ON_QUEUES:
            report = resume_removal(store, file, past, watch)
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
        preview = _preview(store, file, chosen, past, "resume", len(chosen) - settled)
        if preview.chosen and file.header.change.verb is Verb.RELEASE:
            _check_release(store, file, past)
        if watch.rehearses:
            return rehearsed(past.report(file, "resume"), preview, watch)
        if preview.chosen and not watch.confirm(preview):
            raise Refused("not confirmed; nothing was changed")
        report = replace(_go(store, file, chosen, past, watch), seconds=time.monotonic() - begun)
        ended = past.end is not None and not preview.chosen  # else the server has forgotten some
        return report.of_earlier(file.header.operation) if ended else report


def apply(store: Store, journal: Journal, plan: Path, watch: Watch, *, keep: bool = True) -> Report:
    """Do what was planned to exactly those jobs; what has left since counts as gone.

    Args:
        store: the Redis.
        journal: where the plan's file moves to.
        plan: the file.
        watch: who looks on.
        keep: whether the file may stay when all is done.

    Raises:
        Refused: it is of another server, or was applied before; or whoever watches says no.
        FileProblem: it is no plan, or was cut off.
    """
    begun = time.monotonic()
    with OperationFile.open(plan) as planned:
        if planned.header.change.verb in ON_QUEUES:
            raise Refused(f"{plan} is no plan: what becomes of queues is not planned ahead")
        past = Past.read(store, planned)
        if past.choice is None:
            raise Refused(f"{plan} is no whole plan: choosing never ended", hint="make a new one")
        chosen = past.chosen(planned)
        preview = _preview(store, planned, chosen, past, "apply", len(chosen))
        if not len(chosen):
            watch.show(preview)
            return replace(past.report(planned, planned.header.change.verb), operation=None)
        preview = replace(preview, notes=Preparer.of(planned, chosen, store.layout).drift(store))
        if watch.rehearses:
            return rehearsed(past.report(planned, "apply"), preview, watch)
        if not watch.confirm(preview):
            raise Refused("not confirmed; nothing was changed")
        operation = planned.header.operation
    with journal.adopt(plan, operation) as file:
        file.header = replace(planned.header, keep=planned.header.keep and keep)
        return replace(_go(store, file, chosen, past, watch), seconds=time.monotonic() - begun)


def _go(store: Store, file: OperationFile, chosen: Chosen, past: Past, watch: Watch) -> Report:
    acting = past.acting or begin(store, file, len(chosen))
    report = past.report(file, file.header.change.verb.value)
    return carry_out(
        store, file, chosen, acting, report, watch, noted=past.batches, results=past.results,
        acknowledged=past.acknowledged,
    )  # fmt: skip


def _check_release(store: Store, file: OperationFile, past: Past) -> None:
    from jobctl.actions.operations.releasing import check_way, has_limbo

    store.rules.check(file.header.reason)
    # What was acknowledged before can be pushed without the server; the rest is refused by then.
    if store.faktory is not None or not has_limbo(past.acknowledged, past.results):
        check_way(store, file.header)


def _preview(
    store: Store, file: OperationFile, chosen: Chosen, past: Past, action: str, left: int
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
        sample=Preparer.of(file, chosen, store.layout).sample(),
        notes=file.header.change.notes,
    )
