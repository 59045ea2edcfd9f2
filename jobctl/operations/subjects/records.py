"""Status records, as an operation deletes, marks or asks them: their snapshots are in the file."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from jobctl.backend import Backend
from jobctl.errors import Refused
from jobctl.filter.conditions import Ambiguity
from jobctl.model.jobba import Record, RecordState, TimeClause, decode
from jobctl.model.operation import Batch, Outcome
from jobctl.model.record_snapshot import Snapshot
from jobctl.model.report import SAMPLE
from jobctl.model.rows import Row
from jobctl.model.verbs import Change, Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.lines import nameless, problem
from jobctl.operations.request import Request, Watch
from jobctl.operations.selection import Selection
from jobctl.operations.subject import Found, Members, Prepared, Reversal, shortened
from jobctl.records.query import RecordWhere
from jobctl.redis.operations import BYTES
from jobctl.redis.record_snapshots import MOST, RecordCall

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


Keeps = Callable[[Snapshot, Record], bool]
_OTHERS = ("(others)", "")
# Where nothing is undone: what tells people which record it is.
_KEPT = (b"id", b"state", b"job_name", b"recorded_at", b"provider_job_id", b"attempt")
_SETS = 1500  # of arguments, in a batch: each is asked and changed by a command of its own
_ARGUMENT = b'"job_arg:'
_SMALL = 600  # bytes of a record, below which a batch cannot be in many more
_LISTED = ("id", "state", "job_name", "recorded_at")


class RecordSubject:
    """The records of one operation."""

    most = MOST

    def __init__(self, file: OperationFile, selection: Selection) -> None:
        self._file = file
        self._selection = selection
        self._members = Members(file, selection)
        self._header = file.header
        self._change = file.header.change

    def select(self, backend: Backend, request: Request, watch: Watch) -> Found:
        """Write what matches into the file, and return it, the first recorded first.

        Raises:
            Refused: some of it is not completed, and is to be deleted without force.
            FileProblem: the disk is full. Nothing has been changed by then.
        """
        change, where = self._change, request.where
        assert isinstance(where, RecordWhere)  # noqa: S101 (that is what a request on records has)
        now = backend.server.now()
        scan = _Scan(self._file, self._selection, where, now, histogram=request.histogram)
        asked = None if where.ids is None else frozenset(where.ids)
        if asked is not None:
            scan.seen = set()
        with _ids(backend, self._file, where, now) as (ids, total):
            watch.choosing(0, total, 0)
            looked = 0
            snapshots = backend.snapshots(self._header.record_layout)
            for pairs in snapshots.take(ids, whole=not change.verb.row.permanent):
                scan.take([snapshot for _, snapshot in pairs if snapshot is not None])
                looked += len(pairs)
                watch.choosing(looked, total, len(scan.found.selection))
        found = scan.conclude()
        if snapshots.wrong_types.note is not None:
            found.notes = (snapshots.wrong_types.note,)
        if asked is not None and scan.seen is not None:
            missing = (ident for ident in asked - scan.seen if ident not in snapshots.wrong_types)
            found.missing = tuple(sorted(missing))
            found.unmatched = tuple(ident for ident in found.missing if ident in scan.unmatched)
        if change.verb is Verb.DELETE and scan.incomplete and not change.force:
            raise Refused(
                f"{scan.incomplete:,} of {found.matched:,} that match are not completed; "
                "nothing was changed",
                hint="--force deletes them too; -w state=completed leaves them out",
            )
        return found

    def size(self, start: int, most: int) -> int:
        """Return how many records make a batch: bounded by the sets that they are in as well."""
        count = self._members.size(start, most, BYTES)
        if self._members.weight(start, count) < _SMALL * count:
            return count
        sets = 0
        for taken, line in enumerate(self._members.read(start, count)):
            sets += line.count(_ARGUMENT)
            if taken and sets > _SETS:
                return taken
        return count

    def snapshots(self, start: int, count: int) -> list[Snapshot]:
        """Return the records from a place on, as they were selected."""
        return [self._read(raw) for raw in self._members.read(start, count)]

    def _read(self, raw: bytes) -> Snapshot:
        try:
            return Snapshot.read(raw)
        except ValueError as error:
            raise self._file.damaged(error) from None

    def prepare(self, batch: Batch) -> Prepared:
        """Make a batch ready to be sent."""
        snapshots = self.snapshots(batch.start, batch.jobs)
        order = range(batch.start, batch.start + batch.jobs)
        call = RecordCall(self._header.record_layout, self._header.operation, str(batch.number))
        change = self._change
        if change.verb is Verb.DELETE:
            return Prepared(
                batch, call.delete(snapshots), order, ledger=[s.ledger for s in snapshots]
            )
        if change.verb is Verb.REQUEST_KILL or change.state is None:
            command = call.request_kill(snapshots)
            return Prepared(batch, command, order, ledger=[{} for _ in snapshots])
        ledger = [_entering(snapshot, change.state) for snapshot in snapshots]
        return Prepared(batch, call.mark(snapshots, change.state), order, ledger=ledger)

    def scored(self, start: int, count: int) -> list[tuple[bytes, float]]:
        """Return the snapshots from a place on, and the scores they were selected with."""
        return self._members.scored(start, count)

    def outline(self, batch: Batch) -> Prepared:
        """Return a batch with the order of its records."""
        return Prepared(batch, None, range(batch.start, batch.start + batch.jobs))

    def revert(self, batch: Batch, places: Sequence[int], outcome: Outcome) -> Reversal:
        """Return the call that brings deleted records back."""
        number = f"u{batch.number}{'t' if outcome is Outcome.MERGED else ''}"
        snapshots = self.snapshots(batch.start, batch.jobs)
        back = [snapshots[place - batch.start] for place in places]
        call = RecordCall(self._header.record_layout, self._header.operation, number)
        return Reversal(call.restore(back), [snapshot.ledger for snapshot in back])

    def sizes(self, backend: Backend) -> dict[str, int]:
        """Return how many records there are, and in each state."""
        return backend.snapshots(self._header.record_layout).sizes()

    def sample(self) -> list[Record]:
        """Return the first records of the operation."""
        return [snapshot.record for snapshot in self.snapshots(0, SAMPLE)]

    def row(self, place: int) -> Row:
        """Return what identifies a record of the operation."""
        (snapshot,) = self.snapshots(place, 1)
        row = snapshot.record.row()
        return {key: row[key] for key in _LISTED}

    def name(self, raw: bytes) -> str | None:
        """Return the id of a record that was selected."""
        return self._read(raw).id

    def drift(self, backend: Backend) -> list[str]:
        """Return what has changed since it was selected, a sentence each."""
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


class _Scan:
    """One pass over the records that may match."""

    def __init__(
        self,
        file: OperationFile,
        selection: Selection,
        where: RecordWhere,
        now: float,
        *,
        histogram: bool,
    ) -> None:
        self.found = Found(selection)
        self.seen: set[str] | None = None
        self.unmatched: set[str] = set()  # those that are there; only where ids are asked for
        self.incomplete = 0
        self._file = file
        self._whole = not file.header.change.verb.row.permanent
        self._keeps = _keeper(where, file.header.change, now)
        self._ambiguity = Ambiguity(where.query.twofold)
        self._now = now
        self._counts = histogram

    def take(self, snapshots: Iterable[Snapshot]) -> None:
        """Keep what matches of some."""
        kept: list[Snapshot] = []
        for snapshot in snapshots:
            record = snapshot.record
            if self._ambiguity:
                self._ambiguity.see(record, self._now)
            if not self._keeps(snapshot, record):
                if self.seen is not None and not snapshot.orphan:
                    self.unmatched.add(snapshot.id)
                continue
            kept.append(snapshot)
            self.incomplete += not (snapshot.orphan or record.completed)
            if self._counts:
                self.found.histogram[_described(snapshot, record)] += 1
        self.found.histogram = shortened(self.found.histogram, _OTHERS)
        if self.seen is not None:
            self.seen.update(snapshot.id for snapshot in kept)
        lines = [(s if self._whole else _part(s)).line() for s in kept]
        scores = [snapshot.score for snapshot in kept]
        self._file.choose(lines, scores, decoded=True, selection=self.found.selection)

    def conclude(self) -> Found:
        """Put what was selected in order, and return it.

        Raises:
            Refused: a value of the query reads in two ways, and there are records of both.
        """
        self._ambiguity.check()
        self.found.selection.settle(self._file.read)
        self.found.matched = len(self.found.selection)
        return self.found


def _keeper(where: RecordWhere, change: Change, now: float) -> Keeps:
    """Return what tells whether a record, as it stands now, is meant."""
    wanted = where.query.split(now)
    spans = [clause for clause in wanted.clauses if isinstance(clause, TimeClause)]
    orphans = change.verb is Verb.DELETE

    def holds(snapshot: Snapshot, record: Record) -> bool:
        if snapshot.orphan:  # no condition can be tested on it
            return orphans and not where.query
        return where.query.holds(record, now)

    def keeps(snapshot: Snapshot, record: Record) -> bool:
        # The ids were read a while before: who was restarted since may have other times.
        for span in spans:
            score = snapshot.times.get(span.field)
            if score is None or not span.holds(float(score)):
                return False
        if snapshot.orphan:
            states = wanted.states
            return where.orphans and (states is None or not states.isdisjoint(snapshot.states))
        return wanted.keeps(record, now)

    return keeps if where.ids is None else holds


@contextmanager
def _ids(
    backend: Backend, file: OperationFile, where: RecordWhere, now: float
) -> Iterator[tuple[Iterable[str], int]]:
    """Yield the ids that may be meant, and how many there are."""
    if where.ids is not None:
        yield where.ids, len(where.ids)
        return
    from jobctl.records.find import candidates

    indexes = backend.records_of(file.header.record_layout).indexes
    with Spool(file.path.parent) as spool:
        for page in candidates(indexes, where.query.split(now)):
            spool.add(page)
        yield map(decode, spool.ids()), len(spool)


def _part(snapshot: Snapshot) -> Snapshot:
    """Return what tells people which record it is; nothing will be brought back."""
    pairs = zip(snapshot.flat[::2], snapshot.flat[1::2], strict=True)
    flat = [word for pair in pairs if pair[0] in _KEPT for word in pair]
    return Snapshot(snapshot.id, flat or snapshot.flat[:2], states=snapshot.states)


def _described(snapshot: Snapshot, record: Record) -> tuple[str, str]:
    """Return a record's state and job name; empty where it has none."""
    if snapshot.orphan:
        return ("(orphan)", "")
    return ("(none)" if record.state is None else record.state.value, record.job_name or "")


def _entering(snapshot: Snapshot, state: str) -> dict[str, int]:
    """Return how the structures change; a record that is there already stays as it is."""
    stays = state == snapshot.record.state and state != RecordState.STARTED
    return {} if stays else snapshot.entering(state)
