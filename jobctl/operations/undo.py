"""Undo: what can still be put back is put back, with its bytes and score; the rest is named."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Protocol

from jobctl.backend import Backend
from jobctl.errors import ConnectionLost, FileProblem, Loading, Refused
from jobctl.model.operation import Header
from jobctl.model.report import Preview, Report
from jobctl.model.verbs import Guards, Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import Journal
from jobctl.operations.request import Watch, rehearsed
from jobctl.operations.revert import JobUndo
from jobctl.operations.state import State, claimed_by


class Undoing(Protocol):
    """The undo of one operation."""

    @property
    def script(self) -> str:
        """The script that it needs."""

    @property
    def idle(self) -> bool:
        """Whether there is nothing to put back."""

    def preview(self) -> Preview:
        """Return what would be put back."""

    def prepare(self) -> None:
        """Do what comes before its first start; where that is refused, nothing was changed."""

    def sizes(self) -> dict[str, int]:
        """Return how many members the structures have that it can touch."""

    def run(self, report: Report) -> Report:
        """Put back what can be put back, and complete the report."""


def undo(backend: Backend, name: str, guards: Guards, watch: Watch) -> Report:
    """Undo an operation; one that was undone before is left as it is.

    Raises:
        NotFound: there is no such operation.
        Refused: it is of another server, in use, kept no file, or was carried out by somebody
            else; or the watch says no.
        FileProblem: its file is damaged.
    """
    guards.allow(backend.rules)
    with Journal.of(backend).open(name, write=not guards.dry_run) as file:
        check_undoable(file.header)
        state = State.read(backend, file, server_changed=guards.server_changed)
        return undo_file(backend, file, state, guards, watch)


def check_undoable(header: Header) -> None:
    """Check that this operation is one that can be undone.

    Raises:
        Refused: it is not.
    """
    permanent = header.change.verb.row.permanent
    if permanent:
        raise Refused(
            f"operation {header.operation} is a {header.change.verb}, and that cannot be undone: "
            f"{permanent}",
            hint=f"jobctl journal show {header.operation} --jobs names them",
        )


def undo_file(
    backend: Backend, file: OperationFile, state: State, guards: Guards, watch: Watch
) -> Report:
    """Undo the operation of an open file.

    Raises:
        Refused: the watch says no; or somebody else has carried it out.
        ConnectionLost: Redis went away; another undo goes on from there.
    """
    begun = time.monotonic()
    report = replace(state.report(file, "undo"), matched=0, skipped=0, missing=(), unmatched=())
    if state.undone is not None:
        return report
    undoing = _undoing(backend, file, state, guards, watch)
    if undoing is None or undoing.idle:
        return report
    preview = undoing.preview()
    if guards.dry_run:
        return rehearsed(report, preview, watch)
    header = file.header
    source = None if header.change.verb.row.on_queues else header.kind
    backend.operations.check_script(undoing.script, kind=source)
    if not watch.confirm(preview):
        raise Refused("not confirmed; nothing was changed")
    undoing.prepare()
    report = replace(report, before=_before(backend, file, state, undoing))
    watch.began(header.operation)
    try:
        report = undoing.run(report)
    except (ConnectionLost, Loading, FileProblem) as error:
        error.hint = f"nothing is lost; go on with: jobctl undo {header.operation}"
        raise
    if not report.unfinished:
        file.note({"undone": report.document()})
    return replace(report, seconds=time.monotonic() - begun)


def _undoing(
    backend: Backend, file: OperationFile, state: State, guards: Guards, watch: Watch
) -> Undoing | None:
    """Return the undo of an operation; None where it never began.

    Raises:
        Refused: somebody else has carried it out.
    """
    verb = file.header.change.verb
    if verb is Verb.ADOPT:
        from jobctl.operations.subjects.adoption import AdoptionUndo

        return AdoptionUndo(backend, file, state, watch)
    if verb is Verb.REMOVE:
        from jobctl.operations.subjects.restore import RemovalUndo

        return RemovalUndo(backend, file, state, guards, watch)
    if state.start is None:
        return None
    if state.claimant is not None:
        raise Refused(
            claimed_by(state.claimant, file.header),
            hint=f"{state.claimant} can undo it: jobctl undo {file.header.operation}",
        )
    return JobUndo(backend, file, state, watch)


def _before(
    backend: Backend, file: OperationFile, state: State, undoing: Undoing
) -> dict[str, int]:
    """Return what there was when the undo began; noted at its first start."""
    if state.undo is not None:
        return state.undo["before"]
    before = undoing.sizes()
    file.note({"undo": {"before": before, "at": backend.server.now()}})
    return before
