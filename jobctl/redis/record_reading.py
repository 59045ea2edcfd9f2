"""Read records by their ids, or by those of their jobs, in bounded pipes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, NoPermission, WrongType
from jobctl.model.jobba import MOMENTS, Record, RecordLayout, RecordState, decode, encode
from jobctl.model.jsontext import text_of
from jobctl.model.record_snapshot import Attempt
from jobctl.model.status import IndexedRecord, JobRecords, job_records
from jobctl.redis.scripts import Chunk, Command, Reply

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection
    from jobctl.redis.record_indexes import Indexes


_MOST = 500  # hashes that one pipe asks for
_NAMED = 5  # keys in a sentence
_HELD = 10_000  # ids of wrong types that are counted
_ATTEMPTS = 100  # attempts that are asked for at once
_LOST = 100  # missing ones in a row, after which there are no more
MOST_OF_A_JOB = 1000  # records of one job that are read
_JOBS, _RECORDS = 500, 100  # that one pipe asks for
_MEMBERS = 500  # that one SSCAN looks at


class WrongTypes:
    """Keys of records that hold another type: met while reading, and left out."""

    def __init__(self, layout: RecordLayout) -> None:
        self._layout = layout
        self._ids: dict[str, None] = {}

    def add(self, ident: str) -> None:
        """Add an id."""
        if len(self._ids) < _HELD:
            self._ids[ident] = None

    @property
    def note(self) -> str | None:
        """The keys met, in a sentence; None if there were none."""
        if not self._ids:
            return None
        keys = [decode(self._layout.record(ident)) for ident in islice(self._ids, _NAMED)]
        count = len(self._ids)
        if count == 1:
            return f"left out: the key {keys[0]} holds another type than a record"
        many = f"at least {count:,}" if count == _HELD else f"{count:,}"
        rest = f" and {count - len(keys):,} more" if count > len(keys) else ""
        return f"left out: {many} keys hold another type than a record: {', '.join(keys)}{rest}"

    def __contains__(self, ident: str) -> bool:
        return ident in self._ids


class RecordReader:
    """The records of one namespace.

    Attributes:
        layout: the keys.
        wrong_types: the keys met so far that hold another type than a record.
    """

    def __init__(self, connection: Connection, layout: RecordLayout) -> None:
        self.layout = layout
        self.wrong_types = WrongTypes(layout)
        self._connection = connection

    @cached_property
    def indexes(self) -> Indexes:
        """The indexes of the records."""
        from jobctl.redis.record_indexes import Indexes  # 5 % of a start: not for one id

        return Indexes(self._connection, self.layout)

    def find(self, ident: str) -> Record | None:
        """Return the record of this id; None if there is none. Never creates one."""
        flat = self._connection.call("HGETALL", self.layout.record(ident))
        return Record.read(ident, flat) if flat else None

    def load(self, idents: Iterable[str]) -> Iterator[Record | None]:
        """Yield the record of each id, or None; the next ones are under way meanwhile.

        A pipe is bounded by the size of the records met so far, not only by their number.
        """
        for ident, flat in self.hashes(idents):
            yield Record.read(ident, flat) if flat else None

    def hashes(self, idents: Iterable[str]) -> Iterator[tuple[str, list[bytes]]]:
        """Yield each id with its hash as HGETALL returns it: names and values in turn.

        A key of another type counts as empty, and is noted in `wrong_types`.
        """
        upcoming = iter(idents)
        chunk = Chunk(_MOST)
        asked: list[list[str]] = []

        def follow(last: list[Reply] | None) -> list[Command]:
            if last is not None:
                chunk.learn(len(last), sum(map(len, chain.from_iterable(map(_flat, last)))))
            ids = list(islice(upcoming, chunk.size))
            asked.append(ids)
            return [("HGETALL", self.layout.record(ident)) for ident in ids]

        for replies in self._connection.stream(follow, kept=WrongType):
            for ident, reply in zip(asked.pop(0), replies, strict=True):
                if isinstance(reply, WrongType):
                    self.wrong_types.add(ident)
                yield ident, _flat(reply)

    def attempts(self, record: Record) -> list[Record]:
        """Return the archived attempts of a record, the first one first; lost ones are left out."""
        if not record.attempt:
            return []
        found = read_attempts(
            self._connection, self.layout, record.id, record.attempt, records=True
        )
        return [Record.read(f"{record.id}:{each.number}", list(each.flat)) for each in found]


def _flat(reply: Reply) -> list[bytes]:
    return reply if isinstance(reply, list) else []


def read_attempts(
    connection: Connection, layout: RecordLayout, ident: str, most: int, *, records: bool = False
) -> Iterator[Attempt]:
    """Yield the archived attempts of a record that are left, the first one first.

    Args:
        connection: nothing may be under way on it.
        layout: the keys.
        ident: the record's id.
        most: how many attempts it says it had before. That number may be wrong and huge, so many
            missing ones in a row end the search.
        records: yield also, as the gem does, what is in the set of a state: a record of its own
            whose id ends in a number.
    """
    chunk = Chunk(_ATTEMPTS)
    start = lost = 0
    while start < most and lost < _LOST:
        numbers = range(start, min(most, start + chunk.size))
        start = numbers.stop
        keys = [layout.attempt(ident, number) for number in numbers]
        names = [encode(f"{ident}:{number}") for number in numbers]
        hashes = connection.pipe((("HGETALL", key) for key in keys), kept=WrongType)
        # A key of another type is no attempt.
        flats = [[] if isinstance(reply, WrongType) else reply for reply in hashes]
        commands: list[Command] = [("PTTL", key) for key in keys]
        commands += [("SMISMEMBER", layout.state(state), *names) for state in RecordState]
        *replies, clock = connection.pipe([*commands, ("TIME",)])
        lives = replies[: len(keys)]
        chunk.learn(len(keys), sum(len(text) for flat in flats for text in flat))
        now = int(clock[0]) * 1000 + int(clock[1]) // 1000
        held = zip(*replies[len(keys) :], strict=True)
        for number, flat, life, sets in zip(numbers, flats, lives, held, strict=True):
            lost = 0 if flat else lost + 1
            if flat and (records or not any(sets)):
                yield Attempt(number, flat, now + life if life >= 0 else None)


def fixed_indexes(layout: RecordLayout) -> list[bytes]:
    """Return the sets of the states and of the times, in the order that the scripts know."""
    return [*map(layout.state, RecordState), *map(layout.moment, MOMENTS)]


def value_indexes(layout: RecordLayout, field: str, value: object) -> list[bytes]:
    """Return the keys of the sets that index the value of a field, each once.

    Args:
        layout: the keys.
        field: job_name, job_args or provider_job_id.
        value: decoded; one that Jobba never writes is named as Ruby interpolates it into a text.
    """
    if field == "job_args":
        values = value.values() if isinstance(value, dict) else ()
        return list(dict.fromkeys(layout.job_arg(_text(each)) for each in values))
    if value is None:
        return []
    named = layout.job_name if field == "job_name" else layout.provider_job_id
    return [named(_text(value))]


def _text(value: object) -> str:
    return "" if value is None else text_of(value)


@dataclass(slots=True)
class _Found:
    """What was found for one job so far; `ident` is its id as keys of records have it."""

    ident: str
    idents: set[str] = field(default_factory=set)
    unread: set[bytes] = field(default_factory=set)
    refused: str | None = None
    more: bool = False

    def refuse(self, reply: Reply, key: bytes) -> bool:
        """Return whether a reply is a refusal, and note it.

        A key of another type, or one that this user may not see, must not hide the others. Other
        refusals are raised.
        """
        if isinstance(reply, WrongType):
            self.unread.add(key)
        elif isinstance(reply, NoPermission):
            self.refused = reply.message
        elif isinstance(reply, JobctlError):
            raise reply
        return isinstance(reply, JobctlError)


@dataclass(slots=True)
class _Read:
    """A record as it was read, and the keys that could not be read."""

    kept: IndexedRecord | None
    unread: set[bytes]
    refused: str | None


class RecordsByJid:
    """Read the records of jobs, and how they are kept. Keys of another type stop nothing."""

    def __init__(self, connection: Connection, layout: RecordLayout) -> None:
        self._connection = connection
        self._layout = layout

    def of(self, jids: Iterable[str]) -> dict[str, JobRecords]:
        """Return the records of each of these jobs; jobs without any are left out.

        A job's records are those whose id or provider_job_id its id is.
        """
        found: dict[str, _Found] = {}
        upcoming = iter(jids)
        chunk = Chunk(_JOBS)
        while asked := list(islice(upcoming, chunk.size)):
            replies = self._connection.attempt(
                command for jid in asked for command in self._first(_ident(jid))
            )
            chunk.learn(len(asked), _size(replies))
            for jid, flat, scanned in zip(asked, replies[::2], replies[1::2], strict=True):
                if flat or scanned != [b"0", []]:
                    found[jid] = self._found(_ident(jid), flat, scanned)
        return self._joined(found) if found else {}

    def _first(self, ident: str) -> tuple[Command, Command]:
        index = self._layout.provider_job_id(ident)
        return ("HGETALL", self._layout.record(ident)), ("SSCAN", index, 0, "COUNT", _MEMBERS)

    def _found(self, ident: str, flat: Reply, scanned: Reply) -> _Found:
        """Return the records of a job: that of its id, and those in the index of its id."""
        found = _Found(ident)
        index = self._layout.provider_job_id(ident)
        if not found.refuse(scanned, index):
            cursor, members = scanned
            found.idents.update(map(decode, members))
            while cursor != b"0" and len(found.idents) < MOST_OF_A_JOB:
                cursor, members = self._connection.call("SSCAN", index, cursor, "COUNT", _MEMBERS)
                found.idents.update(map(decode, members))
            found.more = cursor != b"0"
        if not found.refuse(flat, self._layout.record(ident)) and flat:
            found.idents.add(ident)
        return found

    def _joined(self, found: Mapping[str, _Found]) -> dict[str, JobRecords]:
        idents = list(dict.fromkeys(i for each in found.values() for i in sorted(each.idents)))
        read = dict(zip(idents, self._read(idents), strict=True))
        for each in found.values():
            for ident in each.idents:
                each.unread |= read[ident].unread
                each.refused = each.refused or read[ident].refused
        kinds = self._kinds(sorted({key for each in found.values() for key in each.unread}))
        return {
            jid: job_records(
                each.ident,
                {ident: read[ident].kept for ident in sorted(each.idents)},
                more=each.more,
                unread={decode(key): kinds[key] for key in sorted(each.unread)},
                refused=each.refused,
            )
            for jid, each in found.items()
        }

    def _read(self, idents: list[str]) -> Iterator[_Read]:
        """Yield each record as it is kept.

        Its hash and its sets are read in one MULTI, so that a change meanwhile looks consistent.
        """
        upcoming = iter(idents)
        chunk = Chunk(_RECORDS)
        while asked := list(islice(upcoming, chunk.size)):
            wholes = [self._whole(ident) for ident in asked]
            replies = self._connection.attempt(c for whole in wholes for c in whole)
            width = len(wholes[0])
            chunk.learn(len(asked), _size(replies))
            for i, ident in enumerate(asked):
                yield self._kept(ident, replies[i * width : (i + 1) * width])

    def _whole(self, ident: str) -> list[Command]:
        raw = encode(ident)
        asks: list[Command] = [("SISMEMBER", self._layout.state(s), raw) for s in RecordState]
        return [("MULTI",), ("HGETALL", self._layout.record(ident)), *asks, ("EXEC",)]

    def _kept(self, ident: str, replies: list[Reply]) -> _Read:
        answers = replies[-1]
        if isinstance(replies[0], NoPermission):
            # A user who may only read (+@read) has no MULTI: each command was answered by itself.
            answers = replies = replies[1:-1]
            replies = [reply for reply in replies if not isinstance(reply, WrongType)]
        refusal = next((reply for reply in replies if isinstance(reply, JobctlError)), None)
        if refusal is not None:
            if not isinstance(refusal, NoPermission):
                raise refusal
            return _Read(None, set(), refusal.message)
        keys = [self._layout.record(ident), *map(self._layout.state, RecordState)]
        # Within a MULTI a key of another type is an answer.
        unread = {key for key, reply in zip(keys, answers, strict=True) if _odd(reply)}
        flat, *asked = (None if _odd(reply) else reply for reply in answers)
        sets = frozenset(s for s, there in zip(RecordState, asked, strict=True) if there)
        return _Read(IndexedRecord(Record.read(ident, flat), sets) if flat else None, unread, None)

    def _kinds(self, keys: list[bytes]) -> dict[bytes, str]:
        kinds = self._connection.pipe([("TYPE", key) for key in keys]) if keys else []
        return dict(zip(keys, (kind.decode() for kind in kinds), strict=True))


def _odd(reply: Reply) -> bool:
    return isinstance(reply, Exception)


def _ident(jid: str) -> str:
    """Return a JID as the keys of records have it: there lone surrogates are bytes."""
    return decode(encode(jid))


def _size(reply: Reply) -> int:
    if isinstance(reply, bytes):
        return len(reply)
    return sum(map(_size, reply)) if isinstance(reply, list) else 0
