"""The sorted sets: scheduled, retries, dead and working are one class and a name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from time import perf_counter

from jobctl.filter.spelling import match_pattern, may_hold_jid
from jobctl.model.entry import Entry
from jobctl.redis.chunks import Chunk
from jobctl.redis.connection import Command, Connection, Reply
from jobctl.redis.walk import Item, walk
from jobctl.systems.layout import Kind, Layout

_MATCHED = 2000  # members that Redis matches against a glob at once, if they are small


class SortedSet:
    """One sorted set of jobs. Reading only; members are yielded as they stand."""

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
        order = _ByScore(self._connection, self.key, descending)
        for raw, score in walk(self._connection, order, offset=offset, limit=limit):
            entry = self.entry(raw, score)
            del raw
            yield entry
            del entry  # it may be large: it goes before the next one is read

    def scan(self, pattern: bytes) -> Iterator[Entry]:
        """Yield the entries whose bytes match a glob, in no order, none of them twice."""
        for raw, score in self._scan(pattern, lambda raw: True):  # noqa: ARG005
            entry = self.entry(raw, score)
            del raw
            yield entry
            del entry

    def find(self, jids: Collection[str], *, damaged: bool = False) -> Iterator[Entry]:
        """Yield the entries of these jobs, however many, in one pass.

        With `damaged` also the malformed members that hold such an id's bytes.
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
        """Make the entry of a member and its score."""
        return Entry.scored(raw, rank, self.kind, self.layout)

    def _scan(
        self, pattern: bytes | None, keep: Callable[[bytes], object]
    ) -> Iterator[tuple[bytes, float]]:
        seen: set[int] = set()  # hashes of what was kept; ZSCAN repeats itself during a resize
        for flat, _ in self.members(pattern):
            flat.reverse()
            while flat:  # each is let go of: they may be large
                raw, score = flat.pop(), flat.pop()
                if keep(raw) and hash(raw) not in seen:
                    seen.add(hash(raw))
                    yield raw, float(score)
                del raw

    def members(self, pattern: bytes | None) -> Iterator[tuple[list[bytes], int]]:
        """Yield all members that match a glob, in no order, some of them perhaps twice.

        They come as ZSCAN sends them: a list of members and scores in turn, and how many members
        were looked at for it, about.
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


class _ByScore:
    """A sorted set in order of score, and of bytes where scores are equal, for a walk."""

    def __init__(self, connection: Connection, key: str, descending: bool) -> None:
        self._connection = connection
        self._key = key
        self._descending = descending
        self._last: Item | None = None

    def commands(self, start: int, stop: int) -> list[Command]:
        command = ("ZRANGE", self._key, start, stop)
        return [(*command, "REV", "WITHSCORES") if self._descending else (*command, "WITHSCORES")]

    def read(self, replies: list[Reply], start: int) -> list[Item]:  # noqa: ARG002
        flat = replies[0]
        return list(zip(flat[::2], map(float, flat[1::2]), strict=True))

    def fresh(self, items: list[Item], start: int, overlap: int) -> list[Item] | None:  # noqa: ARG002
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
        """Search the members of the last score for the first one behind the last one shown."""
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
