"""Snapshots of records: read in piped chunks, with all that would bring them back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from jobctl.errors import WrongType
from jobctl.model.record import MOMENTS, Record, RecordLayout, RecordState, decode, encode
from jobctl.model.record_snapshot import Attempt, Snapshot
from jobctl.redis.connection import Chunk, Command, Connection, Reply
from jobctl.redis.record_reading import WrongTypes, read_attempts, value_indexes
from jobctl.redis.scripts import script

_MOST = 200  # records of a pipe
_STATES = tuple(state.value for state in RecordState)
_SET = 350  # bytes that a set to be looked into counts for: 1,500 of them are a pipe's share
_NAMING = ("job_name", "job_args", "provider_job_id")
_NOWHERE, _NEVER = (0,) * len(_STATES), (None,) * len(MOMENTS)

Taken = list[tuple[str, Snapshot | None]]


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Takes the snapshots of the records of one namespace."""

    connection: Connection
    layout: RecordLayout
    wrong_types: WrongTypes

    def take(self, idents: Iterable[str], *, whole: bool = True) -> Iterator[Taken]:
        """Yield ids with their snapshots, many at once; None where not even an index knows one.

        A key of another type is no record, whatever the indexes say: None, and in `wrong_types`.
        The next ones are under way meanwhile: nothing else may use the connection. What a pipe
        asks for is bounded by the size of the records met so far. Without `whole` the archived
        attempts, and the sets that the record's own fields name, are left out.
        """
        reading = _Reading(self, idents, whole)
        for _ in self.connection.stream(reading.follow, kept=WrongType):
            while reading.ready:
                yield reading.ready.popleft()


class _Reading:
    """One pass: a pipe asks for the sets of some records, and for the next records themselves."""

    def __init__(self, snapshots: Snapshots, idents: Iterable[str], whole: bool) -> None:
        self.ready: deque[Taken] = deque()
        self._connection = snapshots.connection
        self._layout = snapshots.layout
        self._wrong_types = snapshots.wrong_types
        self._upcoming = iter(idents)
        self._whole = whole
        self._chunk = Chunk(_MOST)
        self._ids: list[str] = []  # asked for
        self._found: list[_Found] = []  # those before them
        self._named: dict[bytes, list[int]] | None = None  # the sets that were asked of those

    def follow(self, last: list[Reply] | None) -> list[Command]:
        """Take replies in, and return what to ask for next."""
        replies = list(last or ())
        if self._named is not None:
            self._settle(replies.pop(0))
        if self._ids:
            self._found = self._read(self._ids, replies)
        commands: list[Command] = []
        if self._whole and any(one.flat for one in self._found):
            self._add_attempts()
            self._named = self._sets()
            commands.append(self._looking(self._named))
        elif self._found:
            self._release()
        self._ids = list(islice(self._upcoming, self._chunk.size))
        return commands + self._asking(self._ids) if self._ids else commands

    def _looking(self, named: Mapping[bytes, Sequence[int]]) -> Command:
        """Return the call that says when the records found expire, and which sets they are in."""
        words: list[bytes | int] = [len(self._found), *(one.raw for one in self._found)]
        for places in named.values():
            words += [len(places), *places]
        keys = [*(self._layout.record(one.ident) for one in self._found), *named]
        return ("EVAL", script("record_look"), len(keys), *keys, *words)

    def _settle(self, reply: Sequence[int]) -> None:
        """Say of those found before when they expire and which sets they are in."""
        found, now = self._found, reply[0] * 1000 + reply[1] // 1000
        for one, life in zip(found, reply[2:], strict=False):
            one.expires = now + life if life >= 0 else None
        at = 2 + len(found)
        for key, places in (self._named or {}).items():
            inside = reply[at : at + len(places)]
            at += len(places)
            if any(inside):
                name = decode(key)[len(self._layout.namespace) + 1 :]
                for place, there in zip(places, inside, strict=True):
                    if there:
                        found[place - 1].sets.append(name)
        self._release()

    def _release(self) -> None:
        self.ready.append([(one.ident, one.snapshot()) for one in self._found])
        self._found, self._named = [], None

    def _asking(self, ids: Sequence[str]) -> list[Command]:
        raw = list(map(encode, ids))
        keys = [self._layout.record(ident) for ident in ids]
        # The hashes first: who changes one before its indexes are read has changed what the
        # snapshot is compared with before anything is deleted.
        commands: list[Command] = [("HGETALL", key) for key in keys]
        commands += [("ZMSCORE", self._layout.moment(name), *raw) for name in MOMENTS]
        commands += [("SMISMEMBER", self._layout.index(state), *raw) for state in _STATES]
        return commands

    def _read(self, ids: Sequence[str], replies: Sequence[Reply]) -> list[_Found]:
        flats, indexes = list(replies[: len(ids)]), replies[len(ids) :]
        refusal = next((reply for reply in indexes if isinstance(reply, WrongType)), None)
        if refusal is not None:
            raise refusal
        times: list[tuple[bytes | None, ...]] = list(zip(*indexes[: len(MOMENTS)], strict=True))
        states: list[tuple[int, ...]] = list(zip(*indexes[len(MOMENTS) :], strict=True))
        for place, flat in enumerate(flats):
            if isinstance(flat, WrongType):  # as if no index knew it
                self._wrong_types.add(ids[place])
                flats[place], states[place], times[place] = [], _NOWHERE, _NEVER
        found = [_Found(*all_of) for all_of in zip(ids, flats, states, times, strict=True)]
        size = sum(len(text) for flat in flats for text in flat)
        sets = sum(len(one.record.job_args) for one in found)
        self._chunk.learn(len(ids), size + _SET * sets)
        return found

    def _sets(self) -> dict[bytes, list[int]]:
        """Return the sets that the records' own fields name, each with the places of those."""
        named: dict[bytes, list[int]] = {}
        for place, one in enumerate(self._found, 1):
            for key in self._keys(one.record.values):
                named.setdefault(key, []).append(place)
        return named

    def _keys(self, values: Mapping[str, object]) -> Iterator[bytes]:
        for field in _NAMING:
            value = values.get(field)
            if value is not None:
                yield from value_indexes(self._layout, field, value)

    def _add_attempts(self) -> None:
        for one in self._found:
            if one.flat and one.record.attempt:
                found = read_attempts(self._connection, self._layout, one.ident, one.record.attempt)
                one.attempts = tuple(found)


class _Found:
    """An id, and what is known of it so far."""

    __slots__ = (
        "attempts",
        "expires",
        "flat",
        "ident",
        "inside",
        "raw",
        "record",
        "scores",
        "sets",
    )

    def __init__(
        self,
        ident: str,
        flat: list[bytes],
        inside: Sequence[int],
        scores: Sequence[bytes | None],
    ) -> None:
        self.ident = ident
        self.raw = encode(ident)
        self.flat = flat
        self.expires: int | None = None
        self.inside = inside
        self.scores = scores
        self.record = Record.read(ident, flat)
        self.sets: list[str] = []
        self.attempts: tuple[Attempt, ...] = ()

    def snapshot(self) -> Snapshot | None:
        """Return its snapshot; None where not even an index knows it."""
        states = tuple([name for name, held in zip(_STATES, self.inside, strict=True) if held])
        scored = zip(MOMENTS, self.scores, strict=True)
        times = {name: score.decode() for name, score in scored if score is not None}
        if not (self.flat or states or times):
            return None
        return Snapshot(
            self.ident, self.flat, self.expires, states, times, tuple(self.sets), self.attempts,
            self.record,
        )  # fmt: skip
