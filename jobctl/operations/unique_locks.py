"""The locks of unique jobs that an ACK frees: read before, put back after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from jobctl.backend import Backend
from jobctl.errors import JobctlError
from jobctl.model.notes import Lock
from jobctl.model.words import listed, things

_NAMED = 3  # jobs in a sentence


class UniqueLocks:
    """The locks of one release; they are put back before the jobs are in their queues."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._taken: list[str] = []
        self._refused: Counter[str] = Counter()

    def read(self, jobs: Mapping[int, bytes]) -> dict[int, Lock | JobctlError]:
        """Return the locks of those jobs that have one, or why it cannot be read."""
        keys = {i: self._backend.system.lock_key(raw) for i, raw in jobs.items()}
        unique = {i: key for i, key in keys.items() if key is not None}
        if not unique:
            return {}
        found = self._backend.operations.locks(list(unique.values()), self._backend.server.now())
        return {i: lock for i, lock in zip(unique, found, strict=True) if lock is not None}

    def put_back(self, locks: Iterable[Lock]) -> None:
        """Put locks back that are gone, with what time they had left."""
        now = self._backend.server.now()
        lasting = [
            lock for lock in locks if lock.expires_at is None or lock.expires_at - now > 0.001
        ]
        holders = self._backend.operations.lock_again(lasting, now)
        for lock, holder in zip(lasting, holders, strict=True):
            if isinstance(holder, JobctlError):
                self._refused[holder.message] += 1
            elif holder != lock.value:
                by = "" if holder is None else f" (by {holder.decode('utf-8', 'replace')})"
                self._taken.append(f"{lock.value.decode('utf-8', 'replace')}{by}")

    def notes(self) -> list[str]:
        """Return which locks were taken by others meanwhile, as a sentence."""
        if not self._taken:
            return []
        return [
            "another job took the unique lock meanwhile, so that both may run, of: "
            f"{listed(self._taken, _NAMED)}"
        ]

    def problems(self) -> list[str]:
        """Return why locks could not be put back, a sentence each."""
        return [
            f"{count:,} unique {things(count, 'lock')} could not be put back: {why}"
            for why, count in self._refused.items()
        ]
