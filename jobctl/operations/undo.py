"""Undo: what can still be put back is put back, with its bytes and score; the rest is named."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jobctl.backend import Backend
from jobctl.errors import ConnectionLost, FileProblem, JobctlError, Loading, Refused
from jobctl.model.guards import Guards
from jobctl.model.layout import Kind
from jobctl.model.operation import Batch, Header, Outcome, read_result
from jobctl.model.preview import Preview
from jobctl.model.report import Report
from jobctl.model.verbs import Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import Journal
from jobctl.operations.state import State, claimed_by
from jobctl.operations.subject import Prepared, subject_of
from jobctl.operations.subjects.jobs import JobSubject
from jobctl.operations.tally import is_touched
from jobctl.operations.unqueue import Unqueue
from jobctl.operations.watch import Watch
from jobctl.redis.scripts import Command

NAMED = 10_000  # JIDs of what was not put back that a report carries; the file tells of all


def undo(backend: Backend, name: str, guards: Guards, watch: Watch) -> Report:
    """Undo an operation; one that was undone before is left as it is.

    Raises:
        NotFound: there is no such operation.
        Refused: it is of another server, in use, kept no file, or was carried out by somebody
            else; or whoever watches says no.
        FileProblem: its file is damaged.
    """
    allow(backend, guards)
    with Journal.of(backend).open(name, write=not guards.dry_run) as file:
        check_undoable(file.header)
        state = State.read(backend, file, server_changed=guards.server_changed)
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


def allow(backend: Backend, guards: Guards) -> None:
    """Check that the context allows more than a rehearsal, where more is meant.

    Raises:
        Refused: it is read-only.
    """
    if not guards.dry_run:
        backend.rules.allow()


def undo_file(
    backend: Backend, file: OperationFile, state: State, guards: Guards, watch: Watch
) -> Report:
    """Undo the operation of an open file."""
    if file.header.change.verb.row.on_queues:
        return _undo_on_queues(backend, file, state, guards, watch)
    begun = time.monotonic()
    report = replace(state.report(file, "undo"), matched=0, skipped=0, missing=(), unmatched=())
    if state.undone is not None or state.start is None:
        return report
    if state.claimant is not None:
        raise Refused(
            claimed_by(state.claimant, file.header),
            hint=f"{state.claimant} can undo it: jobctl undo {file.header.operation}",
        )
    undoing = _Undo(backend, file, state, watch)
    if not undoing.total:
        return report
    if guards.dry_run:
        return rehearsed(report, undoing.preview(), watch)
    backend.operations.check_script("begin", kind=file.header.kind)
    if not watch.confirm(undoing.preview()):
        raise Refused("not confirmed; nothing was changed")
    if state.undo is None:
        # What was noted and never applied must not come late, after its undo.
        late = [number for number in state.batches if number not in state.results]
        backend.operations.void(file.header.operation, late)

    def run(before: dict[str, int]) -> Report:
        undoing.run()
        return undoing.report(report, before)

    report = run_undo(backend, file, state, watch, count=undoing.sizes, run=run)
    return replace(report, seconds=time.monotonic() - begun)


def run_undo(
    backend: Backend,
    file: OperationFile,
    state: State,
    watch: Watch,
    *,
    count: Callable[[], dict[str, int]],
    run: Callable[[dict[str, int]], Report],
) -> Report:
    """Run an undo, and note in the file when it begins and when it has ended.

    Args:
        backend: what it works on.
        file: of the operation.
        state: what is known of it.
        watch: who looks on.
        count: counts the jobs there are before it.
        run: carries it out; takes these counts, those of its first start.

    Raises:
        ConnectionLost: Redis went away; another undo goes on from there.
    """
    if state.undo is not None:
        before = state.undo["before"]
    else:
        before = count()
        file.note({"undo": {"before": before, "at": backend.server.now()}})
    watch.began(file.header.operation)
    try:
        report = run(before)
    except (ConnectionLost, Loading, FileProblem) as error:
        error.hint = f"nothing is lost; go on with: jobctl undo {file.header.operation}"
        raise
    if not report.unfinished:
        file.note({"undone": report.document()})
    return report


def _undo_on_queues(
    backend: Backend, file: OperationFile, state: State, guards: Guards, watch: Watch
) -> Report:
    from jobctl.operations.removal.unadopting import undo_adoption
    from jobctl.operations.removal.undoing import undo_removal

    undo = undo_adoption if file.header.change.verb is Verb.ADOPT else undo_removal
    return undo(backend, file, state, guards, watch)


def rehearsed(report: Report, preview: Preview, watch: Watch) -> Report:
    """Show what would be changed, and return the report of having changed nothing."""
    watch.show(replace(preview, rehearsed=True))
    notes = (*report.notes, *preview.notes)
    return replace(report, matched=preview.chosen, dry_run=True, notes=notes)


class _Undo:
    """One undo of an operation on jobs or records."""

    def __init__(self, backend: Backend, file: OperationFile, state: State, watch: Watch) -> None:
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

    def sizes(self) -> dict[str, int]:
        """Return how many members the structures have that it can touch."""
        return self._subject.sizes(self._backend)

    def preview(self) -> Preview:
        """Return what would be put back."""
        header = self._file.header
        return Preview(
            action="undo",
            kind=header.kind,
            change=header.change,
            server=header.server,
            matched=self.total,
            chosen=self.total,
            sample=self._subject.sample(),
        )

    def run(self) -> None:
        """Put back what can be put back."""
        self._watch.acting(0, self.total)
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

    def report(self, report: Report, before: dict[str, int]) -> Report:
        """Return the report of what was put back."""
        after = self.sizes()
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
