"""The removal of queues from its names to its report: look, guard, confirm, take away."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from jobctl.backend import Backend
from jobctl.errors import Refused
from jobctl.model.guards import Guards
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.operation import Header
from jobctl.model.preview import Preview
from jobctl.model.report import Report
from jobctl.model.verbs import Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import Journal
from jobctl.operations.removal.at_once import remove_at_once
from jobctl.operations.removal.looking import Look, look_at
from jobctl.operations.removal.rounds import Rounds
from jobctl.operations.removal.taking import Remover
from jobctl.operations.request import Request
from jobctl.operations.watch import Watch
from jobctl.queues.holders import find_holders, refuse_held
from jobctl.redis.queue_removal import QUEUES
from jobctl.systems.faktory.server import Faktory


def remove_queues(backend: Backend, request: Request, watch: Watch) -> Report:
    """Remove queues, their jobs, and their pauses.

    Raises:
        UsageProblem: only the server is known.
        NotFound: a queue is not known; nothing was changed.
        Refused: a guard, or whoever watches, says no; or a server runs that would not notice.
        RefusedByFaktory: the server said no; nothing was changed.
        ConnectionLost: one of the two went away; resume goes on from there.
    """
    backend.require_redis("queue remove")
    begun = time.monotonic()
    report = _remove(backend, request, watch)
    return replace(report, seconds=report.seconds + time.monotonic() - begun)


def open_server(backend: Backend, *, rehearsed: bool) -> tuple[Faktory | None, tuple[str, ...]]:
    """Return the server that has to remove the queues, open; and what there is to say.

    Raises:
        Refused: one runs on this Redis, and nobody named it; or it uses another Redis.
        Unreachable: the one that was named cannot be reached.
    """
    if backend.faktory is not None:
        if rehearsed:
            return backend.faktory, tuple(backend.system.compare_counters())
        backend.system.verify_server()
        return backend.faktory, ()
    route = backend.system.pause_route(at_restart=False, offered=False)
    return None, () if route.warning is None else (route.warning,)


def _remove(backend: Backend, request: Request, watch: Watch) -> Report:
    door, notes = open_server(backend, rehearsed=request.guards.dry_run)
    look = look_at(backend, request.names if not request.all_queues else None, door)
    guards = request.guards
    guards.check(look.jobs)
    _refuse_held(backend, look)
    report = Report(
        action=Verb.REMOVE.value,
        target=Kind.QUEUE.value,
        server=str(backend.target),
        matched=look.jobs,
        dry_run=guards.dry_run,
        reason=guards.reason,
        notes=(*notes, *look.notes),
    )
    if guards.dry_run or not look.queues:
        watch.show(make_preview(backend, look, request, notes))
        return report
    backend.operations.check_script("remove")
    asked = time.monotonic()
    if door is not None:
        notes = (f"the server that removes them is {door.address}",)
    if not watch.confirm(make_preview(backend, look, request, notes)):
        raise Refused("not confirmed; nothing was changed")
    report = replace(report, seconds=asked - time.monotonic())  # nobody's work
    backend.system.remember_server()
    # What is held to a count, and takes several calls, is put aside first: it may have to go back.
    at_once = guards.bounds(0) == (None, None) or len(look.queues) <= QUEUES
    if at_once and not guards.undo:
        return remove_at_once(backend, door, look, guards, report)
    journal = Journal.of(backend)
    journal.tidy()
    with journal.create(make_header(backend, door, look, request)) as file:
        return run_remover(backend, file, door, guards, report, watch)


def _refuse_held(backend: Backend, look: Look) -> None:
    """Refuse what is held: the pause of a holder would come back as if it were the queue's own.

    Raises:
        Refused: somebody holds one of the queues; says who.
    """
    holds = find_holders(backend, [queue.name for queue in look.queues])
    refuse_held(holds, "wait until its holder is done: jobctl queue ls shows it")


def run_remover(
    backend: Backend,
    file: OperationFile,
    door: Faktory | None,
    guards: Guards,
    report: Report,
    watch: Watch,
) -> Report:
    """Carry it out, from its beginning to its end."""
    remover = Remover(backend, file, door, Rounds(), watch)
    try:
        file.flush()
        return remover.run(replace(report, operation=file.header.operation), guards)
    except BaseException:
        if remover.untouched:
            file.delete()  # nothing was changed: there is nothing to undo, nor to resume
        raise


def make_header(
    backend: Backend,
    door: Faktory | None,
    look: Look,
    request: Request,
    form: QueueForm | None = None,
) -> Header:
    """Return the first line of the file of a removal, or of an adoption to lists of a form."""
    return Header(
        operation=secrets.token_hex(4),
        kind=Kind.QUEUE,
        change=request.change,
        form=form,
        server=str(backend.target),
        identity=backend.operations.claim_identity(),
        where=" ".join(dict.fromkeys(request.names)),
        who=request.author.who,
        host=request.author.host,
        argv=request.author.argv,
        reason=request.guards.reason,
        started_at=backend.server.now(),
        queues=look.queues,
        keep=request.guards.undo,
        context=request.context,
        faktory=None if door is None else str(door.address),
    )


def make_preview(backend: Backend, look: Look, request: Request, notes: Sequence[str]) -> Preview:
    """Return what would be done."""
    histogram, sample = look.describe(backend) if request.histogram else ({}, ())
    return Preview(
        action=request.change.verb.value,
        kind=Kind.QUEUE,
        change=request.change,
        server=str(backend.target),
        matched=look.jobs,
        chosen=look.jobs,
        histogram=histogram,
        sample=sample,
        notes=[*look.counts(), *look.notes, *notes],
        rehearsed=request.guards.dry_run,
        queues=[queue.name for queue in look.queues],
        name=request.typed,
    )
