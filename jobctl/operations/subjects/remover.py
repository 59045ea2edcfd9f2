"""Taking queues away: lists aside, jobs into the file, the server told, and only then unlinked.

A list that is renamed is out of reach of pushes and workers from one instant on, and nothing is
lost while it stands aside. What is pushed meanwhile is put aside as well, directly before the
server is told, as that unlinks whatever is there.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from jobctl.backend import Backend
from jobctl.errors import (
    FileProblem,
    JobctlError,
    Loading,
    Refused,
    RefusedByFaktory,
    RefusedByRedis,
)
from jobctl.model.operation import ChosenNote, Header
from jobctl.model.queue import Segment, shown_queues
from jobctl.model.report import Report
from jobctl.model.verbs import Guards, Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.request import Watch
from jobctl.operations.selection import Selection
from jobctl.operations.subjects.conclude import conclude
from jobctl.operations.subjects.staging import Rounds, rejoin_asides
from jobctl.redis.queue_removal import ListFate, NameFate, PauseFate, Staging
from jobctl.systems.faktory.server import Faktory


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server did.

    Attributes:
        stayed: places of the queues that it did not remove.
        why: why not.
        notes: what else there is to say.
        removed_at: when it had answered, by the monotonic clock.
    """

    stayed: frozenset[int]
    why: str
    notes: tuple[str, ...]
    removed_at: float


def ask_server(
    backend: Backend, door: Faktory, names: Sequence[str], listed: Sequence[int]
) -> Answer:
    """Have the server remove queues that carry a mark: they are in the set of paused ones.

    One that it removed has lost its mark. That it is registered again can be a worker's doing, a
    moment later.

    Args:
        backend: what it works on.
        door: the server.
        names: the queues.
        listed: the places of those that were in a set of names: only these are marked.

    Raises:
        RefusedByFaktory: it said no, and removed none of them.
        ConnectionLost: it is not known what it did.
    """
    refusal: RefusedByFaktory | None = None
    try:
        door.remove(names)
    except RefusedByFaktory as error:
        refusal = error
    removed_at = time.monotonic()
    marked = backend.pauses.paused(names)
    stayed = frozenset(place for place in listed if marked[names[place]])
    if refusal is not None and len(stayed) == len(listed):
        raise refusal
    left = [names[place] for place in sorted(stayed)]
    shown = shown_queues(left)
    why = f"{door.address} did not remove {shown}: not known there"
    if refusal is not None:
        why = refusal.message
    again = sorted(backend.removing.registered(names).difference(left))
    notes = (
        (f"workers or producers use {shown_queues(again)} again: the server made it anew",)
        if again
        else ()
    )
    return Answer(stayed, why, notes, removed_at)


_ROUNDS = 5  # at most; from the second one on they take what came while the last was written
_FEW = 500  # jobs that can be written once the queue is gone
_NO_GUARDS = Guards()


class Stopped(Exception):
    """The watch has stopped it."""


@dataclass(slots=True)
class _Pushes:
    """How many jobs are pushed to the queues while they are removed; times are monotonic.

    Attributes:
        since: the first look.
        last: the last one.
        jobs: those that came in between.
    """

    since: float | None = None
    last: float = 0.0
    jobs: int = 0

    def look(self, now: float, jobs: int) -> None:
        """Take in that so many jobs were put aside; the first ones were there before."""
        if self.since is None:
            self.since = now
        else:
            self.jobs += jobs
        self.last = now

    def lost(self, removed_at: float) -> list[str]:
        """Say what the server may have removed that nobody had put aside."""
        if not self.jobs or self.since is None or self.last <= self.since:
            return []
        rate = self.jobs / (self.last - self.since)
        window = max(0.0, removed_at - self.last)
        lost = max(1, round(rate * window))
        return [
            f"{self.jobs:,} {'job was' if self.jobs == 1 else 'jobs were'} pushed meanwhile, and "
            f"kept; what was pushed in the last {window * 1000:.0f} ms, before the server removed "
            f"the queues, is lost: about {lost:,} at that rate, if any"
        ]


class Remover:
    """Carries one removal out, from wherever it stands."""

    def __init__(
        self,
        backend: Backend,
        file: OperationFile,
        door: Faktory | None,
        rounds: Rounds,
        watch: Watch,
    ) -> None:
        self.untouched = True  # whether all is as it was: the file can go
        self._backend = backend
        self._file = file
        self._header: Header = file.header
        self._door = door
        self._rounds = rounds
        self._watch = watch
        self._guards = _NO_GUARDS
        self._begun = bool(rounds)  # by another process
        self._written: set[int] = set()
        self._segments: list[Segment] = []
        self._position = 0
        self._back = rounds.places_returned(file.header)
        self._why = "the server did not remove their queue, and they went back to it"
        self._notes: tuple[str, ...] = ()
        self._pushes = _Pushes()

    def run(self, report: Report, guards: Guards = _NO_GUARDS) -> Report:
        """Remove the queues and complete the report.

        Args:
            report: what is known so far.
            guards: what the count of jobs is held to at the instant they are taken.

        Raises:
            Refused: there were more, or fewer, jobs than may be; all is as it was.
            RefusedByFaktory: the server said no; all is as it was.
            ConnectionLost: one of the two went away; resume goes on from there.
            FileProblem: the disk is full; all is as it was, or resume goes on.
        """
        self._guards = guards
        self._watch.began(self._header.operation)
        try:
            if not self._rounds.removed and not self._rounds.forgotten(self._header):
                self._remove()
            self._write()
            choice = self._choice(report.matched)
            self._file.note({"chosen": _document(choice)})
            self._file.flush()
            return conclude(self._backend, self._file, self._rounds, choice, report, self._watch)
        except Stopped:
            return replace(report, unfinished=True)
        except JobctlError as error:
            if not self.untouched:
                operation = self._header.operation
                error.hint = (
                    f"nothing is lost; go on with: jobctl resume {operation}, "
                    f"or put all back: jobctl undo {operation}"
                )
            raise

    def _remove(self) -> None:
        """Put the lists aside and have the names removed; where that is refused, put all back."""
        try:
            if self._header.change.verb is Verb.ADOPT:
                self._take(NameFate.STAY)
                self._write()
            elif self._door is None:
                self._take(NameFate.FORGET)
                self._write()
            else:
                self._remove_by(self._door)
        except (Refused, RefusedByRedis, RefusedByFaktory, FileProblem) as error:
            if isinstance(error, Loading) or self._begun:
                raise
            self._rounds = Rounds.read(self._backend, self._header)
            self._give_back(self._rounds.places)
            self.untouched = True
            error.hint = error.hint or "nothing was changed: every job is in its queue"
            raise

    def _remove_by(self, door: Faktory) -> None:
        if not self._begun:
            self._take(NameFate.STAY)
            self._write()
        for _ in range(_ROUNDS - 1):
            if self._take(NameFate.MARK) <= _FEW:
                break
            self._write()
        self._tell(door)
        self._backend.removing.remember_removed(self._header.operation)
        self._rounds.removed = True

    def _take(self, names: NameFate) -> int:
        """Put aside what is in the queues now, and return how many jobs that is."""
        if self._watch.stopping():
            raise Stopped
        self.untouched = False
        number = self._rounds.last + 1
        before = self._rounds.jobs
        now = time.monotonic()
        fewest, most = self._guards.bounds(before)
        taking = Staging(self._header.operation, number, ListFate.ASIDE, names, fewest, most)
        found = self._backend.removing.stage(taking, self._header.queues)
        if isinstance(found, int):
            raise self._guards.refusal(before + found) or Refused()
        for place, taken in enumerate(found):
            self._rounds.put(number, place, taken)
        self._pushes.look(now, self._rounds.jobs - before)
        return self._rounds.jobs - before

    def _tell(self, door: Faktory) -> None:
        """Have the server remove the queues; what it did not remove goes back."""
        queues = self._header.queues
        listed = [place for place in range(len(queues)) if self._rounds.listed(place, self._header)]
        answer = ask_server(self._backend, door, [queue.name for queue in queues], listed)
        self._give_back(answer.stayed)
        self._back, self._why = answer.stayed, answer.why
        self._notes = answer.notes
        if len(answer.stayed) < len(queues):
            self._notes += tuple(self._pushes.lost(answer.removed_at))

    def _give_back(self, places: Iterable[int]) -> None:
        """Put lists back where they were, with what their names were."""
        unmarked = PauseFate.STAY if self._door is None else PauseFate.UNPAUSE
        pauses = {
            place: PauseFate.PAUSE if self._rounds.queue(place, self._header).paused else unmarked
            for place in places
        }
        rejoin_asides(self._backend, self._header, self._rounds, pauses)

    def _write(self) -> None:
        """Write what was put aside and is not written yet into the file."""
        for number in self._rounds.numbers:
            if number not in self._written:
                self._write_round(number)
                self._written.add(number)
        self._file.flush()

    def _write_round(self, number: int) -> None:
        removing, header = self._backend.removing, self._header
        lists = [
            (place, form, jobs)
            for place, form, jobs in self._rounds.lists(number, header)
            if place not in self._back
        ]
        keys = [
            (removing.aside(header.operation, number, header.queues[place].name, form), jobs)
            for place, form, jobs in lists
        ]
        counts: Counter[int] = Counter()
        with closing(removing.stream(keys)) as stream:
            for index, members in stream:
                if self._watch.stopping():
                    raise Stopped
                self._write_members(members)
                counts[index] += len(members)
        calls = self._rounds.taken[number]
        self._segments += [
            Segment(header.queues[place].name, form, calls[place].number, counts[index])
            for index, (place, form, _) in enumerate(lists)
        ]

    def _write_members(self, members: Sequence[bytes]) -> None:
        positions = range(self._position, self._position + len(members))
        scores = [b"%d" % position for position in positions]
        self._file.choose(members, scores, decoded=False, selection=Selection())
        self._position += len(members)
        self._watch.acting(self._position, self._rounds.jobs)

    def _choice(self, matched: int) -> ChosenNote:
        """Return what the file says of itself once all jobs are in it."""
        queues = [self._rounds.queue(i, self._header) for i in range(len(self._header.queues))]
        back = {queues[place].name for place in self._back}
        segments = [replace(segment, back=segment.queue in back) for segment in self._segments]
        done = sum(segment.jobs for segment in segments if not segment.back)
        failed = self._rounds.jobs_of(self._back)
        return {
            "matched": max(matched, done + failed),
            "done": done,
            "failed": failed,
            "reasons": {self._why: failed} if failed else {},
            "problems": [self._why] if self._back and not failed else [],
            "notes": list(self._notes),
            "segments": segments,
            "queues": [replace(queue, jobs=0) for queue in queues if queue.name not in back],
        }


def _document(choice: ChosenNote) -> dict[str, object]:
    """Return what the file says of itself as it is noted."""
    return {**choice} | {
        "segments": [segment.document() for segment in choice.get("segments", ())],
        "queues": [queue.document() for queue in choice.get("queues", ())],
    }
