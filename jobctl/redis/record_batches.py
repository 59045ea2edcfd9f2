"""The calls that change records: one script, bounded, applied once, with every key in KEYS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobctl.model.jobba import MOMENTS, RecordLayout, RecordState, encode
from jobctl.model.record_snapshot import Snapshot
from jobctl.redis.record_reading import fixed_indexes
from jobctl.redis.scripts import KEPT, Command, operation_key, script

MOST = 100  # records of a call: with all their index entries well under 10 ms

Word = str | bytes | int


@dataclass(frozen=True, slots=True)
class RecordCall:
    """Make the command that applies one batch of records; its reply is the result."""

    layout: RecordLayout
    operation: str
    number: str

    def delete(self, snapshots: Sequence[Snapshot]) -> Command:
        """Delete records that are still as they were selected."""
        shapes: dict[tuple[bytes, ...], int] = {}
        records: list[Word] = []
        for snapshot in snapshots:
            records.append(encode(snapshot.id))
            if snapshot.orphan:
                records += [0, ""]
            else:
                records += [shapes.setdefault(snapshot.fields, len(shapes) + 1), snapshot.digest]
        words: list[Word] = [len(shapes)]
        for fields in shapes:
            words += [len(fields), *fields]
        words += records
        words += [place for place, snapshot in _places(snapshots) for _ in snapshot.attempts]
        others = _others(snapshots)
        for places in others.values():
            words += [len(places), *places]
        return self._eval("record_delete", snapshots, others, words)

    def mark(self, snapshots: Sequence[Snapshot], state: str) -> Command:
        """Let records enter a state; started once more, they restart."""
        return self._marks(snapshots, state)

    def request_kill(self, snapshots: Sequence[Snapshot]) -> Command:
        """Request the end of the records' jobs; the first request stays."""
        return self._marks(snapshots, "")

    def restore(self, snapshots: Sequence[Snapshot]) -> Command:
        """Put deleted records back, unless there is one of their id again."""
        words: list[Word] = []
        for snapshot in snapshots:
            words += [encode(snapshot.id), *_hash(snapshot.flat, snapshot.expires)]
        for place, snapshot in _places(snapshots):
            for attempt in snapshot.attempts:
                words += [place, *_hash(attempt.flat, attempt.expires)]
        for state in RecordState:
            held = [place for place, s in _places(snapshots) if state.value in s.states]
            words += [len(held), *held]
        for name in MOMENTS:
            scored = [(place, s.times[name]) for place, s in _places(snapshots) if name in s.times]
            words += [len(scored), *(word for pair in scored for word in pair)]
        others = _others(snapshots)
        for places in others.values():
            words += [len(places), *places]
        return self._eval("record_restore", snapshots, others, words)

    def _marks(self, snapshots: Sequence[Snapshot], state: str) -> Command:
        layout = self.layout
        words: list[Word] = []
        keys: list[str | bytes] = [operation_key(self.operation), *fixed_indexes(layout)]
        keys += [layout.record(snapshot.id) for snapshot in snapshots]
        for snapshot in snapshots:
            number = snapshot.restarts_from
            words += [encode(snapshot.id), snapshot.text(b"state"), number]
            keys.append(layout.attempt(snapshot.id, number))
        text = script("record_marks")
        return ("EVAL", text, len(keys), *keys, self.number, KEPT, state, *words)

    def _eval(
        self,
        name: str,
        snapshots: Sequence[Snapshot],
        others: Mapping[str, Sequence[int]],
        words: Sequence[Word],
    ) -> Command:
        layout = self.layout
        attempts = [layout.attempt(s.id, a.number) for s in snapshots for a in s.attempts]
        keys: list[str | bytes] = [operation_key(self.operation), *fixed_indexes(layout)]
        keys += [layout.record(snapshot.id) for snapshot in snapshots]
        keys += attempts
        keys += map(layout.index, others)
        counts = (len(snapshots), len(attempts))
        head = (script(name), len(keys), *keys, self.number, KEPT)
        return ("EVAL", *head, *counts, *words)


def _hash(flat: Sequence[bytes], expires: int | None) -> list[Word]:
    return ["" if expires is None else expires, len(flat), *flat]


def _others(snapshots: Sequence[Snapshot]) -> dict[str, list[int]]:
    """Return the places of the records in each set of a name, an argument, a provider's id."""
    found: dict[str, list[int]] = {}
    for place, snapshot in _places(snapshots):
        for name in snapshot.sets:
            found.setdefault(name, []).append(place)
    return found


def _places(snapshots: Sequence[Snapshot]) -> Iterator[tuple[int, Snapshot]]:
    return enumerate(snapshots, 1)
