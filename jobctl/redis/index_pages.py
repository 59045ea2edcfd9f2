"""Read an index page by page, while others add to it and remove from it.

A sorted set is read by score and id. Each page begins at the score where the last one ended, and
what does not come after the last member read is dropped. So no member that stays comes twice or is
left out, and no page costs more than another.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from jobctl.redis.scripts import Command, Reply

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection

Scored = tuple[float, bytes]  # a score and a member: they sort as the set does

PAGE = 2000  # ids of one call: about a millisecond
_TIED = 500  # members of the same score; more are read by rank
_SPARE = 100  # members before them: so many may be removed while a page is under way
_KNOWN = 32  # members read last, of which one will still be there


class Pages(Protocol):
    """An index, read a page at a time."""

    @property
    def ended(self) -> bool:
        """True once there are no more pages."""

    def command(self) -> Command | None:
        """Return the command that reads the next page; None if none is needed."""

    def take(self, replies: list[Reply]) -> list[bytes]:
        """Return the page in the reply to it; an empty page is not the end."""


class NamedPages:
    """The ids that a clause names."""

    def __init__(self, ids: list[bytes]) -> None:
        self._left = ids

    @property
    def ended(self) -> bool:
        """True once all were returned."""
        return not self._left

    def command(self) -> Command | None:
        """Return None: nothing is read."""
        return None

    def take(self, replies: list[Reply]) -> list[bytes]:  # noqa: ARG002
        """Return the next ids."""
        page, self._left = self._left[:PAGE], self._left[PAGE:]
        return page


class SetPages:
    """The members of sets, one after the other; SSCAN may return one again."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = deque(keys)
        self._cursor = b"0"

    @property
    def ended(self) -> bool:
        """True once all sets were read."""
        return not self._keys

    def command(self) -> Command | None:
        """Ask for the next members."""
        return ("SSCAN", self._keys[0], self._cursor, "COUNT", PAGE)

    def take(self, replies: list[Reply]) -> list[bytes]:
        """Return the members, and note the cursor."""
        self._cursor, page = replies[0]
        if self._cursor == b"0":
            self._keys.popleft()
        return list(page)


class RankPages:
    """The members of a sorted set, by rank: reading its scores would cost twice as much.

    A page begins with the last members of the one before, so some come again. If these have moved,
    the place is searched for.

    Attributes:
        ended: whether there are no more.
    """

    def __init__(self, connection: Connection, key: bytes) -> None:
        self.ended = False
        self._connection = connection
        self._key = key
        self._rank = 0
        self._shown: list[bytes] = []

    def command(self) -> Command | None:
        """Return the command for the next members, and some before them."""
        self._start = max(0, self._rank - _SPARE)
        return ("ZRANGE", self._key, self._start, self._rank + PAGE - 1)

    def take(self, replies: list[Reply]) -> list[bytes]:
        """Return the members; none if the page does not begin where the one before ended."""
        page: list[bytes] = replies[0]
        if self._shown and self._shown[-1] not in page:
            ranks = self._connection.pipe(("ZRANK", self._key, ident) for ident in self._shown)
            self._rank = max((rank + 1 for rank in ranks if rank is not None), default=0)
            self._shown = [
                i for i, rank in zip(self._shown, ranks, strict=True) if rank is not None
            ]
            return []
        self.ended = self._start + len(page) < self._rank + PAGE
        self._rank = self._start + len(page)
        self._shown = page[-_KNOWN:]
        return page


class ScorePages:
    """The members of a sorted set between two scores, both inclusive.

    Attributes:
        ended: whether there are no more.
    """

    def __init__(
        self,
        connection: Connection,
        key: bytes,
        ends: tuple[bytes, bytes],
        descending: bool,
        size: int,
    ) -> None:
        self.ended = False
        self._connection = connection
        self._key = key
        self._descending = descending
        self._from, self._to = reversed(ends) if descending else ends
        self._size = size
        self._last: Scored | None = None
        self._tied = 0  # members of the last score that were shown, or were there before them
        self._shown: deque[bytes] = deque(maxlen=_KNOWN)
        self._asked = 0
        self._rank: int | None = None  # where the page asked for begins; None: at the last score

    def command(self) -> Command | None:
        """Return the command for the next members: from the last score on, or by rank."""
        order = ("REV",) if self._descending else ()
        if self._tied >= _TIED:
            rank = self._rank = max(0, self._find() - _SPARE)
            self._asked = self._size + 1 + _SPARE
            return ("ZRANGE", self._key, rank, rank + self._asked - 1, *order, "WITHSCORES")
        self._rank = None
        self._asked = self._size + self._tied
        limit = ("LIMIT", 0, self._asked, "WITHSCORES")
        return ("ZRANGE", self._key, self._from, self._to, "BYSCORE", *order, *limit)

    def take(self, replies: list[Reply]) -> list[bytes]:
        """Return the members that were not returned yet."""
        flat = replies[0]
        items: list[Scored] = list(zip(map(float, flat[1::2]), flat[::2], strict=True))
        if self._passed_over(items):
            return []
        if flat:
            self._from = flat[-1]
        if self._rank is not None:
            end = float(self._to)
            if self._descending:
                items = [item for item in items if item[0] >= end]
            else:
                items = [item for item in items if item[0] <= end]
        self.ended = len(items) < self._asked
        self._size = max(self._size, min(self._size * 2, PAGE))
        return [ident for _, ident in self._fresh(items)]

    def _passed_over(self, items: list[Scored]) -> bool:
        """Check whether a page by rank begins after the last member read, so must be read again.

        Members before it were removed after its rank was read, and those after it moved up.
        """
        if not self._rank or self._last is None:
            return False
        return not items or self._after(items[0], self._last)

    def _find(self) -> int:
        """Return the rank of the member read last, or of one before it if that is gone.

        If all known members are gone, search for the place: members of a score are sorted.
        """
        name = "ZREVRANK" if self._descending else "ZRANK"
        ranks = self._connection.pipe((name, self._key, ident) for ident in self._shown)
        known = max((rank for rank in ranks if rank is not None), default=None)
        if known is None:
            return 0 if self._last is None else self._search(*self._last)
        return int(known)

    def _search(self, at: float, last: bytes) -> int:
        """Return the rank before that of the first member of a score that comes after this one."""
        score = repr(at).encode()
        ends = (b"(" + score, b"+inf") if self._descending else (b"-inf", b"(" + score)
        order = ("REV",) if self._descending else ()
        low, tied = self._connection.pipe(
            [("ZCOUNT", self._key, *ends), ("ZCOUNT", self._key, score, score)]
        )
        high = low + tied
        while low < high:
            middle = (low + high) // 2
            found = self._connection.call("ZRANGE", self._key, middle, middle, *order)
            if found and (found[0] >= last if self._descending else found[0] <= last):
                low = middle + 1
            else:
                high = middle
        return int(max(0, low - 1))

    def _fresh(self, items: list[Scored]) -> list[Scored]:
        last, fresh = self._last, items
        if last is not None:
            known = (i for i, item in enumerate(items) if self._after(item, last))
            fresh = items[next(known, len(items)) :]
        if items:
            score = items[-1][0]
            tied = next((i for i, item in enumerate(reversed(items)) if item[0] != score), None)
            before = 0 if self._rank is None else max(0, self._tied - 1 - _SPARE)  # not in it
            self._tied = before + len(items) if tied is None else tied
        if fresh:
            self._last = fresh[-1]
            self._shown.extend(ident for _, ident in fresh[-_KNOWN:])
        return fresh

    def _after(self, item: Scored, last: Scored) -> bool:
        return item < last if self._descending else item > last
