"""What a change would do, as it is shown before it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jobctl.model.change import Change
from jobctl.model.entry import Entry
from jobctl.model.layout import Kind

if TYPE_CHECKING:
    from jobctl.model.record import Record

SAMPLE = 5  # jobs


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be changed.

    Attributes:
        action: the verb, undo, resume or apply.
        kind: the set.
        change: the verb and how it is meant.
        server: the Redis.
        matched: the jobs that the filter matched.
        chosen: those that would be changed.
        skipped: those beyond the limit.
        missing: JIDs that matched nothing.
        unmatched: those of them that are there, and not what the rest of the filter asks for.
        histogram: how many of each type, queue and error (of records: state and job name), the
            most frequent first.
        sample: some of them, the first to be changed, or to run, first.
        notes: what else there is to know, a sentence each.
        plan: the file it was written to, instead of being done.
        rehearsed: nothing is changed: a dry run, or a plan.
        queues: the queues whose jobs would be changed.
        name: what must be typed, where it is none of the set's name and yes or no.
    """

    action: str
    kind: Kind
    change: Change
    server: str
    matched: int
    chosen: int
    skipped: int = 0
    missing: Sequence[str] = ()
    unmatched: Sequence[str] = ()
    histogram: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    sample: Sequence[Entry | Record] = ()
    notes: Sequence[str] = ()
    plan: Path | None = None
    rehearsed: bool = False
    queues: Sequence[str] = ()
    name: str | None = None
