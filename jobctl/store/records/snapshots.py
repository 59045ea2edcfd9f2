"""Snapshots of records: read in piped chunks, with all that would bring them back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from jobctl.errors import JobctlError
from jobctl.model.jobba import MOMENTS, RecordLayout, RecordState, decode, encode
from jobctl.model.record import Record
from jobctl.model.record_snapshot import Attempt, Snapshot
from jobctl.store.chunks import Chunk
from jobctl.store.connection import Command, Connection, Reply
from jobctl.store.records.indexing import value_indexes

_MOST = 200  # records of a pipe
_PAGE = 100  # attempts that are asked for at once
_STATES = tuple(state.value for state in RecordState)


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Takes the snapshots of the records of one namespace."""

    connection: Connection
    layout: RecordLayout

    def take(
        self, idents: Iterable[str], *, whole: bool = True
    ) -> Iterator[list[tuple[str, Snapshot | None]]]:
        """Yield ids with their snapshots, many at once; None where not even an index knows one.

        What a pipe asks for is bounded by the size of the records met so far. Without `whole` the
        archived attempts, and the sets that the record's own fields name, are left out.
        """
        upcoming = iter(idents)
        chunk = Chunk(_MOST)
        while ids := list(islice(upcoming, chunk.size)):
            found = self._read(ids)
            if whole:
                found = self._with_attempts(self._with_sets(found))
            size = sum(len(text) for each in found if each for text in each.flat)
            chunk.learn(len(ids), size)
            yield list(zip(ids, found, strict=True))

    def _read(self, ids: Sequence[str]) -> list[Snapshot | None]:
        raw = [encode(ident) for ident in ids]
        keys = [self.layout.record(ident) for ident in ids]
        commands: list[Command] = [("ZMSCORE", self.layout.moment(name), *raw) for name in MOMENTS]
        commands += [("SMISMEMBER", self.layout.index(state), *raw) for state in _STATES]
        commands += [("HGETALL", key) for key in keys]
        commands.append(("TIME",))
        commands += [("PTTL", key) for key in keys]
        replies = self.connection.pipe(commands)
        first = len(MOMENTS) + len(_STATES)
        times = list(zip(*replies[: len(MOMENTS)], strict=True))
        states = list(zip(*replies[len(MOMENTS) : first], strict=True))
        flats = replies[first : first + len(ids)]
        now = _milliseconds(replies[first + len(ids)])
        lives = replies[first + len(ids) + 1 :]
        found = [
            Snapshot(
                ident,
                flat,
                now + life if life >= 0 else None,
                tuple(name for name, held in zip(_STATES, inside, strict=True) if held),
                {
                    name: score.decode()
                    for name, score in zip(MOMENTS, scores, strict=True)
                    if score is not None
                },
            )
            for ident, flat, life, inside, scores in zip(
                ids, flats, lives, states, times, strict=True
            )
        ]
        return [s if s.flat or s.states or s.times else None for s in found]

    def _with_sets(self, found: list[Snapshot | None]) -> list[Snapshot | None]:
        """Add the sets that the records' own fields name, where they are in them."""
        asked: dict[bytes, list[int]] = {}
        for place, snapshot in enumerate(found):
            if snapshot is not None and snapshot.flat:
                for key in self._named(snapshot.record):
                    asked.setdefault(key, []).append(place)
        commands: list[Command] = [
            ("SMISMEMBER", key, *(_raw(found[place]) for place in places))
            for key, places in asked.items()
        ]
        held: dict[int, list[str]] = {}
        for (key, places), inside in zip(
            asked.items(), self.connection.attempt(commands), strict=True
        ):
            if isinstance(inside, JobctlError):  # no set: nobody is in it
                continue
            name = decode(key)[len(self.layout.namespace) + 1 :]
            for place, there in zip(places, inside, strict=True):
                if there:
                    held.setdefault(place, []).append(name)
        return [
            replace(snapshot, sets=tuple(held[place]))
            if snapshot is not None and place in held
            else snapshot
            for place, snapshot in enumerate(found)
        ]

    def _named(self, record: Record) -> list[bytes]:
        """Return the sets that a record's own fields name."""
        fields = ("job_name", "job_args", "provider_job_id")
        return [
            key
            for field in fields
            if (value := record.values.get(field)) is not None
            for key in value_indexes(self.layout, field, value)
        ]

    def _with_attempts(self, found: list[Snapshot | None]) -> list[Snapshot | None]:
        return [
            replace(snapshot, attempts=tuple(self._attempts(snapshot.id, most)))
            if snapshot is not None and snapshot.flat and (most := snapshot.record.attempt)
            else snapshot
            for snapshot in found
        ]

    def _attempts(self, ident: str, most: int) -> Iterator[Attempt]:
        """Yield the archived attempts that are there; one that an index knows is a record.

        An attempt number that no restart ever wrote may be huge: a page without any ends it.
        """
        for start in range(0, most, _PAGE):
            numbers = range(start, min(most, start + _PAGE))
            keys = [self.layout.attempt(ident, number) for number in numbers]
            names = [encode(f"{ident}:{number}") for number in numbers]
            commands: list[Command] = [("HGETALL", key) for key in keys]
            commands.append(("TIME",))
            commands += [("PTTL", key) for key in keys]
            commands += [("SMISMEMBER", self.layout.index(state), *names) for state in _STATES]
            replies = self.connection.pipe(commands)
            flats, lives = replies[: len(keys)], replies[len(keys) + 1 : 2 * len(keys) + 1]
            now = _milliseconds(replies[len(keys)])
            own = [any(held) for held in zip(*replies[2 * len(keys) + 1 :], strict=True)]
            for number, flat, life, record in zip(numbers, flats, lives, own, strict=True):
                if flat and not record:
                    yield Attempt(number, flat, now + life if life >= 0 else None)
            if not any(flats):
                return


def _raw(snapshot: Snapshot | None) -> bytes:
    return b"" if snapshot is None else encode(snapshot.id)


def _milliseconds(clock: Reply) -> int:
    return int(clock[0]) * 1000 + int(clock[1]) // 1000
