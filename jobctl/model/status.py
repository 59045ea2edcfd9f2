"""The states of a job, and everything that ``jobctl status`` says of one JID."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from jobctl.model.entry import Entry
from jobctl.model.jobba import Record, RecordState
from jobctl.model.layout import Kind
from jobctl.model.rows import Row


class State(StrEnum):
    """The canonical states of a job, the same for every job system."""

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
class StateNames:
    """A state and its names in other systems; None where a system has no such state.

    Attributes:
        state: jobctl's name.
        faktory: the name in Faktory's job tracking.
        jobba: the name in Jobba's status records.
        rethinkdb: the name in rethinkdb-job-queue.
        meaning: one line for people.
    """

    state: State
    faktory: str | None
    jobba: str | None
    rethinkdb: str | None
    meaning: str

    def row(self) -> dict[str, object]:
        """Return the names under their JSON keys."""
        return asdict(self)


TABLE = (
    StateNames(State.UNQUEUED, None, "unqueued", "created", "known, but in no queue yet"),
    StateNames(State.SCHEDULED, None, None, None, "waits for its time"),
    StateNames(State.ENQUEUED, "enqueued", "queued", "added", "waits in a queue"),
    StateNames(State.WORKING, "working", "started", "active", "a worker runs it"),
    StateNames(State.RETRYING, "failed", None, "failed", "failed; will be tried again"),
    StateNames(State.SUCCESS, "success", "succeeded", "completed", "done, without an error"),
    StateNames(State.FAILED, None, "failed", None, "failed, as its record says"),
    StateNames(State.KILLED, None, "killed", "cancelled", "stopped, as somebody asked"),
    StateNames(State.DEAD, "dead", None, "terminated", "failed; is not tried again"),
    StateNames(State.UNKNOWN, "unknown", "unknown", None, "nothing is known of it"),
)
OF_RECORDS = {RecordState(row.jobba): row.state for row in TABLE if row.jobba is not None}

# In order of precedence: a job that a worker holds is working, wherever else it is.
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


PLACE_KEYS = (
    "jid", "state", "place", "queue", "position", "at", "wid", "jobtype", "retry_count",
    "remaining", "errtype", "message", "class",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Status:
    """Where one job is, its status records, and warnings.

    Attributes:
        entries: where it was found; the first decides its state.
        records: the status records whose id or provider_job_id it is, the newest first.
        warnings: one sentence each.
        held_back: why it will not run, though it is queued.
        damaged: structures with a malformed member that contains the JID.
        denied: whether Redis refused to show some of its records.
        unread: keys that were not searched because they hold an unexpected type.
    """

    jid: str
    entries: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()
    held_back: str | None = None
    unread: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    denied: bool = False

    @property
    def state(self) -> State:
        """The state by its place; if it has none, by the newest record with a known state."""
        if self.entries:
            return state_of(entry.kind for entry in self.entries)
        states = (record.state for record in self.records)
        return next((OF_RECORDS[state] for state in states if state is not None), State.UNKNOWN)

    @property
    def found(self) -> bool:
        """Whether it is anywhere, or has a record."""
        return bool(self.entries or self.records)

    def document(self) -> Row:
        """Return the JSON document; `job` is the payload as it stands."""
        return {
            "jid": self.jid,
            "state": self.state.value,
            "places": [_place(entry) for entry in self.entries],
            "job": self.entries[0].job.payload if self.entries else None,
            "records": [record.row() for record in self.records],
            "track": None,
            "lock": None,
            "warnings": list(self.warnings),
        }

    def rows(self) -> list[Row]:
        """Return a row for each place, or one row without a place."""
        nowhere: Row = dict.fromkeys(PLACE_KEYS) | {"jid": self.jid, "state": self.state.value}
        return [nowhere | _row(entry) for entry in self.entries] or [nowhere]


def by_precedence(entries: list[Entry]) -> tuple[Entry, ...]:
    """Return the entries with the one that decides the state first."""
    return tuple(sorted(entries, key=lambda entry: PRECEDENCE.index(entry.kind)))


def _place(entry: Entry) -> Row:
    place = entry.place
    if place.kind is Kind.QUEUE:
        return {"place": "queue", "queue": place.queue, "position": place.position}
    if place.kind is Kind.WORKING:
        return {"place": "working", **entry.reservation}
    return {"place": place.kind.value, "at": entry.at}


def _row(entry: Entry) -> Row:
    job = entry.job
    return {
        "place": entry.kind.value,
        "queue": entry.place.queue if entry.kind is Kind.QUEUE else job.get("queue"),
        "position": entry.place.position,
        "at": entry.at,
        "wid": entry.reservation.get("wid"),
        **{key: job.get(key) for key in PLACE_KEYS[-6:]},
    }


_ATTEMPT = re.compile(r"(.*):(\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class IndexedRecord:
    """A record, and the states whose sets have its id."""

    record: Record
    sets: frozenset[RecordState] = frozenset()

    @property
    def attempt_of(self) -> tuple[str, int] | None:
        """The record of which this is an archived attempt, and its number; None if it is none.

        It is one if its id looks like one and no set has it.
        """
        found = None if self.sets else _ATTEMPT.fullmatch(self.record.id)
        return None if found is None else (found[1], int(found[2]))


@dataclass(frozen=True, slots=True)
class JobRecords:
    """The status records of one job.

    Attributes:
        kept: the records, the newest first.
        orphans: ids in the index of provider ids whose records are gone.
        strangers: records that the index assigns to this job and that do not name it.
        more: whether there are more records than these.
        unread: keys that hold an unexpected type, and that type.
        refused: the error of Redis, if this user may not read all of it.
    """

    kept: tuple[IndexedRecord, ...] = ()
    orphans: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    more: bool = False
    unread: Mapping[str, str] = field(default_factory=dict)
    refused: str | None = None

    @property
    def records(self) -> tuple[Record, ...]:
        """The records themselves."""
        return tuple(kept.record for kept in self.kept)


NOTHING = JobRecords()


def job_records(
    jid: str,
    found: Mapping[str, IndexedRecord | None],
    *,
    more: bool = False,
    unread: Mapping[str, str],
    refused: str | None = None,
) -> JobRecords:
    """Sort the records that were found for a job.

    Args:
        jid: the job.
        found: the records of its id and of the index; None for one that is gone.
        more: whether there are more.
        unread: keys of an unexpected type.
        refused: the error of Redis, if this user may not read all of it.
    """
    there = [kept for kept in found.values() if kept is not None]
    unsure = refused is not None or bool(unread)  # then none can be said to be gone
    return JobRecords(
        tuple(sorted((kept for kept in there if _of(kept.record, jid)), key=_newest_first)),
        () if unsure else tuple(ident for ident, kept in found.items() if kept is None),
        tuple(kept.record.id for kept in there if not _of(kept.record, jid)),
        more,
        unread,
        refused,
    )


def _of(record: Record, jid: str) -> bool:
    """Check whether a record is this job's; a stub has lost its fields, so the index decides."""
    return jid in (record.id, record.provider_job_id) or (
        record.stub and record.provider_job_id is None
    )


def _newest_first(kept: IndexedRecord) -> tuple[bool, int, str]:
    recorded = kept.record.microseconds("recorded_at")
    return (recorded is None, -(recorded or 0), kept.record.id)
