"""Ids on their way from the indexes to the records: on disk, so that memory stays flat.

They cannot be looked at while they come: an index is read ahead on the one connection there is.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from jobctl.operations.lines import nameless, problem

_LENGTH = 4  # bytes in front of each id


class Spool:
    """Ids in the order they came, none twice. Close it, or use it in a ``with``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._hashes = array("q")
        self._file = os.fdopen(nameless(directory), "w+b")

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, ids: Iterable[bytes]) -> None:
        """Take ids in.

        Raises:
            FileProblem: the disk is full.
        """
        some = list(ids)
        self._hashes.extend(map(hash, some))
        try:
            self._file.write(b"".join(len(i).to_bytes(_LENGTH, "big") + i for i in some))
        except OSError as error:
            raise problem("write", self._directory, error) from None

    def ids(self) -> Iterator[bytes]:
        """Yield the ids; one that came again is left out."""
        twice = self._repeated()
        seen: set[bytes] = set()
        try:
            self._file.seek(0, os.SEEK_SET)
        except OSError as error:  # what was not written yet does not fit
            raise problem("write", self._directory, error) from None
        while head := self._file.read(_LENGTH):
            ident = self._file.read(int.from_bytes(head, "big"))
            if twice and hash(ident) in twice:
                if ident in seen:
                    continue
                seen.add(ident)
            yield ident

    def _repeated(self) -> set[int]:
        """Return the hashes that came more than once: few, an index repeats only while it grows."""
        return {one for one, other in pairwise(sorted(self._hashes)) if one == other}
