"""Reading in order, while others push, pop and remove.

Ranks shift under a reader. So each chunk starts with the last member of the one before: where
that is not there any more, the walk finds its place again instead of skipping or repeating.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from jobctl.store.chunks import Chunk
from jobctl.store.connection import Command, Connection, Reply

_ANCHORS = 50  # members of the last chunk that may be looked for when the last one is gone

Item = tuple[bytes, float]  # a member with its score, or, in a list, with its position


class Ordered(Protocol):
    """A structure that can be read by rank; rank 0 comes first."""

    def range_command(self, start: int, stop: int) -> Command:
        """Return the command for the ranks from start to stop, both included."""

    def read(self, reply: Reply, start: int) -> list[Item]:
        """Return the items of its reply, in order of rank."""

    def find_again(self, anchors: list[Item]) -> int:
        """Return the rank after the last of these that is still where it belongs."""


def walk(
    connection: Connection, source: Ordered, *, offset: int = 0, limit: int | None = None
) -> Iterator[Item]:
    """Yield items in order, from a rank on."""
    steps = _Steps(source, offset, limit)
    while True:
        for _ in connection.stream(steps.follow):
            yield from steps.fresh
        if not steps.lost:
            return
        steps.resume(source.find_again(steps.tail))


class _Steps:
    """Which command comes next, decided while the last reply is not yet worked on."""

    def __init__(self, source: Ordered, offset: int, limit: int | None) -> None:
        self.fresh: list[Item] = []
        self.tail: list[Item] = []
        self.lost = False
        self._source = source
        self._rank = offset
        self._left = limit
        self._chunk = Chunk()

    def follow(self, replies: list[Reply] | None) -> list[Command]:
        """Take in a reply, and return the command for the next chunk; none at the end."""
        if replies is not None and not self._take_in(replies[0]):
            return []
        size = self._chunk.size if self._left is None else min(self._chunk.size, self._left)
        overlap = 1 if self.tail else 0
        if size == 0:
            return []
        return [self._source.range_command(self._rank - overlap, self._rank + size - 1)]

    def resume(self, rank: int) -> None:
        """Go on from a rank, after the place was lost."""
        self._rank, self.tail, self.lost = rank, [], False

    def _take_in(self, reply: Reply) -> bool:
        """Take the fresh items of a reply; tell whether there may be more behind them."""
        overlap = 1 if self.tail else 0
        items = self._source.read(reply, self._rank - overlap)
        if overlap and (not items or items[0][0] != self.tail[-1][0]):
            self.fresh, self.lost = [], True
            return False
        self.fresh = fresh = items[overlap:]
        if not fresh:
            return False
        self._rank += len(fresh)
        self.tail = fresh[-_ANCHORS:]
        self._chunk.learn(len(fresh), sum(len(raw) for raw, _ in fresh))
        if self._left is not None:
            self._left -= len(fresh)
        return True
