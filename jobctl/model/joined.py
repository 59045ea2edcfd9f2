"""The status records of one job, and how they are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobctl.model.record import Record, RecordState

_ATTEMPT = re.compile(r"(.*):(\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Kept:
    """A record, and the sets of states that its id stands in."""

    record: Record
    sets: frozenset[RecordState] = frozenset()

    @property
    def attempt_of(self) -> tuple[str, int] | None:
        """The record that this is an archived attempt of, and which; None where it is none.

        Only its key tells, and that no set knows it.
        """
        found = None if self.sets else _ATTEMPT.fullmatch(self.record.id)
        return None if found is None else (found[1], int(found[2]))


@dataclass(frozen=True, slots=True)
class Joined:
    """What there is of records for one job.

    Attributes:
        kept: the newest recorded first.
        orphans: ids that the index of provider ids has, of records that are gone.
        strangers: records that the index gives this job, and that do not name it.
        more: whether there are more records than are here.
        unread: keys that hold another type than theirs, and which.
        refused: what Redis said where it let nobody look.
    """

    kept: tuple[Kept, ...] = ()
    orphans: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    more: bool = False
    unread: Mapping[str, str] = field(default_factory=dict)
    refused: str | None = None

    @property
    def records(self) -> tuple[Record, ...]:
        """The records alone."""
        return tuple(kept.record for kept in self.kept)


NOTHING = Joined()


def join(
    jid: str,
    found: Mapping[str, Kept | None],
    *,
    more: bool = False,
    unread: Mapping[str, str],
    refused: str | None = None,
) -> Joined:
    """Sort out what was found for a job.

    Args:
        jid: the job.
        found: the records of its id and of the index; None: that one is gone.
        more: whether there are more.
        unread: keys of another type.
        refused: what Redis said where it let nobody look.
    """
    there = [kept for kept in found.values() if kept is not None]
    unsure = refused is not None or bool(unread)  # then nothing is said to be gone
    return Joined(
        tuple(sorted((kept for kept in there if _of(kept.record, jid)), key=_newest_first)),
        () if unsure else tuple(ident for ident, kept in found.items() if kept is None),
        tuple(kept.record.id for kept in there if not _of(kept.record, jid)),
        more,
        unread,
        refused,
    )


def _of(record: Record, jid: str) -> bool:
    """Tell whether a record is this job's; what a stub names is lost, so the index counts."""
    return jid in (record.id, record.provider_job_id) or (
        record.stub and record.provider_job_id is None
    )


def _newest_first(kept: Kept) -> tuple[bool, int, str]:
    recorded = kept.record.microseconds("recorded_at")
    return (recorded is None, -(recorded or 0), kept.record.id)
