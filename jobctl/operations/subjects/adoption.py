"""The undo of an adoption: what has not run yet goes back to the list that is not read.

An adoption is done as a removal is: the list is put aside at one instant and written into the file;
then its jobs move to the right side of the list that is read: they are older, and run next, in
their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import islice

from jobctl.backend import Backend
from jobctl.model.operation import Batch
from jobctl.model.queue import RemovedQueue
from jobctl.model.report import SAMPLE, Preview, Report
from jobctl.operations.file import OperationFile
from jobctl.operations.history import History
from jobctl.operations.request import Watch, undo_preview
from jobctl.operations.subject import Prepared
from jobctl.operations.subjects.conclude import adopted_name, adopted_sizes, removed_entries
from jobctl.operations.subjects.jobs import JobSubject
from jobctl.operations.subjects.restore import happened
from jobctl.operations.subjects.staging import Rounds, rejoin_asides, rejoin_number
from jobctl.operations.unqueue import NAMED, Unqueue
from jobctl.redis.operations import MOST
from jobctl.redis.queue_removal import PauseFate, ReturnedList


class AdoptionUndo:
    """One undo of an adoption, also of one that never ended."""

    script = "rejoin"

    def __init__(self, backend: Backend, file: OperationFile, state: History, watch: Watch) -> None:
        self._backend = backend
        self._file = file
        self._header = file.header
        self._state = state
        self._watch = watch
        self._rounds = Rounds.read(backend, file.header)
        self._segments = [] if state.selected is None else state.selected.get("segments", [])
        self._whole = state.selected is not None and happened(
            backend, file, state.selected, self._rounds
        )
        self.total = (
            sum(segment.jobs for segment in self._segments) if self._whole else self._rounds.jobs
        )

    @cached_property
    def _jobs(self) -> JobSubject:
        return JobSubject(self._file, self._state.selection(self._file), self._backend.layout)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to put back."""
        return not self.total

    def prepare(self) -> None:
        """Do nothing: no pause has to come back."""

    def sizes(self) -> dict[str, int]:
        """Return how many jobs wait in the lists that are read, and in those that are not."""
        return adopted_sizes(self._backend, self._header)

    def preview(self) -> Preview:
        """Return what would be put back."""
        entries = removed_entries(self._file, self._segments) if self._whole else iter(())
        return undo_preview(
            self._header,
            self.total,
            list(islice(entries, SAMPLE)),
            queues=[queue.name for queue in self._header.queues],
        )

    def run(self, report: Report) -> Report:
        """Put back what is still there, and complete the report."""
        if not self._whole:  # all of it stands aside
            pauses = dict.fromkeys(self._rounds.places, PauseFate.STAY)
            rejoin_asides(self._backend, self._header, self._rounds, pauses)
            done = {q.name: self._rounds.jobs_of({i}) for i, q in enumerate(self._header.queues)}
            return self._report(report, done, {})
        self._gather()
        unqueue = self._take_out()
        if unqueue.stopped or unqueue.refusal is not None:
            reasons = {} if unqueue.refusal is None else {unqueue.refusal.message: self.total}
            return replace(
                report,
                matched=self.total,
                failed=sum(reasons.values()),
                reasons=reasons,
                unfinished=True,
            )
        done = self._rejoin()
        report = self._report(report, done, unqueue.taken)
        if report.gone != len(unqueue.left):  # an undo before this one had put some back
            return report
        return replace(report, missing=tuple(self._jids(unqueue)))

    def _back(self, queue: RemovedQueue) -> bytes:
        return self._backend.removing.back(self._header.operation, queue.name, queue.forms[0])

    def _gather(self) -> None:
        """Gather what still stands aside: it has not moved, and goes back in front."""
        removing, operation = self._backend.removing, self._header.operation
        for number in self._rounds.numbers:
            lists = self._rounds.lists(number, self._header)
            queues = [self._header.queues[place] for place, _, _ in lists]
            removing.join(
                operation,
                [
                    (self._back(q), removing.aside(operation, number, q.name, q.forms[0]))
                    for q in queues
                ],
            )

    def _take_out(self) -> Unqueue:
        """Take what waits in the lists that are read out of them."""
        into = {queue.name: self._back(queue) for queue in self._header.queues}
        unqueue = Unqueue(
            self._backend, self._file, self._jobs.pushed, self._watch, self._state.introduced, into
        )
        back = unqueue.known(self._state.undo_batches, self._state.undo_results)
        for ready in self._readies():
            unqueue.look_for(ready, [place for place in ready.order if place not in back])
        unqueue.run()
        return unqueue

    def _readies(self) -> Iterator[Prepared]:
        """Yield the jobs in the order of the file, as a batch would have moved them."""
        members, start = self._file.members(), 0
        for segment in self._segments:
            mine = islice(members, segment.jobs)
            while pushed := list(islice(mine, MOST)):
                batch = Batch(start, start, len(pushed))
                order = range(start, start + len(pushed))
                yield Prepared(batch, None, order, [segment.queue] * len(pushed), pushed)
                start += len(pushed)

    def _rejoin(self) -> dict[str, int]:
        """Put what was gathered into its old place, and return how many jobs that is by queue."""
        queues = self._header.queues
        # The counts are noted before: another undo finds the jobs gone back already.
        counts = next((n["returning"] for n in self._file.notes() if "returning" in n), None)
        if counts is None:
            counts = self._backend.removing.lengths(map(self._back, queues))
            self._file.note({"returning": counts})
        refusals = self._backend.removing.rejoin(
            self._header.operation,
            [
                ReturnedList(
                    rejoin_number(place, queue.forms[0]),
                    self._back(queue),
                    queue.name,
                    queue.forms[0],
                    registered=False,
                    pause=PauseFate.STAY,
                )
                for place, queue in enumerate(queues)
            ],
        )
        for refusal in refusals:
            if refusal is not None:
                raise refusal
        return {queue.name: int(count) for queue, count in zip(queues, counts, strict=True)}

    def _report(self, report: Report, done: Mapping[str, int], taken: Mapping[str, int]) -> Report:
        count = sum(done.values())
        moved = {adopted_name(queue): done[queue.name] for queue in self._header.queues}
        moved |= {name: -jobs for name, jobs in taken.items()}
        return replace(
            report,
            matched=self.total,
            done=count,
            gone=self.total - count,
            after=adopted_sizes(self._backend, self._header),
            moved=moved,
        )

    def _jids(self, unqueue: Unqueue) -> Iterator[str]:
        """Yield the JIDs of what has run meanwhile."""
        for place in unqueue.left[:NAMED]:
            jid = self._jobs.row(place)["jid"]
            if isinstance(jid, str):
                yield jid
