"""Spans of wall time, an hour or a minute each, that firings are counted in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from jobctl.cron.clock import DAY, Clock

HOUR, MINUTE = 3600, 60


@dataclass(frozen=True, slots=True)
class Piece:
    """Time between two clock changes: buckets of one size, but perhaps the first and the last.

    Attributes:
        start: its first instant, in unix seconds.
        end: the one behind its last.
        offset: how far the wall clock is ahead of UTC.
        first: the number of its first bucket.
        low: the wall time at which that bucket would begin, were it whole.
    """

    start: int
    end: int
    offset: int
    first: int
    low: int


@dataclass(frozen=True, slots=True)
class Buckets:
    """All buckets of a span of time, in order; each belongs to one hour or minute of one day.

    Where a clock change makes an hour come twice there are two buckets of it; where it cuts one in
    two, likewise.

    Attributes:
        size: seconds of each.
        start: the first instant.
        end: the one behind the last.
        pieces: they are made of these.
        count: how many there are.
    """

    size: int
    start: int
    end: int
    pieces: tuple[Piece, ...]
    count: int

    @classmethod
    def of(cls, clock: Clock, start: int, end: int, size: int) -> Buckets:
        """Make the buckets from an instant until before another one, on a wall clock."""
        changes = clock.changes(start + 1, end)
        cuts = [start, *(change.at for change in changes), end]
        pieces, first = [], 0
        for here, there in pairwise(cuts):
            offset = clock.offset(here)
            low = (here + offset) // size * size
            pieces.append(Piece(here, there, offset, first, low))
            first += (there - 1 + offset - low) // size + 1
        return cls(size, start, end, tuple(pieces), first)

    def begins(self, bucket: int) -> int:
        """Return the instant at which a bucket begins."""
        piece = self._piece(bucket)
        whole = piece.low + (bucket - piece.first) * self.size - piece.offset
        return max(piece.start, whole)

    def ends(self, bucket: int) -> int:
        """Return the instant behind a bucket."""
        piece = self._piece(bucket)
        whole = piece.low + (bucket - piece.first + 1) * self.size - piece.offset
        return min(piece.end, whole)

    def wall(self, bucket: int) -> int:
        """Return the hour or minute on the wall clock that a bucket belongs to."""
        piece = self._piece(bucket)
        return piece.low + (bucket - piece.first) * self.size

    def walls(self) -> Iterator[int]:
        """Yield the same of all buckets, in order."""
        for piece in self.pieces:
            last = piece.end - 1 + piece.offset
            yield from range(piece.low, last + 1, self.size)

    def _piece(self, bucket: int) -> Piece:
        return self.pieces[bisect_right(self.pieces, bucket, key=lambda each: each.first) - 1]


def days_from(clock: Clock, start: int, days: int) -> int:
    """Return the instant at which so many days of the wall clock end; that of `start` is one."""
    return _begins(clock, clock.wall(start) // DAY + days)


def midnight_of(clock: Clock, instant: int) -> int:
    """Return the first instant of the wall clock's day that an instant is in."""
    return _begins(clock, clock.wall(instant) // DAY)


def _begins(clock: Clock, day: int) -> int:
    """Return the first instant of a day, also where a clock change takes its midnight."""
    found = clock.instant(day * DAY)
    if clock.wall(found) < day * DAY:
        return next((change.at for change in clock.changes(found, found + 2 * DAY)), found)
    return found
