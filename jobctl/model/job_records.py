"""The status records of one job, and how they are indexed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobctl.model.jobba import RecordState
from jobctl.model.record import Record

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
