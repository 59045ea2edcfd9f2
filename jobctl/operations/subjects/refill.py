"""Lists that go back to their queues: put together from the file, then swapped in at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from jobctl.backend import Backend
from jobctl.errors import JobctlError, Loading
from jobctl.model.layout import QueueForm
from jobctl.model.queue import RemovedQueue, Segment
from jobctl.operations.file import OperationFile
from jobctl.operations.request import Watch
from jobctl.operations.subjects.staging import Rounds, rejoin_number
from jobctl.redis.operations import BYTES, MOST
from jobctl.redis.queue_removal import PauseFate, ReturnedList
from jobctl.redis.scripts import Command

_TOGETHER = 50  # calls on their way at once


@dataclass(slots=True)
class Refilled:
    """What came of it.

    Attributes:
        done: jobs that are back, by queue.
        reasons: why jobs are not, and how many.
        stopped: whether the watch stopped it; nothing is back by then.
    """

    done: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    stopped: bool = False


class Refill:
    """Puts the jobs of a file back into their queues."""

    def __init__(
        self,
        backend: Backend,
        file: OperationFile,
        segments: Sequence[Segment],
        rounds: Rounds,
        watch: Watch,
    ) -> None:
        self.total = sum(segment.jobs for segment in segments if not segment.back)
        self._backend = backend
        self._file = file
        self._operation = file.header.operation
        self._segments = segments
        self._rounds = rounds
        self._watch = watch
        self._size = 0

    def run(self, queues: Mapping[int, RemovedQueue], pauses: Mapping[int, PauseFate]) -> Refilled:
        """Put the lists together and swap them in.

        Args:
            queues: by their places in the header.
            pauses: by the same: what becomes of the pause before the jobs are back.
        """
        self._backend.removing.unlink(self._rounds.keys(self._backend, self._file.header))
        filled = self._fill()
        if self._watch.stopping():
            filled.stopped = True
        if filled.stopped or filled.reasons:
            return filled
        lists = [(i, queue, form) for i, queue in queues.items() for form in queue.forms]
        refusals = self._backend.removing.rejoin(
            self._operation,
            [
                ReturnedList(
                    rejoin_number(i, form),
                    self._backend.removing.back(self._operation, queue.name, form),
                    queue.name,
                    form,
                    queue.registered,
                    pauses[i],
                )
                for i, queue, form in lists
            ],
        )
        jobs = self._jobs()
        for (_, queue, form), refusal in zip(lists, refusals, strict=True):
            count = jobs[queue.name, form]
            if refusal is None:
                filled.done[queue.name] += count
            else:
                filled.reasons[refusal.message] += count
        return filled

    def _jobs(self) -> Counter[tuple[str, QueueForm]]:
        jobs: Counter[tuple[str, QueueForm]] = Counter()
        for segment in self._segments:
            jobs[segment.queue, segment.form] += 0 if segment.back else segment.jobs
        return jobs

    def _fill(self) -> Refilled:
        """Put the lists together; nobody sees them yet."""
        sent = 0
        calls = self._calls()
        while some := self._some(calls):
            if self._watch.stopping():
                return Refilled(stopped=True)
            for reply in self._backend.connection.attempt([command for command, _ in some]):
                if isinstance(reply, Loading):
                    raise reply
                if isinstance(reply, JobctlError):
                    return Refilled(reasons=Counter({reply.message: self.total}))
            sent += sum(jobs for _, jobs in some)
            self._watch.acting(sent, self.total)
        return Refilled()

    def _some(self, calls: Iterator[tuple[Command, int]]) -> list[tuple[Command, int]]:
        """Return the next calls that go together."""
        self._size = 0
        some: list[tuple[Command, int]] = []
        while len(some) < _TOGETHER and self._size < BYTES:
            found = next(calls, None)
            if found is None:
                break
            some.append(found)
        return some

    def _calls(self) -> Iterator[tuple[Command, int]]:
        """Yield the calls that were not applied yet, and how many jobs each puts back."""
        members = self._file.members()
        removing, operation = self._backend.removing, self._operation
        number, lengths = 0, Counter[bytes]()
        for segment in self._segments:
            mine = islice(members, segment.jobs)
            if segment.back:
                for _ in mine:
                    pass
                continue
            into = removing.back(operation, segment.queue, segment.form)
            for some in self._batches(mine):
                number += 1
                start = lengths[into]
                lengths[into] += len(some)
                if f"b{number}" not in self._rounds.returned:
                    call = removing.refill(operation, f"b{number}", into, start)
                    yield (*call, *some), len(some)

    def _batches(self, members: Iterable[bytes]) -> Iterator[list[bytes]]:
        """Yield members, bounded in number and bytes; always in the same way."""
        some: list[bytes] = []
        size = 0
        for raw in members:
            if some and (len(some) == MOST or size + len(raw) > BYTES):
                self._size += size
                yield some
                some, size = [], 0
            some.append(raw)
            size += len(raw)
        if some:
            self._size += size
            yield some
