"""Batches of records: the same file and notes always make the same calls."""

from __future__ import annotations

from jobctl.backend import Backend
from jobctl.model.jobba import RecordState
from jobctl.model.operation import Batch
from jobctl.model.preview import SAMPLE
from jobctl.model.record import Record
from jobctl.model.record_snapshot import Snapshot
from jobctl.model.rows import Row
from jobctl.model.verbs import Verb
from jobctl.operations.preparing import Preparer, Ready
from jobctl.redis.record_batches import MOST, RecordCall

_SETS = 1500  # of arguments, in a batch: each is asked and changed by a command of its own
_ARGUMENT = b'"job_arg:'
_SMALL = 600  # bytes of a record, below which a batch cannot be in many more
_LISTED = ("id", "state", "job_name", "recorded_at")


class RecordPreparer(Preparer):
    """Makes the batches of one operation on records."""

    most = MOST

    def size(self, start: int, most: int) -> int:
        """Return how many records make a batch: bounded by the sets that they are in as well."""
        count = super().size(start, most)
        places = list(self._chosen.places(start, start + count))
        if sum(length for _, length in places) < _SMALL * count:
            return count
        sets = 0
        for taken, line in enumerate(self._file.read_all(places)):
            sets += line.count(_ARGUMENT)
            if taken and sets > _SETS:
                return taken
        return count

    def snapshots(self, start: int, count: int) -> list[Snapshot]:
        """Return the records from a place on, as they were chosen."""
        places = self._chosen.places(start, start + count)
        return [self._read(raw) for raw in self._file.read_all(places)]

    def _read(self, raw: bytes) -> Snapshot:
        try:
            return Snapshot.read(raw)
        except ValueError as error:
            raise self._file.damaged(error) from None

    def ready(self, batch: Batch) -> Ready:
        """Make a batch ready to be sent."""
        snapshots = self.snapshots(batch.start, batch.jobs)
        order = range(batch.start, batch.start + batch.jobs)
        call = RecordCall(self._header.record_layout, self._header.operation, str(batch.number))
        change = self._change
        if change.verb is Verb.DELETE:
            return Ready(batch, call.delete(snapshots), order, ledger=[s.ledger for s in snapshots])
        if change.verb is Verb.REQUEST_KILL or change.state is None:
            command = call.request_kill(snapshots)
            return Ready(batch, command, order, ledger=[{} for _ in snapshots])
        ledger = [_entering(snapshot, change.state) for snapshot in snapshots]
        return Ready(batch, call.mark(snapshots, change.state), order, ledger=ledger)

    def sample(self) -> list[Record]:
        """Return the first records of the operation."""
        return [snapshot.record for snapshot in self.snapshots(0, SAMPLE)]

    def row(self, place: int) -> Row:
        """Return what identifies a record of the operation."""
        (snapshot,) = self.snapshots(place, 1)
        row = snapshot.record.row()
        return {key: row[key] for key in _LISTED}

    def name(self, raw: bytes) -> str | None:
        """Return the id of a record that was chosen."""
        return self._read(raw).id

    def drift(self, backend: Backend) -> list[str]:
        """Return what has changed since it was chosen, a sentence each."""
        gone = changed = start = 0
        whole = not self._change.verb.row.permanent
        reader = backend.records_of(self._header.record_layout)
        while count := self.size(start, self.most):
            planned = self.snapshots(start, count)
            start += count
            hashes = reader.hashes(s.id for s in planned)
            for snapshot, (_, flat) in zip(planned, hashes, strict=True):
                gone += not flat and not snapshot.orphan
                changed += bool(flat) and not snapshot.stands(flat, whole=whole)
        notes = [f"{gone:,} of them are gone since the plan was made"] if gone else []
        return notes + ([f"{changed:,} of them were changed since"] if changed else [])


def _entering(snapshot: Snapshot, state: str) -> dict[str, int]:
    """Return how the structures change; a record that is there already stays as it is."""
    stays = state == snapshot.record.state and state != RecordState.STARTED
    return {} if stays else snapshot.entering(state)
