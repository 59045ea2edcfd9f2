"""Whether a Redis that lost ``jobctl:server`` holds the data that an operation was begun on.

What the operation selected tells: bytes with a JID in them, and a time, are in no two databases by
chance. At least half of a sample must be found, exactly as they were; one or two of them may be in
a copy of a part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from jobctl.backend import Backend
from jobctl.model.layout import Kind
from jobctl.operations.file import OperationFile
from jobctl.operations.selection import Selection
from jobctl.operations.subject import Subject
from jobctl.operations.subjects import subject_of

_SAMPLE = 200  # jobs of a set, or records
_ENDS = 10  # jobs from either end of a removed queue; the middle of a long list is not searched
_LISTS = 20  # lists that these are looked for in

Scored = Sequence[tuple[bytes, float]]


def holds_same_data(backend: Backend, file: OperationFile, selection: Selection) -> bool:
    """Tell whether what an operation selected is in this Redis still, or again."""
    subject = subject_of(file, selection, backend.layout)
    kind = file.header.kind
    if kind is Kind.QUEUE:
        sample = [*_pairs(subject, range(len(selection))[:_ENDS])]
        sample += _pairs(subject, range(len(selection))[_ENDS:][-_ENDS:])
        found = _in_lists(backend, file, [raw for raw, _ in sample])
    else:
        sample = list(_pairs(subject, _spread(selection)))
        look = _in_records if kind is Kind.RECORDS else _in_sets
        found = look(backend, file, sample)
    return 0 < len(sample) <= 2 * found


def _spread(selection: Selection) -> Sequence[int]:
    step = max(1, len(selection) // _SAMPLE)
    return range(0, len(selection), step)[:_SAMPLE]


def _pairs(subject: Subject, places: Sequence[int]) -> Iterator[tuple[bytes, float]]:
    """Yield members with the scores they were selected with; without an id they tell nothing."""
    for place in places:
        ((raw, score),) = subject.scored(place, 1)
        if subject.name(raw) is not None:
            yield raw, score


def _in_sets(backend: Backend, file: OperationFile, sample: Scored) -> int:
    """Count what is in its set with its score, or where the operation puts it."""
    kind, target = file.header.kind, file.header.change.target(file.header.kind)
    members = [raw for raw, _ in sample]
    if not members:
        return 0
    scores = backend.operations.present(kind, members)
    moved = [None] * len(members) if target is None else backend.operations.present(target, members)
    return sum(
        there is not None or (score is not None and float(score) == was)
        for (_, was), score, there in zip(sample, scores, moved, strict=True)
    )


def _in_records(backend: Backend, file: OperationFile, sample: Scored) -> int:
    """Count the records that have every field as it was, the time of their recording among them."""
    from jobctl.model.record_snapshot import Snapshot  # only records need it

    snapshots = [Snapshot.read(raw) for raw, _ in sample]
    reader = backend.records_of(file.header.record_layout)
    hashes = reader.hashes(snapshot.id for snapshot in snapshots)
    return sum(
        bool(snapshot.text(b"recorded_at")) and snapshot.within(flat)
        for snapshot, (_, flat) in zip(snapshots, hashes, strict=True)
    )


def _in_lists(backend: Backend, file: OperationFile, members: Sequence[bytes]) -> int:
    """Count the jobs that are near an end of a list of the queues that were removed."""
    lists = ((queue.name, form) for queue in file.header.queues for form in queue.forms)
    keys = [backend.removing.key(name, form) for name, form in islice(lists, _LISTS)]
    return backend.removing.near_an_end(keys, members)
