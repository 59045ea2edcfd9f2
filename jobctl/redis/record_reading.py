"""Read records by their ids, in bounded pipes, with their archived attempts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING

from jobctl.errors import WrongType
from jobctl.model.jobba import MOMENTS, RecordLayout, RecordState, decode, encode
from jobctl.model.jsontext import text_of
from jobctl.model.record import Record
from jobctl.model.record_snapshot import Attempt
from jobctl.redis.scripts import Chunk, Command, Reply

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection
    from jobctl.redis.record_indexes import Indexes


_MOST = 500  # hashes that one pipe asks for
_NAMED = 5  # keys in a sentence
_HELD = 10_000  # ids of wrong types that are counted
_ATTEMPTS = 100  # attempts that are asked for at once
_LOST = 100  # missing ones in a row, after which there are no more


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
        # few are ever restarted

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
        return _once(layout.job_arg(_text(each)) for each in values)
    if value is None:
        return []
    named = layout.job_name if field == "job_name" else layout.provider_job_id
    return [named(_text(value))]


def _text(value: object) -> str:
    return "" if value is None else text_of(value)


def _once(keys: Iterable[bytes]) -> list[bytes]:
    return list(dict.fromkeys(keys))
