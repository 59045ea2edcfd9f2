"""How much to ask for in one call, by what the last one cost."""

from __future__ import annotations

_FIRST = 1  # it may be one of 40 MB
_MOST = 1000
_GROWTH = 8
_BYTES = 512 * 1024
_SECONDS = 0.005  # of a call; Redis does nothing else meanwhile
_SURE = 250  # members that Redis matches against a glob in well under 10 ms


class Chunk:
    """A chunk size that follows the size of the members met so far."""

    def __init__(self, most: int = _MOST) -> None:
        self.size = _FIRST
        self._most = most
        self._way = float("inf")  # seconds that a call takes at least: that is the network

    def learn(self, members: int, size: int, seconds: float = 0.0) -> None:
        """Take in what a reply cost.

        Args:
            members: how many were read.
            size: the bytes that came.
            seconds: from call to reply, where the bytes do not tell what Redis had to do.
        """
        if members:
            fitting = int(_BYTES * members / (size + 1))
            self._way = min(self._way, seconds)
            worked = seconds - self._way
            if worked > 0:
                fitting = min(fitting, max(_SURE, int(_SECONDS * members / worked)))
            self.size = max(1, min(fitting, self._most, self.size * _GROWTH))
