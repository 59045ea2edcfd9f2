"""The canonical states of a job, and which one its places amount to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from jobctl.model.layout import Kind


class State(StrEnum):
    """Every state jobctl speaks of, whatever the job system calls it."""

    UNKNOWN = "unknown"
    UNQUEUED = "unqueued"
    SCHEDULED = "scheduled"
    ENQUEUED = "enqueued"
    WORKING = "working"
    RETRYING = "retrying"
    SUCCESS = "success"
    FAILED = "failed"
    KILLED = "killed"
    DEAD = "dead"


# The place that decides first: a job that a worker holds is working, whatever else there is.
_BY_PLACE = (
    (Kind.WORKING, State.WORKING),
    (Kind.QUEUE, State.ENQUEUED),
    (Kind.RETRIES, State.RETRYING),
    (Kind.SCHEDULED, State.SCHEDULED),
    (Kind.DEAD, State.DEAD),
)
PRECEDENCE = tuple(kind for kind, _ in _BY_PLACE)


def state_of(kinds: Iterable[Kind]) -> State:
    """Return the state of a job that is in these structures; UNKNOWN when in none."""
    seen = set(kinds)
    return next((state for kind, state in _BY_PLACE if kind in seen), State.UNKNOWN)
