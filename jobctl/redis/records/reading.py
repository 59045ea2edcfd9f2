"""Records as they stand: read by their ids, in bounded pipes. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING

from jobctl.errors import WrongType
from jobctl.model.jobba import RecordLayout, decode
from jobctl.model.record import Record
from jobctl.redis.chunks import Chunk
from jobctl.redis.connection import Command, Connection, Reply

if TYPE_CHECKING:
    from jobctl.redis.records.indexes import Indexes

_MOST = 500  # hashes that one pipe asks for
_NAMED = 5  # keys in a sentence
_HELD = 10_000  # ids of wrong types that are counted


class WrongTypes:
    """Keys where a record should be, and which hold another type: met while reading, left out."""

    def __init__(self, layout: RecordLayout) -> None:
        self._layout = layout
        self._ids: dict[str, None] = {}

    def add(self, ident: str) -> None:
        """Remember an id."""
        if len(self._ids) < _HELD:
            self._ids[ident] = None

    @property
    def note(self) -> str | None:
        """What was met, in a sentence; None where nothing was."""
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
        """What leads to the records."""
        from jobctl.redis.records.indexes import Indexes  # who knows the id does without

        return Indexes(self._connection, self.layout)

    def find(self, ident: str) -> Record | None:
        """Return the record of this id; None where there is none. It never creates one."""
        flat = self._connection.call("HGETALL", self.layout.record(ident))
        return Record.read(ident, flat) if flat else None

    def load(self, idents: Iterable[str]) -> Iterator[Record | None]:
        """Yield the record of each id, None for an orphan; the next ones are under way meanwhile.

        A pipe is bounded by the size of the records met so far, not only by their number.
        """
        for ident, flat in self.hashes(idents):
            yield Record.read(ident, flat) if flat else None

    def hashes(self, idents: Iterable[str]) -> Iterator[tuple[str, list[bytes]]]:
        """Yield each id with its hash as HGETALL gives it: names and values in turn.

        What is no hash is no record: it is as if nothing were there, and is in `wrong_types`.
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
        from jobctl.redis.records.attempts import read_attempts  # few are ever restarted

        if not record.attempt:
            return []
        found = read_attempts(
            self._connection, self.layout, record.id, record.attempt, records=True
        )
        return [Record.read(f"{record.id}:{each.number}", list(each.flat)) for each in found]


def _flat(reply: Reply) -> list[bytes]:
    return reply if isinstance(reply, list) else []
