"""Pausing and resuming queues so that it holds now: by their server where there is one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from shlex import quote

from jobctl.backend import Backend
from jobctl.errors import Refused
from jobctl.model.leases import STALE, Holders
from jobctl.systems.faktory.server import ALL

NAP = 0.1  # seconds between two looks at whether somebody has done with a queue


def tell_server(backend: Backend, names: Sequence[str], *, everything: bool, pause: bool) -> None:
    """Have the server pause or resume queues.

    Raises:
        Refused: it does not use the Redis that is known.
    """
    assert backend.faktory is not None  # noqa: S101 (that is what the way means)
    backend.system.verify_server()
    said = [ALL] if everything else list(names)
    if said and pause:
        backend.faktory.pause(said)
    elif said:
        backend.faktory.resume(said)


def settled(backend: Backend, names: Sequence[str]) -> bool:
    """Wait until nobody is in the middle of resuming one of these queues.

    Returns:
        Whether nobody was from the beginning.

    Raises:
        Refused: somebody's resuming does not end.
    """
    end = time.monotonic() + STALE + 1
    first = True
    while True:
        holds = backend.pauses.holds(names, backend.server.now())
        leaving = [name for name, hold in holds.items() if hold.leaving]
        if not leaving:
            return first
        if time.monotonic() > end:
            raise still_resuming(leaving[0])
        first = False
        time.sleep(NAP)


def still_resuming(name: str) -> Refused:
    """Return the error for a queue that somebody else resumes for ever."""
    return Refused(f"queue {name} is being resumed by somebody else, which does not end")


def untaken(backend: Backend, name: str, *, paused: bool) -> str:
    """Return why the server's OK had no effect on a queue, as far as that can be told."""
    state = "not paused" if paused else "still paused"
    address = backend.faktory.address if backend.faktory is not None else ""
    return (
        f"{address} said OK, and {name} is {state} in {backend.target}: that server does not know "
        "this queue"
    )


def refuse_held(holds: Mapping[str, Holders], way: str | None = None) -> None:
    """Refuse what is not to be done to a queue that somebody holds; nothing where nobody does.

    Args:
        holds: who holds which.
        way: what to do where the holder lives; else to use force.
    """
    if not holds:
        return
    name, hold = next(iter(holds.items()))
    more = f" (and {len(holds) - 1} more are held)" if len(holds) > 1 else ""
    dead = all(hold.dead for hold in holds.values())
    raise Refused(
        f"queue {name} is held by {hold}{more}; nothing was changed",
        hint=f"the holder is dead: jobctl queue resume --stale {quote(name)}"
        if dead
        else way or "it resumes when its holder is done; --force resumes it now",
    )
