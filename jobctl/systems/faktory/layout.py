"""Faktory's keys and payloads (up to 1.10)."""

from __future__ import annotations

import re
from functools import lru_cache

from jobctl.model.jsontext import replacer, without
from jobctl.model.layout import SETS, Kind, Layout, Marks, Payload, QueueForm, System
from jobctl.model.times import Instant

DEFAULT_RETRY = 25  # retries of a job that names no number
_FAILURE = "failure"
_ZERO_DAY = "0001-01-01"
_stamped = replacer("enqueued_at")


def utc(value: object) -> object:
    """Return a payload's time in UTC, None for Go's zero time; any other value as it is."""
    if not isinstance(value, str):
        return value
    if value[-1:] == "Z" and value[10:11] == "T" and value[:10] != _ZERO_DAY:
        return value  # in UTC already, if it is a time at all
    moment = Instant.read(value)
    if moment is None or not moment.in_range:
        return value
    return None if moment.zero else moment.rfc3339()


def retries_allowed(retry: object) -> int:
    """Return how many retries a job's ``retry`` allows."""
    return retry if isinstance(retry, int) and not isinstance(retry, bool) else DEFAULT_RETRY


def requeued(raw: bytes, payload: Payload, moment: str) -> bytes:
    """Return a job with another ``enqueued_at``, every other byte as it was.

    Faktory's own MUTATE leaves the old stamp, so that QUEUE LATENCY reports nonsense.
    """
    return _stamped(raw, payload, _as_json(moment))


@lru_cache(maxsize=4)  # a batch has one moment for hundreds of jobs
def _as_json(moment: str) -> bytes:
    return b'"%b"' % moment.encode()


def without_failure(raw: bytes, payload: Payload) -> tuple[bytes, Payload]:
    """Return a job without its failure, so that it gets all its retries again."""
    rest = {key: value for key, value in payload.items() if key != _FAILURE}
    return without(raw, payload, _FAILURE), rest


FAKTORY = Layout(
    system=System.FAKTORY,
    queues="queues",
    paused="paused",
    sets={kind: kind.value for kind in SETS},
    prefixes={QueueForm.Q: "q:", QueueForm.BARE: ""},
    readers={
        QueueForm.Q: "servers from 1.10 on",
        QueueForm.BARE: "servers before 1.10",
    },
    queue_names=re.compile(r"[a-zA-Z0-9._-]+", re.ASCII),
    counters=("processed", "failures"),
    fields={
        "jid": ("jid",),
        "jobtype": ("jobtype",),
        "queue": ("queue",),
        "args": ("args",),
        "created_at": ("created_at",),
        "enqueued_at": ("enqueued_at",),
        "retry": ("retry",),
        "retry_count": (_FAILURE, "retry_count"),
        "remaining": (_FAILURE, "remaining"),
        "failed_at": (_FAILURE, "failed_at"),
        "errtype": (_FAILURE, "errtype"),
        "message": (_FAILURE, "message"),
    },
    failure=(_FAILURE,),
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
            _FAILURE,
        )
    ),
    reservation={"wid": ("wid",), "reserved_at": ("reserved_at",), "expires_at": ("expires_at",)},
    reserved_job=("job",),
    purge_after=180 * 86400,
    batch=(("custom", "bid"), ("custom", "_bid")),
    default_queue="default",
    age_from={
        Kind.SCHEDULED: "created_at",
        Kind.QUEUE: "enqueued_at",
        Kind.WORKING: "reserved_at",
        Kind.RETRIES: "failed_at",
        Kind.DEAD: "died_at",
    },
    utc=utc,
    retries_allowed=retries_allowed,
    requeued=requeued,
    without_failure=without_failure,
)
MARKS = Marks(
    {
        # Not `dead`: other systems have it, too.
        **{key: "zset" for kind, key in FAKTORY.sets.items() if kind is not Kind.DEAD},
        **dict.fromkeys(FAKTORY.counters, "string"),
    },
    # A list in the bare form of 1.9 may be anybody's key.
    list_prefix=FAKTORY.prefixes[QueueForm.Q],
)
