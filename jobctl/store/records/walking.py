"""Walking a sorted set by score and id, while others add to it and take from it.

Each page begins at the score where the last one ended; what is not behind the last member shown
is dropped. So nothing that stays comes twice or is left out, and no page costs more than another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from jobctl.store.connection import Connection

Scored = tuple[float, bytes]  # a score and a member: they sort as the set does

_MOST = 1000  # members of a page
_TIED = 500  # members of one score, from which on they are found by rank
_KNOWN = 32  # members shown last, of which one will still be there


def walk(
    connection: Connection,
    key: bytes,
    ends: tuple[bytes, bytes],
    *,
    descending: bool,
    size: int,
) -> Iterator[list[Scored]]:
    """Yield pages of (score, member), of the scores between two ends, both inclusive.

    Args:
        connection: where.
        key: the sorted set.
        ends: the lowest and the highest score, as Redis takes them.
        descending: from the highest to the lowest.
        size: members of a page; of later pages more.
    """
    pages = _Pages(connection, key, ends, descending)
    while True:
        page = pages.next(size)
        if page:
            yield page
        if pages.ended:
            return
        size = max(size, min(size * 2, _MOST))


class _Pages:
    """The place in the set that was reached."""

    def __init__(
        self, connection: Connection, key: bytes, ends: tuple[bytes, bytes], descending: bool
    ) -> None:
        self.ended = False
        self._connection = connection
        self._key = key
        self._descending = descending
        self._from, self._to = reversed(ends) if descending else ends
        self._last: Scored | None = None
        self._tied = 0  # members of the last score that were shown, or were there before them
        self._shown: deque[bytes] = deque(maxlen=_KNOWN)

    def next(self, size: int) -> list[Scored]:
        """Return the next members; none does not mean the end."""
        rank = self._rank() if self._tied >= _TIED else None
        if rank is not None:
            return self._by_rank(rank, size)
        skip = max(0, self._tied - _TIED)
        asked = size + self._tied - skip
        items = self._ask(
            self._from, self._to, "BYSCORE", *self._order(), "LIMIT", skip, asked, "WITHSCORES"
        )
        self.ended = len(items) < asked
        return self._fresh(items, skip)

    def _by_rank(self, rank: int, size: int) -> list[Scored]:
        items = self._ask(rank, rank + size, *self._order(), "WITHSCORES")
        end = float(self._to)
        within = [
            item for item in items if (item[0] >= end if self._descending else item[0] <= end)
        ]
        self.ended = len(within) <= size
        return self._fresh(within, self._tied - 1)

    def _rank(self) -> int | None:
        """Return the rank of the member shown last; of one before it, where that has gone."""
        name = "ZREVRANK" if self._descending else "ZRANK"
        ranks = self._connection.pipe((name, self._key, ident) for ident in self._shown)
        return max((rank for rank in ranks if rank is not None), default=None)

    def _ask(self, *words: str | bytes | int) -> list[Scored]:
        flat = self._connection.call("ZRANGE", self._key, *words)
        if flat:
            self._from = flat[-1]
        return list(zip(map(float, flat[1::2]), flat[::2], strict=True))

    def _fresh(self, items: list[Scored], before: int) -> list[Scored]:
        """Return what was not shown yet; `before`: members that are tied with the first item."""
        last, fresh = self._last, items
        if last is not None:
            known = (i for i, item in enumerate(items) if self._after(item, last))
            fresh = items[next(known, len(items)) :]
        if items:
            score = items[-1][0]
            tied = next((i for i, item in enumerate(reversed(items)) if item[0] != score), None)
            self._tied = before + len(items) if tied is None else tied
        if fresh:
            self._last = fresh[-1]
            self._shown.extend(ident for _, ident in fresh[-_KNOWN:])
        return fresh

    def _after(self, item: Scored, last: Scored) -> bool:
        return item < last if self._descending else item > last

    def _order(self) -> tuple[str, ...]:
        return ("REV",) if self._descending else ()
