"""The engine: carries out what was selected, batch by batch, for the first time or once more."""

from __future__ import annotations

import secrets
import time
from collections import Counter, deque
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from jobctl.backend import Backend
from jobctl.errors import ConnectionLost, FileProblem, JobctlError, Loading
from jobctl.model.layout import QueueForm
from jobctl.model.operation import ActingNote, Batch, Header, Outcome, Rising, read_result
from jobctl.model.queue import Author
from jobctl.model.report import Report
from jobctl.model.times import LAST, Instant
from jobctl.model.verbs import Change, Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.history import (
    History,
    batch_note,
    claim_token,
    claimed_by,
    other_claimant,
    read_scores,
)
from jobctl.operations.request import Provenance, Watch
from jobctl.operations.selection import Selection
from jobctl.operations.subject import Prepared
from jobctl.operations.subjects import subject_of
from jobctl.redis.scripts import Command
from jobctl.systems.base import NewQueues

if TYPE_CHECKING:
    from jobctl.operations.subjects.reservations import Release


NAMED = 10  # failed jobs that a report names; the file tells of all
_MOVED = (Outcome.DONE, Outcome.MERGED)


class Tally:
    """Counts what became of the members so far."""

    def __init__(self, header: Header) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.reasons: Counter[str] = Counter()
        self.moved: Counter[str] = Counter()
        self.left: Counter[int | None] = Counter()
        self.failed: list[int] = []  # the places of the first few
        self._header = header

    @property
    def done(self) -> int:
        """The jobs that were changed."""
        return self.outcomes[Outcome.DONE] + self.outcomes[Outcome.MERGED]

    @property
    def settled(self) -> int:
        """The jobs of which it is known what became of them."""
        return self.outcomes.total()

    def add(self, prepared: Prepared, result: str) -> None:
        """Take in the result of a batch."""
        self.reasons.update(prepared.reasons)
        self.left.update(prepared.left)
        self.outcomes[Outcome.FAILED] += len(prepared.failed)
        runs, reason = read_result(result)
        failing = prepared.failed or any(outcome is Outcome.FAILED for outcome, _ in runs)
        if failing and len(self.failed) < NAMED:
            found = prepared.places(result)[Outcome.FAILED]
            self.failed += found[: NAMED - len(self.failed)]
        at = 0
        for outcome, count in runs:
            self.outcomes[outcome] += count
            if prepared.ledger and outcome in _MOVED:
                for changes in prepared.ledger[at : at + count]:
                    self.moved.update(changes)
            elif outcome in _MOVED:
                self._book(outcome, count, prepared.queues[at : at + count])
            elif outcome is Outcome.FAILED:
                self.reasons[reason] += count
            at += count

    def _book(self, outcome: Outcome, count: int, queues: object) -> None:
        """Note by how much the structures changed."""
        kind, change = self._header.kind, self._header.change
        if change.in_place(kind):
            return
        self.moved[kind.value] -= count
        if change.to_queues:
            assert isinstance(queues, list)  # noqa: S101
            self.moved.update(Counter(f"queue:{name}" for name in queues))
        elif outcome is Outcome.DONE:
            target = change.target(kind)
            if target is not None:
                self.moved[target.value] += count


def is_touched(name: str, moved: Container[str]) -> bool:
    """Tell whether the ledger names a structure: a queue, or a state, only where it changed."""
    return name in moved or ":" not in name


MICROSECOND = 1e-6
_NAP = 0.1  # seconds between two looks at whether to stop
_BEAT = 4  # batches a second at a bounded rate


class Operation:
    """One operation on members that stand in its file.

    Attributes:
        header: of its file.
        selection: its members, in the order they are changed.
        subject: what it works on.
        state: what was known of it when it was opened.
    """

    def __init__(
        self,
        backend: Backend,
        file: OperationFile,
        selection: Selection,
        watch: Watch,
        state: History | None = None,
    ) -> None:
        self.header: Header = file.header
        self.selection = selection
        self.subject = subject_of(file, selection, backend.layout)
        self.state = state or History()
        self._backend = backend
        self._file = file
        self._watch = watch
        self._start = self.state.start
        self._tally = Tally(file.header)
        self._sending: deque[Prepared] = deque()
        self._refusal: JobctlError | None = None
        self._stopped = False
        self._sent = 0
        self._begun = 0.0

    def begin(self, author: Provenance) -> None:
        """Note what is decided once: whose server, from which score on, what there was."""
        backend, change = self._backend, self.header.change
        now = backend.server.now()
        backend.system.remember_server()
        note: ActingNote = {
            "identity": backend.operations.claim_identity(),
            "at": now,
            "before": self.subject.sizes(backend),
            "claim": secrets.token_hex(8),
            "who": author.who,
            "host": author.host,
        }
        scores = _scores(change, now, len(self.selection), backend.layout.purge_after)
        if scores is not None:
            note |= {"first": scores.first, "step": scores.step}
        if change.to_queues:
            registered = (queue.name for queue in backend.queues.named() if queue.registered)
            note["queues"] = sorted(registered)
        self._file.note({"acting": note})
        if self.header.keep:  # its claim in Redis outlives a power failure here
            self._file.flush()
        self._start = note

    def claim(self) -> Author | None:
        """Claim the operation in Redis; return who else has claimed it, and carries it out.

        Raises:
            RefusedByRedis: Redis would refuse the changes as well; nothing was changed.
        """
        start = self._started
        author = Author(start.get("who", ""), start.get("host", ""), start["at"])
        mine = b"%b %b" % (claim_token(start).encode(), author.encode())
        return other_claimant(self._backend.operations.claim(self.header, mine), start)

    def leave_to(self, claimant: Author, report: Report) -> Report:
        """Report that somebody else carries it out, and note that as the end of this copy."""
        note = f"{claimed_by(claimant, self.header)}; nothing was changed from this one"
        report = replace(report, gone=len(self.selection), notes=(note,))
        self._file.note({"end": report.document()})
        return report

    @property
    def _started(self) -> ActingNote:
        assert self._start is not None  # noqa: S101 (`begin` comes before)
        return self._start

    def run(self, report: Report) -> Report:
        """Send what is left to be sent, and complete the report.

        Args:
            report: what is known so far.

        Raises:
            ConnectionLost: Redis went away; resume goes on from there.
            FileProblem: the disk is full; the batch that could not be noted was not sent.
            Refused: a release cannot go on without its server.
        """
        self._watch.began(self.header.operation)
        self._begun = time.monotonic()
        release = None
        try:
            self._watch.acting(0, len(self.selection))
            if self.header.change.verb is Verb.RELEASE:
                from jobctl.operations.subjects.reservations import Release

                release = Release(self._backend, self._file, self.state.acknowledged)
                self._release(release)
            else:
                self._stream()
            if isinstance(self._refusal, Loading):
                raise self._refusal
            after = self.subject.sizes(self._backend)
        except (ConnectionLost, Loading, FileProblem) as error:
            raise resumable(error, self.header.operation) from error
        report = self._counted(report, after)
        if release is not None:
            report = replace(
                report,
                notes=(*report.notes, *release.notes()),
                problems=(*report.problems, *release.problems()),
            )
        return self._ended(report)

    def _stream(self) -> None:
        """Send batch after batch; while Redis works on one the next is made."""
        for reply in self._backend.operations.each(self._commands()):
            prepared = self._sending.popleft()
            if isinstance(reply, JobctlError):
                self._refusal = reply
                return
            self._take(prepared, reply.decode("utf-8", "replace"))
            del prepared  # it may be large: it goes before the next one is made

    def _commands(self) -> Iterator[Command]:
        for prepared in self._open():
            if prepared.command is None:
                self._take(prepared, "")
                continue
            self._pace(prepared.batch.jobs)
            if self._stopping():
                return
            self._sending.append(prepared)
            yield prepared.command
            del prepared

    def _release(self, release: Release) -> None:
        """Release batch by batch, where a server is known or was told of some; else stream."""
        if self._backend.faktory is None and not self.state.half_told:
            if not self.state.settles(len(self.selection)):
                release.check()
            self._stream()
            return
        for batch in self._batches():
            known = self.state.results.get(batch.number)
            if known is not None:
                self._tally.add(self.subject.prepare(batch), known)
                continue
            if release.by_redis(batch):
                release.check(self._tally.done)
            if self._stopping():
                return
            prepared = self.subject.prepare(batch)
            self._note(batch)
            if prepared.command is None:
                self._take(prepared, "")
                continue
            if release.by_redis(batch):
                reply = self._backend.operations.one(prepared.command)
            else:
                reply = release.apply(prepared)
            if isinstance(reply, JobctlError):
                self._refusal = reply
                return
            self._take(prepared, reply.decode("utf-8", "replace"))

    def _open(self) -> Iterator[Prepared]:
        """Yield the batches that are still to be sent, noted; the others are counted."""
        for batch in self._batches():
            prepared = self.subject.prepare(batch)
            known = self.state.results.get(batch.number)
            if known is not None:
                self._tally.add(prepared, known)
                continue
            self._note(batch)
            yield prepared
            del prepared

    def _batches(self) -> Iterator[Batch]:
        """Yield all batches: those that were noted, and then the rest of the members."""
        number = start = 0
        for batch in sorted(self.state.batches.values(), key=lambda batch: batch.number):
            yield batch
            number, start = batch.number, batch.start + batch.jobs
        scores = read_scores(self._started)
        while start < len(self.selection):
            number += 1
            jobs = self.subject.size(start, self._most())
            rising = None if scores is None else scores.after(start)
            yield Batch(number, start, jobs, rising, self._moment())
            start += jobs

    def _note(self, batch: Batch) -> None:
        if batch.number not in self.state.batches:
            self._file.note({"batch": batch_note(batch)})

    def _most(self) -> int:
        rate, most = self.header.change.rate, self.subject.most
        return most if rate is None else max(1, min(most, int(rate / _BEAT)))

    def _moment(self) -> str | None:
        if not self.header.change.to_queues:
            return None
        moment = Instant.of_epoch(self._backend.server.now())
        return None if moment is None else moment.rfc3339()

    def _pace(self, jobs: int) -> None:
        """Wait until the rate lets so many more jobs go."""
        rate = self.header.change.rate
        if rate is None:
            return
        due = self._begun + self._sent / rate
        self._sent += jobs
        while (wait := due - time.monotonic()) > 0 and not self._watch.stopping():
            time.sleep(min(wait, _NAP))

    def _stopping(self) -> bool:
        self._stopped = self._watch.stopping()
        return self._stopped

    def _take(self, prepared: Prepared, result: str) -> None:
        self._file.note({"result": prepared.batch.number, "outcome": result})
        self._tally.add(prepared, result)
        self._watch.acting(self._tally.settled, len(self.selection))

    def _counted(self, report: Report, after: Mapping[str, int]) -> Report:
        tally, before = self._tally, self._started["before"]
        touched = [name for name in after if is_touched(name, tally.moved)]
        members = (self._file.read(*self.selection.place(place)) for place in tally.failed)
        names = (self.subject.name(raw) for raw in members)
        return replace(
            report,
            done=tally.done,
            gone=tally.outcomes[Outcome.GONE],
            failed=tally.outcomes[Outcome.FAILED],
            merged=tally.outcomes[Outcome.MERGED],
            reasons=dict(tally.reasons),
            moved=dict(tally.moved),
            left_retries={n: count for n, count in tally.left.items() if n is not None},
            before={name: before.get(name, 0) for name in touched},
            after={name: after[name] for name in touched},
            failed_jids=tuple(name for name in names if name is not None),
        )

    def _ended(self, report: Report) -> Report:
        """Note that it has ended, unless something is left to be done."""
        if self._refusal is not None:
            left = report.left
            reasons = {**report.reasons, self._refusal.message: left}
            return replace(report, failed=report.failed + left, reasons=reasons, unfinished=True)
        if self._stopped:
            return replace(report, unfinished=True)
        report = replace(report, notes=report.notes + self._introduce())
        self._file.note({"end": report.document()})
        if not self.header.keep:
            self._file.delete()
            report = replace(report, operation=None)
        return report

    def _introduce(self) -> tuple[str, ...]:
        """Introduce the queues that jobs went to, where they are new to the server."""
        before = self._started.get("queues")
        if not self.header.change.to_queues or before is None:
            return ()
        form = self.header.form or QueueForm.Q
        moved = self._tally.moved
        names = [name.removeprefix("queue:") for name in moved if name.startswith("queue:")]
        forms = dict.fromkeys(names, form)
        return self._backend.system.introduce(
            NewQueues(forms, before, self.header.operation, self._file.note, self._watch.stopping)
        )


def _scores(change: Change, now: float, jobs: int, purge_after: int) -> Rising | None:
    """Return the scores that the jobs get, where they get any."""
    if change.at is not None:
        return Rising(min(change.at, LAST - jobs * MICROSECOND), MICROSECOND)
    if change.delay is not None:
        return Rising(now + change.delay, MICROSECOND)
    if change.spread is not None:
        return Rising(now, max(MICROSECOND, change.spread / max(1, jobs)))
    return Rising(now + purge_after, MICROSECOND) if change.verb is Verb.KILL else None


def resumable(error: JobctlError, operation: str) -> JobctlError:
    """Return an error with the hint how to go on."""
    error.hint = f"nothing is lost; go on with: jobctl resume {operation}"
    return error
