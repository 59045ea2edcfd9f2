"""Pause and resume queues, and make sure that it took."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobctl.actions.deploy.changing import (
    Route,
    Way,
    find_route,
    settled,
    tell_server,
    untaken,
)
from jobctl.actions.deploy.naming import Meant, Naming, find_meant
from jobctl.actions.doors import Doors
from jobctl.actions.jobs import Store
from jobctl.errors import NoMemory, NoPermission, Refused
from jobctl.model.pausing import Author, Hold
from jobctl.model.rows import Row

_TIMES = 2  # whoever is the last holder after the first time knows of the pause
KEYS = ("queue", "action", "paused", "changed", "via", "problem")


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of one queue.

    Attributes:
        queue: its name.
        paused: whether it is paused now; None where nobody can tell.
        changed: whether it was not before; None where nobody can tell.
        problem: why it is not as it was to be.
        note: what else there is to know, for people.
    """

    queue: str
    paused: bool | None
    changed: bool | None
    problem: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the queues that were to be paused or resumed."""

    action: str
    way: Way
    queues: list[Changed]
    warnings: list[str]

    @property
    def failed(self) -> bool:
        """Whether it did not take on one of them."""
        return any(queue.problem is not None for queue in self.queues)

    def rows(self) -> list[Row]:
        """Return a row for each queue."""
        return [
            {
                "queue": queue.queue,
                "action": self.action,
                "paused": queue.paused,
                "changed": queue.changed,
                "via": self.way.value,
                "problem": queue.problem,
            }
            for queue in self.queues
        ]


def pause(doors: Doors, naming: Naming, author: Author, *, at_restart: bool = False) -> Outcome:
    """Pause queues: nothing in them runs until they are resumed. What is paused stays so.

    Where their server is known it is told, and then it is looked whether the pause is in Redis.

    Args:
        doors: both, or one of them.
        naming: which queues.
        author: who, when and why; kept with the pause.
        at_restart: write the set alone, for a server that reads it at its next start.

    Raises:
        NotFound: there is no such queue; nothing was changed.
        Refused: a server runs that would not notice, or a context forbids it.
        Unreachable: the server, or Redis, cannot be reached.
    """
    doors.rules.check(author.reason)
    naming.check()
    route = find_route(doors, at_restart=at_restart)
    meant = find_meant(doors, naming)
    if doors.store is None:
        return _unseen(doors, meant, "pause", paused=True)
    settled(doors.store, meant.names)
    if route.by_redis:
        letters = doors.store.pauses.pause(meant.names, author, by_redis=True)
        queues = [
            Changed(name, paused=True, changed=letter == "p")
            for name, letter in zip(meant.names, letters, strict=True)
        ]
        return _outcome("pause", route, queues)
    return _pause_by_wire(doors, doors.store, meant, author, route)


def _pause_by_wire(
    doors: Doors, store: Store, meant: Meant, author: Author, route: Route
) -> Outcome:
    was = meant.paused or frozenset()
    warnings: list[str] = []
    for _ in range(_TIMES):
        tell_server(doors, meant.names, everything=meant.everything, pause=True)
        now = dict(zip(meant.names, store.pauses.paused(meant.names), strict=True))
        taken = [name for name, paused in now.items() if paused]
        try:
            store.pauses.pause(taken, author, by_redis=False, before=[n in was for n in taken])
        except (NoPermission, NoMemory) as error:
            warnings = [f"paused, but who and why could not be noted: {error.message}"]
        if settled(store, meant.names):
            break  # else a holder has resumed it behind this pause, which it did not know of
    queues = [
        Changed(name, paused=True, changed=name not in was)
        if paused
        else Changed(name, paused=False, changed=False, problem=untaken(doors, name, paused=True))
        for name, paused in now.items()
    ]
    return _outcome("pause", route, queues, warnings)


def resume(
    doors: Doors, naming: Naming, *, at_restart: bool = False, force: bool = False
) -> Outcome:
    """Resume queues. What is not paused stays as it is.

    Args:
        doors: both, or one of them.
        naming: which queues.
        at_restart: write the set alone, for a server that reads it at its next start.
        force: also those that somebody holds.

    Raises:
        NotFound: there is no such queue; nothing was changed.
        Refused: somebody holds one of them, a server runs that would not notice, or a context
            forbids it.
        Unreachable: the server, or Redis, cannot be reached.
    """
    doors.rules.allow()
    naming.check()
    route = find_route(doors, at_restart=at_restart)
    meant = find_meant(doors, naming, also_paused=True)
    if doors.store is None:
        return _unseen(doors, meant, "resume", paused=False)
    settled(doors.store, meant.names)
    holds = doors.store.pauses.holds(meant.names, doors.store.server.now())
    if holds and not force:
        _refuse_held(holds)
    if route.by_redis:
        letters = doors.store.pauses.resume(meant.names, by_redis=True, force=force)
        queues = [
            _resumed(name, holds, changed=letter == "r")
            for name, letter in zip(meant.names, letters, strict=True)
        ]
        return _outcome("resume", route, queues)
    return _resume_by_wire(doors, doors.store, meant, holds, route)


def _resume_by_wire(
    doors: Doors, store: Store, meant: Meant, holds: Mapping[str, Hold], route: Route
) -> Outcome:
    was = meant.paused or frozenset()
    tell_server(doors, meant.names, everything=meant.everything, pause=False)
    now = dict(zip(meant.names, store.pauses.paused(meant.names), strict=True))
    warnings: list[str] = []
    try:
        store.pauses.resume(
            [name for name, paused in now.items() if not paused], by_redis=False, force=True
        )
    except (NoPermission, NoMemory) as error:
        warnings.append(f"resumed, but the note of its pause could not go: {error.message}")
    queues = [
        Changed(name, paused=True, changed=False, problem=untaken(doors, name, paused=False))
        if paused
        else _resumed(name, holds, changed=name in was)
        for name, paused in now.items()
    ]
    return _outcome("resume", route, queues, warnings)


def clear_dead(doors: Doors, naming: Naming) -> Outcome:
    """Clear the leases of holders that have died; what nobody else holds is resumed.

    Raises:
        NotFound: there is no such queue; nothing was changed.
        Refused: a server runs that would not notice, or a context forbids it.
    """
    doors.rules.allow()
    naming.check()
    store = doors.redis("queue resume --stale")
    route = find_route(doors, at_restart=False, offered=False)
    meant = find_meant(doors, naming, also_paused=True)
    settled(store, meant.names)
    ident = secrets.token_hex(4)
    letters = store.pauses.clear(meant.names, ident, by_redis=route.by_redis)
    waiting = [n for n, letter in zip(meant.names, letters, strict=True) if letter == "w"]
    problems: dict[str, str] = {}
    if waiting:
        problems = finish_by_wire(doors, store, waiting, ident)
    paused = dict(zip(meant.names, store.pauses.paused(meant.names), strict=True))
    queues = [
        Changed(
            name,
            paused=paused[name],
            changed=letter in "rw" and name not in problems,
            problem=problems.get(name),
            note=_CLEARED[letter],
        )
        for name, letter in zip(meant.names, letters, strict=True)
    ]
    return _outcome("resume", route, queues)


_CLEARED = {
    "x": "no dead holder",
    "o": "others hold it",
    "s": "cleared; it was paused before, and stays so",
    "r": "cleared",
    "w": "cleared",
    "n": "cleared; it was not paused",
    "v": "held by another version of jobctl: left alone",
}


def finish_by_wire(doors: Doors, store: Store, names: Sequence[str], ident: str) -> dict[str, str]:
    """Have the server resume queues whose holding is over, and forget their leases.

    Returns:
        Why it did not take, of each queue where it did not.
    """
    tell_server(doors, names, everything=False, pause=False)
    now = dict(zip(names, store.pauses.paused(names), strict=True))
    store.pauses.left([name for name, paused in now.items() if not paused], ident)
    return {name: untaken(doors, name, paused=False) for name, paused in now.items() if paused}


def _resumed(name: str, holds: Mapping[str, Hold], *, changed: bool) -> Changed:
    note = f"it is still held by {holds[name]}" if name in holds else None
    return Changed(name, paused=False, changed=changed, note=note)


def _refuse_held(holds: Mapping[str, Hold]) -> None:
    name, hold = next(iter(holds.items()))
    more = f" (and {len(holds) - 1} more are held)" if len(holds) > 1 else ""
    dead = all(hold.dead for hold in holds.values())
    raise Refused(
        f"queue {name} is held by {hold}{more}; nothing was changed",
        hint=f"the holder is dead: jobctl queue resume --stale {name}"
        if dead
        else "it resumes when its holder is done; --force resumes it now",
    )


def _unseen(doors: Doors, meant: Meant, action: str, *, paused: bool) -> Outcome:
    """Go by the server alone: what it makes of it cannot be seen."""
    tell_server(doors, meant.names, everything=meant.everything, pause=paused)
    warnings = ["only the server is known: it said OK, and nothing more could be seen"]
    if meant.unsure and not meant.everything:
        warnings.append("it does not list its queues, and says OK of one that is not there too")
    queues = [Changed(name, paused=paused, changed=None) for name in meant.names]
    return Outcome(action, Way.FAKTORY, queues, warnings)


def _outcome(
    action: str, route: Route, queues: list[Changed], warnings: Sequence[str] = ()
) -> Outcome:
    said = [] if route.warning is None or not queues else [route.warning]
    return Outcome(action, route.way, queues, [*said, *warnings])
