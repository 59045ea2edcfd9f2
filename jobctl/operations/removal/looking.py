"""What there is to remove: the queues, how many jobs wait in them, and of what kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from jobctl.backend import Backend
from jobctl.errors import RefusedByFaktory, WrongType
from jobctl.model.entry import Entry, Place
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.preview import SAMPLE
from jobctl.model.queue import Queue, form_shown
from jobctl.model.removal import RemovedQueue, shown_queues
from jobctl.operations.subjects.scan import Kinds
from jobctl.queues.naming import find_queues
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
