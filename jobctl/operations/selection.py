"""Which members were selected, in the order they are changed: one integer each.

A member is found again in the operation's file by its offset and length. In front of them stand
the bits of its score and a checksum of the member, so that sorting the integers sorts by score,
and a member that ZSCAN gave twice stands beside itself. A million take about 60 MB and 2 s to
sort; an array for each of the four, sorted by an index, takes 110 MB at its peak and 7 s.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from zlib import crc32

_LENGTH = 32  # bits, as many as a member can have bytes; 0 stands for what is not there as it is
_OFFSET = 40
_CHECK = 32
_SCORE = _LENGTH + _OFFSET + _CHECK
LONGEST = (1 << _LENGTH) - 1
_ENCODED = 16 * 1024 * 1024  # bytes that a member counts whose length is not known
_SIGN = 1 << 63
_TIED = 32 * 1024 * 1024  # bytes of members with one score that are put in Redis' own order

Read = Callable[[int, int], bytes]


class Selection:
    """The members of an operation, by score."""

    def __init__(self) -> None:
        self._packed: list[int] = []

    def __len__(self) -> int:
        return len(self._packed)

    def add(
        self,
        scores: Sequence[float],
        members: Sequence[bytes],
        offsets: Sequence[int],
        lengths: Sequence[int],
    ) -> None:
        """Add members, with where they stand in the file."""
        bits = array("q")
        bits.frombytes(array("d", scores).tobytes())
        self._packed += [
            # The bits of floats order as integers do, but for the negative ones.
            ((place if place >= 0 else -(place + _SIGN)) << _SCORE)
            | (crc32(raw) << (_LENGTH + _OFFSET))
            | (offset << _LENGTH)
            | length
            for place, raw, offset, length in zip(bits, members, offsets, lengths, strict=True)
        ]

    def settle(self, read: Read) -> None:
        """Put all in order, and drop those that came twice.

        Equal scores are ordered by the members' bytes, as Redis orders them, as long as these fit
        into memory; else by their checksum. Either way another process comes to the same order.
        """
        self._packed.sort()
        packed = self._packed
        ties = [i for i, (a, b) in enumerate(pairwise(packed)) if a >> _SCORE == b >> _SCORE]
        if not ties:
            return
        settled: list[int] = []
        done = 0
        for first, last in _runs(ties):
            settled += packed[done:first]
            settled += _untie(packed[first : last + 1], read)
            done = last + 1
        self._packed = settled + packed[done:]

    def cut(self, limit: int | None) -> int:
        """Keep so many of lowest score, and return how many were left out."""
        if limit is None or limit >= len(self._packed):
            return 0
        out = len(self._packed) - limit
        del self._packed[limit:]
        return out

    def backwards(self) -> None:
        """Turn the order round."""
        self._packed.reverse()

    def place(self, index: int) -> tuple[int, int]:
        """Return the offset and length of a member in the file."""
        return _place(self._packed[index])

    def places(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield the offset and length of the members from one place in the order to another."""
        return map(_place, self._packed[start:stop])

    def scores(self, start: int, stop: int) -> list[float]:
        """Return the scores of the members from one place in the order to another."""
        keys = [packed >> _SCORE for packed in self._packed[start:stop]]
        bits = array("q", [key if key >= 0 else -key - _SIGN for key in keys])
        floats = array("d")
        floats.frombytes(bits.tobytes())
        return floats.tolist()


def _place(packed: int) -> tuple[int, int]:
    return (packed >> _LENGTH) & ((1 << _OFFSET) - 1), packed & LONGEST


def _runs(ties: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last place of each run of equal scores; ties are with the next one."""
    first = last = ties[0]
    for i in ties[1:]:
        if i != last + 1:
            yield first, last + 1
            first = i
        last = i
    yield first, last + 1


def _untie(packed: list[int], read: Read) -> list[int]:
    """Return entries of one score in order, without repeats."""
    if sum(p & LONGEST or _ENCODED for p in packed) <= _TIED or len(packed) == 2:
        by_member: dict[bytes, int] = {}
        for p in packed:
            by_member.setdefault(read(*_place(p)), p)
        return [by_member[raw] for raw in sorted(by_member)]
    kept = packed[:1]
    check = (1 << _CHECK) - 1
    for a, b in pairwise(packed):
        twins = (a >> (_LENGTH + _OFFSET)) & check == (b >> (_LENGTH + _OFFSET)) & check
        if not (twins and read(*_place(a)) == read(*_place(b))):
            kept.append(b)
    return kept
