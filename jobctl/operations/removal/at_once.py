"""The removal of queues of which nothing is kept: at once, or by a server alone."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

from jobctl.backend import Backend
from jobctl.errors import NotFound, Refused, UsageProblem
from jobctl.model.guards import Guards
from jobctl.model.layout import Kind
from jobctl.model.preview import Preview
from jobctl.model.removal import shown_queues
from jobctl.model.report import Report
from jobctl.model.words import did_you_mean
from jobctl.operations.removal.asking import ask_server
from jobctl.operations.removal.concluding import queue_sizes
from jobctl.operations.removal.looking import Look
from jobctl.operations.removal.request import REMOVE, Removal
from jobctl.operations.watching import Watch
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


def remove_blindly(backend: Backend, order: Removal, watch: Watch) -> Report:
    """Remove queues by the server, where the Redis behind it is not known.

    Raises:
        UsageProblem: an undo is wanted, and would need the Redis.
        NotFound: the server knows no such queue; nothing was changed.
        Refused: a guard, or whoever watches, says no, or it cannot be told of a queue; nothing
            was changed.
    """
    door = backend.faktory
    if door is None or order.guards.undo:
        passed_over = (
            f" ({backend.scope.passed_over} was passed over)" if backend.scope.passed_over else ""
        )
        raise UsageProblem(
            f"without the Redis behind {backend.address} nothing could be undone{passed_over}",
            hint="give it: --url beside --faktory-url; or say that you mean it: --no-undo",
        )
    before = _known(door, order)
    report = _report(door, order, before or {})
    if before is None and (order.guards.expect, order.guards.most) != (None, None):
        raise Refused(
            f"{door.address} does not say how many jobs wait in its queues; nothing was changed",
            hint="leave out --expect and --max, or give the Redis too: --url",
        )
    order.guards.check(report.matched)
    preview = _preview(door, order, before)
    names = list(before) if before else list(dict.fromkeys(order.names))
    if before or not order.everything:
        backend.system.check_sendable(names)
    if order.guards.dry_run or before == {}:
        watch.show(preview)
        return report
    if not watch.confirm(preview):
        raise Refused("not confirmed; nothing was changed")
    door.remove(names)
    return _verified(door, report, before)


def _known(door: Faktory, order: Removal) -> dict[str, int] | None:
    """Return the jobs of each queue that is meant; None where the server does not say."""
    known = door.info().queues
    if known is None or order.everything:
        return None if known is None else dict(known)
    for name in order.names:
        if name not in known:
            hint = did_you_mean(name, sorted(known)) if known else f"{door.address} has no queues"
            raise NotFound(f"there is no queue {name} that {door.address} knows", hint=hint)
    return {name: known[name] for name in order.names}


def _report(door: Faktory, order: Removal, before: Mapping[str, int]) -> Report:
    return Report(
        action=REMOVE.verb.value,
        target=Kind.QUEUE.value,
        server=str(door.address),
        matched=sum(before.values()),
        dry_run=order.guards.dry_run,
        reason=order.guards.reason,
        before={f"queue:{name}": count for name, count in before.items()},
    )


def _preview(door: Faktory, order: Removal, before: Mapping[str, int] | None) -> Preview:
    counts = [f"{name}: {count:,} jobs" for name, count in list((before or {}).items())[:10]]
    jobs = sum((before or {}).values())
    return Preview(
        action=REMOVE.verb.value,
        kind=Kind.QUEUE,
        change=REMOVE,
        server=str(door.address),
        matched=jobs,
        chosen=jobs,
        notes=[*(counts if before is not None else ["how many jobs wait, it does not say"]),
               "nothing is kept: this cannot be undone"],
        rehearsed=order.guards.dry_run,
        queues=list(before) if before is not None else list(order.names),
        name=order.name,
    )  # fmt: skip


def _verified(door: Faktory, report: Report, before: Mapping[str, int] | None) -> Report:
    """Complete the report by what the server says afterwards."""
    after = door.info().queues
    if before is None or after is None:
        note = "how many jobs there were, the server does not say"
        return replace(report, notes=(note,))
    # With no fewer jobs than before it was not removed; with fewer it is used again since.
    stayed = [name for name, jobs in before.items() if jobs and after.get(name, 0) >= jobs]
    failed = sum(before[name] for name in stayed)
    why = f"{door.address} did not remove {shown_queues(stayed)}"
    return replace(
        report,
        done=report.matched - failed,
        failed=failed,
        reasons={why: failed} if failed else {},
        problems=(why,) if stayed and not failed else (),
        notes=(UNCOUNTED,) if len(stayed) < len(before) else (),
        after={f"queue:{name}": after.get(name, 0) for name in before},
        moved={f"queue:{name}": -jobs for name, jobs in before.items() if name not in stayed},
    )
