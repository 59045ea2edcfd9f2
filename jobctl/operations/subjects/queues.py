"""Whole queues: removed, or adopted into the lists that the server reads."""

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
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.operation import Header
from jobctl.model.queue import Queue, RemovedQueue, form_shown, is_unread, shown_queues
from jobctl.model.report import SAMPLE, Preview, Report
from jobctl.model.verbs import Guards, Verb
from jobctl.operations.journal import Journal
from jobctl.operations.request import Request, Watch
from jobctl.operations.subjects.conclude import adopted_sizes, queue_sizes
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
        asked: what must be known beside that before it is confirmed.
        door: the server that has to remove them.
        form: of the lists that jobs are adopted into.
    """

    queues: tuple[RemovedQueue, ...]
    notes: tuple[str, ...]
    asked: tuple[str, ...] = ()
    door: Faktory | None = None
    form: QueueForm | None = None

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


def _remove_at_once(backend: Backend, look: Look, guards: Guards, report: Report) -> Report:
    """Remove queues and keep nothing.

    Raises:
        Refused: there are more, or fewer, jobs than may be; nothing was changed.
        RefusedByFaktory: the server said no; nothing was changed.
        ConnectionLost: one of the two went away.
    """
    operation, door = secrets.token_hex(4), look.door
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
    """Have the server remove them, and take the marks away from what it did not remove."""
    names = [queue.name for queue in look.queues]
    listed = [i for i, queue in enumerate(taken) if queue.registered or queue.paused]
    stayed = frozenset(listed)
    try:
        answer = ask_server(backend, door, names, listed)
        stayed = answer.stayed
    finally:
        backend.removing.unmark([names[i] for i in sorted(stayed) if not taken[i].paused])
    return answer.stayed, answer.why, answer.notes


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


def change_queues(backend: Backend, request: Request, watch: Watch) -> Report:
    """Remove queues, their jobs and their pauses; or adopt the jobs of lists that are not read.

    Raises:
        UsageProblem: only the server is known.
        NotFound: a queue is not known; nothing was changed.
        WrongType: a key holds something else than a list.
        Refused: a guard or the watch says no; or a server runs that would not notice.
        RefusedByFaktory: the server said no; nothing was changed.
        ConnectionLost: one of the two went away; resume goes on from there.
    """
    backend.require_redis(f"queue {request.change.verb}")
    begun, guards = time.monotonic(), request.guards
    adopting = request.change.verb is Verb.ADOPT
    look = _look_for_unread(backend, request) if adopting else _look_for_all(backend, request)
    guards.check(look.jobs)
    if not adopting:
        _refuse_held(backend, look)
    report = Report(
        action=request.change.verb.value,
        target=Kind.QUEUE.value,
        server=str(backend.target),
        matched=look.jobs,
        dry_run=guards.dry_run,
        reason=guards.reason,
        notes=look.notes,
    )
    preview = _preview(backend, look, request)
    if guards.dry_run or not look.queues:
        watch.show(preview)
        return replace(report, seconds=time.monotonic() - begun)
    backend.operations.check_script("remove")
    asked = time.monotonic()
    if not watch.confirm(preview):
        raise Refused("not confirmed; nothing was changed")
    begun += time.monotonic() - asked  # nobody's work
    backend.system.remember_server()
    # What is held to a count, and takes several calls, is put aside first: it may have to go back.
    at_once = guards.bounds(0) == (None, None) or len(look.queues) <= QUEUES
    if at_once and not guards.undo and not adopting:
        report = _remove_at_once(backend, look, guards, report)
    else:
        report = _carry_out(backend, look, request, report, watch)
    return replace(report, seconds=time.monotonic() - begun)


def _look_for_all(backend: Backend, request: Request) -> Look:
    """Look at the queues that are to be removed, and open the server that has to do it."""
    door, warnings = open_server(backend, rehearsed=request.guards.dry_run)
    look = look_at(backend, None if request.all_queues else request.names, door)
    by_server = door is not None and look.queues and not request.guards.dry_run
    return replace(
        look,
        notes=(*warnings, *look.notes),
        door=door,
        asked=(f"the server that removes them is {door.address}",) if door and by_server else (),
    )


def _look_for_unread(backend: Backend, request: Request) -> Look:
    """Look at the lists of the form that is not read.

    Raises:
        WrongType: the key that the server reads is no list.
        Refused: nothing tells what the server reads.
    """
    read, warnings = backend.system.form_to_write(rehearsed=request.guards.dry_run)
    if request.all_queues:
        queues = all_queues(backend)
    else:
        queues = find_queues(backend, list(dict.fromkeys(request.names)))
    unread = [
        queue
        for queue in queues
        if is_unread(queue, read) and read in backend.layout.queue_forms(queue.name)
    ]
    for queue in unread:
        kind = backend.queues.type_of(queue.name, read)
        if kind not in ("list", "none"):
            key = backend.layout.queue_key(queue.name, read)
            raise WrongType(f"the key {key} holds a {kind}, no list of jobs")
    note = f"the server reads the lists {backend.layout.lists_pattern(read)}"
    notes = (note if unread else f"{note}: no others are there", *warnings)
    return Look(tuple(map(_as_removed, unread)), notes, form=read)


def _as_removed(queue: Queue) -> RemovedQueue:
    forms = () if queue.form is None else (queue.form,)
    return RemovedQueue(queue.name, queue.registered, queue.paused, forms, queue.size)


def _refuse_held(backend: Backend, look: Look) -> None:
    """Refuse what is held: the pause of a holder would come back as if it were the queue's own.

    Raises:
        Refused: somebody holds one of the queues; says who.
    """
    holds = find_holders(backend, [queue.name for queue in look.queues])
    refuse_held(holds, "wait until its holder is done: jobctl queue ls shows it")


def _carry_out(
    backend: Backend, look: Look, request: Request, report: Report, watch: Watch
) -> Report:
    """Carry it out with a file, from its beginning to its end."""
    journal = Journal.of(backend)
    journal.tidy()
    with journal.create(_header(backend, look, request)) as file:
        if request.change.verb is Verb.ADOPT:
            report = replace(report, before=adopted_sizes(backend, file.header))
        remover = Remover(backend, file, look.door, Rounds(), watch)
        try:
            file.flush()
            report = replace(report, operation=file.header.operation)
            return remover.run(report, request.guards)
        except BaseException:
            if remover.untouched:
                file.delete()  # nothing was changed: there is nothing to undo, nor to resume
            raise


def _header(backend: Backend, look: Look, request: Request) -> Header:
    """Return the first line of the file."""
    return Header(
        operation=secrets.token_hex(4),
        kind=Kind.QUEUE,
        change=request.change,
        form=look.form,
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
        faktory=None if look.door is None else str(look.door.address),
    )


def _preview(backend: Backend, look: Look, request: Request) -> Preview:
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
        notes=[*look.counts(), *look.notes, *look.asked],
        rehearsed=request.guards.dry_run,
        queues=[queue.name for queue in look.queues],
        name=request.typed,
    )
