"""The sorted sets: scheduled, retries, dead and working are one class and a name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from jobctl.model.entry import Entry
from jobctl.model.layout import Kind, Layout
from jobctl.model.spelling import match_pattern, may_hold_jid
from jobctl.store.chunks import Chunk
from jobctl.store.connection import Command, Connection, Reply
from jobctl.store.walk import Item, walk

_SCAN_COUNT = 1000


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
            yield self._entry(raw, score)

    def scan(self, pattern: bytes) -> Iterator[Entry]:
        """Yield the entries whose bytes match a glob, in no order, none of them twice."""
        for raw, score in self._scan(pattern, lambda raw: True):  # noqa: ARG005
            yield self._entry(raw, score)

    def find(self, jids: Collection[str]) -> Iterator[Entry]:
        """Yield the entries of these jobs, however many, in one pass."""
        wanted = frozenset(jids)
        pattern = match_pattern(next(iter(wanted))) if len(wanted) == 1 else None
        for raw, score in self._scan(pattern, may_hold_jid(wanted)):
            entry = self._entry(raw, score)
            if entry.jid in wanted:
                yield entry

    def _entry(self, raw: bytes, score: float) -> Entry:
        return Entry.scored(raw, score, self.kind, self.layout)

    def _scan(
        self, pattern: bytes | None, keep: Callable[[bytes], object]
    ) -> Iterator[tuple[bytes, float]]:
        match: tuple[bytes | str, ...] = () if pattern is None else ("MATCH", pattern)
        chunk = Chunk(_SCAN_COUNT if match else None)
        seen: set[int] = set()  # hashes of what was kept; ZSCAN repeats itself during a resize

        def follow(replies: list[Reply] | None) -> list[Command]:
            cursor = 0
            if replies is not None:
                cursor, flat = int(replies[0][0]), replies[0][1]
                chunk.learn(len(flat) // 2, sum(map(len, flat[::2])))
                if cursor == 0:
                    return []
            return [("ZSCAN", self.key, cursor, *match, "COUNT", chunk.size)]

        for ((_, flat),) in self._connection.stream(follow):
            for raw, score in zip(flat[::2], flat[1::2], strict=True):
                if keep(raw) and hash(raw) not in seen:
                    seen.add(hash(raw))
                    yield raw, float(score)


class _ByScore:
    """A sorted set in order of score, for a walk."""

    def __init__(self, connection: Connection, key: str, descending: bool) -> None:
        self._connection = connection
        self._key = key
        self._descending = descending

    def range_command(self, start: int, stop: int) -> Command:
        command = ("ZRANGE", self._key, start, stop)
        return (*command, "REV", "WITHSCORES") if self._descending else (*command, "WITHSCORES")

    def read(self, reply: Reply, start: int) -> list[Item]:  # noqa: ARG002
        return list(zip(reply[::2], map(float, reply[1::2]), strict=True))

    def find_again(self, anchors: list[Item]) -> int:
        rank = "ZREVRANK" if self._descending else "ZRANK"
        asked: list[Command] = []
        for raw, _ in reversed(anchors):
            asked += [(rank, self._key, raw), ("ZSCORE", self._key, raw)]
        replies = self._connection.pipe(asked)
        for (_, score), at, now in zip(reversed(anchors), replies[::2], replies[1::2], strict=True):
            if at is not None and now is not None and float(now) == score:
                return int(at) + 1
        last = anchors[-1][1]
        ends = (f"({last!r}", "+inf") if self._descending else ("-inf", f"({last!r}")
        return int(self._connection.call("ZCOUNT", self._key, *ends))
