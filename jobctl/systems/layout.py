"""What one job system does differently from another, as one frozen value.

Nothing outside this file may know a system's key names, field names or what its dead set's
score means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What holds jobs, in the direction in which a job flows; and the records of jobs."""

    SCHEDULED = "scheduled"
    QUEUE = "queue"
    WORKING = "working"
    RETRIES = "retries"
    DEAD = "dead"
    RECORDS = "records"  # Jobba's status records, see jobba.py

    @property
    def thing(self) -> str:
        """Return what one of them is called."""
        return "record" if self is Kind.RECORDS else "job"


JOB_KINDS = (Kind.SCHEDULED, Kind.QUEUE, Kind.WORKING, Kind.RETRIES, Kind.DEAD)
SETS = (Kind.SCHEDULED, Kind.WORKING, Kind.RETRIES, Kind.DEAD)


Path = tuple[str | int, ...]  # keys of objects, positions in arrays


class QueueForm(StrEnum):
    """How a queue's list is named: ``q:NAME`` (Faktory 1.10 and later) or ``NAME`` (before)."""

    Q = "q"
    BARE = "bare"


@dataclass(frozen=True, slots=True)
class Layout:
    """A job system's names: keys, payload fields, and what its scores mean.

    Attributes:
        queues: key of the set of queue names.
        paused: key of the set of paused queue names.
        sets: key of each sorted set.
        counters: keys of the totals (also the prefixes of their days' counters).
        fields: listing key to path inside the payload.
        wrapped: paths inside the payload, one of which names the class of a job whose jobtype is
            the same for all: ActiveJob's wrapper.
        payload_keys: the top-level keys that a payload of this system has.
        reservation: listing key to path inside a member of working.
        reserved_job: path of the job inside a member of working.
        purge_after: seconds from death to the score of the dead set; 0 where it is the death.
        batch: paths inside the payload that name the batch a job is in, or calls back.
        unique_for: path inside the payload that makes a job unique.
        default_retry: retries of a job that names none.
        default_queue: queue of a job that names none.
        age_from: which time the age of a job counts from, per structure.
    """

    queues: str
    paused: str
    sets: Mapping[Kind, str]
    counters: tuple[str, str]
    fields: Mapping[str, tuple[str, ...]]
    wrapped: tuple[Path, ...]
    payload_keys: frozenset[str]
    reservation: Mapping[str, tuple[str, ...]]
    reserved_job: tuple[str, ...]
    purge_after: int
    batch: tuple[tuple[str, ...], ...]
    unique_for: tuple[str, ...]
    default_retry: int
    default_queue: str
    age_from: Mapping[Kind, str]

    @property
    def own_keys(self) -> frozenset[str]:
        """The keys that are no queue's list, whatever a queue is called."""
        return frozenset((self.queues, self.paused, *self.sets.values(), *self.counters))

    def queue_key(self, name: str, form: QueueForm) -> str:
        """Return the key of a queue's list."""
        return f"q:{name}" if form is QueueForm.Q else name

    def queue_forms(self, name: str) -> tuple[QueueForm, ...]:
        """Return the forms that the list of a queue can have.

        The bare key of ``working`` is the job system's own, that of ``q:mail`` is the list of mail.
        """
        taken = name in self.own_keys or name.startswith(self.queue_key("", QueueForm.Q))
        return (QueueForm.Q,) if taken else tuple(QueueForm)

    def queue_name(self, key: str, form: QueueForm) -> str:
        """Return the name of the queue whose list is at this key."""
        return key.removeprefix("q:") if form is QueueForm.Q else key


FAKTORY = Layout(
    queues="queues",
    paused="paused",
    sets={kind: kind.value for kind in SETS},
    counters=("processed", "failures"),
    fields={
        "jid": ("jid",),
        "jobtype": ("jobtype",),
        "queue": ("queue",),
        "args": ("args",),
        "created_at": ("created_at",),
        "enqueued_at": ("enqueued_at",),
        "retry": ("retry",),
        "retry_count": ("failure", "retry_count"),
        "remaining": ("failure", "remaining"),
        "failed_at": ("failure", "failed_at"),
        "errtype": ("failure", "errtype"),
        "message": ("failure", "message"),
    },
    wrapped=(("custom", "wrapped"), ("args", 0, "job_class")),
    payload_keys=frozenset(
        (
            "jid",
            "jobtype",
            "args",
            "queue",
            "retry",
            "reserve_for",
            "at",
            "created_at",
            "enqueued_at",
            "backtrace",
            "custom",
            "failure",
        )
    ),
    reservation={"wid": ("wid",), "reserved_at": ("reserved_at",), "expires_at": ("expires_at",)},
    reserved_job=("job",),
    purge_after=180 * 86400,
    batch=(("custom", "bid"), ("custom", "_bid")),
    unique_for=("custom", "unique_for"),
    default_retry=25,
    default_queue="default",
    age_from={
        Kind.SCHEDULED: "created_at",
        Kind.QUEUE: "enqueued_at",
        Kind.WORKING: "reserved_at",
        Kind.RETRIES: "failed_at",
        Kind.DEAD: "died_at",
    },
)
