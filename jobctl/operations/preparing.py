"""Batches: the same file, notes and rules always make the same calls, also after a crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobctl.backend import Backend
from jobctl.model.change import Change
from jobctl.model.entry import Entry, retries_left
from jobctl.model.json_edits import inside
from jobctl.model.jsontext import dig, glance
from jobctl.model.layout import Kind, Layout, QueueForm
from jobctl.model.operation import Batch, Header, Rising
from jobctl.model.preview import SAMPLE
from jobctl.model.rows import Row, listing_row
from jobctl.model.verbs import Verb
from jobctl.operations.chosen import Chosen
from jobctl.operations.file import OperationFile
from jobctl.redis.operations import BYTES, MOST, Call, Push
from jobctl.redis.scripts import Command

if TYPE_CHECKING:
    from jobctl.model.record import Record

LISTED = ("jid", "jobtype", "queue", "at")


@dataclass(frozen=True, slots=True)
class Ready:
    """A batch, ready to be sent.

    Attributes:
        batch: its note.
        command: the call; None where there is nothing to ask of Redis.
        order: the places of its jobs in the operation, in the order in which the result names them.
        queues: where each of them goes; empty where they go to no queue.
        pushed: what each of them is in its queue (or in scheduled); empty where nothing changes.
        members: what each of them is where it was chosen; only where they go to queues.
        failed: the jobs that cannot be changed: place and reason.
        left: retries left -> how many jobs, where jobs are to run again; None: never failed.
        ledger: of records, by how much each of them changes the structures where it is done.
    """

    batch: Batch
    command: Command | None
    order: Sequence[int]
    queues: Sequence[str] = ()
    pushed: Sequence[bytes] = ()
    members: Sequence[bytes] = ()
    failed: Sequence[tuple[int, str]] = ()
    left: Counter[int | None] = field(default_factory=Counter)
    ledger: Sequence[Mapping[str, int]] = ()

    @property
    def reasons(self) -> Counter[str]:
        """Why jobs failed, and how many."""
        return Counter(reason for _, reason in self.failed)


@dataclass(slots=True)
class _Sorted:
    """Jobs of a batch that go to one queue."""

    places: list[int] = field(default_factory=list)
    members: list[bytes] = field(default_factory=list)
    pushed: list[bytes] = field(default_factory=list)


class Preparer:
    """Makes the batches of one operation."""

    most = MOST  # jobs of a batch

    @classmethod
    def of(cls, file: OperationFile, chosen: Chosen, layout: Layout) -> Preparer:
        """Return the preparer of an operation, whatever it changes."""
        if file.header.kind is not Kind.RECORDS:
            return cls(file, chosen, layout)
        from jobctl.records.preparing import RecordPreparer  # only records need it

        return RecordPreparer(file, chosen, layout)

    def __init__(self, file: OperationFile, chosen: Chosen, layout: Layout) -> None:
        self._file = file
        self._chosen = chosen
        self._layout = layout
        self._header: Header = file.header
        (self._named,) = layout.fields["queue"]
        self._names: dict[str, str] = {}  # names in payloads that can be queues: the same few
        self._change: Change = file.header.change

    def size(self, start: int, most: int) -> int:
        """Return how many jobs from a place on make a batch, bounded in number and bytes."""
        # What changes on the way goes there twice.
        twice = self._change.verb in (Verb.REQUEUE, Verb.RELEASE)
        bound = BYTES // 2 if twice else BYTES
        taken, size = 0, 0
        for offset, length in self._chosen.places(start, start + most):
            size += length or len(self._file.read(offset, length))
            if taken and size > bound:
                break
            taken += 1
        return taken

    def members(self, batch: Batch) -> list[bytes]:
        """Return the members of a batch, in order."""
        places = self._chosen.places(batch.start, batch.start + batch.jobs)
        return self._file.read_all(places)

    def scored(self, start: int, jobs: int) -> list[tuple[bytes, float]]:
        """Return the members from a place on, and the scores they were chosen with."""
        places = self._chosen.places(start, start + jobs)
        members = self._file.read_all(places)
        return list(zip(members, self._chosen.scores(start, start + jobs), strict=True))

    def sample(self) -> Sequence[Entry | Record]:
        """Return the first jobs of the operation; where the last one runs first, from its end."""
        if self._change.front:
            pairs = self.scored(max(0, len(self._chosen) - SAMPLE), SAMPLE)[::-1]
        else:
            pairs = self.scored(0, self.size(0, SAMPLE))
        kind = self._header.kind
        return [Entry.scored(raw, score, kind, self._layout) for raw, score in pairs]

    def row(self, place: int) -> Row:
        """Return what identifies a job of the operation."""
        ((raw, score),) = self.scored(place, 1)
        return listing_row(Entry.scored(raw, score, self._header.kind, self._layout), LISTED)

    def name(self, raw: bytes) -> str | None:
        """Return the id of what was chosen, as far as it has one."""
        return Entry.scored(raw, 0.0, self._header.kind, self._layout).jid

    def drift(self, backend: Backend) -> list[str]:
        """Return what has changed since it was chosen, a sentence each."""
        gone = moved = start = 0
        while jobs := self.size(start, self.most):
            pairs = self.scored(start, jobs)
            start += jobs
            found = backend.operations.present(self._header.kind, [raw for raw, _ in pairs])
            for (_, planned), score in zip(pairs, found, strict=True):
                gone += score is None
                moved += score is not None and float(score) != planned
        notes = [f"{gone:,} of them are gone since the plan was made"] if gone else []
        return notes + ([f"{moved:,} of them have another time since"] if moved else [])

    def pushed(self, batch: Batch, place: int) -> tuple[bytes, bytes, float]:
        """Return what was pushed to a queue for a job, its member before that, and its score."""
        ((raw, score),) = self.scored(place, 1)
        payload = glance(raw) or {}
        return self._pushed(raw, payload, _moment(batch)), raw, score

    def outline(self, batch: Batch) -> Ready:
        """Return a batch with the order of its jobs; ready where that takes looking at them."""
        if self._change.to_queues:
            return self.ready(batch)
        return Ready(batch, None, range(batch.start, batch.start + batch.jobs))

    def ready(self, batch: Batch) -> Ready:
        """Make a batch ready to be sent."""
        members = self.members(batch)
        order = range(batch.start, batch.start + batch.jobs)
        kind, change = self._header.kind, self._change
        call = Call(self._layout, self._header.operation, str(batch.number))
        if change.to_queues:
            return self._to_queues(call, batch, members)
        if change.in_place(kind):
            return Ready(batch, call.reschedule(kind, members, _scores(batch)), order)
        if change.verb is Verb.KILL:
            return Ready(batch, call.move((kind, Kind.DEAD), members, _scores(batch)), order)
        if change.to_scheduled:
            return self._to_scheduled(call, batch, members)
        return Ready(batch, call.discard(kind, members), order)

    def _to_scheduled(self, call: Call, batch: Batch, members: list[bytes]) -> Ready:
        order = range(batch.start, batch.start + batch.jobs)
        kinds = (self._header.kind, Kind.SCHEDULED)
        if not self._change.reset_retries:
            left = [self._left(payload) for raw in members if (payload := glance(raw)) is not None]
            command = call.move(kinds, members, _scores(batch))
            return Ready(batch, command, order, left=Counter(left))
        becoming = [self._layout.without_failure(raw, glance(raw) or {})[0] for raw in members]
        command = call.move(kinds, members, _scores(batch), becoming)
        return Ready(batch, command, order, pushed=becoming)

    def _to_queues(self, call: Call, batch: Batch, members: list[bytes]) -> Ready:
        groups: dict[str, _Sorted] = {}
        failed: list[tuple[int, str]] = []
        left: list[int | None] = []
        moment = _moment(batch)
        reserved = self._header.kind is Kind.WORKING
        counts_left = not (reserved or self._change.reset_retries)
        for place, raw in enumerate(members, batch.start):
            payload, job = self._inside(raw) if reserved else (glance(raw), raw)
            name = None if payload is None else self._queue(payload)
            if payload is None or name is None:
                failed.append((place, self._why(payload)))
                continue
            group = groups.get(name)
            if group is None:
                group = groups[name] = _Sorted()
            group.places.append(place)
            group.members.append(raw)
            group.pushed.append(self._pushed(job, payload, moment))
            if counts_left:
                left.append(self._left(payload))
        pushes = [Push(name, group.members, group.pushed) for name, group in groups.items()]
        form = self._header.form or QueueForm.Q
        command = (
            call.requeue(self._header.kind, pushes, form, front=self._change.front)
            if pushes
            else None
        )
        return Ready(
            batch,
            command,
            [place for group in groups.values() for place in group.places],
            [name for name, group in groups.items() for _ in group.places],
            [raw for group in groups.values() for raw in group.pushed],
            [raw for group in groups.values() for raw in group.members],
            failed,
            Counter(left),
        )

    def _inside(self, raw: bytes) -> tuple[dict[str, object] | None, bytes]:
        """Return the job of a reservation, decoded and by its bytes."""
        path = self._layout.reserved_job
        inner = dig(glance(raw), path)
        return (inner, inside(raw, path)) if isinstance(inner, dict) else (None, raw)

    def _why(self, payload: dict[str, object] | None) -> str:
        if payload is None:
            reserved = self._header.kind is Kind.WORKING
            return "there is no job inside" if reserved else "it is no job: not a JSON object"
        name = dig(payload, self._layout.fields["queue"])
        return f"no queue can be called {name!r}"[:120]

    def _left(self, payload: dict[str, object]) -> int | None:
        return retries_left(payload, self._layout)

    def _pushed(self, raw: bytes, payload: dict[str, object], moment: str) -> bytes:
        """Return what a job becomes in a queue."""
        if self._change.verb is Verb.ADOPT:
            return raw
        if self._change.reset_retries:
            raw, payload = self._layout.without_failure(raw, payload)
        return self._layout.requeued(raw, payload, moment)

    def _queue(self, payload: dict[str, object]) -> str | None:
        """Return the queue that a job goes to; None where it names one that cannot be."""
        if self._change.to is not None:
            return self._change.to
        name = payload.get(self._named)
        if not isinstance(name, str):
            return self._layout.default_queue if name is None else None
        known = self._names.get(name)
        return self._checked(name) if known is None else known

    def _checked(self, name: str) -> str | None:
        if name == "":
            return self._layout.default_queue
        form = self._header.form or QueueForm.Q
        there = self._layout.is_queue_name(name) or name in self._header.named
        if form not in self._layout.queue_forms(name) or not there:
            return None
        self._names[name] = name
        return name


def _scores(batch: Batch) -> Rising:
    assert batch.scores is not None  # noqa: S101 (a batch of scores is noted with them)
    return batch.scores


def _moment(batch: Batch) -> str:
    return batch.moment or ""
