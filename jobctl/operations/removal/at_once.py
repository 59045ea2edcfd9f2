"""The removal of queues of which nothing is kept: at once, or by a server alone."""

from __future__ import annotations

import secrets
from dataclasses import replace

from jobctl.backend import Backend
from jobctl.errors import Refused
from jobctl.model.guards import Guards
from jobctl.model.report import Report
from jobctl.operations.removal.asking import ask_server
from jobctl.operations.removal.concluding import queue_sizes
from jobctl.operations.removal.looking import Look
from jobctl.redis.queue_removal import ListFate, NameFate, StagedQueue, Staging
from jobctl.systems.faktory.server import Faktory

UNCOUNTED = "what was pushed after the jobs were counted was removed as well, uncounted"


def remove_at_once(
    backend: Backend, door: Faktory | None, look: Look, guards: Guards, report: Report
) -> Report:
    """Remove queues and keep nothing.

    Raises:
        Refused: there are more, or fewer, jobs than may be; nothing was changed.
        RefusedByFaktory: the server said no; nothing was changed.
        ConnectionLost: one of the two went away.
    """
    operation = secrets.token_hex(4)
    fewest, most = guards.bounds(0)
    lists, fate = (
        (ListFate.UNLINK, NameFate.FORGET) if door is None else (ListFate.STAY, NameFate.MARK)
    )
    taking = Staging(operation, 1, lists, fate, fewest, most)
    taken = backend.removing.stage(taking, look.queues)
    if isinstance(taken, int):
        raise guards.refusal(taken) or Refused()
    stayed: frozenset[int] = frozenset()
    why = ""
    if door is not None:
        stayed, why, notes = _by_server(backend, door, look, taken)
        uncounted = (UNCOUNTED,) if len(stayed) < len(taken) else ()
        report = replace(report, notes=(*report.notes, *notes, *uncounted))
    backend.removing.forget(operation)
    jobs = [queue.total for queue in taken]
    failed = sum(jobs[place] for place in stayed)
    matched = max(look.jobs, sum(jobs))
    return replace(
        report,
        matched=matched,
        done=sum(jobs) - failed,
        failed=failed,
        gone=matched - sum(jobs),
        reasons={why: failed} if failed else {},
        problems=(why,) if stayed and not failed else (),
        before={f"queue:{queue.name}": queue.jobs for queue in look.queues},
        after=queue_sizes(backend, look.queues),
        moved={
            f"queue:{queue.name}": -count
            for place, (queue, count) in enumerate(zip(look.queues, jobs, strict=True))
            if place not in stayed
        },
    )


def _by_server(
    backend: Backend, door: Faktory, look: Look, taken: list[StagedQueue]
) -> tuple[frozenset[int], str, tuple[str, ...]]:
    """Let the server remove them, and take the marks away from what it did not remove."""
    names = [queue.name for queue in look.queues]
    listed = [i for i, queue in enumerate(taken) if queue.registered or queue.paused]
    stayed = frozenset(listed)
    try:
        answer = ask_server(backend, door, names, listed)
        stayed = answer.stayed
    finally:
        backend.removing.unmark([names[i] for i in sorted(stayed) if not taken[i].paused])
    return answer.stayed, answer.why, answer.notes
