"""What an ACK does beside ending a reservation: it counts in batches, and frees unique locks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from jobctl.actions.jobs import Store
from jobctl.actions.operations.chosen import Chosen
from jobctl.actions.operations.file import OperationFile
from jobctl.actions.operations.preparing import Preparer
from jobctl.errors import JobctlError, Refused
from jobctl.model.job import dig, glance
from jobctl.model.layout import Layout
from jobctl.model.unique_lock import Lock, lock_key

_NAMED = 3  # jobs in a sentence


def check_batches(store: Store, file: OperationFile, chosen: Chosen) -> None:
    """Check that no job of a release is in a batch, unless that was said to be fine.

    Raises:
        Refused: some are, and a server is known that would count them as done.
    """
    if store.faktory is None or file.header.change.break_batch:
        return
    batches = list(_batches(Preparer.of(file, chosen, store.layout), chosen, store.layout))
    if not batches:
        return
    jobs = "job is" if len(chosen) == 1 else "jobs are"
    names = ", ".join(list(dict.fromkeys(batches))[:_NAMED])
    some = "the" if len(chosen) == 1 else f"{len(batches):,} of the {len(chosen):,}"
    fields = " and ".join(f"{'.'.join(path)}=null" for path in store.layout.batch)
    raise Refused(
        f"{some} {jobs} in a batch ({names}): an ACK counts them as done, and may start the "
        "batch's callbacks; nothing was changed",
        hint=f"leave them out: -w '{fields}'; or accept it: --break-batch",
    )


def _batches(preparer: Preparer, chosen: Chosen, layout: Layout) -> Iterator[str]:
    """Yield the batch of each job that is in one."""
    start = 0
    while start < len(chosen):
        jobs = preparer.size(start, preparer.most)
        for raw, _ in preparer.scored(start, jobs):
            job = dig(glance(raw), layout.reserved_job)
            found = (dig(job, path) for path in layout.batch)
            batch = next((value for value in found if isinstance(value, str) and value), None)
            if batch is not None:
                yield batch
        start += jobs


class UniqueLocks:
    """The locks that ACKs free: read before, and put back before the jobs are in their queues."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._taken: list[str] = []
        self._refused: Counter[str] = Counter()

    def read(self, jobs: Mapping[int, bytes]) -> dict[int, Lock | JobctlError]:
        """Return the locks of those jobs that have one, or why it cannot be read."""
        layout = self._store.layout
        keys = {i: lock_key(glance(raw) or {}, layout) for i, raw in jobs.items()}
        unique = {i: key for i, key in keys.items() if key is not None}
        if not unique:
            return {}
        found = self._store.operations.locks(list(unique.values()), self._store.server.now())
        return {i: lock for i, lock in zip(unique, found, strict=True) if lock is not None}

    def put_back(self, locks: Iterable[Lock]) -> None:
        """Put locks back that are gone, with what time they had left."""
        now = self._store.server.now()
        lasting = [
            lock for lock in locks if lock.expires_at is None or lock.expires_at - now > 0.001
        ]
        holders = self._store.operations.lock_again(lasting, now)
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
        more = len(self._taken) - _NAMED
        rest = f" and {more:,} more" if more > 0 else ""
        return [
            "another job took the unique lock meanwhile, so that both may run, of: "
            f"{', '.join(self._taken[:_NAMED])}{rest}"
        ]

    def problems(self) -> list[str]:
        """Return why locks could not be put back, a sentence each."""
        return [
            f"{count:,} unique {'lock' if count == 1 else 'locks'} could not be put back: {why}"
            for why, count in self._refused.items()
        ]
