"""Taking jobs out of queues again: where they are is looked up first, then stretch by stretch.

Removing by value reads the list up to the job, and all of it for one that has run. So the whole
list is read once, in chunks; what is still there is taken out in stretches, from the end that has
fewer other jobs before them. Each stretch is found again right before, by its first or last job:
others push and pop meanwhile.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from jobctl.backend import Backend
from jobctl.errors import JobctlError, Loading
from jobctl.model.entry import Entry, name_queue
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.operation import Batch, Outcome, UndoBatchNote, read_result
from jobctl.operations.file import OperationFile
from jobctl.operations.request import Watch
from jobctl.operations.subject import Prepared
from jobctl.redis.operations import Call, Requeued, Stretch
from jobctl.redis.queues import QueueJobs

Pushed = Callable[[Batch, int], tuple[bytes, bytes, float]]

_MOST = 250  # jobs of a call
_SPAN = 1000  # members of a list that a call reads
_BYTES = 512 * 1024  # of these
_SLACK = 50  # members read on both sides of it: so many may have come or gone since
_BEYOND = 20_000  # members that may have come since the list was read
_IDLE = 4  # looks at a list after which nothing could be taken out of it

NAMED = 10_000  # JIDs of what was not put back that a report carries; the file tells of all


@dataclass(frozen=True, slots=True)
class _Seen:
    """A job of the operation seen in a list.

    Attributes:
        rank: how many members were before it, from the end that is worked from.
        size: bytes of all members up to it, from the left.
        place: its place in the operation.
    """

    rank: int
    size: int
    place: int


class Unqueue:
    """Takes the jobs of one operation out of their queues, and back into their set."""

    def __init__(
        self,
        backend: Backend,
        file: OperationFile,
        pushed: Pushed,
        watch: Watch,
        introduced: Mapping[str, Collection[str]],
        into: Mapping[str, bytes] | None = None,
    ) -> None:
        """Prepare for the jobs of an operation.

        Args:
            backend: what it works on.
            file: of the operation.
            pushed: returns what was pushed for a job of a batch, its member before that, and its
                score.
            watch: who looks on.
            introduced: by queue, the JIDs of jobs that a server was to learn of it by.
            into: by queue, the key of a list that its jobs go to instead of a set: what ran next
                comes first.
        """
        self.outcomes: Counter[Outcome] = Counter()
        self.left: list[int] = []
        self.taken: Counter[str] = Counter()  # jobs taken out, by the ledger's name of their queue
        self.still_queued: dict[str, int] = {}  # jobs that could not be taken out: where, how many
        self._queued: set[int] = set()  # their places
        self.stopped = False
        self.refusal: JobctlError | None = None
        self._backend = backend
        self._file = file
        self._pushed = pushed
        self._watch = watch
        self._form = file.header.form or QueueForm.Q  # of the list that is worked on
        self._number = 0
        self._total = 0
        # queue -> hash of what was pushed -> places: a million bytes objects would not fit
        self._lost: dict[str, dict[int, int | tuple[int, ...]]] = {}
        self._batches: list[Batch] = []
        # Jobs that went by scheduled, and were encoded anew there: known by their JIDs.
        self._introduced = introduced
        self._into = into
        self._recoded: dict[str, dict[str, tuple[int, int]]] = {}  # queue -> JID -> hash, place
        self._now: dict[int, tuple[int, bytes]] = {}  # place -> hash of what was pushed; what it is

    def known(self, notes: Sequence[UndoBatchNote], results: Mapping[str, str]) -> set[int]:
        """Take in what an undo that was stopped had done, and return the places it put back."""
        back: set[int] = set()
        for note in notes:
            number, places = note["number"], note["places"]
            self._number = max(self._number, int(number[1:]))
            at = 0
            for outcome, count in read_result(results.get(number, ""))[0]:
                if outcome is Outcome.DONE:
                    back.update(places[at : at + count])
                at += count
        self.outcomes[Outcome.DONE] += len(back)
        return back

    def look_for(self, prepared: Prepared, places: Sequence[int]) -> None:
        """Remember what a batch pushed: the jobs at these places."""
        wanted = set(places)
        self._batches.append(prepared.batch)
        for place, queue, pushed in zip(
            prepared.order, prepared.queues, prepared.pushed, strict=True
        ):
            if place in wanted:
                lost = self._lost.setdefault(queue, {})
                key = hash(pushed)
                lost[key] = (*_each(lost[key]), place) if key in lost else place
                self._total += 1
                jid = self._introduced_jid(queue, pushed)
                if jid is not None:
                    self._recoded.setdefault(queue, {})[jid] = (key, place)

    def run(self) -> None:
        """Take out what is still there."""
        self._total += self.outcomes.total()
        for name, jobs in self._recoded.items() if self._into is None else ():
            for key, place in jobs.values():
                self._from_scheduled(name, key, place)
        pushed = self._form
        forms = (
            [pushed]
            if self._into is not None
            else [pushed, *(set(self._backend.layout.prefixes) - {pushed})]
        )
        for self._form in forms:  # the other one: where the queue was adopted since
            for name in self._lost:
                self._empty(name)
        for lost in self._lost.values():
            places = {place for found in lost.values() for place in _each(found)}
            self.left += sorted(places - self._queued)
        if not self.stopped and self.refusal is None:
            self.outcomes[Outcome.GONE] += len(self.left)

    def _empty(self, name: str) -> None:
        for queue in self._backend.queues.at(name, self._form):
            line = self._backend.queues.jobs(queue)
            idle = 0
            while self._lost[name]:
                seen, taken = self._take_out(name, line)
                if not seen or self.stopped or self.refusal is not None:
                    break
                idle = 0 if taken else idle + 1
                if idle == _IDLE:
                    self._queued.update(s.place for s in seen)
                    self.still_queued[f"still in queue {name}"] = len(seen)
                    break

    def _take_out(self, name: str, line: QueueJobs) -> tuple[list[_Seen], int]:
        """Read the list once and take out what was seen; return that, and how many were taken."""
        seen, length = self._look(name, line)
        if not seen:
            return [], 0
        left, right = seen[0].rank, length - 1 - seen[-1].rank
        from_right = right < left or self._into is not None
        if from_right:
            seen = [_Seen(length - 1 - s.rank, s.size, s.place) for s in reversed(seen)]
        taken = 0
        for stretch in _stretches(seen):
            if self._watch.stopping():
                self.stopped = True
            if self.stopped or self.refusal is not None:
                break
            taken += self._take(name, line, stretch, taken, from_right=from_right)
        return seen, taken

    def _look(self, name: str, line: QueueJobs) -> tuple[list[_Seen], int]:
        """Return the jobs that are in a list, from the left, and how long it is."""
        lost = self._lost[name]
        seen: list[_Seen] = []
        met: Counter[int] = Counter()
        rank = size = 0
        for raw, _ in line.raws():
            size += len(raw)
            key = self._key(name, raw)
            if key in lost:
                places = _each(lost[key])
                if met[key] < len(places):
                    seen.append(_Seen(rank, size, places[met[key]]))
                    met[key] += 1
            rank += 1
        return seen, rank

    def _introduced_jid(self, name: str, raw: bytes) -> str | None:
        """Return the JID of a job that the server was to learn of a queue by; else None."""
        jids = self._introduced.get(name, ())
        found = any(jid.encode() in raw for jid in jids) and Entry.scored(
            raw, 0.0, Kind.RETRIES, self._backend.layout
        )
        return found.jid if found and found.jid in jids else None

    def _key(self, name: str, raw: bytes) -> int:
        """Return the hash of what was pushed, of a member of a list."""
        key = hash(raw)
        if name not in self._recoded or key in self._lost[name]:
            return key
        jid = self._introduced_jid(name, raw)
        if jid not in self._recoded[name]:
            return key
        key, place = self._recoded[name][jid]
        self._now[place] = (key, raw)
        return key

    def _from_scheduled(self, name: str, key: int, place: int) -> None:
        """Take a job back that no server has moved from scheduled yet."""
        kind = self._file.header.kind
        pushed, raw, score = self._job(place)
        call = Call(self._backend.layout, self._file.header.operation, f"ui{place}")
        command = call.move(
            (Kind.SCHEDULED, kind), [name_queue(pushed, name, self._backend.layout)], [score], [raw]
        )
        reply = self._backend.operations.one(command)
        if isinstance(reply, Loading):
            raise reply
        if not isinstance(reply, JobctlError) and reply.startswith((b"d", b"t")):
            self.outcomes[Outcome.DONE] += 1
            self._found(name, key, place)

    def _take(
        self, name: str, line: QueueJobs, stretch: list[_Seen], taken: int, *, from_right: bool
    ) -> int:
        """Take a stretch out, and return how many jobs were still in it."""
        jobs = [self._job(s.place) for s in stretch]
        reach = stretch[-1].rank - taken + _BEYOND
        ends = line.span(jobs[0][0], jobs[-1][0], reach, from_right=from_right)
        if ends is None:
            return 0
        width = stretch[-1].rank - stretch[0].rank + _SLACK
        start, stop = _around(ends, width, from_right=from_right)
        self._number += 1
        number = f"u{self._number}"
        self._file.note({"undo_batch": {"number": number, "places": [s.place for s in stretch]}})
        call = Call(self._backend.layout, self._file.header.operation, number)
        command = call.unqueue(
            self._file.header.kind,
            Stretch(name, self._form, start, stop),
            Requeued([j[1] for j in jobs], [j[0] for j in jobs], [j[2] for j in jobs]),
            into=None if self._into is None else self._into[name],
        )
        (reply,) = self._backend.operations.each(iter([command]))
        if isinstance(reply, Loading):
            raise reply
        if isinstance(reply, JobctlError):
            self.refusal = reply
            return 0
        return self._count(name, stretch, jobs, reply.decode())

    def _count(
        self, name: str, stretch: list[_Seen], jobs: list[tuple[bytes, bytes, float]], result: str
    ) -> int:
        at = taken = 0
        for outcome, count in read_result(result)[0]:
            if outcome is Outcome.DONE:
                taken += count
                for s, (pushed, _, _) in zip(
                    stretch[at : at + count], jobs[at : at + count], strict=True
                ):
                    key, _ = self._now.get(s.place, (hash(pushed), pushed))
                    self._found(name, key, s.place)
            at += count
        self.outcomes[Outcome.DONE] += taken
        self.taken[f"queue:{name}"] += taken
        self._watch.acting(self.outcomes.total(), self._total)
        return taken

    def _found(self, name: str, key: int, place: int) -> None:
        rest = tuple(p for p in _each(self._lost[name][key]) if p != place)
        if rest:
            self._lost[name][key] = rest
        else:
            del self._lost[name][key]

    def _job(self, place: int) -> tuple[bytes, bytes, float]:
        """Return what was pushed for a job, its member before that, and its score."""
        at = bisect_right(self._batches, place, key=attrgetter("start")) - 1
        pushed, raw, score = self._pushed(self._batches[at], place)
        _, present = self._now.get(place, (0, pushed))
        return present, raw, score


def _each(places: int | tuple[int, ...]) -> tuple[int, ...]:
    return (places,) if isinstance(places, int) else places


def _stretches(seen: Sequence[_Seen]) -> Iterator[list[_Seen]]:
    """Yield jobs that stand near each other, bounded in number, members and bytes."""
    stretch: list[_Seen] = []
    for s in seen:
        if stretch and (
            len(stretch) == _MOST
            or s.rank - stretch[0].rank >= _SPAN
            or abs(s.size - stretch[0].size) > _BYTES
        ):
            yield stretch
            stretch = []
        stretch.append(s)
    if stretch:
        yield stretch


def _around(
    ends: tuple[int | None, int | None], width: int, *, from_right: bool
) -> tuple[int, int]:
    """Return the first and last index to read, counted from the end that is worked from."""
    near, far = ends
    if from_right:  # indices are negative, the near one is the larger
        first = near if near is not None else (far or 0) + width
        return first - width - _SLACK, min(-1, first + _SLACK)
    first = near if near is not None else max(0, (far or 0) - width)
    return max(0, first - _SLACK), first + width + _SLACK
