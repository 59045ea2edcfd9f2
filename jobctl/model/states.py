"""The canonical states of a job, what other systems call them, and which one a job is in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

from jobctl.model.jobba import RecordState
from jobctl.systems.layout import Kind


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


@dataclass(frozen=True, slots=True)
class Named:
    """A state, and its name in other systems; None where they have none.

    Attributes:
        state: jobctl's own word.
        faktory: what Faktory's tracking calls it.
        jobba: what Jobba's status records call it.
        rethinkdb: what rethinkdb-job-queue calls it.
        meaning: the same in plain words.
    """

    state: State
    faktory: str | None
    jobba: str | None
    rethinkdb: str | None
    meaning: str

    def row(self) -> dict[str, object]:
        """Return it under its JSON keys."""
        return asdict(self)


TABLE = (
    Named(State.UNQUEUED, None, "unqueued", "created", "known, but in no queue yet"),
    Named(State.SCHEDULED, None, None, None, "waits for its time"),
    Named(State.ENQUEUED, "enqueued", "queued", "added", "waits in a queue"),
    Named(State.WORKING, "working", "started", "active", "a worker runs it"),
    Named(State.RETRYING, "failed", None, "failed", "failed; will be tried again"),
    Named(State.SUCCESS, "success", "succeeded", "completed", "done, without an error"),
    Named(State.FAILED, None, "failed", None, "failed, as its record says"),
    Named(State.KILLED, None, "killed", "cancelled", "stopped, as somebody asked"),
    Named(State.DEAD, "dead", None, "terminated", "failed; is not tried again"),
    Named(State.UNKNOWN, "unknown", "unknown", None, "nothing is known of it"),
)
OF_RECORDS = {RecordState(row.jobba): row.state for row in TABLE if row.jobba is not None}

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
