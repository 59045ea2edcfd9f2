"""What there is to remove: the queues, how many jobs wait in them, and of what kind."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from jobctl.backend import Backend
from jobctl.errors import Refused, RefusedByFaktory, WrongType
from jobctl.model.entry import Entry, Place
from jobctl.model.guards import Guards
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.operation import Header
from jobctl.model.queue import Queue, RemovedQueue, form_shown, shown_queues
from jobctl.model.report import SAMPLE, Preview, Report
from jobctl.model.verbs import Verb
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import Journal
from jobctl.operations.request import Request, Watch
from jobctl.operations.subjects.conclude import queue_sizes
from jobctl.operations.subjects.jobs import Kinds
from jobctl.operations.subjects.remover import Remover, ask_server
from jobctl.operations.subjects.staging import Rounds
from jobctl.queues.holders import find_holders, refuse_held
from jobctl.queues.naming import find_queues
from jobctl.redis.queue_removal import QUEUES, ListFate, NameFate, StagedQueue, Staging
from jobctl.systems.faktory.server import Faktory

Histogram = Mapping[tuple[str, ...], int]

_LINES = 10  # queues that are told of one by one


@dataclass(frozen=True, slots=True)
class Look:
    """What was found.

    Attributes:
        queues: in the order they were named.
        notes: what else there is to know.
    """

    queues: tuple[RemovedQueue, ...]
    notes: tuple[str, ...]

    @property
    def jobs(self) -> int:
        """The jobs that wait in all of them."""
        return sum(queue.jobs for queue in self.queues)

    def counts(self) -> Iterator[str]:
        """Yield how many jobs each queue has, as sentences; the first ones."""
        for queue in self.queues[:_LINES]:
            paused = ", paused" if queue.paused else ""
            yield f"{queue.name}: {queue.jobs:,} {'job' if queue.jobs == 1 else 'jobs'}{paused}"
        rest = self.queues[_LINES:]
        if rest:
            yield f"and {len(rest):,} more queues: {sum(queue.jobs for queue in rest):,} jobs"

    def describe(self, backend: Backend) -> tuple[Histogram, list[Entry]]:
        """Return how many jobs of each kind there are, and those that run first.

        It reads all of them, while workers take some: near the counts, not exactly they.
        """
        lists = [(queue, form) for queue in self.queues for form in queue.forms]
        keys = [backend.removing.key(queue.name, form) for queue, form in lists]
        lengths = backend.removing.lengths(keys)
        kinds = Kinds(backend.layout, Kind.QUEUE)
        sample: list[Entry] = []
        for index, members in backend.removing.stream(list(zip(keys, lengths, strict=True))):
            kinds.count(members)
            queue, form = lists[index]
            place = Place(Kind.QUEUE, queue.name, None, form)
            more = members[: SAMPLE - len(sample)]
            sample += [Entry.queued(raw, place, backend.layout) for raw in more]
        return kinds.histogram(), sample


def look_at(backend: Backend, names: Sequence[str] | None, door: Faktory | None) -> Look:
    """Find queues by their names, or all there are.

    Raises:
        NotFound: a name is no queue's; says which is near.
        WrongType: the key of one holds something else.
        Refused: the server has to remove one, and cannot be told of it.
    """
    queues = (
        all_queues(backend) if names is None else find_queues(backend, list(dict.fromkeys(names)))
    )
    for queue in queues:
        if queue.wrong_type is not None:
            key = backend.layout.queue_key(queue.name, QueueForm.Q)
            raise WrongType(f"the key {key} holds a {queue.wrong_type}, no list of jobs")
    notes: list[str] = []
    by_name: dict[str, list[Queue]] = {}
    for queue in queues:
        by_name.setdefault(queue.name, []).append(queue)
    if door is not None:
        if names is not None:
            backend.system.check_sendable(by_name)
        left = [name for name in by_name if not backend.system.is_sendable(name)]
        notes = [f"left alone, as the server cannot be told of it: {name!r}" for name in left]
        by_name = {
            name: lists for name, lists in by_name.items() if backend.system.is_sendable(name)
        }
    expected = _expected(backend, list(queues), door) if by_name else QueueForm.Q
    found = tuple(_removed(backend, lists, expected) for lists in by_name.values())
    notes += _working(backend, set(by_name))
    return Look(found, tuple(notes))


def all_queues(backend: Backend) -> list[Queue]:
    """Return all queues, with the lists whose name is in no set."""
    queues = backend.queues.named()
    return queues + backend.queues.strays(queues)


def _expected(backend: Backend, queues: Sequence[Queue], door: Faktory | None) -> QueueForm:
    """Return the form of the lists that new jobs go to, where a queue has none yet."""
    facts = None
    if door is not None:
        with suppress(RefusedByFaktory):  # one that does not tell of itself
            facts = door.facts
    known = backend.system.form_known(queues, facts)
    if known is not None:
        return known
    shown = form_shown(queues, backend.form)
    return QueueForm.BARE if shown == QueueForm.BARE else QueueForm.Q


def _removed(backend: Backend, lists: Sequence[Queue], expected: QueueForm) -> RemovedQueue:
    """Return a queue with all its lists, also the one that may come into being any moment."""
    name = lists[0].name
    forms = {queue.form for queue in lists if queue.key is not None} | {expected}
    possible = backend.layout.queue_forms(name)
    return RemovedQueue(
        name,
        any(queue.registered for queue in lists),
        any(queue.paused for queue in lists),
        tuple(form for form in possible if form in forms) or possible,
        sum(queue.size for queue in lists),
    )


def _working(backend: Backend, names: set[str]) -> list[str]:
    """Say how many jobs of these queues are being worked on."""
    if not names or backend.set(Kind.WORKING).key in backend.odd_keys():
        return []
    busy = Counter(entry.job.text("queue") for entry in backend.set(Kind.WORKING).walk())
    mine = {name: busy[name] for name in names if busy[name]}
    if not mine:
        return []
    count = sum(mine.values())
    jobs, end = (
        ("job is", "it runs to its end") if count == 1 else ("jobs are", "they run to their end")
    )
    shown = shown_queues(sorted(mine))
    return [f"{count:,} {jobs} being worked on, of {shown}: left alone, {end}"]


UNCOUNTED = "what was pushed after the jobs were counted was removed as well, uncounted"


def remove_at_once(
    backend: Backend, door: Faktory | None, look: Look, guards: Guards, report: Report
) -> Report:
    """Remove queues and keep nothing.

    Raises:
        Refused: there are more, or fewer, jobs than may be; nothing was changed.
        RefusedByFaktory: the server said no; nothing was changed.
        ConnectionLost: one of the two went away.
    """
    operation = secrets.token_hex(4)
    fewest, most = guards.bounds(0)
    lists, fate = (
        (ListFate.UNLINK, NameFate.FORGET) if door is None else (ListFate.STAY, NameFate.MARK)
    )
    taking = Staging(operation, 1, lists, fate, fewest, most)
    taken = backend.removing.stage(taking, look.queues)
    if isinstance(taken, int):
        raise guards.refusal(taken) or Refused()
    stayed: frozenset[int] = frozenset()
    why = ""
    if door is not None:
        stayed, why, notes = _by_server(backend, door, look, taken)
        uncounted = (UNCOUNTED,) if len(stayed) < len(taken) else ()
        report = replace(report, notes=(*report.notes, *notes, *uncounted))
    backend.removing.forget(operation)
    jobs = [queue.total for queue in taken]
    failed = sum(jobs[place] for place in stayed)
    matched = max(look.jobs, sum(jobs))
    return replace(
        report,
        matched=matched,
        done=sum(jobs) - failed,
        failed=failed,
        gone=matched - sum(jobs),
        reasons={why: failed} if failed else {},
        problems=(why,) if stayed and not failed else (),
        before={f"queue:{queue.name}": queue.jobs for queue in look.queues},
        after=queue_sizes(backend, look.queues),
        moved={
            f"queue:{queue.name}": -count
            for place, (queue, count) in enumerate(zip(look.queues, jobs, strict=True))
            if place not in stayed
        },
    )


def _by_server(
    backend: Backend, door: Faktory, look: Look, taken: list[StagedQueue]
) -> tuple[frozenset[int], str, tuple[str, ...]]:
    """Let the server remove them, and take the marks away from what it did not remove."""
    names = [queue.name for queue in look.queues]
    listed = [i for i, queue in enumerate(taken) if queue.registered or queue.paused]
    stayed = frozenset(listed)
    try:
        answer = ask_server(backend, door, names, listed)
        stayed = answer.stayed
    finally:
        backend.removing.unmark([names[i] for i in sorted(stayed) if not taken[i].paused])
    return answer.stayed, answer.why, answer.notes


def remove_queues(backend: Backend, request: Request, watch: Watch) -> Report:
    """Remove queues, their jobs, and their pauses.

    Raises:
        UsageProblem: only the server is known.
        NotFound: a queue is not known; nothing was changed.
        Refused: a guard, or whoever watches, says no; or a server runs that would not notice.
        RefusedByFaktory: the server said no; nothing was changed.
        ConnectionLost: one of the two went away; resume goes on from there.
    """
    backend.require_redis("queue remove")
    begun = time.monotonic()
    report = _remove(backend, request, watch)
    return replace(report, seconds=report.seconds + time.monotonic() - begun)


def open_server(backend: Backend, *, rehearsed: bool) -> tuple[Faktory | None, tuple[str, ...]]:
    """Return the server that has to remove the queues, open; and what there is to say.

    Raises:
        Refused: one runs on this Redis, and nobody named it; or it uses another Redis.
        Unreachable: the one that was named cannot be reached.
    """
    if backend.faktory is not None:
        if rehearsed:
            return backend.faktory, tuple(backend.system.compare_counters())
        backend.system.verify_server()
        return backend.faktory, ()
    route = backend.system.pause_route(at_restart=False, offered=False)
    return None, () if route.warning is None else (route.warning,)


def _remove(backend: Backend, request: Request, watch: Watch) -> Report:
    door, notes = open_server(backend, rehearsed=request.guards.dry_run)
    look = look_at(backend, request.names if not request.all_queues else None, door)
    guards = request.guards
    guards.check(look.jobs)
    _refuse_held(backend, look)
    report = Report(
        action=Verb.REMOVE.value,
        target=Kind.QUEUE.value,
        server=str(backend.target),
        matched=look.jobs,
        dry_run=guards.dry_run,
        reason=guards.reason,
        notes=(*notes, *look.notes),
    )
    if guards.dry_run or not look.queues:
        watch.show(make_preview(backend, look, request, notes))
        return report
    backend.operations.check_script("remove")
    asked = time.monotonic()
    if door is not None:
        notes = (f"the server that removes them is {door.address}",)
    if not watch.confirm(make_preview(backend, look, request, notes)):
        raise Refused("not confirmed; nothing was changed")
    report = replace(report, seconds=asked - time.monotonic())  # nobody's work
    backend.system.remember_server()
    # What is held to a count, and takes several calls, is put aside first: it may have to go back.
    at_once = guards.bounds(0) == (None, None) or len(look.queues) <= QUEUES
    if at_once and not guards.undo:
        return remove_at_once(backend, door, look, guards, report)
    journal = Journal.of(backend)
    journal.tidy()
    with journal.create(make_header(backend, door, look, request)) as file:
        return run_remover(backend, file, door, guards, report, watch)


def _refuse_held(backend: Backend, look: Look) -> None:
    """Refuse what is held: the pause of a holder would come back as if it were the queue's own.

    Raises:
        Refused: somebody holds one of the queues; says who.
    """
    holds = find_holders(backend, [queue.name for queue in look.queues])
    refuse_held(holds, "wait until its holder is done: jobctl queue ls shows it")


def run_remover(
    backend: Backend,
    file: OperationFile,
    door: Faktory | None,
    guards: Guards,
    report: Report,
    watch: Watch,
) -> Report:
    """Carry it out, from its beginning to its end."""
    remover = Remover(backend, file, door, Rounds(), watch)
    try:
        file.flush()
        return remover.run(replace(report, operation=file.header.operation), guards)
    except BaseException:
        if remover.untouched:
            file.delete()  # nothing was changed: there is nothing to undo, nor to resume
        raise


def make_header(
    backend: Backend,
    door: Faktory | None,
    look: Look,
    request: Request,
    form: QueueForm | None = None,
) -> Header:
    """Return the first line of the file of a removal, or of an adoption to lists of a form."""
    return Header(
        operation=secrets.token_hex(4),
        kind=Kind.QUEUE,
        change=request.change,
        form=form,
        server=str(backend.target),
        identity=backend.operations.claim_identity(),
        where=" ".join(dict.fromkeys(request.names)),
        who=request.author.who,
        host=request.author.host,
        argv=request.author.argv,
        reason=request.guards.reason,
        started_at=backend.server.now(),
        queues=look.queues,
        keep=request.guards.undo,
        context=request.context,
        faktory=None if door is None else str(door.address),
    )


def make_preview(backend: Backend, look: Look, request: Request, notes: Sequence[str]) -> Preview:
    """Return what would be done."""
    histogram, sample = look.describe(backend) if request.histogram else ({}, ())
    return Preview(
        action=request.change.verb.value,
        kind=Kind.QUEUE,
        change=request.change,
        server=str(backend.target),
        matched=look.jobs,
        chosen=look.jobs,
        histogram=histogram,
        sample=sample,
        notes=[*look.counts(), *look.notes, *notes],
        rehearsed=request.guards.dry_run,
        queues=[queue.name for queue in look.queues],
        name=request.typed,
    )
