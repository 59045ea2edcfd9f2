"""The jobs of one queue: a list, pushed at the left, run from the right."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from jobctl.model.entry import Entry
from jobctl.model.layout import Kind, Layout
from jobctl.model.place import Place
from jobctl.model.queue import Queue
from jobctl.store.chunks import Chunk
from jobctl.store.connection import Command, Connection, Reply
from jobctl.store.walk import Item, walk


class Line:
    """One queue's list. Reading only."""

    kind = Kind.QUEUE

    def __init__(self, connection: Connection, queue: Queue, layout: Layout) -> None:
        self.queue = queue
        self._connection = connection
        self._layout = layout

    def count(self) -> int:
        """Return how many jobs wait."""
        return 0 if self.queue.key is None else int(self._connection.call("LLEN", self.queue.key))

    def walk(
        self, *, descending: bool = False, offset: int = 0, limit: int | None = None
    ) -> Iterator[Entry]:
        """Yield the jobs in the order they run, or the last pushed first."""
        if self.queue.key is None:
            return
        if descending:
            end = None if limit is None else offset + limit
            for i, (raw, place) in enumerate(self._from_the_left(offset)):
                if end is not None and offset + i >= end:
                    return
                yield self._entry(raw, place)
            return
        order = _ByPosition(self._connection, self.queue.key)
        for raw, position in walk(self._connection, order, offset=offset, limit=limit):
            yield self._entry(raw, int(position))

    def scan(self, pattern: bytes) -> None:
        """Return nothing: Redis cannot match the members of a list."""

    def find(self, wanted: Collection[str], possible: Callable[[bytes], object]) -> Iterator[Entry]:
        """Yield the entries of these JIDs.

        The list is read from the left, where jobs come in: what moves meanwhile moves ahead of
        the reader, so that nothing is passed by.
        """
        for raw, position in self._from_the_left(0):
            if possible(raw):
                entry = self._entry(raw, position)
                if entry.jid in wanted:
                    yield entry

    def _from_the_left(self, first: int) -> Iterator[tuple[bytes, int]]:
        key = self.queue.key
        if key is None:
            return
        chunk = Chunk()
        index, asked = first, 0

        def follow(replies: list[Reply] | None) -> list[Command]:
            nonlocal index, asked
            if replies is not None:
                members = replies[0]
                if len(members) < asked:
                    return []
                index += len(members)
                chunk.learn(len(members), sum(map(len, members)))
            asked = chunk.size
            return [("LRANGE", key, index, index + asked - 1), ("LLEN", key)]

        for members, length in self._connection.stream(follow):
            for i, raw in enumerate(members, first):
                yield raw, max(0, length - 1 - i)
            first += len(members)

    def _entry(self, raw: bytes, position: int) -> Entry:
        place = Place(Kind.QUEUE, self.queue.name, position, self.queue.form)
        return Entry.queued(raw, place, self._layout)


class _ByPosition:
    """The list in the order its jobs run (index -1 first), for a walk."""

    def __init__(self, connection: Connection, key: bytes) -> None:
        self._connection = connection
        self._key = key

    def range_command(self, start: int, stop: int) -> Command:
        return ("LRANGE", self._key, -1 - stop, -1 - start)

    def read(self, reply: Reply, start: int) -> list[Item]:
        return [(raw, start + i) for i, raw in enumerate(reversed(reply))]

    def find_again(self, anchors: list[Item]) -> int:
        for raw, _ in reversed(anchors):
            index, length = self._connection.pipe(
                [("LPOS", self._key, raw, "RANK", -1), ("LLEN", self._key)]
            )
            if index is not None:
                return int(length) - int(index)
        return 0  # all of them ran: what is next now has not been seen
