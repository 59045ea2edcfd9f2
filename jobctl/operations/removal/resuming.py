"""Going on with the removal, or the adoption, of queues that was stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jobctl.backend import Backend
from jobctl.errors import Refused
from jobctl.model.guards import Guards
from jobctl.model.preview import Preview
from jobctl.model.report import Report
from jobctl.model.verbs import Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.removal.concluding import adopted_sizes, check_whole, conclude
from jobctl.operations.removal.removing import open_server
from jobctl.operations.removal.rounds import Rounds
from jobctl.operations.removal.taking import Remover
from jobctl.operations.removal.undoing import happened
from jobctl.operations.state import State
from jobctl.operations.undo import rehearsed
from jobctl.operations.watch import Watch


def resume_removal(
    backend: Backend, file: OperationFile, state: State, guards: Guards, watch: Watch
) -> Report:
    """Go on with a removal: what stands aside is written into the file anew, if need be.

    Raises:
        Refused: nothing was changed by then; or whoever watches says no.
        ConnectionLost: Redis or the server went away; another resume goes on from there.
    """
    rounds = Rounds.read(backend, file.header)
    report = state.report(file, file.header.change.verb.value)
    if state.selected is not None:
        check_whole(file, state.selected)
    adopting = file.header.change.verb is Verb.ADOPT
    if adopting:
        report = replace(report, before=adopted_sizes(backend, file.header))
    if state.selected is not None and happened(backend, file, state.selected, rounds):
        report = conclude(backend, file, rounds, state.selected, report, watch)
        return report if state.end is None else report.of_earlier(file.header.operation)
    if not rounds:
        raise Refused(
            f"operation {file.header.operation} was stopped before it changed anything, "
            "or this Redis has lost what it did",
            hint="run its command again",
        )
    door, notes = (None, ()) if adopting else open_server(backend, rehearsed=guards.dry_run)
    matched = max(sum(queue.jobs for queue in file.header.queues), rounds.jobs)
    report = replace(report, matched=matched, notes=notes)
    preview = _preview(file, rounds, notes)
    if guards.dry_run:
        return rehearsed(report, preview, watch)
    backend.operations.check_script("remove")
    if not watch.confirm(preview):
        raise Refused("not confirmed; nothing was changed")
    file.rewind()
    return Remover(backend, file, door, rounds, watch).run(report)


def _preview(file: OperationFile, rounds: Rounds, notes: Sequence[str]) -> Preview:
    header = file.header
    return Preview(
        action="resume",
        kind=header.kind,
        change=header.change,
        server=header.server,
        matched=rounds.jobs,
        chosen=rounds.jobs,
        notes=["they stand aside: no worker sees them; jobctl undo puts them back instead", *notes],
        queues=[queue.name for queue in header.queues],
    )
