"""Acting: the operation's file is streamed back, batch by batch, in order of score."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jobctl.backend import Backend
from jobctl.errors import JobctlError
from jobctl.model.notes import ActingNote, BatchNote, Lock
from jobctl.model.operation import Batch, Header, Rising
from jobctl.model.times import Instant
from jobctl.operations.chosen import Chosen
from jobctl.operations.file import OperationFile
from jobctl.operations.preparing import Preparer, Ready
from jobctl.operations.tally import Tally
from jobctl.operations.watch import Watch
from jobctl.redis.scripts import Command

_NAP = 0.1  # seconds between two looks at whether to stop
_BEAT = 4  # batches a second at a bounded rate

Told = Mapping[int, Lock | None]


@dataclass(frozen=True, slots=True)
class Course:
    """What an operation has decided once, for all its batches, and what is known of them.

    Attributes:
        scores: the score of the first job, and the step to the next one's.
        noted: the batches that were noted before, by number.
        results: those that were applied, by number.
        acknowledged: of a release, the jobs of each batch that the server may have been told of,
            each with the unique lock that it had.
    """

    scores: Rising | None = None
    noted: Mapping[int, Batch] = field(default_factory=dict)
    results: Mapping[int, str] = field(default_factory=dict)
    acknowledged: Mapping[int, Told] = field(default_factory=dict)

    def settles(self, total: int) -> bool:
        """Tell whether it is known of so many jobs what became of each."""
        known = (self.noted[number].jobs for number in self.results if number in self.noted)
        return sum(known) >= total


class Actor:
    """Carries one operation out."""

    def __init__(
        self,
        backend: Backend,
        file: OperationFile,
        chosen: Chosen,
        course: Course,
        watch: Watch,
    ) -> None:
        self.tally = Tally(file.header)
        self.refusal: JobctlError | None = None
        self.stopped = False
        self._backend = backend
        self._file = file
        self._header: Header = file.header
        self._total = len(chosen)
        self._course = course
        self._watch = watch
        self._preparer = Preparer.of(file, chosen, backend.layout)
        self._under_way: deque[Ready] = deque()
        self._begun = time.monotonic()
        self._sent = 0

    def act(self) -> Tally:
        """Send what is left to be sent, and return the counts of everything.

        Raises:
            ConnectionLost: Redis went away; resume goes on from there.
            FileProblem: the disk is full; the batch that could not be noted was not sent.
        """
        self._watch.acting(0, self._total)
        for reply in self._backend.operations.each(self._commands()):
            ready = self._under_way.popleft()
            if isinstance(reply, JobctlError):
                self.refusal = reply
                break
            self._take(ready, reply.decode("utf-8", "replace"))
            del ready  # it may be large: it goes before the next one is made
        return self.tally

    def notes(self) -> list[str]:
        """Return what else there is to know, a sentence each."""
        return []

    def problems(self) -> list[str]:
        """Return what did not work beside the jobs, a sentence each."""
        return []

    def _take(self, ready: Ready, result: str) -> None:
        self._file.note({"result": ready.batch.number, "outcome": result})
        self.tally.add(ready, result)
        self._watch.acting(self.tally.settled, self._total)

    def _commands(self) -> Iterator[Command]:
        """Yield the call of each batch, noted before it is sent."""
        for batch in self._batches():
            ready = self._preparer.ready(batch)
            known = self._course.results.get(batch.number)
            if known is not None:
                self.tally.add(ready, known)
                continue
            if batch.number not in self._course.noted:
                self._note_batch(batch)
            if ready.command is None:
                self._take(ready, "")
                continue
            self._pace(batch.jobs)
            if self._stopping():
                return
            self._under_way.append(ready)
            yield ready.command
            del ready

    def _note_batch(self, batch: Batch) -> None:
        self._file.note({"batch": _note(batch)})

    def _batches(self) -> Iterator[Batch]:
        start = 0
        for number in sorted(self._course.noted):
            yield self._course.noted[number]
            start = self._course.noted[number].start + self._course.noted[number].jobs
        number = max(self._course.noted, default=0)
        while start < self._total:
            number += 1
            jobs = self._preparer.size(start, self._most())
            yield Batch(number, start, jobs, self._scores(start), self._moment())
            start += jobs

    def _most(self) -> int:
        rate = self._header.change.rate
        most = self._preparer.most
        return most if rate is None else max(1, min(most, int(rate / _BEAT)))

    def _scores(self, start: int) -> Rising | None:
        return None if self._course.scores is None else self._course.scores.after(start)

    def _moment(self) -> str | None:
        if not self._header.change.to_queues:
            return None
        moment = Instant.of_epoch(self._backend.server.now())
        return None if moment is None else moment.rfc3339()

    def _pace(self, jobs: int) -> None:
        """Wait until the rate lets so many more jobs go."""
        rate = self._header.change.rate
        if rate is None:
            return
        due = self._begun + self._sent / rate
        self._sent += jobs
        while (wait := due - time.monotonic()) > 0 and not self._watch.stopping():
            time.sleep(min(wait, _NAP))

    def _stopping(self) -> bool:
        self.stopped = self._watch.stopping()
        return self.stopped


def _note(batch: Batch) -> BatchNote:
    note: BatchNote = {"number": batch.number, "start": batch.start, "jobs": batch.jobs}
    if batch.scores is not None:
        note |= {"first": batch.scores.first, "step": batch.scores.step}
    if batch.moment is not None:
        note["enqueued_at"] = batch.moment
    return note


def read_batch(note: BatchNote) -> Batch:
    """Read what was noted of a batch."""
    return Batch(
        note["number"], note["start"], note["jobs"], read_scores(note), note.get("enqueued_at")
    )


def read_scores(note: BatchNote | ActingNote) -> Rising | None:
    """Read the scores that were noted; None where there are none."""
    if "first" in note and "step" in note:
        return Rising(note["first"], note["step"])
    return None
