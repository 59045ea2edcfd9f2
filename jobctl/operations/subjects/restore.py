"""The undo of a removal: the jobs back in front in their order, the names, and the pauses."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from jobctl.backend import Backend
from jobctl.errors import JobctlError, Loading, Refused, RefusedByRedis
from jobctl.model.entry import Entry
from jobctl.model.layout import QueueForm
from jobctl.model.operation import ChosenNote
from jobctl.model.queue import RemovedQueue, shown_queues
from jobctl.model.report import SAMPLE, Preview, Report
from jobctl.model.verbs import Guards, Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.history import History
from jobctl.operations.request import Watch, rehearsed, undo_preview
from jobctl.operations.subjects.conclude import (
    adopted_sizes,
    check_whole,
    conclude,
    queue_sizes,
    removed_entries,
)
from jobctl.operations.subjects.queues import open_server
from jobctl.operations.subjects.refill import Refill, Refilled
from jobctl.operations.subjects.remover import Remover
from jobctl.operations.subjects.staging import Rounds, rejoin_asides
from jobctl.queues.draining import QUIET
from jobctl.redis.queue_removal import PauseFate
from jobctl.systems.base import NewQueues
from jobctl.systems.faktory.server import Faktory

_LOOK_AGAIN = 0.25  # seconds
_TAKEN_WITHIN = 3.0  # seconds; a worker asks for jobs every two, and so the server meets the queue


@dataclass(frozen=True, slots=True)
class Repaused:
    """How pauses came back.

    Attributes:
        pause: what is to become of them in Redis.
        notes, problems: what there is to say.
        way: what helps against the problems.
    """

    pause: PauseFate = PauseFate.STAY
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    way: str = ""


def repause(backend: Backend, faktory: Faktory | None, names: Sequence[str]) -> Repaused:
    """Pause queues that were paused when they were removed, before their jobs are back.

    Where a server runs, it has to do it: it would not notice a pause in Redis alone. Once it has,
    whoever was asking for jobs then is given the time to end that.
    """
    if not names:
        return Repaused()
    shown, why, way = shown_queues(names), None, "give the server: --faktory-url"
    if faktory is not None:
        try:
            left = _pause(backend, faktory, names)
        except Refused as error:  # it is another Redis' server
            problem = f"the pause of {shown} cannot come back: {error.message}"
            return Repaused(problems=(problem,), way=error.hint or way)
        except JobctlError as error:
            why, way = error.message, "try again"
        else:
            if left:
                return _unknown(left)
            time.sleep(QUIET)
            return Repaused()
    running = backend.system.server_runs()
    if running or (running is None and why is not None):
        why = why or "the server that runs there would not notice"
        return Repaused(problems=(f"the pause of {shown} cannot come back: {why}",), way=way)
    if running is None:
        note = f"{shown}: paused in Redis; a running Faktory server would not notice"
        return Repaused(PauseFate.PAUSE, notes=(note,))
    return Repaused(PauseFate.PAUSE)


def _pause(backend: Backend, faktory: Faktory, names: Sequence[str]) -> list[str]:
    """Pause by the server, and return the queues that are not paused in Redis after some time."""
    backend.system.verify_server()
    left = list(names)
    end = time.monotonic() + _TAKEN_WITHIN
    while True:
        faktory.pause(left)
        left = [name for name, paused in backend.pauses.paused(left).items() if not paused]
        if not left or time.monotonic() > end:
            return left
        time.sleep(_LOOK_AGAIN)


def _unknown(names: Sequence[str]) -> Repaused:
    why = (
        f"the pause of {shown_queues(names)} did not take: the server does not know it before a "
        "worker or producer has asked for it"
    )
    return Repaused(problems=(why,), way="try again once one has")


_PATIENCE = 1.0  # seconds; a server does within milliseconds what it was told
_NAP = 0.05


class RemovalUndo:
    """One undo of a removal, also of one that never came to its end.

    Where the file is whole, the jobs come from it; else they stand aside in Redis still.
    """

    script = "rejoin"

    def __init__(
        self,
        backend: Backend,
        file: OperationFile,
        state: History,
        guards: Guards,
        watch: Watch,
    ) -> None:
        if state.selected is not None:
            check_whole(file, state.selected)
        self._guards = guards
        self._backend = backend
        self._file = file
        self._watch = watch
        self._repaused = Repaused()
        self._rounds = rounds = Rounds.read(backend, file.header)
        self._segments = [] if state.selected is None else state.selected.get("segments", [])
        self._refill: Refill | None = None
        if state.selected is not None and happened(backend, file, state.selected, rounds):
            self._refill = Refill(backend, file, self._segments, rounds, watch)
            self.queues = _kept(file, state.selected)
            self.total = self._refill.total
        else:
            places = range(len(file.header.queues)) if rounds else ()
            self.queues = {place: rounds.queue(place, file.header) for place in places}
            self.total = rounds.jobs

    @property
    def idle(self) -> bool:
        """Whether there is nothing to put back."""
        return not self.queues

    def sizes(self) -> dict[str, int]:
        """Return how many jobs wait in the queues."""
        return queue_sizes(self._backend, self._file.header.queues)

    def preview(self) -> Preview:
        """Return what would be put back."""
        return undo_preview(
            self._file.header,
            self.total,
            list(islice(self._entries(), SAMPLE)),
            notes=[f"paused again first: {shown_queues(self._paused)}"] if self._paused else [],
            queues=[queue.name for queue in self.queues.values()],
        )

    @property
    def _paused(self) -> list[str]:
        """The queues that were paused."""
        return [queue.name for queue in self.queues.values() if queue.paused]

    def prepare(self) -> None:
        """Put the pauses back, before any job.

        Raises:
            Refused: one cannot, and nobody said that the jobs may run.
        """
        if self._refill is None and self._rounds.marked:
            self._settle()
        still = self._backend.pauses.paused(self._paused)
        names = [name for name, paused in still.items() if not paused]
        self._repaused = repause(self._backend, self._backend.faktory, names)
        if self._repaused.problems and not self._guards.without_pause:
            raise Refused(
                f"{self._repaused.problems[0]}; nothing was put back",
                hint=f"{self._repaused.way}; or let its jobs run: --without-pause",
            )

    def run(self, report: Report) -> Report:
        """Put everything back, and complete the report."""
        self._watch.acting(0, self.total)
        repaused = self._repaused
        before = self._backend.removing.registered([queue.name for queue in self.queues.values()])
        pauses = {place: self._pause(queue, repaused) for place, queue in self.queues.items()}
        if self._refill is None:
            back = self._from_asides(pauses)
        else:
            back = self._refill.run(self.queues, pauses)
        done = back.done.total()
        notes = () if back.stopped or back.reasons else self._introduce(before)
        return replace(
            report,
            matched=self.total,
            done=done,
            failed=back.reasons.total(),
            reasons=back.reasons,
            after=queue_sizes(self._backend, self._file.header.queues),
            moved={f"queue:{name}": jobs for name, jobs in back.done.items()},
            notes=repaused.notes + notes,
            problems=repaused.problems,
            unfinished=back.stopped or bool(back.reasons),
        )

    def _introduce(self, before: Collection[str]) -> tuple[str, ...]:
        """Introduce the queues again that the server has removed."""
        listed = [queue for queue in self.queues.values() if queue.registered]
        facts = self._backend.system.server_facts()
        read = self._backend.system.form_known(self._backend.queues.named(), facts) or QueueForm.Q
        forms = {q.name: read if read in q.forms else q.forms[0] for q in listed}
        operation, stopping = self._file.header.operation, self._watch.stopping
        new = NewQueues(forms, before, operation, self._file.note, stopping)
        return self._backend.system.introduce(new)

    def _settle(self) -> None:
        """Give the server time to do what it may just have been told: it would hit what comes back.

        What it has removed has lost its mark. Marks that stay: it was never told.
        """
        listed = [q.name for q in self.queues.values() if q.registered or q.paused]
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and any(self._backend.pauses.paused(listed).values()):
            time.sleep(_NAP)

    def _entries(self) -> Iterator[Entry]:
        return removed_entries(self._file, self._segments) if self._refill else iter(())

    def _pause(self, queue: RemovedQueue, repaused: Repaused) -> PauseFate:
        if queue.paused:
            return repaused.pause
        return PauseFate.UNPAUSE if self._refill is None and self._rounds.marked else PauseFate.STAY

    def _from_asides(self, pauses: Mapping[int, PauseFate]) -> Refilled:
        try:
            rejoin_asides(self._backend, self._file.header, self._rounds, pauses)
        except RefusedByRedis as error:
            if isinstance(error, Loading):
                raise
            return Refilled(reasons=Counter({error.message: self.total}))
        done: Counter[str] = Counter()
        for place, queue in self.queues.items():
            done[queue.name] += self._rounds.jobs_of({place})
        return Refilled(done)


def happened(backend: Backend, file: OperationFile, choice: ChosenNote, rounds: Rounds) -> bool:
    """Tell whether what a file says has happened to this Redis.

    A server that lost its last second has the jobs where they were, and knows of no call that
    took them; one that has forgotten the calls for their age has not.
    """
    if rounds.told:
        calls = {taken.number for some in rounds.taken.values() for taken in some.values()} | {""}
        if all(segment.number in calls for segment in choice.get("segments", ())):
            return True
        if any(backend.removing.lengths(rounds.keys(backend, file.header))):
            return False
    elif rounds:
        return True
    return not backend.removing.holds(_last_ones(backend, file, choice))


def _last_ones(
    backend: Backend, file: OperationFile, choice: ChosenNote
) -> Iterator[tuple[bytes, bytes]]:
    """Yield each list with the last job that came from it."""
    members = file.members()
    for segment in choice.get("segments", ()):
        last = None
        for last in islice(members, segment.jobs):  # noqa: B007 (that one is wanted)
            pass
        if last is not None and not segment.back:
            yield backend.removing.key(segment.queue, segment.form), last


def _kept(file: OperationFile, choice: ChosenNote) -> dict[int, RemovedQueue]:
    """Return the queues that were removed, by their places in the header."""
    by_name = {queue.name: queue for queue in choice.get("queues", ())}
    return {
        place: by_name[queue.name]
        for place, queue in enumerate(file.header.queues)
        if queue.name in by_name
    }


def resume_removal(
    backend: Backend, file: OperationFile, state: History, guards: Guards, watch: Watch
) -> Report:
    """Go on with a removal: what stands aside is written into the file anew, if need be.

    Raises:
        Refused: nothing was changed by then; or the watch says no.
        ConnectionLost: Redis or the server went away; another resume goes on from there.
    """
    rounds = Rounds.read(backend, file.header)
    report = state.report(file, file.header.change.verb.value)
    if state.selected is not None:
        check_whole(file, state.selected)
    adopting = file.header.change.verb is Verb.ADOPT
    if adopting:
        report = replace(report, before=adopted_sizes(backend, file.header))
    if state.selected is not None and happened(backend, file, state.selected, rounds):
        report = conclude(backend, file, rounds, state.selected, report, watch)
        return report if state.end is None else report.of_earlier(file.header.operation)
    if not rounds:
        raise Refused(
            f"operation {file.header.operation} was stopped before it changed anything, "
            "or this Redis has lost what it did",
            hint="run its command again",
        )
    door, notes = (None, ()) if adopting else open_server(backend, rehearsed=guards.dry_run)
    matched = max(sum(queue.jobs for queue in file.header.queues), rounds.jobs)
    report = replace(report, matched=matched, notes=notes)
    preview = _preview(file, rounds, notes)
    if guards.dry_run:
        return rehearsed(report, preview, watch)
    backend.operations.check_script("remove")
    if not watch.confirm(preview):
        raise Refused("not confirmed; nothing was changed")
    file.rewind()
    return Remover(backend, file, door, rounds, watch).run(report)


def _preview(file: OperationFile, rounds: Rounds, notes: Sequence[str]) -> Preview:
    header = file.header
    return Preview(
        action="resume",
        kind=header.kind,
        change=header.change,
        server=header.server,
        matched=rounds.jobs,
        chosen=rounds.jobs,
        notes=["they stand aside: no worker sees them; jobctl undo puts them back instead", *notes],
        queues=[queue.name for queue in header.queues],
    )
