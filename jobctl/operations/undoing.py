"""Undo: what can still be put back is put back, with its bytes and score; the rest is named."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from jobctl.backend import Backend
from jobctl.errors import ConnectionLost, FileProblem, JobctlError, Loading, Refused
from jobctl.model.guards import Guards
from jobctl.model.layout import Kind
from jobctl.model.operation import Batch, Header, Outcome, read_result
from jobctl.model.preview import Preview
from jobctl.model.report import Report
from jobctl.model.verbs import Verb
from jobctl.operations.carrying import sizes
from jobctl.operations.chosen import Chosen
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import Journal
from jobctl.operations.past import Past, claimed_by
from jobctl.operations.preparing import Preparer, Ready
from jobctl.operations.tally import done_places, is_touched
from jobctl.operations.unqueueing import Unqueue
from jobctl.operations.watch import Watch
from jobctl.redis.operations import Call
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
        past = Past.read(backend, file, server_changed=guards.server_changed)
        return undo_file(backend, file, past, guards, watch)


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
    backend: Backend, file: OperationFile, past: Past, guards: Guards, watch: Watch
) -> Report:
    """Undo the operation of an open file."""
    if file.header.change.verb.row.on_queues:
        return _undo_on_queues(backend, file, past, guards, watch)
    begun = time.monotonic()
    report = replace(past.report(file, "undo"), matched=0, skipped=0, missing=(), unmatched=())
    if past.undone is not None or past.acting is None:
        return report
    if past.claimant is not None:
        raise Refused(
            claimed_by(past.claimant, file.header),
            hint=f"{past.claimant} can undo it: jobctl undo {file.header.operation}",
        )
    undoing = _undoing(file.header)(backend, file, past, watch)
    if not undoing.total:
        return report
    if guards.dry_run:
        return rehearsed(report, undoing.preview(), watch)
    backend.operations.check_script("begin", kind=file.header.kind)
    if not watch.confirm(undoing.preview()):
        raise Refused("not confirmed; nothing was changed")
    if past.undo is None:
        # What was noted and never applied must not come late, after its undo.
        late = [number for number in past.batches if number not in past.results]
        backend.operations.void(file.header.operation, late)

    def run(before: dict[str, int]) -> Report:
        undoing.run()
        return undoing.report(report, before, sizes(backend, file.header))

    report = run_undo(
        backend, file, past, watch, count=lambda: sizes(backend, file.header), run=run
    )
    return replace(report, seconds=time.monotonic() - begun)


def run_undo(
    backend: Backend,
    file: OperationFile,
    past: Past,
    watch: Watch,
    *,
    count: Callable[[], dict[str, int]],
    run: Callable[[dict[str, int]], Report],
) -> Report:
    """Run an undo, and note in the file when it begins and when it has ended.

    Args:
        backend: what it works on.
        file: of the operation.
        past: what is known of it.
        watch: who looks on.
        count: counts the jobs there are before it.
        run: carries it out; takes these counts, those of its first start.

    Raises:
        ConnectionLost: Redis went away; another undo goes on from there.
    """
    if past.undo is not None:
        before = past.undo["before"]
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
    backend: Backend, file: OperationFile, past: Past, guards: Guards, watch: Watch
) -> Report:
    # They need this file.
    from jobctl.operations.removal.unadopting import undo_adoption
    from jobctl.operations.removal.undoing import undo_removal

    undo = undo_adoption if file.header.change.verb is Verb.ADOPT else undo_removal
    return undo(backend, file, past, guards, watch)


def _undoing(header: Header) -> type[Undoing]:
    if header.kind is not Kind.RECORDS:
        return Undoing
    from jobctl.records.undoing import RecordUndoing  # only records need it

    return RecordUndoing


def rehearsed(report: Report, preview: Preview, watch: Watch) -> Report:
    """Show what would be changed, and return the report of having changed nothing."""
    watch.show(replace(preview, rehearsed=True))
    notes = (*report.notes, *preview.notes)
    return replace(report, matched=preview.chosen, dry_run=True, notes=notes)


class Undoing:
    """One undo."""

    def __init__(self, backend: Backend, file: OperationFile, past: Past, watch: Watch) -> None:
        self._backend = backend
        self._file = file
        # What Redis forgot, the file tells: each job is looked at before it is put back.
        self._results = {**past.told, **past.results}
        self._past = past
        self._watch = watch
        self._chosen: Chosen = past.chosen(file)
        self._preparer = Preparer.of(file, self._chosen, backend.layout)
        self._outcomes: Counter[Outcome] = Counter()
        self._left: list[int] = []
        self._queues: Counter[str] = Counter()  # jobs taken out of each
        self._queued: dict[str, int] = {}  # what is in a queue still, and how many jobs
        self._merged = 0  # jobs put back that have a twin, which stays
        self._refusal: JobctlError | None = None
        self._stopped = False
        self.total = sum(
            count
            for text in self._results.values()
            for outcome, count in read_result(text)[0]
            if outcome in (Outcome.DONE, Outcome.MERGED)
        )

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
            sample=self._preparer.sample(),
        )

    def run(self) -> None:
        """Put back what can be put back."""
        self._watch.acting(0, self.total)
        if self._file.header.change.to_queues:
            self._from_queues()
            return
        under_way: list[tuple[Sequence[int], Outcome]] = []
        for reply in self._backend.operations.each(self._commands(under_way)):
            places, outcome = under_way.pop(0)
            if isinstance(reply, JobctlError):
                self._refused(reply)
                return
            self._take(places, outcome, reply.decode("utf-8", "replace"))

    def report(self, report: Report, before: dict[str, int], after: dict[str, int]) -> Report:
        """Return the report of what was put back."""
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
        kind = self._file.header.kind
        target = self._file.header.change.target(kind)
        if self._file.header.change.in_place(kind):
            return Counter()
        moved = Counter({kind.value: done}) + Counter()
        if target is not None:
            moved[target.value] -= self._outcomes[Outcome.DONE] - self._merged
        moved.subtract(self._queues)
        return moved

    def _commands(self, under_way: list[tuple[Sequence[int], Outcome]]) -> Iterator[Command]:
        for batch, result in self._applied():
            places = done_places(self._preparer.outline(batch), result)
            for suffix, outcome in (("", Outcome.DONE), ("t", Outcome.MERGED)):
                if not places[outcome]:
                    continue
                if self._watch.stopping():
                    self._stopped = True
                    return
                call = Call(
                    self._backend.layout, self._file.header.operation, f"u{batch.number}{suffix}"
                )
                under_way.append((places[outcome], outcome))
                yield self._back(call, batch, places[outcome], outcome)

    def _applied(self) -> Iterator[tuple[Batch, str]]:
        for number in sorted(self._results):
            batch = self._past.batches.get(number)
            if batch is not None:
                yield batch, self._results[number]

    def _back(self, call: Call, batch: Batch, places: Sequence[int], outcome: Outcome) -> Command:
        """Return the call that undoes a batch for these of its jobs."""
        header = self._file.header
        pairs = self._preparer.scored(batch.start, batch.jobs)
        chosen = [pairs[place - batch.start] for place in places]
        members = [raw for raw, _ in chosen]
        scores = [score for _, score in chosen]
        target = header.change.target(header.kind)
        if header.change.in_place(header.kind):
            assert batch.scores is not None  # noqa: S101
            given = [batch.scores.at(place - batch.start) for place in places]
            return call.reschedule(header.kind, members, scores, given)
        if target is None or outcome is Outcome.MERGED:
            return call.restore(header.kind, members, scores)
        if not header.change.reset_retries:
            return call.move((target, header.kind), members, scores)
        pushed = self._preparer.ready(batch).pushed
        present = [pushed[place - batch.start] for place in places]
        return call.move((target, header.kind), present, scores, members)

    def _from_queues(self) -> None:
        introduced = self._past.introduced
        unqueue = Unqueue(self._backend, self._file, self._preparer, self._watch, introduced)
        back = unqueue.known(self._past.undo_batches, self._past.undo_results)
        for batch, result in self._applied():
            ready: Ready = self._preparer.ready(batch)
            done = done_places(ready, result)[Outcome.DONE]
            unqueue.look_for(ready, [place for place in done if place not in back])
            del ready  # it may be large
        unqueue.run()
        self._outcomes.update(unqueue.outcomes)
        self._queues.update(unqueue.taken)
        self._left = unqueue.left
        self._queued = unqueue.still_queued
        self._stopped = unqueue.stopped
        if unqueue.refusal is not None:
            self._refused(unqueue.refusal)

    def _take(self, places: Sequence[int], was: Outcome, result: str) -> None:
        at = 0
        for outcome, count in read_result(result)[0]:
            self._outcomes[outcome] += count
            if was is Outcome.MERGED and outcome is Outcome.DONE:
                self._merged += count
            if outcome is Outcome.GONE:
                self._left += places[at : at + count]
            at += count
        self._watch.acting(self._outcomes.total(), self.total)

    def _refused(self, refusal: JobctlError) -> None:
        if isinstance(refusal, Loading):
            raise refusal
        self._refusal = refusal

    def _jids(self) -> Iterator[str]:
        """Yield the JIDs of what could not be put back."""
        for place in self._left[:NAMED]:
            jid = self._preparer.name(self._file.read(*self._chosen.place(place)))
            if jid is not None:
                yield jid
