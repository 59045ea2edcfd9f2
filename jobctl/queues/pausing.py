"""Pause queues, and make sure that it took."""

from __future__ import annotations

from dataclasses import replace

from jobctl.backend import Backend
from jobctl.errors import RefusedByRedis
from jobctl.model.leases import Author
from jobctl.queues.changing import settled, tell_server, untaken
from jobctl.queues.listing_queues import pending_pauses
from jobctl.queues.naming import Meant, Naming, find_meant
from jobctl.queues.outcome import Changed, Outcome, outcome, unseen
from jobctl.systems.base import PauseRoute

_TIMES = 2  # whoever is the last holder after the first time knows of the pause


def pause(
    backend: Backend,
    naming: Naming,
    author: Author,
    *,
    at_restart: bool = False,
    offered: bool = True,
) -> Outcome:
    """Pause queues: nothing in them runs until they are resumed. What is paused stays so.

    Where their server is known it is told, and then it is looked whether the pause is in Redis.

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
    meant = find_meant(backend, naming, told=told)
    if not backend.has_redis:
        return unseen(backend, meant, "pause", paused=True, author=author)
    settled(backend, meant.names)
    if not route.by_server:
        author = replace(author, at_restart=route.pending)
        letters = backend.pauses.pause(meant.names, author, by_redis=True)
        unread = pending_pauses(backend)
        pending = [
            name in unread or (route.pending and a == "p")
            for name, a in zip(meant.names, letters, strict=True)
        ]
        queues = [
            Changed(name, paused=not waits, changed=letter == "p", pending=waits)
            for name, letter, waits in zip(meant.names, letters, pending, strict=True)
        ]
        return outcome("pause", route, queues)
    return _pause_by_wire(backend, meant, author, route)


def _pause_by_wire(backend: Backend, meant: Meant, author: Author, route: PauseRoute) -> Outcome:
    was = (meant.paused or frozenset()).difference(pending_pauses(backend))
    warnings: list[str] = []
    for _ in range(_TIMES):
        tell_server(backend, meant.names, everything=meant.everything, pause=True)
        now = dict(zip(meant.names, backend.pauses.paused(meant.names), strict=True))
        taken = [name for name, paused in now.items() if paused]
        try:
            backend.pauses.pause(taken, author, by_redis=False, before=[n in was for n in taken])
        except RefusedByRedis as error:
            warnings = [f"paused, but who and why could not be noted: {error.message}"]
        if settled(backend, meant.names):
            break  # else a holder has resumed it behind this pause, which it did not know of
    queues = [
        Changed(name, paused=True, changed=name not in was)
        if paused
        else Changed(name, paused=False, changed=False, problem=untaken(backend, name, paused=True))
        for name, paused in now.items()
    ]
    return outcome("pause", route, queues, warnings)
