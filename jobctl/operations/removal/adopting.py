"""Adopting queues: the jobs of lists that the server does not read, into those that it reads.

It is done as a removal is: the list is put aside at one instant, written into the file, and then
its jobs move to the right side of the list that is read: they are older, and run next, in their
request.
"""

from __future__ import annotations

import time
from dataclasses import replace

from jobctl.backend import Backend
from jobctl.errors import Refused, WrongType
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.queue import Queue, is_unread
from jobctl.model.removal import RemovedQueue
from jobctl.model.report import Report
from jobctl.operations.journal import Journal
from jobctl.operations.removal.concluding import adopted_sizes
from jobctl.operations.removal.looking import Look, all_queues
from jobctl.operations.removal.removing import make_header, make_preview, run_remover
from jobctl.operations.request import Request
from jobctl.operations.watch import Watch
from jobctl.queues.naming import find_queues


def adopt_queues(backend: Backend, request: Request, watch: Watch) -> Report:
    """Move the jobs of lists that the server does not read to the lists that it reads.

    Raises:
        NotFound: a queue is not known; nothing was changed.
        WrongType: the key that the server reads is no list.
        Refused: a guard, or whoever watches, says no; or nothing tells what the server reads.
        ConnectionLost: Redis went away; resume goes on from there.
    """
    begun = time.monotonic()
    read, warnings = backend.system.form_to_write(rehearsed=request.guards.dry_run)
    look = _look(backend, request, read)
    request.guards.check(look.jobs)
    report = Report(
        action=request.change.verb.value,
        target=Kind.QUEUE.value,
        server=str(backend.target),
        matched=look.jobs,
        dry_run=request.guards.dry_run,
        reason=request.guards.reason,
        notes=(*look.notes, *warnings),
    )
    shown = make_preview(backend, look, request, warnings)
    if request.guards.dry_run or not look.queues:
        watch.show(shown)
        return replace(report, seconds=time.monotonic() - begun)
    backend.operations.check_script("remove")
    asked = time.monotonic()
    if not watch.confirm(shown):
        raise Refused("not confirmed; nothing was changed")
    begun += time.monotonic() - asked  # nobody's work
    backend.system.remember_server()
    journal = Journal.of(backend)
    journal.tidy()
    with journal.create(make_header(backend, None, look, request, read)) as file:
        report = replace(report, before=adopted_sizes(backend, file.header))
        report = run_remover(backend, file, None, request.guards, report, watch)
    return replace(report, seconds=time.monotonic() - begun)


def _look(backend: Backend, request: Request, read: QueueForm) -> Look:
    """Find the lists of the form that is not read.

    Raises:
        WrongType: the key that the server reads is no list.
    """
    if request.all_queues:
        queues = all_queues(backend)
    else:
        queues = find_queues(backend, list(dict.fromkeys(request.names)))
    unread = [
        queue
        for queue in queues
        if is_unread(queue, read) and read in backend.layout.queue_forms(queue.name)
    ]
    for queue in unread:
        kind = backend.queues.type_of(queue.name, read)
        if kind not in ("list", "none"):
            key = backend.layout.queue_key(queue.name, read)
            raise WrongType(f"the key {key} holds a {kind}, no list of jobs")
    pattern = backend.layout.lists_pattern(read)
    note = f"the server reads the lists {pattern}"
    return Look(tuple(map(_unread, unread)), (note if unread else f"{note}: no others are there",))


def _unread(queue: Queue) -> RemovedQueue:
    forms = () if queue.form is None else (queue.form,)
    return RemovedQueue(queue.name, queue.registered, queue.paused, forms, queue.size)
