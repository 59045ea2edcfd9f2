"""Take snapshots of records, and make the calls that change records as they were in these.

A snapshot is all that is needed to put a record back. A call is one script: bounded, applied once,
with every key in KEYS.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, WrongType
from jobctl.model.jobba import MOMENTS, Record, RecordLayout, RecordState, decode, encode
from jobctl.model.record_snapshot import RECORDS, Attempt, Snapshot, state_name
from jobctl.model.record_values import INDEXED
from jobctl.redis.record_reading import WrongTypes, fixed_indexes, read_attempts, value_indexes
from jobctl.redis.scripts import Chunk, Command, Reply, Word, batch_call, operation_key, script_call

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection

MOST = 100  # records of a call: with all their index entries well under 10 ms
_PIPED = 200  # records of a pipe
_STATES = tuple(state.value for state in RecordState)
_SET = 350  # bytes that a set to be read counts for: 1,500 of them fill a pipe
_NOWHERE, _NEVER = (0,) * len(_STATES), (None,) * len(MOMENTS)

Taken = list[tuple[str, Snapshot | None]]


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
        return self._eval("record_delete", snapshots, words)

    def request_kill(self, snapshots: Sequence[Snapshot]) -> Command:
        """Request the end of the records' jobs; the first request stays."""
        return self.mark(snapshots, "")

    def mark(self, snapshots: Sequence[Snapshot], state: str) -> Command:
        """Let records enter a state; started once more, they restart."""
        layout = self.layout
        words: list[Word] = []
        keys = [*fixed_indexes(layout), *(layout.record(s.id) for s in snapshots)]
        for snapshot in snapshots:
            number = snapshot.restarts_from
            words += [encode(snapshot.id), snapshot.text(b"state"), number]
            keys.append(layout.attempt(snapshot.id, number))
        return batch_call("record_marks", self.operation, self.number, keys, state, *words)

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
        return self._eval("record_restore", snapshots, words)

    def _eval(self, name: str, snapshots: Sequence[Snapshot], words: list[Word]) -> Command:
        """Make a call of a script that is given all that these records are kept in.

        Its keys: the indexes that all records have, the records, their attempts, and the sets that
        hold some of them; of each of these the last words say which.
        """
        layout = self.layout
        attempts = [layout.attempt(s.id, a.number) for s in snapshots for a in s.attempts]
        others: dict[str, list[int]] = {}
        for place, snapshot in _places(snapshots):
            for index in snapshot.sets:
                others.setdefault(index, []).append(place)
        for places in others.values():
            words += [len(places), *places]
        keys = [*fixed_indexes(layout), *(layout.record(s.id) for s in snapshots)]
        keys += [*attempts, *map(layout.index, others)]
        counts = (len(snapshots), len(attempts))
        return batch_call(name, self.operation, self.number, keys, *counts, *words)


def _hash(flat: Sequence[bytes], expires: int | None) -> list[Word]:
    return ["" if expires is None else expires, len(flat), *flat]


def _places(snapshots: Sequence[Snapshot]) -> Iterator[tuple[int, Snapshot]]:
    return enumerate(snapshots, 1)


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Take the snapshots of the records of one namespace."""

    connection: Connection
    layout: RecordLayout
    wrong_types: WrongTypes

    def take(self, idents: Iterable[str], *, whole: bool = True) -> Iterator[Taken]:
        """Yield lists of ids with their snapshots; None for an id that not even an index has.

        A key of another type is no record, whatever the indexes say: None, and noted in
        `wrong_types`. The next ones are under way meanwhile, so nothing else may use the
        connection. A pipe is bounded by the size of the records met so far. Without `whole` the
        archived attempts, and the sets that the record's own fields name, are left out.
        """
        reading = _Reading(self, idents, whole)
        for _ in self.connection.stream(reading.follow, kept=WrongType):
            while reading.ready:
                yield reading.ready.popleft()

    def sizes(self) -> dict[str, int]:
        """Return how many records there are, and in each state, by their names in the ledger.

        All of them are those with a time of recording: a record enters this index once and stays.
        """
        asked: dict[str, Command] = {RECORDS: ("ZCARD", self.layout.moment("recorded_at"))}
        for state in RecordState:
            asked[state_name(state.value)] = ("SCARD", self.layout.state(state))
        replies = self.connection.attempt(asked.values())
        found = zip(asked, replies, strict=True)
        return {name: reply for name, reply in found if not isinstance(reply, JobctlError)}

    def delete(self, snapshot: Snapshot) -> bool:
        """Delete a record if it is still as in its snapshot; return whether it was."""
        name = secrets.token_hex(8)
        call = RecordCall(self.layout, name, "1").delete([snapshot])
        result, _ = self.connection.pipe([call, ("UNLINK", operation_key(name))])
        return bytes(result) == b"d1"


class _Reading:
    """One pass: each pipe reads the sets of some records, and the next records themselves."""

    def __init__(self, snapshots: Snapshots, idents: Iterable[str], whole: bool) -> None:
        self.ready: deque[Taken] = deque()
        self._connection = snapshots.connection
        self._layout = snapshots.layout
        self._wrong_types = snapshots.wrong_types
        self._upcoming = iter(idents)
        self._whole = whole
        self._chunk = Chunk(_PIPED)
        self._ids: list[str] = []  # under way
        self._found: list[_Found] = []  # the ones before them
        self._named: dict[bytes, list[int]] | None = None  # the sets that are read for these

    def follow(self, last: list[Reply] | None) -> list[Command]:
        """Note the replies, and return the commands to send next."""
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
        """Return the call that reads when the records found expire, and which sets they are in."""
        words: list[bytes | int] = [len(self._found), *(encode(one.ident) for one in self._found)]
        for places in named.values():
            words += [len(places), *places]
        keys = [*(self._layout.record(one.ident) for one in self._found), *named]
        return script_call("record_look", keys, *words)

    def _settle(self, reply: Sequence[int]) -> None:
        """Note when the records found before expire, and which sets they are in."""
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
        # The hashes first: a change before the indexes are read also changes the hash, which the
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
            if isinstance(flat, WrongType):  # as if it were in no index
                self._wrong_types.add(ids[place])
                flats[place], states[place], times[place] = [], _NOWHERE, _NEVER
        found = [
            _Found(ident, flat, inside, scores, Record.read(ident, flat))
            for ident, flat, inside, scores in zip(ids, flats, states, times, strict=True)
        ]
        size = sum(len(text) for flat in flats for text in flat)
        sets = sum(len(one.record.job_args) for one in found)
        self._chunk.learn(len(ids), size + _SET * sets)
        return found

    def _sets(self) -> dict[bytes, list[int]]:
        """Return the sets that the records' own fields name, with the places of these records."""
        named: dict[bytes, list[int]] = {}
        for place, one in enumerate(self._found, 1):
            for name in INDEXED:
                for key in value_indexes(self._layout, name, one.record.values.get(name)):
                    named.setdefault(key, []).append(place)
        return named

    def _add_attempts(self) -> None:
        for one in self._found:
            if one.flat and one.record.attempt:
                found = read_attempts(self._connection, self._layout, one.ident, one.record.attempt)
                one.attempts = tuple(found)


@dataclass(slots=True)
class _Found:
    """An id, and what was read of it so far; `inside`, `scores`: by state, and by moment."""

    ident: str
    flat: list[bytes]
    inside: Sequence[int]
    scores: Sequence[bytes | None]
    record: Record
    expires: int | None = None
    sets: list[str] = field(default_factory=list)
    attempts: tuple[Attempt, ...] = ()

    def snapshot(self) -> Snapshot | None:
        """Return its snapshot; None if not even an index has it."""
        states = tuple([name for name, held in zip(_STATES, self.inside, strict=True) if held])
        scored = zip(MOMENTS, self.scores, strict=True)
        times = {name: score.decode() for name, score in scored if score is not None}
        if not (self.flat or states or times):
            return None
        return Snapshot(
            self.ident, self.flat, self.expires, states, times, tuple(self.sets), self.attempts,
            self.record,
        )  # fmt: skip
