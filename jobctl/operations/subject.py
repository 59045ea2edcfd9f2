"""What an operation works on, as the engine sees it.

A subject selects members into the operation's file, and makes the calls that change them, batch by
batch: the same file, notes and rules always make the same calls, also after a crash. A new subject
is a file in subjects/, and a line in its `subject_of`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from jobctl.backend import Backend
from jobctl.model.entry import Entry
from jobctl.model.operation import Batch, Outcome, read_result
from jobctl.model.rows import Row
from jobctl.operations.file import OperationFile
from jobctl.operations.request import Request, Watch
from jobctl.operations.selection import Selection
from jobctl.redis.scripts import Command

if TYPE_CHECKING:
    from jobctl.model.jobba import Record

_KINDS = 10_000  # lines of a histogram; what comes after them is counted together


@dataclass(slots=True)
class Found:
    """What was selected.

    Attributes:
        selection: the members, in the order they are changed.
        matched: how many there were before the limit.
        skipped: how many the limit left out.
        missing: ids asked for that matched nothing.
        unmatched: those of them that are there, and not what the rest of the filter asks for.
        histogram: how many of each type, queue and error (of records: state and job name); only
            where it was asked for.
        notes: what else was met, a sentence each.
    """

    selection: Selection
    matched: int = 0
    skipped: int = 0
    missing: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    histogram: Counter[tuple[str, ...]] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch, ready to be sent.

    Attributes:
        batch: its note.
        command: the call; None where there is nothing to ask of Redis.
        order: the places of its members in the operation, as the result names them.
        queues: where each of them goes; empty where they go to no queue.
        pushed: what each of them is in its queue (or in scheduled); empty where nothing changes.
        members: what each of them is where it was selected; only where they go to queues.
        failed: those that cannot be changed: place and reason.
        left: retries left -> how many jobs, where jobs are to run again; None: never failed.
        ledger: of records, by how much each of them changes the structures where it is done.
    """

    batch: Batch
    command: Command | None
    order: Sequence[int]
    queues: Sequence[str] = ()
    pushed: Sequence[bytes] = ()
    members: Sequence[bytes] = ()
    failed: Sequence[tuple[int, str]] = ()
    left: Counter[int | None] = field(default_factory=Counter)
    ledger: Sequence[Mapping[str, int]] = ()

    @property
    def reasons(self) -> Counter[str]:
        """Why members failed, and how many."""
        return Counter(reason for _, reason in self.failed)

    def places(self, result: str) -> dict[Outcome, list[int]]:
        """Return the places of its members in the operation, by what became of them."""
        found: dict[Outcome, list[int]] = {outcome: [] for outcome in Outcome}
        found[Outcome.FAILED] += [place for place, _ in self.failed]
        at = 0
        for outcome, count in read_result(result)[0]:
            found[outcome] += self.order[at : at + count]
            at += count
        return found


@dataclass(frozen=True, slots=True)
class Reversal:
    """The call that undoes a batch for some of its members.

    Attributes:
        command: the call.
        ledger: of records, by how much each of them had changed the structures.
    """

    command: Command
    ledger: Sequence[Mapping[str, int]] = ()


class Subject(Protocol):
    """What one operation works on."""

    @property
    def most(self) -> int:
        """How many members a batch has at most."""

    def select(self, backend: Backend, request: Request, watch: Watch) -> Found:
        """Write what matches into the file, and return it in the order it is changed."""

    def size(self, start: int, most: int) -> int:
        """Return how many members from a place on make a batch, bounded in number and bytes."""

    def prepare(self, batch: Batch) -> Prepared:
        """Make a batch ready to be sent."""

    def outline(self, batch: Batch) -> Prepared:
        """Return a batch with the order of its members; prepared where that takes looking."""

    def revert(self, batch: Batch, places: Sequence[int], outcome: Outcome) -> Reversal:
        """Return the call that undoes a batch for those of its members that had this outcome."""

    def sizes(self, backend: Backend) -> dict[str, int]:
        """Return how many members the structures have that the operation can touch."""

    def scored(self, start: int, count: int) -> list[tuple[bytes, float]]:
        """Return the members from a place on, and the scores they were selected with."""

    def sample(self) -> Sequence[Entry | Record]:
        """Return the first members, as people see them."""

    def row(self, place: int) -> Row:
        """Return what identifies a member."""

    def name(self, raw: bytes) -> str | None:
        """Return the id of a member, as far as it has one."""

    def drift(self, backend: Backend) -> list[str]:
        """Return what has changed since they were selected, a sentence each."""


def shortened(
    counts: Counter[tuple[str, ...]], others: tuple[str, ...]
) -> Counter[tuple[str, ...]]:
    """Return counts; of too many lines the most frequent ones, the rest under one name."""
    if len(counts) <= 2 * _KINDS:
        return counts
    kinds = Counter(dict(counts.most_common(_KINDS)))
    kinds[others] += counts.total() - kinds.total()
    return kinds


class Members:
    """The members of an operation, read from its file by their places."""

    def __init__(self, file: OperationFile, selection: Selection) -> None:
        self._file = file
        self._selection = selection

    def __len__(self) -> int:
        return len(self._selection)

    def size(self, start: int, most: int, bound: int) -> int:
        """Return how many from a place on have so many bytes at most; one at least."""
        taken, size = 0, 0
        for offset, length in self._selection.places(start, start + most):
            size += length or len(self._file.read(offset, length))
            if taken and size > bound:
                break
            taken += 1
        return taken

    def weight(self, start: int, count: int) -> int:
        """Return how many bytes so many members have, as far as that is known unread."""
        return sum(length for _, length in self._selection.places(start, start + count))

    def read(self, start: int, count: int) -> list[bytes]:
        """Return the members from a place on."""
        return self._file.read_all(self._selection.places(start, start + count))

    def scored(self, start: int, count: int) -> list[tuple[bytes, float]]:
        """Return the members from a place on, and the scores they were selected with."""
        scores = self._selection.scores(start, start + count)
        return list(zip(self.read(start, count), scores, strict=True))
