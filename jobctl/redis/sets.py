"""Read the sorted sets: scheduled, retries, dead and working are one class and a kind.

`walk` reads a set, or a list, in order while others push, pop and remove. Ranks shift under a
reader, so each chunk begins with the last members of the one before: they tell where the new ones
start. Where they do not, the walk looks for its place again, instead of skipping or repeating.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from jobctl.filter.patterns import match_pattern, may_hold_jid
from jobctl.model.entry import Entry
from jobctl.model.layout import Kind, Layout
from jobctl.redis.scripts import Chunk, Command, Reply

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection

_OVERLAP = 16  # members read again with a large chunk: so many may leave without a new search
_MATCHED = 2000  # members that Redis matches against a glob at once, if they are small

Item = tuple[bytes, float]  # a member with its score, or, in a list, with its position


class Ordered(Protocol):
    """A structure that is read by rank (0 comes first), and that knows what was read."""

    def commands(self, start: int, stop: int) -> list[Command]:
        """Return the commands for the ranks from start to stop, both included."""

    def read(self, replies: list[Reply], start: int) -> list[Item]:
        """Return the items of their replies, in order of rank."""

    def fresh(self, items: list[Item], start: int, overlap: int) -> list[Item] | None:
        """Return the items not read before; None if the place is lost.

        Args:
            items: what is at the ranks from `start` on.
            start: their first rank.
            overlap: how many of them were read before, if nothing changed.
        """

    def find_again(self) -> int:
        """Return the rank after the last item read."""


def walk(
    connection: Connection,
    source: Ordered,
    entry: Callable[[bytes, float], Entry],
    *,
    offset: int = 0,
    limit: int | None = None,
) -> Generator[Entry, None, None]:
    """Yield entries in order, from a rank on: none twice, none left out that stayed in its place.

    Args:
        connection: nothing else may use it meanwhile.
        source: what is read.
        entry: makes the entry of an item.
        offset: the first rank.
        limit: how many entries; None: all.
    """
    steps = _Steps(source, offset, limit)
    while True:
        for replies in connection.stream(steps.follow):
            replies.clear()
            while steps.fresh:
                made = entry(*steps.fresh.pop())
                yield made
                del made  # it may be large: it goes before the next one is read
        if not steps.lost:
            return
        steps.go_on(source.find_again())


class _Steps:
    """Decide what to ask for next, before the last reply is worked on."""

    def __init__(self, source: Ordered, offset: int, limit: int | None) -> None:
        self.lost = False
        self.fresh: list[Item] = []  # of the last reply, the first one last
        self._source = source
        self._rank = offset
        self._left = limit
        self._chunk = Chunk()
        self._overlap = 0
        self._asked = 0

    def follow(self, replies: list[Reply] | None) -> list[Command]:
        """Note a reply, and return the commands for the next chunk; none at the end."""
        if replies is not None:
            if not self._take_in(replies):
                return []
            self._overlap = min(self._rank, _OVERLAP, self._chunk.size // 32 + 1)
        size = self._chunk.size if self._left is None else min(self._chunk.size, self._left)
        if size == 0:
            return []
        self._asked = self._overlap + size
        return self._source.commands(self._rank - self._overlap, self._rank + size - 1)

    def go_on(self, rank: int) -> None:
        """Continue from a rank, after the place was lost."""
        self._rank, self.lost = rank, False
        self._overlap = min(rank, 1)

    def _take_in(self, replies: list[Reply]) -> bool:
        """Keep the fresh items of a reply; return whether there may be more after them."""
        start = self._rank - self._overlap
        items = self._source.read(replies, start)
        fresh = self._source.fresh(items, start, self._overlap)
        self.lost = fresh is None
        self.fresh = (fresh or [])[: self._left][::-1]
        if self.lost:
            return False
        self._rank = start + len(items)
        self._chunk.learn(len(items), sum(len(raw) for raw, _ in items))
        if self._left is not None:
            self._left -= len(self.fresh)
        return len(items) == self._asked


class SortedSet:
    """One sorted set of jobs; only read."""

    def __init__(self, connection: Connection, kind: Kind, layout: Layout) -> None:
        self.kind = kind
        self.key = layout.sets[kind]
        self.layout = layout
        self._connection = connection

    def count(self) -> int:
        """Return how many members there are."""
        return int(self._connection.call("ZCARD", self.key))

    def walk(
        self, *, descending: bool = False, offset: int = 0, limit: int | None = None
    ) -> Iterator[Entry]:
        """Yield entries by score, lowest first (or highest), in flat memory."""
        order = ByScore(self._connection, self.key, descending)
        return walk(self._connection, order, self.entry, offset=offset, limit=limit)

    def scan(self, pattern: bytes) -> Iterator[Entry]:
        """Yield the entries whose bytes match a glob, in no order, none twice."""
        for raw, score in self._scan(pattern, lambda raw: True):  # noqa: ARG005
            entry = self.entry(raw, score)
            del raw
            yield entry
            del entry

    def find(self, jids: Collection[str], *, damaged: bool = False) -> Iterator[Entry]:
        """Yield the entries of any number of jobs in one pass.

        With `damaged` also the malformed members that hold the bytes of such an id.
        """
        wanted = frozenset(jids)
        (jid,) = wanted if len(wanted) == 1 else (None,)
        pattern = None if jid is None else match_pattern(jid, quoted=not damaged)
        for raw, score in self._scan(pattern, may_hold_jid(wanted)):
            entry = self.entry(raw, score)
            del raw
            if entry.jid in wanted or (damaged and entry.may_be(wanted)):
                yield entry

    def entry(self, raw: bytes, rank: float) -> Entry:
        """Return the entry of a member and its score."""
        return Entry.scored(raw, rank, self.kind, self.layout)

    def _scan(
        self, pattern: bytes | None, keep: Callable[[bytes], object]
    ) -> Iterator[tuple[bytes, float]]:
        seen: set[int] = set()  # hashes of what was kept; ZSCAN repeats itself during a resize
        for flat, _ in self.members(pattern):
            flat.reverse()
            while flat:  # none is kept: they may be large
                raw, score = flat.pop(), flat.pop()
                if keep(raw) and hash(raw) not in seen:
                    seen.add(hash(raw))
                    yield raw, float(score)
                del raw

    def members(self, pattern: bytes | None) -> Iterator[tuple[list[bytes], int]]:
        """Yield all members that match a glob, in no order, some perhaps twice.

        They come as ZSCAN sends them: a list of members and scores in turn, and about how many
        members Redis looked at for it.
        """
        match: tuple[bytes | str, ...] = () if pattern is None else ("MATCH", pattern)
        chunk = Chunk(_MATCHED) if match else Chunk()
        asked: list[int] = []
        begun = 0.0

        def follow(replies: list[Reply] | None) -> list[Command]:
            nonlocal begun
            cursor = 0
            if replies is not None:
                cursor, flat = int(replies[0][0]), replies[0][1]
                took = perf_counter() - begun if match else 0.0
                chunk.learn(max(chunk.size, len(flat) // 2), sum(map(len, flat[::2])), took)
                if cursor == 0:
                    return []
            asked.append(chunk.size)
            begun = perf_counter()
            return [("ZSCAN", self.key, cursor, *match, "COUNT", chunk.size)]

        for ((_, flat),) in self._connection.stream(follow):
            yield flat, max(asked.pop(0), len(flat) // 2)
            del flat


class ByScore:
    """A sorted set in order of score, then of bytes, for a walk: from behind an item, if given."""

    def __init__(
        self,
        connection: Connection,
        key: str | bytes,
        descending: bool,
        *,
        behind: Item | None = None,
    ) -> None:
        self._connection = connection
        self._key = key
        self._descending = descending
        self._last = behind

    def commands(self, start: int, stop: int) -> list[Command]:
        """Return the command for these ranks."""
        command = ("ZRANGE", self._key, start, stop)
        return [(*command, "REV", "WITHSCORES") if self._descending else (*command, "WITHSCORES")]

    def read(self, replies: list[Reply], start: int) -> list[Item]:  # noqa: ARG002
        """Return the members of a reply, with their scores."""
        flat = replies[0]
        return list(zip(flat[::2], map(float, flat[1::2]), strict=True))

    def fresh(self, items: list[Item], start: int, overlap: int) -> list[Item] | None:  # noqa: ARG002
        """Return the items behind the last one read; None if the place is lost."""
        last = self._last
        if last is not None:
            known = next((i for i, item in enumerate(items) if self._after(item, last)), len(items))
            if known == 0 and start > 0:
                return None  # what was before this chunk may be new too
            items = items[known:]
        if items:
            self._last = items[-1]
        return items

    def find_again(self) -> int:
        """Search the members of the last score for the first one after the last one read."""
        if self._last is None:
            return 0
        score = repr(self._last[1])
        ends = [(f"({score}", "+inf"), (score, "+inf")]
        if not self._descending:
            ends = [("-inf", f"({score}"), ("-inf", score)]
        low, high = map(int, self._connection.pipe([("ZCOUNT", self._key, *e) for e in ends]))
        while low < high:
            middle = (low + high) // 2
            items = self.read(self._connection.pipe(self.commands(middle, middle)), middle)
            if not items or self._after(items[0], self._last):
                high = middle
            else:
                low = middle + 1
        return low

    def _after(self, item: Item, other: Item) -> bool:
        one, two = (item[1], item[0]), (other[1], other[0])
        return one < two if self._descending else one > two
