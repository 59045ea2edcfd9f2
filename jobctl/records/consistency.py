"""Contradictions between a job's status records and its place: one plain sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobctl.model.entry import Entry
from jobctl.model.jobba import KILL_REQUESTED, Record, RecordState
from jobctl.model.layout import Kind
from jobctl.model.status import IndexedRecord, JobRecords
from jobctl.model.times import epoch
from jobctl.model.words import listed

GRACE = 60.0  # seconds that a job and its record may differ: the one is always written first
_WAITING = (Kind.QUEUE, Kind.SCHEDULED, Kind.RETRIES)
_NAMED = 5  # ids that a sentence names


def contradictions(
    jid: str, entries: Sequence[Entry], joined: JobRecords, now: float
) -> Iterator[str]:
    """Yield where a job's newest record and its place contradict each other.

    A job that is tried again has ordinarily a record that says failed, or still started; one whose
    worker ends right now may have a record that says so already.

    Args:
        jid: the job.
        entries: where it is, the place that decides its state first.
        joined: its records.
        now: unix seconds.
    """
    newest = next((kept for kept in joined.kept if not _aside(kept)), None)
    if newest is None or newest.record.provider_job_id not in (None, jid):
        return  # an archived attempt says nothing of now; another id's job is elsewhere
    record = newest.record
    if not entries:
        yield from _nowhere(record, now)
        return
    entry = entries[0]
    waits = entry.kind in _WAITING
    if record.state in (RecordState.SUCCEEDED, RecordState.FAILED, RecordState.KILLED):
        yield from _ended(record, entry, now)
        return
    if record.state is RecordState.STARTED and waits and not entry.job.failed:
        yield f"its record says started, but no worker holds the job: it is in {_title(entry)}"
    if entry.kind is Kind.DEAD and record.state is not None:
        yield f"its record says {record.state}, but the job is dead: nothing will end the record"
    if record.kill_requested and waits:
        yield (
            f"a kill was requested, but the job waits in {_title(entry)}: it can answer only when "
            "it runs"
        )
    if record.kill_requested and entry.kind is Kind.WORKING and _late(record, KILL_REQUESTED, now):
        yield "a kill was requested, but a worker still runs the job"


def _nowhere(record: Record, now: float) -> Iterator[str]:
    if record.state is RecordState.STARTED:
        yield "its record says started, but no worker holds the job: it is in no structure"
    elif record.state is RecordState.QUEUED and _late(record, "queued_at", now):
        yield "its record says queued, but the job is in no structure: nothing will run it"
    elif record.state is RecordState.UNQUEUED and _late(record, "recorded_at", now):
        yield "its record says unqueued, and the job is in no structure: nobody has queued it yet"


def _ended(record: Record, entry: Entry, now: float) -> Iterator[str]:
    """Yield contradictions of a job whose record says that it ended."""
    state = record.state or RecordState.UNKNOWN
    failed = state is RecordState.FAILED
    if failed and entry.job.failed:
        return  # it is tried again, or dead
    if entry.kind in _WAITING:
        yield f"its record says {state}, but the job is in {_title(entry)}: it will run again"
    elif entry.kind is Kind.DEAD and state is RecordState.SUCCEEDED:
        yield f"its record says {state}, but the job is dead"
    elif entry.kind is Kind.WORKING and _late(record, state.moment, now):
        reserved = epoch(entry.reservation.get("reserved_at"))
        if reserved is None or reserved < now - GRACE:
            yield f"its record says {state}, but a worker still holds the job"


def oddities(joined: JobRecords) -> Iterator[str]:
    """Yield what is odd about how a job's records are kept."""
    for key, kind in joined.unread.items():
        yield f"the key {key} holds a {kind}: nobody can look into it"
    if joined.refused is not None:
        yield f"not all of its records could be read: {joined.refused}"
    if joined.more:
        yield f"it has more than {len(joined.kept):,} records: only these were read"
    elif len(joined.kept) > 1:
        idents = [record.id for record in joined.records]
        yield f"it has {len(joined.kept):,} records: {listed(idents, _NAMED)}"
    for kept in joined.kept if not joined.unread else ():  # else a set may be what is unread
        yield from _keeping(kept)
    if joined.orphans:
        gone = listed(joined.orphans, _NAMED)
        yield f"the index of provider ids gives it records that are gone: {gone}"
    if joined.strangers:
        yield (
            "the index of provider ids gives it records that do not name it: "
            f"{listed(joined.strangers, _NAMED)}"
        )


def _keeping(kept: IndexedRecord) -> Iterator[str]:
    record, state = kept.record, kept.record.state
    if record.stub:
        lacks = "state" if record.values.get("id") is not None else "id"
        yield f"record {record.id} has no {lacks}: a write after its deletion brought it back"
        return
    if kept.attempt_of is not None:
        name, number = kept.attempt_of
        yield f"record {record.id} is attempt {number} of {name}, put aside when that was restarted"
    elif state not in kept.sets:
        yield f"record {record.id} is not in the set of those {state}: queries by state miss it"
    for other in (s for s in RecordState if s in kept.sets and s is not state):
        left = "; the Ruby gem leaves that at a restart" if record.attempt else ""
        yield f"record {record.id} says {state}, and stands in the set of those {other}{left}"


def _aside(kept: IndexedRecord) -> bool:
    return kept.record.stub or kept.attempt_of is not None


def _late(record: Record, moment: str, now: float) -> bool:
    """Tell whether one of its times is long enough ago; one that it lacks is."""
    micro = record.microseconds(moment)
    return micro is None or micro / 1e6 < now - GRACE


def _title(entry: Entry) -> str:
    return entry.place.title
