"""Undo: what can still be put back is put back, with its bytes and score; the rest is named."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from jobctl.backend import Backend
from jobctl.errors import ConnectionLost, FileProblem, JobctlError, Loading, Refused
from jobctl.model.layout import Kind
from jobctl.model.operation import Batch, Header, Outcome, read_result
from jobctl.model.report import Preview, Report
from jobctl.model.verbs import Guards, Verb
from jobctl.operations.engine import is_touched
from jobctl.operations.file import OperationFile
from jobctl.operations.history import History, claimed_by
from jobctl.operations.journal import Journal
from jobctl.operations.request import Watch, rehearsed, undo_preview
from jobctl.operations.subject import Prepared
from jobctl.operations.subjects import subject_of
from jobctl.operations.subjects.jobs import JobSubject
from jobctl.operations.unqueue import NAMED, Unqueue
from jobctl.redis.scripts import Command


class JobUndo:
    """One undo of an operation on jobs in sets, or on records."""

    script = "begin"

    def __init__(self, backend: Backend, file: OperationFile, state: History, watch: Watch) -> None:
        self._backend = backend
        self._file = file
        # What Redis forgot, the file tells: each job is looked at before it is put back.
        self._results = {**state.told, **state.results}
        self._state = state
        self._watch = watch
        self._selection = state.selection(file)
        self._subject = subject_of(file, self._selection, backend.layout)
        self._outcomes: Counter[Outcome] = Counter()
        self._left: list[int] = []
        self._queues: Counter[str] = Counter()  # jobs taken out of each
        self._queued: dict[str, int] = {}  # what is in a queue still, and how many jobs
        self._merged = 0  # jobs put back that have a twin, which stays
        self._ledger: Counter[str] = Counter()  # of records, by how much they changed structures
        self._refusal: JobctlError | None = None
        self._stopped = False
        self.total = sum(
            count
            for text in self._results.values()
            for outcome, count in read_result(text)[0]
            if outcome in (Outcome.DONE, Outcome.MERGED)
        )

    @property
    def idle(self) -> bool:
        """Whether there is nothing to put back."""
        return not self.total

    def prepare(self) -> None:
        """Void the batches that were noted and never applied: they must not come late."""
        if self._state.undo is None:
            late = [number for number in self._state.batches if number not in self._state.results]
            self._backend.operations.void(self._file.header.operation, late)

    def sizes(self) -> dict[str, int]:
        """Return how many members the structures have that it can touch."""
        return self._subject.sizes(self._backend)

    def preview(self) -> Preview:
        """Return what would be put back."""
        return undo_preview(self._file.header, self.total, self._subject.sample())

    def run(self, report: Report) -> Report:
        """Put back what can be put back, and complete the report."""
        self._watch.acting(0, self.total)
        self._run()
        return self._report(report)

    def _run(self) -> None:
        if self._file.header.change.to_queues:
            self._from_queues()
            return
        sending: deque[_Sent] = deque()
        for reply in self._backend.operations.each(self._commands(sending)):
            sent = sending.popleft()
            if isinstance(reply, JobctlError):
                self._refused(reply)
                return
            self._take(sent, reply.decode("utf-8", "replace"))

    def _report(self, report: Report) -> Report:
        before, after = report.before, self.sizes()
        done = self._outcomes[Outcome.DONE] + self._outcomes[Outcome.MERGED]
        gone = self._outcomes[Outcome.GONE]
        rest = self.total - done - gone
        reasons = dict(self._queued)
        if self._refusal is not None:
            reasons[self._refusal.message] = rest
        moved = self._moved(done)
        return replace(
            report,
            matched=self.total,
            done=done,
            gone=gone,
            failed=rest if reasons else 0,
            missing=tuple(self._jids()),
            before={name: before.get(name, 0) for name in after if is_touched(name, moved)},
            after={name: count for name, count in after.items() if is_touched(name, moved)},
            moved=moved,
            reasons=reasons,
            unfinished=self._stopped or bool(reasons),
        )

    def _moved(self, done: int) -> Counter[str]:
        """Return by how much this changed each structure."""
        kind, change = self._file.header.kind, self._file.header.change
        if kind is Kind.RECORDS:
            return self._ledger
        if change.in_place(kind):
            return Counter()
        moved = Counter({kind.value: done}) + Counter()
        target = change.target(kind)
        if target is not None:
            moved[target.value] -= self._outcomes[Outcome.DONE] - self._merged
        moved.subtract(self._queues)
        return moved

    def _commands(self, sending: deque[_Sent]) -> Iterator[Command]:
        for batch, result in self._applied():
            places = self._subject.outline(batch).places(result)
            for outcome in (Outcome.DONE, Outcome.MERGED):
                if not places[outcome]:
                    continue
                if self._watch.stopping():
                    self._stopped = True
                    return
                reversal = self._subject.revert(batch, places[outcome], outcome)
                sending.append(_Sent(places[outcome], outcome, reversal.ledger))
                yield reversal.command

    def _applied(self) -> Iterator[tuple[Batch, str]]:
        for number in sorted(self._results):
            batch = self._state.batches.get(number)
            if batch is not None:
                yield batch, self._results[number]

    def _from_queues(self) -> None:
        subject = self._subject
        assert isinstance(subject, JobSubject)  # noqa: S101 (only jobs go to queues)
        introduced = self._state.introduced
        unqueue = Unqueue(self._backend, self._file, subject.pushed, self._watch, introduced)
        back = unqueue.known(self._state.undo_batches, self._state.undo_results)
        for batch, result in self._applied():
            prepared: Prepared = subject.prepare(batch)
            done = prepared.places(result)[Outcome.DONE]
            unqueue.look_for(prepared, [place for place in done if place not in back])
            del prepared  # it may be large
        unqueue.run()
        self._outcomes.update(unqueue.outcomes)
        self._queues.update(unqueue.taken)
        self._left = unqueue.left
        self._queued = unqueue.still_queued
        self._stopped = unqueue.stopped
        if unqueue.refusal is not None:
            self._refused(unqueue.refusal)

    def _take(self, sent: _Sent, result: str) -> None:
        at = 0
        for outcome, count in read_result(result)[0]:
            self._outcomes[outcome] += count
            if outcome is Outcome.DONE:
                self._merged += count if sent.was is Outcome.MERGED else 0
                for ledger in sent.ledger[at : at + count]:
                    self._ledger.subtract(ledger)
            if outcome is Outcome.GONE:
                self._left += sent.places[at : at + count]
            at += count
        self._watch.acting(self._outcomes.total(), self.total)

    def _refused(self, refusal: JobctlError) -> None:
        if isinstance(refusal, Loading):
            raise refusal
        self._refusal = refusal

    def _jids(self) -> Iterator[str]:
        """Yield the JIDs of what could not be put back."""
        for place in self._left[:NAMED]:
            jid = self._subject.name(self._file.read(*self._selection.place(place)))
            if jid is not None:
                yield jid


@dataclass(frozen=True, slots=True)
class _Sent:
    """A call under way: the places of its jobs, what became of them before, their ledger."""

    places: Sequence[int]
    was: Outcome
    ledger: Sequence[Mapping[str, int]]


class Undoing(Protocol):
    """The undo of one operation."""

    @property
    def script(self) -> str:
        """The script that it needs."""

    @property
    def idle(self) -> bool:
        """Whether there is nothing to put back."""

    def preview(self) -> Preview:
        """Return what would be put back."""

    def prepare(self) -> None:
        """Do what comes before its first start; where that is refused, nothing was changed."""

    def sizes(self) -> dict[str, int]:
        """Return how many members the structures have that it can touch."""

    def run(self, report: Report) -> Report:
        """Put back what can be put back, and complete the report."""


def undo(backend: Backend, name: str, guards: Guards, watch: Watch) -> Report:
    """Undo an operation; one that was undone before is left as it is.

    Raises:
        NotFound: there is no such operation.
        Refused: it is of another server, in use, kept no file, or was carried out by somebody
            else; or the watch says no.
        FileProblem: its file is damaged.
    """
    guards.allow(backend.rules)
    with Journal.of(backend).open(name, write=not guards.dry_run) as file:
        check_undoable(file.header)
        state = History.read(backend, file, server_changed=guards.server_changed)
        return undo_file(backend, file, state, guards, watch)


def check_undoable(header: Header) -> None:
    """Check that this operation is one that can be undone.

    Raises:
        Refused: it is not.
    """
    permanent = header.change.verb.row.permanent
    if permanent:
        raise Refused(
            f"operation {header.operation} is a {header.change.verb}, and that cannot be undone: "
            f"{permanent}",
            hint=f"jobctl journal show {header.operation} --jobs names them",
        )


def undo_file(
    backend: Backend, file: OperationFile, state: History, guards: Guards, watch: Watch
) -> Report:
    """Undo the operation of an open file.

    Raises:
        Refused: the watch says no; or somebody else has carried it out.
        ConnectionLost: Redis went away; another undo goes on from there.
    """
    begun = time.monotonic()
    report = replace(state.report(file, "undo"), matched=0, skipped=0, missing=(), unmatched=())
    if state.undone is not None:
        return report
    undoing = _undoing(backend, file, state, guards, watch)
    if undoing is None or undoing.idle:
        return report
    preview = undoing.preview()
    if guards.dry_run:
        return rehearsed(report, preview, watch)
    header = file.header
    source = None if header.change.verb.row.on_queues else header.kind
    backend.operations.check_script(undoing.script, kind=source)
    if not watch.confirm(preview):
        raise Refused("not confirmed; nothing was changed")
    undoing.prepare()
    report = replace(report, before=_before(backend, file, state, undoing))
    watch.began(header.operation)
    try:
        report = undoing.run(report)
    except (ConnectionLost, Loading, FileProblem) as error:
        error.hint = f"nothing is lost; go on with: jobctl undo {header.operation}"
        raise
    if not report.unfinished:
        file.note({"undone": report.document()})
    return replace(report, seconds=time.monotonic() - begun)


def _undoing(
    backend: Backend, file: OperationFile, state: History, guards: Guards, watch: Watch
) -> Undoing | None:
    """Return the undo of an operation; None where it never began.

    Raises:
        Refused: somebody else has carried it out.
    """
    verb = file.header.change.verb
    if verb is Verb.ADOPT:
        from jobctl.operations.subjects.adoption import AdoptionUndo

        return AdoptionUndo(backend, file, state, watch)
    if verb is Verb.REMOVE:
        from jobctl.operations.subjects.restore import RemovalUndo

        return RemovalUndo(backend, file, state, guards, watch)
    if state.start is None:
        return None
    if state.claimant is not None:
        raise Refused(
            claimed_by(state.claimant, file.header),
            hint=f"{state.claimant} can undo it: jobctl undo {file.header.operation}",
        )
    return JobUndo(backend, file, state, watch)


def _before(
    backend: Backend, file: OperationFile, state: History, undoing: Undoing
) -> dict[str, int]:
    """Return what there was when the undo began; noted at its first start."""
    if state.undo is not None:
        return state.undo["before"]
    before = undoing.sizes()
    file.note({"undo": {"before": before, "at": backend.server.now()}})
    return before
