"""Reading in order, while others push, pop and remove.

Ranks shift under a reader. So each chunk begins with the last members of the one before: they
tell where the new ones start. Where they do not, the walk looks for its place again, instead of
skipping or repeating.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from jobctl.redis.chunks import Chunk
from jobctl.redis.connection import Command, Connection, Reply

_OVERLAP = 16  # members read again with a large chunk: so many may leave without a new search

Item = tuple[bytes, float]  # a member with its score, or, in a list, with its position


class Ordered(Protocol):
    """A structure that is read by rank (0 comes first), and knows what it has shown."""

    def commands(self, start: int, stop: int) -> list[Command]:
        """Return the commands for the ranks from start to stop, both included."""

    def read(self, replies: list[Reply], start: int) -> list[Item]:
        """Return the items of their replies, in order of rank."""

    def fresh(self, items: list[Item], start: int, overlap: int) -> list[Item] | None:
        """Return the items not shown before; None when the place is lost.

        Args:
            items: what is at the ranks from `start` on.
            start: their first rank.
            overlap: how many of them were shown before, if nothing changed.
        """

    def find_again(self) -> int:
        """Return the rank behind the last item shown."""


def walk(
    connection: Connection, source: Ordered, *, offset: int = 0, limit: int | None = None
) -> Iterator[Item]:
    """Yield items in order, from a rank on: none twice that stayed where it was, none left out."""
    steps = _Steps(source, offset, limit)
    while True:
        for replies in connection.stream(steps.follow):
            replies.clear()
            yield from steps.take()
        if not steps.lost:
            return
        steps.go_on(source.find_again())


class _Steps:
    """Which command comes next, decided while the last reply is not yet worked on."""

    def __init__(self, source: Ordered, offset: int, limit: int | None) -> None:
        self.lost = False
        self._fresh: list[Item] = []
        self._source = source
        self._rank = offset
        self._left = limit
        self._chunk = Chunk()
        self._overlap = 0
        self._asked = 0

    def follow(self, replies: list[Reply] | None) -> list[Command]:
        """Take in a reply, and return the commands for the next chunk; none at the end."""
        if replies is not None:
            if not self._take_in(replies):
                return []
            self._overlap = min(self._rank, _OVERLAP, self._chunk.size // 32 + 1)
        size = self._chunk.size if self._left is None else min(self._chunk.size, self._left)
        if size == 0:
            return []
        self._asked = self._overlap + size
        return self._source.commands(self._rank - self._overlap, self._rank + size - 1)

    def take(self) -> Iterator[Item]:
        """Yield the fresh items of the last reply, and let go of each."""
        self._fresh.reverse()
        while self._fresh:
            yield self._fresh.pop()

    def go_on(self, rank: int) -> None:
        """Go on from a rank, after the place was lost."""
        self._rank, self.lost = rank, False
        self._overlap = min(rank, 1)

    def _take_in(self, replies: list[Reply]) -> bool:
        """Take the fresh items of a reply; tell whether there may be more behind them."""
        start = self._rank - self._overlap
        items = self._source.read(replies, start)
        fresh = self._source.fresh(items, start, self._overlap)
        self.lost = fresh is None
        self._fresh = (fresh or [])[: self._left]
        if self.lost:
            return False
        self._rank = start + len(items)
        self._chunk.learn(len(items), sum(len(raw) for raw, _ in items))
        if self._left is not None:
            self._left -= len(self._fresh)
        return len(items) == self._asked
