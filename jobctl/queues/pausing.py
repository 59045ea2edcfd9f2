"""Pause and resume queues, and check that it took effect."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from shlex import quote
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, RefusedByRedis
from jobctl.model.queue import STALE, Author, Holders
from jobctl.model.rows import Row
from jobctl.queues.holders import (
    NAP,
    end_gone_leases,
    find_holders,
    pending_pauses,
    refuse_held,
    still_resuming,
    wait_for_resume,
)
from jobctl.queues.naming import ALL, Naming, SelectedQueues, select_queues
from jobctl.systems.base import PauseRoute

if TYPE_CHECKING:
    from jobctl.backend import Backend

KEYS = ("queue", "action", "paused", "changed", "via", "problem", "pending")
_TIMES = 2  # the last holder after the first time knows of the pause


@dataclass(frozen=True, slots=True)
class QueueResult:
    """What became of one queue.

    Attributes:
        queue: its name.
        paused: whether it is paused now; None if nobody can tell.
        changed: whether that is new; None if nobody can tell.
        problem: why it is not as it was to be.
        note: what else there is to know, for people.
        pending: whether the server makes it so at its next start; until then it is as it was.
    """

    queue: str
    paused: bool | None
    changed: bool | None
    problem: str | None = None
    note: str | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class PauseReport:
    """What became of the queues that were to be paused or resumed."""

    action: str
    via: str
    queues: list[QueueResult]
    warnings: list[str]

    @property
    def failed(self) -> bool:
        """Whether it did not take effect on one of them."""
        return any(queue.problem is not None for queue in self.queues)

    def rows(self) -> list[Row]:
        """Return a row for each queue."""
        return [
            {
                "queue": queue.queue,
                "action": self.action,
                "paused": queue.paused,
                "changed": queue.changed,
                "via": self.via,
                "problem": queue.problem,
                "pending": queue.pending,
            }
            for queue in self.queues
        ]


def pause(
    backend: Backend,
    naming: Naming,
    author: Author,
    *,
    at_restart: bool = False,
    offered: bool = True,
) -> PauseReport:
    """Pause queues: nothing in them runs until they are resumed. Paused ones stay so.

    If their server is known it is told, and then the pause is looked for in Redis.

    Args:
        backend: what it works on.
        naming: which queues.
        author: who, when and why; kept with the pause.
        at_restart: write the set alone, for a server that reads it at its next start.
        offered: whether that may be named as a way out.

    Raises:
        NotFound: there is no such queue; nothing was changed.
        Refused: a server runs that would not notice, or a context forbids it.
        Unreachable: the server, or Redis, cannot be reached.
    """
    backend.rules.check(author.reason)
    naming.check()
    route = backend.system.pause_route(at_restart=at_restart, offered=offered)
    told = route.by_server and not naming.everything
    selected = select_queues(backend, naming, told=told)
    names = selected.names
    if not backend.has_redis:
        return _by_server_alone(backend, selected, "pause", author)
    wait_for_resume(backend, names)
    if route.by_server:
        return _pause_by_server(backend, selected, author, route)
    author = replace(author, at_restart=route.pending)
    letters = backend.pauses.pause(names, author, by_redis=True)
    unread = pending_pauses(backend)
    queues: list[QueueResult] = []
    for name, letter in zip(names, letters, strict=True):
        new = letter == "p"
        pending = name in unread or (route.pending and new)
        queues.append(QueueResult(name, paused=not pending, changed=new, pending=pending))
    return _report("pause", route, queues)


def _pause_by_server(
    backend: Backend, selected: SelectedQueues, author: Author, route: PauseRoute
) -> PauseReport:
    was = (selected.paused or frozenset()).difference(pending_pauses(backend))
    warnings: list[str] = []
    for _ in range(_TIMES):
        tell_server(backend, selected.names, everything=selected.everything, pause=True)
        now = backend.pauses.paused(selected.names)
        taken = [name for name, paused in now.items() if paused]
        try:
            backend.pauses.pause(taken, author, by_redis=False, before=[n in was for n in taken])
        except RefusedByRedis as error:
            warnings = [f"paused, but who and why could not be noted: {error.message}"]
        if wait_for_resume(backend, selected.names):
            break  # else a holder that did not know of this pause has resumed the queue after it
    queues = [
        QueueResult(name, paused=True, changed=name not in was)
        if paused
        else _not_applied(backend, name, paused=False)
        for name, paused in now.items()
    ]
    return _report("pause", route, queues, warnings)


def resume(
    backend: Backend, naming: Naming, *, at_restart: bool = False, force: bool = False
) -> PauseReport:
    """Resume queues. Those that are not paused stay as they are.

    Args:
        backend: what it works on.
        naming: which queues.
        at_restart: write the set alone, for a server that reads it at its next start.
        force: also those that somebody holds.

    Raises:
        NotFound: there is no such queue; nothing was changed.
        Refused: somebody holds one of them, a server runs that would not notice, or a context
            forbids it.
        Unreachable: the server, or Redis, cannot be reached.
    """
    backend.rules.allow()
    naming.check()
    route = backend.system.pause_route(at_restart=at_restart)
    told = route.by_server and not naming.everything
    selected = select_queues(backend, naming, also_paused=True, told=told)
    names = selected.names
    if not backend.has_redis:
        return _by_server_alone(backend, selected, "resume")
    wait_for_resume(backend, names)
    held = find_holders(backend, names)
    if not force:
        refuse_held(held)
    if route.by_server:
        return _resume_by_server(backend, selected, held, route, force=force)
    unread = pending_pauses(backend)
    letters = backend.pauses.resume(names, by_redis=True, force=force)
    queues: list[QueueResult] = []
    for name, letter in zip(names, letters, strict=True):
        pending = route.pending and letter == "r" and name not in unread
        queues.append(_resumed(name, held, changed=letter == "r", pending=pending))
    return _report("resume", route, queues)


def _resume_by_server(
    backend: Backend,
    selected: SelectedQueues,
    held: Mapping[str, Holders],
    route: PauseRoute,
    *,
    force: bool,
) -> PauseReport:
    backend.system.verify_server()
    names = selected.names
    was = (selected.paused or frozenset()).difference(pending_pauses(backend))
    warnings: list[str] = []
    with _marked(backend, names, force=force):
        tell_server(backend, names, everything=selected.everything, pause=False)
        now = backend.pauses.paused(names)
        try:
            backend.pauses.resume(
                [name for name, paused in now.items() if not paused], by_redis=False, force=True
            )
        except RefusedByRedis as error:
            warnings.append(f"resumed, but the note of its pause could not go: {error.message}")
    queues = [
        _not_applied(backend, name, paused=True)
        if paused
        else _resumed(name, held, changed=name in was)
        for name, paused in now.items()
    ]
    return _report("resume", route, queues, warnings)


@contextmanager
def _marked(backend: Backend, names: Sequence[str], *, force: bool) -> Iterator[None]:
    """Make new holders wait until these queues are resumed.

    Raises:
        Refused: one of them is held, or somebody else's resuming of it does not end.
    """
    ident = secrets.token_hex(4)
    with suppress(RefusedByRedis):  # without the right to write the mark one may still resume
        _mark(backend, names, ident, force=force)
    try:
        yield
    finally:
        with suppress(JobctlError):  # a mark expires by itself
            backend.pauses.unmark(names, ident)


def _mark(backend: Backend, names: Sequence[str], ident: str, *, force: bool) -> None:
    end = time.monotonic() + STALE + 1
    while (found := backend.pauses.mark(names, ident, force=force)) is not None:
        backend.pauses.unmark(names, ident)
        why, name = found
        if why == "held":
            refuse_held(find_holders(backend, [name]))
        if time.monotonic() > end:
            raise still_resuming(name)
        time.sleep(NAP)


def _resumed(
    name: str, held: Mapping[str, Holders], *, changed: bool, pending: bool = False
) -> QueueResult:
    note = f"it is still held by {held[name]}" if name in held else None
    return QueueResult(name, paused=pending, changed=changed, note=note, pending=pending)


_CLEARED = {
    "x": "no dead holder",
    "o": "others hold it",
    "s": "cleared; it was paused before, and stays so",
    "r": "cleared",
    "w": "cleared",
    "n": "cleared; it was not paused",
    "v": "held by another version of jobctl: left alone",
}


def clear_dead(backend: Backend, naming: Naming) -> PauseReport:
    """Clear the leases of dead holders, and resume the queues that nobody else holds.

    Raises:
        NotFound: there is no such queue; nothing was changed.
        Refused: a server runs that would not notice, or a context forbids it.
    """
    backend.rules.allow()
    naming.check()
    backend.require_redis("queue resume --stale")
    route = backend.system.pause_route(at_restart=False, offered=False)
    names = select_queues(backend, naming, also_paused=True).names
    backend.system.verify_server()
    wait_for_resume(backend, names)
    end_gone_leases(backend, names)
    ident = secrets.token_hex(4)
    found = backend.pauses.clear(names, ident, by_redis=not route.by_server)
    letters = dict(zip(names, found, strict=True))
    waiting = [name for name, letter in letters.items() if letter == "w"]
    problems = finish_by_server(backend, waiting, ident) if waiting else {}
    paused = backend.pauses.paused(names)
    others = [name for name, letter in letters.items() if letter == "o"]
    held = backend.pauses.holds(others, backend.server.now()) if others else {}
    queues = [
        QueueResult(
            name,
            paused=paused[name],
            changed=letter in "rw" and name not in problems,
            problem=problems.get(name),
            note=_lives(name, held[name]) if name in held else _CLEARED[letter],
        )
        for name, letter in letters.items()
    ]
    return _report("resume", route, queues)


def _lives(name: str, holders: Holders) -> str:
    """Return who holds a queue, and when to try again in case they are dead."""
    silent = min((lease.silent for lease in holders.leases), default=0.0)
    return (
        f"held by {holders}, heard of {silent:.0f} s ago; unless heard of again, dead in "
        f"{max(1.0, STALE - silent):.0f} s: then jobctl queue resume --stale {quote(name)}"
    )


def finish_by_server(backend: Backend, names: Sequence[str], ident: str) -> dict[str, str]:
    """Have the server resume queues that are held no longer, and forget their leases.

    Returns:
        Why it had no effect, for each queue on which it had none.
    """
    tell_server(backend, names, pause=False)
    now = backend.pauses.paused(names)
    backend.pauses.left([name for name, paused in now.items() if not paused], ident)
    left = [name for name, paused in now.items() if paused]
    return {name: not_applied_reason(backend, name, paused=True) for name in left}


def tell_server(
    backend: Backend, names: Sequence[str], *, pause: bool, everything: bool = False
) -> None:
    """Have the server pause or resume queues.

    Raises:
        Refused: it does not use the Redis that is known.
    """
    assert backend.faktory is not None  # noqa: S101 (that is what the route means)
    backend.system.verify_server()
    said = [ALL] if everything else list(names)
    if said and pause:
        backend.faktory.pause(said)
    elif said:
        backend.faktory.resume(said)


def not_applied_reason(backend: Backend, name: str, *, paused: bool) -> str:
    """Return why a queue is as it was although the server said OK, as far as anybody can tell."""
    state = "still paused" if paused else "not paused"
    address = backend.faktory.address if backend.faktory is not None else ""
    return (
        f"{address} said OK, and {name} is {state} in {backend.target}: that server does not know "
        "this queue"
    )


def _not_applied(backend: Backend, name: str, *, paused: bool) -> QueueResult:
    problem = not_applied_reason(backend, name, paused=paused)
    return QueueResult(name, paused=paused, changed=False, problem=problem)


def _by_server_alone(
    backend: Backend, selected: SelectedQueues, action: str, author: Author | None = None
) -> PauseReport:
    """Tell the server; without the Redis nobody sees what it does."""
    pausing = author is not None
    tell_server(backend, selected.names, everything=selected.everything, pause=pausing)
    unseen = "whether it took" if pausing else "who else holds or paused them"
    warnings = [f"only the server is known: it said OK; {unseen} is not seen"]
    if author is not None and author.reason:
        warnings.append("the reason is not kept: that takes the Redis")
    if selected.unsure and not selected.everything:
        warnings.append("it does not list its queues, and says OK of one that is not there too")
    queues = [QueueResult(name, paused=pausing, changed=None) for name in selected.names]
    return PauseReport(action, PauseRoute(by_server=True).via, queues, warnings)


def _report(
    action: str, route: PauseRoute, queues: list[QueueResult], warnings: Sequence[str] = ()
) -> PauseReport:
    said = [route.warning] if route.warning is not None and queues else []
    return PauseReport(action, route.via, queues, [*said, *warnings])
