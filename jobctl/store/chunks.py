"""How many members to ask for at once: bounded in number and in bytes."""

from __future__ import annotations

_FIRST = 1  # it may be one of 40 MB
_MOST = 1000
_GROWTH = 8
_BYTES = 512 * 1024


class Chunk:
    """A chunk size that follows the size of the members met so far."""

    def __init__(self, most: int = _MOST) -> None:
        self.size = _FIRST
        self._most = most

    def learn(self, members: int, size: int) -> None:
        """Take in what a reply cost: the members that were read, and the bytes that came."""
        if members:
            fitting = int(_BYTES * members / (size + 1))
            self.size = max(1, min(fitting, self._most, self.size * _GROWTH))
