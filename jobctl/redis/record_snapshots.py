"""Take snapshots of records: all that is needed to put them back, read in piped chunks."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, WrongType
from jobctl.model.jobba import MOMENTS, RecordLayout, RecordState, decode, encode
from jobctl.model.record import Record
from jobctl.model.record_snapshot import RECORDS, Attempt, Snapshot, state_name
from jobctl.redis.record_batches import RecordCall
from jobctl.redis.record_reading import WrongTypes, read_attempts, value_indexes
from jobctl.redis.scripts import Chunk, Command, Reply, operation_key, script

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection

_MOST = 200  # records of a pipe
_STATES = tuple(state.value for state in RecordState)
_SET = 350  # bytes that a set to be read counts for: 1,500 of them fill a pipe
_NAMING = ("job_name", "job_args", "provider_job_id")
_NOWHERE, _NEVER = (0,) * len(_STATES), (None,) * len(MOMENTS)

Taken = list[tuple[str, Snapshot | None]]


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
        self._chunk = Chunk(_MOST)
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
        words: list[bytes | int] = [len(self._found), *(one.raw for one in self._found)]
        for places in named.values():
            words += [len(places), *places]
        keys = [*(self._layout.record(one.ident) for one in self._found), *named]
        return ("EVAL", script("record_look"), len(keys), *keys, *words)

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
        found = [_Found(*all_of) for all_of in zip(ids, flats, states, times, strict=True)]
        size = sum(len(text) for flat in flats for text in flat)
        sets = sum(len(one.record.job_args) for one in found)
        self._chunk.learn(len(ids), size + _SET * sets)
        return found

    def _sets(self) -> dict[bytes, list[int]]:
        """Return the sets that the records' own fields name, with the places of these records."""
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
    """An id, and what was read of it so far."""

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
