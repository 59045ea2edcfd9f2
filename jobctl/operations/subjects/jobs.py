"""Jobs in sorted sets: retries, scheduled and dead; and reservations, as far as they are alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from jobctl.backend import Backend
from jobctl.filter.conditions import Ambiguity
from jobctl.filter.where import Where
from jobctl.model.entry import Entry, listing_row, real_class, retries_left
from jobctl.model.jsontext import dig, glance, inside, text_of
from jobctl.model.layout import Kind, Layout, QueueForm
from jobctl.model.operation import Batch, Outcome, Rising
from jobctl.model.report import SAMPLE
from jobctl.model.rows import Row
from jobctl.model.verbs import Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.request import Request, Watch
from jobctl.operations.selection import Selection
from jobctl.operations.subject import Found, Members, Prepared, Reversal, shortened
from jobctl.redis.operations import BYTES, MOST, Call, Push
from jobctl.redis.sets import SortedSet

_LARGE = 4 * 1024 * 1024  # bytes of a reply
_OTHERS = ("(others)", "", "")
_MALFORMED = ("(malformed)", "", "")


class SetScan:
    """One pass over a set."""

    def __init__(
        self,
        source: SortedSet,
        where: Where,
        file: OperationFile,
        selection: Selection,
        now: float,
    ) -> None:
        self.found = Found(selection)
        self._source = source
        self._where = where
        self._seen: set[str] = set()
        self._ambiguity = Ambiguity(where.twofold)
        self._keep = where.keeper(source.kind, now, source.layout)
        self._decoded = where.decodes
        self._jids = where.jids
        self._now = now
        self._layout = source.layout
        self._kinds = Kinds(source.layout, source.kind)
        self._entry = source.entry
        self._file = file

    def run(self, watch: Watch, *, histogram: bool) -> Found:
        """Write what matches into the file, and return it; `histogram`: count what there is."""
        total = self._source.count()
        looked = 0
        watch.choosing(0, total, 0)
        for flat, examined in self._source.members(self._where.pattern()):
            for members, scores in _portions(flat):
                self._take(members, scores, histogram=histogram)
            del flat, members, scores
            looked += examined
            watch.choosing(min(looked, total), total, len(self.found.selection))
        found = self.found
        found.selection.settle(self._file.read)
        found.matched = len(found.selection)
        self._ambiguity.check()
        asked = self._where.jids
        if asked is not None:
            found.missing = tuple(sorted(asked.missing(self._seen)))
        if found.missing and len(self._where.tests) > 1:
            there = {entry.jid for entry in self._source.find(found.missing)}
            found.unmatched = tuple(jid for jid in found.missing if jid in there)
        return found

    def _take(self, members: list[bytes], scores: list[bytes], *, histogram: bool) -> None:
        """Keep what matches of one reply; `histogram`: count its types, queues and errors."""
        keep = self._keep
        if self._ambiguity:
            for raw, score in zip(members, scores, strict=True):
                self._ambiguity.see(self._entry(raw, float(score)), self._now)
        kept = [
            (raw, score, decoded)
            for raw, score in zip(members, scores, strict=True)
            if (decoded := keep(raw, score))
        ]
        members = [raw for raw, _, _ in kept]
        if histogram:
            self._kinds.count(members, [decoded for _, _, decoded in kept])
            self.found.histogram = self._kinds.counts
        scores = [score for _, score, _ in kept]
        del kept
        self._file.choose(members, scores, decoded=self._decoded, selection=self.found.selection)
        if self._jids is not None:
            jids = (self._entry(raw, 0.0).jid for raw in members)
            self._seen.update(jid for jid in jids if jid is not None)


class Kinds:
    """How many jobs there are of each type, queue and error."""

    def __init__(self, layout: Layout, kind: Kind) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self._layout = layout
        self._kind = kind

    def count(self, members: Sequence[bytes], found: Sequence[object] = ()) -> None:
        """Count members; `found`: what they were decoded to, where they were."""
        self.counts.update(
            _described(payload if isinstance(payload, dict) else self._glance(raw), self._layout)
            for raw, payload in zip_longest(members, found)
        )
        self.counts = shortened(self.counts, _OTHERS)

    def histogram(self) -> dict[tuple[str, ...], int]:
        """Return the counts, the most frequent first."""
        return dict(sorted(self.counts.items(), key=lambda item: (-item[1], item[0])))

    def _glance(self, raw: bytes) -> dict[str, object] | None:
        payload = glance(raw)
        if self._kind is not Kind.WORKING:
            return payload
        inner = dig(payload, self._layout.reserved_job)
        return inner if isinstance(inner, dict) else None


def _described(payload: dict[str, object] | None, layout: Layout) -> tuple[str, str, str]:
    """Return a job's class, queue and error; empty where it has none."""
    if payload is None:
        return _MALFORMED
    fields = layout.fields
    return (
        _word(real_class(payload, layout)),
        _word(dig(payload, fields["queue"])),
        _word(dig(payload, fields["errtype"])),
    )


def _word(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, dict | list) else text_of(value)


def _portions(flat: list[bytes]) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Yield the members and scores of a reply; large ones one by one, and each is let go of."""
    if sum(map(len, flat)) <= _LARGE:
        yield flat[::2], flat[1::2]
        return
    while flat:
        score = [flat.pop()]
        yield [flat.pop()], score


LISTED = ("jid", "jobtype", "queue", "at")
AT_ONCE = 100  # reservations of a batch: in no structure for a moment, where a server is told


@dataclass(slots=True)
class _Group:
    """Jobs of a batch that go to one queue."""

    places: list[int] = field(default_factory=list)
    members: list[bytes] = field(default_factory=list)
    pushed: list[bytes] = field(default_factory=list)


class JobSubject:
    """The jobs of one operation on a sorted set."""

    def __init__(self, file: OperationFile, selection: Selection, layout: Layout) -> None:
        self._file = file
        self._selection = selection
        self._members = Members(file, selection)
        self._layout = layout
        self._header = file.header
        self._change = file.header.change
        self._kind = file.header.kind
        (self._named,) = layout.fields["queue"]
        self._names: dict[str, str] = {}  # names in payloads that can be queues: the same few

    @property
    def most(self) -> int:
        """How many jobs a batch has at most."""
        return AT_ONCE if self._change.verb is Verb.RELEASE else MOST

    def select(self, backend: Backend, request: Request, watch: Watch) -> Found:
        """Write what matches into the file, and return it in order of score.

        Raises:
            Refused: a value of the filter reads in two ways, and there is something of both.
            FileProblem: the disk is full. Nothing has been changed by then.
        """
        where, source = request.where, backend.set(self._kind)
        assert isinstance(where, Where)  # noqa: S101 (that is what a request on a set has)
        scan = SetScan(source, where, self._file, self._selection, backend.server.now())
        return scan.run(watch, histogram=request.histogram)

    def size(self, start: int, most: int) -> int:
        """Return how many jobs from a place on make a batch, bounded in number and bytes."""
        # What changes on the way goes there twice.
        twice = self._change.verb in (Verb.REQUEUE, Verb.RELEASE)
        return self._members.size(start, most, BYTES // 2 if twice else BYTES)

    def scored(self, start: int, count: int) -> list[tuple[bytes, float]]:
        """Return the members from a place on, and the scores they were selected with."""
        return self._members.scored(start, count)

    def sample(self) -> list[Entry]:
        """Return the first jobs of the operation; where the last one runs first, from its end."""
        if self._change.front:
            pairs = self.scored(max(0, len(self._members) - SAMPLE), SAMPLE)[::-1]
        else:
            pairs = self.scored(0, self.size(0, SAMPLE))
        kind = self._kind
        return [Entry.scored(raw, score, kind, self._layout) for raw, score in pairs]

    def row(self, place: int) -> Row:
        """Return what identifies a job of the operation."""
        ((raw, score),) = self.scored(place, 1)
        return listing_row(Entry.scored(raw, score, self._kind, self._layout), LISTED)

    def name(self, raw: bytes) -> str | None:
        """Return the id of a member, as far as it has one."""
        return Entry.scored(raw, 0.0, self._kind, self._layout).jid

    def drift(self, backend: Backend) -> list[str]:
        """Return what has changed since it was selected, a sentence each."""
        gone = moved = start = 0
        while jobs := self.size(start, self.most):
            pairs = self.scored(start, jobs)
            start += jobs
            found = backend.operations.present(self._kind, [raw for raw, _ in pairs])
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

    def outline(self, batch: Batch) -> Prepared:
        """Return a batch with the order of its jobs; prepared where that takes looking at them."""
        if self._change.to_queues:
            return self.prepare(batch)
        return Prepared(batch, None, range(batch.start, batch.start + batch.jobs))

    def prepare(self, batch: Batch) -> Prepared:
        """Make a batch ready to be sent."""
        members = self._members.read(batch.start, batch.jobs)
        order = range(batch.start, batch.start + batch.jobs)
        kind, change = self._kind, self._change
        call = Call(self._layout, self._header.operation, str(batch.number))
        if change.to_queues:
            return self._to_queues(call, batch, members)
        if change.in_place(kind):
            return Prepared(batch, call.reschedule(kind, members, _scores(batch)), order)
        if change.to_scheduled:
            return self._to_scheduled(call, batch, members)
        target = change.target(kind)
        if target is not None:
            return Prepared(batch, call.move((kind, target), members, _scores(batch)), order)
        return Prepared(batch, call.discard(kind, members), order)

    def revert(self, batch: Batch, places: Sequence[int], outcome: Outcome) -> Reversal:
        """Return the call that undoes a batch for those of its jobs that had this outcome."""
        number = f"u{batch.number}{'t' if outcome is Outcome.MERGED else ''}"
        call, change = Call(self._layout, self._header.operation, number), self._change
        pairs = self.scored(batch.start, batch.jobs)
        members, scores = zip(*(pairs[place - batch.start] for place in places), strict=True)
        target = change.target(self._kind)
        if change.in_place(self._kind):
            given = [_scores(batch).at(place - batch.start) for place in places]
            return Reversal(call.reschedule(self._kind, members, scores, given))
        if target is None or outcome is Outcome.MERGED:
            return Reversal(call.restore(self._kind, members, scores))
        if not change.reset_retries:
            return Reversal(call.move((target, self._kind), members, scores))
        pushed = self.prepare(batch).pushed
        present = [pushed[place - batch.start] for place in places]
        return Reversal(call.move((target, self._kind), present, scores, members))

    def sizes(self, backend: Backend) -> dict[str, int]:
        """Return how many members the structures have that the operation can touch."""
        target = self._change.target(self._kind)
        kinds = [self._kind] if target is None else [self._kind, target]
        if not self._change.to_queues:
            return backend.operations.sizes(kinds, ())
        form = self._header.form or QueueForm.Q
        names = {queue.name for queue in backend.queues.named()}
        names |= {name for name in (self._change.to,) if name is not None}
        return backend.operations.sizes(kinds, [(name, form) for name in sorted(names)])

    def _to_scheduled(self, call: Call, batch: Batch, members: list[bytes]) -> Prepared:
        order = range(batch.start, batch.start + batch.jobs)
        kinds = (self._kind, Kind.SCHEDULED)
        if not self._change.reset_retries:
            left = [self._left(payload) for raw in members if (payload := glance(raw)) is not None]
            command = call.move(kinds, members, _scores(batch))
            return Prepared(batch, command, order, left=Counter(left))
        becoming = [self._layout.without_failure(raw, glance(raw) or {})[0] for raw in members]
        command = call.move(kinds, members, _scores(batch), becoming)
        return Prepared(batch, command, order, pushed=becoming)

    def _to_queues(self, call: Call, batch: Batch, members: list[bytes]) -> Prepared:
        groups: dict[str, _Group] = {}
        failed: list[tuple[int, str]] = []
        left: list[int | None] = []
        moment = _moment(batch)
        reserved = self._kind is Kind.WORKING
        counts_left = not (reserved or self._change.reset_retries)
        for place, raw in enumerate(members, batch.start):
            payload, job = self._inside(raw) if reserved else (glance(raw), raw)
            name = None if payload is None else self._queue(payload)
            if payload is None or name is None:
                failed.append((place, self._why(payload)))
                continue
            group = groups.get(name)
            if group is None:
                group = groups[name] = _Group()
            group.places.append(place)
            group.members.append(raw)
            group.pushed.append(self._pushed(job, payload, moment))
            if counts_left:
                left.append(self._left(payload))
        pushes = [Push(name, group.members, group.pushed) for name, group in groups.items()]
        form = self._header.form or QueueForm.Q
        command = (
            call.requeue(self._kind, pushes, form, front=self._change.front) if pushes else None
        )
        return Prepared(
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
            reserved = self._kind is Kind.WORKING
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
