"""How many members to ask for at once: bounded in number and in bytes."""

from __future__ import annotations

_FIRST = 100
_MOST = 1000
_BYTES = 512 * 1024


class Chunk:
    """A chunk size that follows the size of the members met so far."""

    def __init__(self, first: int | None = None) -> None:
        self.size = first or _FIRST

    def learn(self, members: int, size: int) -> None:
        """Take in what a reply held: its members, and their bytes together."""
        if members:
            fitting = int(_BYTES * members / (size + 1))
            self.size = max(1, min(fitting, _MOST, self.size * 4))
