"""Resume queues, by hand or after a holder has died, and make sure that it took."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from shlex import quote

from jobctl.backend import Backend
from jobctl.errors import JobctlError, RefusedByRedis
from jobctl.model.leases import STALE, Holders
from jobctl.queues.changing import (
    NAP,
    refuse_held,
    settled,
    still_resuming,
    tell_server,
    untaken,
)
from jobctl.queues.listing_queues import pending_pauses
from jobctl.queues.naming import Meant, Naming, find_meant
from jobctl.queues.outcome import Changed, Outcome, outcome, unseen
from jobctl.queues.processes import bury_gone, look_at_holds
from jobctl.systems.base import PauseRoute


def resume(
    backend: Backend, naming: Naming, *, at_restart: bool = False, force: bool = False
) -> Outcome:
    """Resume queues. What is not paused stays as it is.

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
    meant = find_meant(backend, naming, also_paused=True, told=told)
    if not backend.has_redis:
        return unseen(backend, meant, "resume", paused=False)
    settled(backend, meant.names)
    holds = look_at_holds(backend, meant.names)
    if holds and not force:
        refuse_held(holds)
    if not route.by_server:
        unread = pending_pauses(backend)
        letters = backend.pauses.resume(meant.names, by_redis=True, force=force)
        queues = [
            _resumed(
                name,
                holds,
                changed=letter == "r",
                pending=route.pending and letter == "r" and name not in unread,
            )
            for name, letter in zip(meant.names, letters, strict=True)
        ]
        return outcome("resume", route, queues)
    return _resume_by_wire(backend, meant, holds, route, force=force)


def _resume_by_wire(
    backend: Backend,
    meant: Meant,
    holds: Mapping[str, Holders],
    route: PauseRoute,
    *,
    force: bool,
) -> Outcome:
    backend.system.verify_server()
    was = (meant.paused or frozenset()).difference(pending_pauses(backend))
    warnings: list[str] = []
    with _marked(backend, meant.names, force=force):
        tell_server(backend, meant.names, everything=meant.everything, pause=False)
        now = dict(zip(meant.names, backend.pauses.paused(meant.names), strict=True))
        try:
            backend.pauses.resume(
                [name for name, paused in now.items() if not paused], by_redis=False, force=True
            )
        except RefusedByRedis as error:
            warnings.append(f"resumed, but the note of its pause could not go: {error.message}")
    queues = [
        Changed(name, paused=True, changed=False, problem=untaken(backend, name, paused=False))
        if paused
        else _resumed(name, holds, changed=name in was)
        for name, paused in now.items()
    ]
    return outcome("resume", route, queues, warnings)


@contextmanager
def _marked(backend: Backend, names: Sequence[str], *, force: bool) -> Iterator[None]:
    """Let whoever comes to hold one of these queues wait until they are resumed.

    Raises:
        Refused: one of them is held, or somebody else's resuming of it does not end.
    """
    ident = secrets.token_hex(4)
    with suppress(RefusedByRedis):  # who may not write it down may resume all the same
        _mark(backend, names, ident, force=force)
    try:
        yield
    finally:
        with suppress(JobctlError):  # a mark ends by itself
            backend.pauses.unmark(names, ident)


def _mark(backend: Backend, names: Sequence[str], ident: str, *, force: bool) -> None:
    end = time.monotonic() + STALE + 1
    while (found := backend.pauses.mark(names, ident, force=force)) is not None:
        backend.pauses.unmark(names, ident)
        why, name = found
        if why == "held":
            refuse_held(look_at_holds(backend, [name]))
        if time.monotonic() > end:
            raise still_resuming(name)
        time.sleep(NAP)


def clear_dead(backend: Backend, naming: Naming) -> Outcome:
    """Clear the leases of holders that have died; what nobody else holds is resumed.

    Raises:
        NotFound: there is no such queue; nothing was changed.
        Refused: a server runs that would not notice, or a context forbids it.
    """
    backend.rules.allow()
    naming.check()
    backend.require_redis("queue resume --stale")
    route = backend.system.pause_route(at_restart=False, offered=False)
    meant = find_meant(backend, naming, also_paused=True)
    backend.system.verify_server()
    settled(backend, meant.names)
    bury_gone(backend, meant.names)
    ident = secrets.token_hex(4)
    letters = backend.pauses.clear(meant.names, ident, by_redis=not route.by_server)
    waiting = [n for n, letter in zip(meant.names, letters, strict=True) if letter == "w"]
    problems: dict[str, str] = {}
    if waiting:
        problems = finish_by_wire(backend, waiting, ident)
    paused = dict(zip(meant.names, backend.pauses.paused(meant.names), strict=True))
    others = [n for n, letter in zip(meant.names, letters, strict=True) if letter == "o"]
    holds = backend.pauses.holds(others, backend.server.now()) if others else {}
    queues = [
        Changed(
            name,
            paused=paused[name],
            changed=letter in "rw" and name not in problems,
            problem=problems.get(name),
            note=_lives(name, holds[name]) if name in holds else _CLEARED[letter],
        )
        for name, letter in zip(meant.names, letters, strict=True)
    ]
    return outcome("resume", route, queues)


def _lives(name: str, hold: Holders) -> str:
    """Return who holds a queue, and when to try again should they be dead."""
    silent = min((lease.silent for lease in hold.leases), default=0.0)
    return (
        f"held by {hold}, heard of {silent:.0f} s ago; unless heard of again, dead in "
        f"{max(1.0, STALE - silent):.0f} s: then jobctl queue resume --stale {quote(name)}"
    )


_CLEARED = {
    "x": "no dead holder",
    "o": "others hold it",
    "s": "cleared; it was paused before, and stays so",
    "r": "cleared",
    "w": "cleared",
    "n": "cleared; it was not paused",
    "v": "held by another version of jobctl: left alone",
}


def finish_by_wire(backend: Backend, names: Sequence[str], ident: str) -> dict[str, str]:
    """Have the server resume queues whose holding is over, and forget their leases.

    Returns:
        Why it did not take, of each queue where it did not.
    """
    tell_server(backend, names, everything=False, pause=False)
    now = dict(zip(names, backend.pauses.paused(names), strict=True))
    backend.pauses.left([name for name, paused in now.items() if not paused], ident)
    return {name: untaken(backend, name, paused=False) for name, paused in now.items() if paused}


def _resumed(
    name: str, holds: Mapping[str, Holders], *, changed: bool, pending: bool = False
) -> Changed:
    note = f"it is still held by {holds[name]}" if name in holds else None
    return Changed(name, paused=pending, changed=changed, note=note, pending=pending)
