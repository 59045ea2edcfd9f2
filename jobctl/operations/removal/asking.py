"""Asking a server to remove queues, and seeing in Redis which of them it removed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from jobctl.backend import Backend
from jobctl.errors import RefusedByFaktory
from jobctl.model.removal import shown_queues
from jobctl.systems.faktory.server import Faktory


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server did.

    Attributes:
        stayed: places of the queues that it did not remove.
        why: why not.
        notes: what else there is to say.
        removed_at: when it had answered, by the monotonic clock.
    """

    stayed: frozenset[int]
    why: str
    notes: tuple[str, ...]
    removed_at: float


def ask_server(
    backend: Backend, door: Faktory, names: Sequence[str], listed: Sequence[int]
) -> Answer:
    """Let the server remove queues that carry a mark: they are in the set of paused ones.

    One that it removed has lost its mark. That it is registered again can be a worker's doing, a
    moment later.

    Args:
        backend: what it works on.
        door: the server.
        names: the queues.
        listed: the places of those that were in a set of names: only these are marked.

    Raises:
        RefusedByFaktory: it said no, and removed none of them.
        ConnectionLost: it is not known what it did.
    """
    refusal: RefusedByFaktory | None = None
    try:
        door.remove(names)
    except RefusedByFaktory as error:
        refusal = error
    removed_at = time.monotonic()
    marked = backend.removing.paused(names)
    stayed = frozenset(place for place in listed if names[place] in marked)
    if refusal is not None and len(stayed) == len(listed):
        raise refusal
    left = [names[place] for place in sorted(stayed)]
    shown = shown_queues(left)
    why = f"{door.address} did not remove {shown}: not known there"
    if refusal is not None:
        why = refusal.message
    again = sorted(backend.removing.registered(names).difference(left))
    notes = (
        (f"workers or producers use {shown_queues(again)} again: the server made it anew",)
        if again
        else ()
    )
    return Answer(stayed, why, notes, removed_at)
