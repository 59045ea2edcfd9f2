"""Undo of a deletion of records: each comes back whole, where there is none of its id again."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from jobctl.backend import Backend
from jobctl.model.operation import Batch, Outcome, read_result
from jobctl.operations.file import OperationFile
from jobctl.operations.past import Past
from jobctl.operations.undoing import Undoing
from jobctl.operations.watch import Watch
from jobctl.records.preparing import RecordPreparer
from jobctl.redis.operations import Call
from jobctl.redis.record_batches import RecordCall
from jobctl.redis.scripts import Command


class RecordUndoing(Undoing):
    """One undo of a deletion of records."""

    def __init__(self, backend: Backend, file: OperationFile, past: Past, watch: Watch) -> None:
        super().__init__(backend, file, past, watch)
        self._records = RecordPreparer(file, self._chosen, backend.layout)
        self._ledgers: deque[list[dict[str, int]]] = deque()  # of the calls under way
        self._returned: Counter[str] = Counter()

    def _back(self, call: Call, batch: Batch, places: Sequence[int], outcome: Outcome) -> Command:  # noqa: ARG002
        """Return the call that brings these records of a batch back."""
        header = self._file.header
        snapshots = self._records.snapshots(batch.start, batch.jobs)
        back = [snapshots[place - batch.start] for place in places]
        self._ledgers.append([snapshot.ledger for snapshot in back])
        return RecordCall(header.record_layout, header.operation, call.number).restore(back)

    def _take(self, places: Sequence[int], was: Outcome, result: str) -> None:
        ledgers, at = self._ledgers.popleft(), 0
        for outcome, count in read_result(result)[0]:
            if outcome is Outcome.DONE:
                for ledger in ledgers[at : at + count]:
                    self._returned.subtract(ledger)
            at += count
        super()._take(places, was, result)

    def _moved(self, done: int) -> Counter[str]:  # noqa: ARG002
        return self._returned
