"""Choosing records: their snapshots go into the operation's file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from jobctl.backend import Backend
from jobctl.errors import Refused
from jobctl.model.change import Change
from jobctl.model.jobba import TimeClause, decode
from jobctl.model.readings import Ambiguity
from jobctl.model.record import Record
from jobctl.model.record_snapshot import Snapshot
from jobctl.model.verbs import Verb
from jobctl.operations.choosing import Choice, shortened
from jobctl.operations.chosen import Chosen
from jobctl.operations.file import OperationFile
from jobctl.operations.watch import Watch
from jobctl.records.query import RecordWhere
from jobctl.records.spool import Spool

Keeps = Callable[[Snapshot, Record], bool]
_OTHERS = ("(others)", "")
# Where nothing is undone: what tells people which record it is.
_KEPT = (b"id", b"state", b"job_name", b"recorded_at", b"provider_job_id", b"attempt")


def choose_records(
    backend: Backend,
    file: OperationFile,
    where: RecordWhere,
    now: float,
    watch: Watch,
    *,
    histogram: bool,
) -> Choice:
    """Write what matches into the file, and return it, the first recorded first.

    Raises:
        Refused: some of it is not completed, and is to be deleted without force.
        FileProblem: the disk is full. Nothing has been changed by then.
    """
    change = file.header.change
    found = _Found(file, where, now, histogram=histogram)
    asked = None if where.ids is None else frozenset(where.ids)
    if asked is not None:
        found.seen = set()
    with _ids(backend, file, where, now) as (ids, total):
        watch.choosing(0, total, 0)
        looked = 0
        snapshots = backend.snapshots(file.header.record_layout)
        for pairs in snapshots.take(ids, whole=not change.verb.row.permanent):
            found.take([snapshot for _, snapshot in pairs if snapshot is not None])
            looked += len(pairs)
            watch.choosing(looked, total, len(found.choice.chosen))
    choice = found.conclude()
    if snapshots.wrong_types.note is not None:
        choice.notes = (snapshots.wrong_types.note,)
    if asked is not None and found.seen is not None:
        missing = (ident for ident in asked - found.seen if ident not in snapshots.wrong_types)
        choice.missing = tuple(sorted(missing))
        choice.unmatched = tuple(ident for ident in choice.missing if ident in found.unmatched)
    if change.verb is Verb.DELETE and found.incomplete and not change.force:
        raise Refused(
            f"{found.incomplete:,} of {choice.matched:,} that match are not completed; "
            "nothing was changed",
            hint="--force deletes them too; -w state=completed leaves them out",
        )
    return choice


class _Found:
    """What was found so far."""

    def __init__(
        self, file: OperationFile, where: RecordWhere, now: float, *, histogram: bool
    ) -> None:
        self.choice = Choice(Chosen())
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
                self.choice.histogram[_described(snapshot, record)] += 1
        self.choice.histogram = shortened(self.choice.histogram, _OTHERS)
        if self.seen is not None:
            self.seen.update(snapshot.id for snapshot in kept)
        lines = [(s if self._whole else _part(s)).line() for s in kept]
        scores = [snapshot.score for snapshot in kept]
        self._file.choose(lines, scores, decoded=True, chosen=self.choice.chosen)

    def conclude(self) -> Choice:
        """Put what was chosen in order, and return it.

        Raises:
            Refused: a value of the query reads in two ways, and there are records of both.
        """
        self._ambiguity.check()
        self.choice.chosen.settle(self._file.read)
        self.choice.matched = len(self.choice.chosen)
        return self.choice


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
