"""The jobs of one queue: a list, pushed at the left, run from the right."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Generator, Iterator

from jobctl.model.entry import Entry, Place
from jobctl.model.queue import Queue
from jobctl.redis.chunks import Chunk
from jobctl.redis.connection import Command, Connection, Reply
from jobctl.redis.walk import Item, walk
from jobctl.systems.layout import Kind, Layout

# How many of the last members shown are kept, to find the place by; at least one is.
_ANCHORS = 16
_ANCHOR_BYTES = 1024 * 1024
_RECENT = 2000  # members: more than others push while one chunk is on its way


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
    ) -> Generator[Entry, None, None]:
        """Yield the jobs in the order they run, or the last pushed first."""
        if self.queue.key is None:
            return
        order = _ByPosition(self._connection, self.queue.key, descending)
        for raw, position in walk(self._connection, order, offset=offset, limit=limit):
            entry = self.entry(raw, position)
            del raw
            yield entry
            del entry  # it may be large: it goes before the next one is read

    def scan(self, pattern: bytes) -> None:
        """Return nothing: Redis cannot match the members of a list."""

    def find(
        self, wanted: Collection[str], possible: Callable[[bytes], object], *, damaged: bool = False
    ) -> Iterator[Entry]:
        """Yield the entries of these JIDs.

        The list is read from the left, where jobs come in: what moves meanwhile moves ahead of
        the reader, so that nothing is passed by.
        """
        for raw, position in self.raws():
            if possible(raw):
                entry = self.entry(raw, position)
                if entry.jid in wanted or (damaged and entry.may_be(wanted)):
                    yield entry

    def span(
        self, near: bytes, far: bytes, reach: int, *, from_right: bool
    ) -> tuple[int | None, int | None] | None:
        """Return the index of two members, counted from the end that is searched from.

        Args:
            near: the one nearer to that end.
            far: the other one.
            reach: members to search through.
            from_right: search from the right, where the next job runs; then indices are negative.

        Returns:
            Both indices, None for one that is not there; None where neither is.
        """
        if self.queue.key is None:
            return None
        way = ("RANK", -1 if from_right else 1, "MAXLEN", reach)
        length, *found = self._connection.pipe(
            [("LLEN", self.queue.key), *(("LPOS", self.queue.key, m, *way) for m in (near, far))]
        )
        if from_right:
            found = [None if index is None else index - length for index in found]
        return None if found == [None, None] else (found[0], found[1])

    def raws(self) -> Iterator[tuple[bytes, int]]:
        """Yield all members with their position, from the left."""
        key = self.queue.key
        if key is None:
            return
        chunk = Chunk()
        first, index, asked = 0, 0, 0

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

        recent: list[int] = []
        for members, length in self._connection.stream(follow):
            hashes = list(map(hash, members))
            again, many = _repeated(recent, hashes), len(members)
            members.reverse()
            for i in range(first + again, first + many):
                del members[first + many - i :]
                yield members.pop(), max(0, length - 1 - i)  # let go of: it may be large
            first += many
            recent = (recent + hashes)[-_RECENT:]

    def entry(self, raw: bytes, rank: float) -> Entry:
        """Make the entry of a member and its position."""
        place = Place(Kind.QUEUE, self.queue.name, int(rank), self.queue.form)
        return Entry.queued(raw, place, self._layout)


def _repeated(recent: list[int], members: list[int]) -> int:
    """Return how many members of a chunk were read before: a push shifts them to the right.

    Both are told by their hashes.
    """
    start = 0
    while members and members[0] in recent[start:]:
        start = recent.index(members[0], start)
        known = recent[start : start + len(members)]
        if known == members[: len(known)]:
            return len(known)
        start += 1
    return 0


class _ByPosition:
    """The list in the order its jobs run (index -1 first), or the other way, for a walk."""

    def __init__(self, connection: Connection, key: bytes, descending: bool) -> None:
        self._connection = connection
        self._key = key
        self._descending = descending
        self._reach = 0
        self._shown = array("q")  # hashes: eight bytes for each
        self._skipped: frozenset[int] = frozenset()
        self._tail: list[bytes] = []  # the last ones shown

    def commands(self, start: int, stop: int) -> list[Command]:
        ends = (start, stop) if self._descending else (-1 - stop, -1 - start)
        return [("LRANGE", self._key, *ends), ("LLEN", self._key)]

    def read(self, replies: list[Reply], start: int) -> list[Item]:
        members, length = replies
        if self._descending:
            return [(raw, max(0, length - 1 - start - i)) for i, raw in enumerate(members)]
        return [(raw, start + i) for i, raw in enumerate(reversed(members))]

    def fresh(self, items: list[Item], start: int, overlap: int) -> list[Item] | None:
        known = self._known(items, overlap)
        if known is None:
            return None
        self._reach = start + len(items)
        fresh = items[known:]
        if self._skipped:
            fresh = [item for item in fresh if hash(item[0]) not in self._skipped]
        self._shown.extend([hash(raw) for raw, _ in fresh])
        self._tail = _last([*self._tail, *(raw for raw, _ in items[known:])])
        return fresh

    def find_again(self) -> int:
        way = ("RANK", "1" if self._descending else "-1", "MAXLEN", 2 * self._reach + 1000)
        while self._tail:
            index, length = self._connection.pipe(
                [("LPOS", self._key, self._tail[-1], *way), ("LLEN", self._key)]
            )
            if index is not None:
                return int(index) + 1 if self._descending else int(length) - int(index)
            self._tail.pop()
        # All of them left: mostly they ran, and what is next now was not shown.
        self._skipped = frozenset(self._shown)
        return 0

    def _known(self, items: list[Item], overlap: int) -> int | None:
        """Return how many of the items are before and at the last one shown."""
        if not self._tail:
            return 0
        if overlap and len(items) >= overlap and items[overlap - 1][0] == self._tail[-1]:
            return overlap
        at = {raw: i for i, (raw, _) in reversed(list(enumerate(items)))}
        return next((at[raw] + 1 for raw in reversed(self._tail) if raw in at), None)


def _last(shown: list[bytes]) -> list[bytes]:
    kept, size = 0, 0
    for raw in reversed(shown[-_ANCHORS:]):
        size += len(raw)
        if kept and size > _ANCHOR_BYTES:
            break
        kept += 1
    return shown[len(shown) - kept :]
