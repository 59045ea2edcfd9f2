"""What Redis knows of the removal of queues: what was put aside, when, and how far it came."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jobctl.backend import Backend
from jobctl.model.layout import QueueForm
from jobctl.model.operation import Header
from jobctl.model.queue import RemovedQueue
from jobctl.redis.queue_removal import PauseFate, ReturnedList, StagedQueue, read_staged

_SEARCHED = 64  # rounds that are looked for where Redis has forgotten how many there were


@dataclass(slots=True)
class Rounds:
    """The times that lists were put aside.

    Attributes:
        taken: by round, then by the place of the queue in the header.
        removed: whether the server has removed the queues.
        returned: the calls that put lists back, or jobs into them.
        told: whether Redis still tells; else it was seen from the keys.
    """

    taken: dict[int, dict[int, StagedQueue]] = field(default_factory=dict)
    removed: bool = False
    returned: Mapping[str, str] = field(default_factory=dict)
    told: bool = True

    @classmethod
    def read(cls, backend: Backend, header: Header) -> Rounds:
        """Read what Redis keeps of an operation; where it forgot, look for the lists."""
        results = backend.operations.results(header.operation)
        found = cls(removed=backend.removing.was_removed(results), returned=results)
        for number, text in results.items():
            round_text, _, first = number.removeprefix("a").partition(".")
            if number.startswith("a") and round_text.isdigit():
                rest = header.queues[int(first) :]
                for place, taken in enumerate(read_staged(number, text, rest), int(first)):
                    found.put(int(round_text), place, taken)
        found.told = bool(found.taken)
        seen = range(1, (found.last or _SEARCHED) + 1)
        found._look(backend, header, [number for number in seen if number not in found.taken])
        return found

    def put(self, round_number: int, place: int, taken: StagedQueue) -> None:
        """Take in what a queue was."""
        self.taken.setdefault(round_number, {})[place] = taken

    def __bool__(self) -> bool:
        return bool(self.taken)

    @property
    def numbers(self) -> list[int]:
        """The rounds there were."""
        return sorted(self.taken)

    @property
    def last(self) -> int:
        """The last round; 0 where there was none."""
        return max(self.taken, default=0)

    @property
    def places(self) -> frozenset[int]:
        """The places of the queues that were met, in the header."""
        return frozenset(place for some in self.taken.values() for place in some)

    @property
    def jobs(self) -> int:
        """The jobs that were put aside."""
        return self.jobs_of(self.places)

    def jobs_of(self, places: Collection[int]) -> int:
        """Return the jobs that were put aside of queues, by their places in the header."""
        return sum(t.total for some in self.taken.values() for i, t in some.items() if i in places)

    def forgotten(self, header: Header) -> bool:
        """Tell whether every name was taken out of both sets as its lists were taken."""
        first = self.taken.get(1, {})
        return len(first) == len(header.queues) and all(t.forgotten for t in first.values())

    @property
    def marked(self) -> bool:
        """Whether queues may carry a mark still: a pause that nobody asked for."""
        return not self.removed and any(
            taken.marked for some in self.taken.values() for taken in some.values()
        )

    def queue(self, place: int, header: Header) -> RemovedQueue:
        """Return a queue as it was at the instant its lists were put aside for the first time."""
        queue = header.queues[place]
        rounds = (self.taken[number] for number in self.numbers)
        taken = next((some[place] for some in rounds if place in some), None)
        if taken is None:
            return queue
        return replace(queue, registered=taken.registered, paused=taken.paused)

    def lists(self, round_number: int, header: Header) -> Iterator[tuple[int, QueueForm, int]]:
        """Yield the lists that a round put aside: place of the queue, form, jobs."""
        for place, taken in sorted(self.taken.get(round_number, {}).items()):
            for form, jobs in zip(header.queues[place].forms, taken.jobs, strict=True):
                if jobs:
                    yield place, form, jobs

    def listed(self, place: int, header: Header) -> bool:
        """Tell whether the name of a queue was in one of the sets."""
        queue = self.queue(place, header)
        return queue.registered or queue.paused

    def places_returned(self, header: Header) -> frozenset[int]:
        """Return the places of queues whose lists were put back."""
        return frozenset(
            place
            for place, queue in enumerate(header.queues)
            if any(rejoin_number(place, form) in self.returned for form in queue.forms)
        )

    def keys(self, backend: Backend, header: Header) -> Iterator[bytes]:
        """Yield the keys of all lists that were put aside."""
        for number in self.numbers:
            for place, form, _ in self.lists(number, header):
                yield backend.removing.aside(
                    header.operation, number, header.queues[place].name, form
                )

    def _look(self, backend: Backend, header: Header, numbers: Sequence[int]) -> None:
        """See what stands aside of rounds that Redis has forgotten."""
        lists = [
            (number, place, form)
            for number in numbers
            for place, queue in enumerate(header.queues)
            for form in queue.forms
        ]
        lengths = iter(
            backend.removing.lengths(
                backend.removing.aside(header.operation, number, header.queues[place].name, form)
                for number, place, form in lists
            )
        )
        for number in numbers:
            for place, queue in enumerate(header.queues):
                jobs = tuple(next(lengths) or None for _ in queue.forms)
                if any(jobs):
                    # Without a number: it is there, whatever Redis remembers.
                    self.put(number, place, StagedQueue("", jobs, queue.registered, queue.paused))


def rejoin_number(place: int, form: QueueForm) -> str:
    """Return the number of the call that puts a list back."""
    return f"s{place}.{form.value}"


def rejoin_asides(
    backend: Backend, header: Header, rounds: Rounds, pauses: Mapping[int, PauseFate]
) -> None:
    """Put back what stands aside, and what the names of the queues were.

    Whatever of it was done before is not done again.

    Args:
        backend: what it works on.
        header: of the operation.
        rounds: what was put aside.
        pauses: by the places of the queues to put back: what becomes of their pause before.

    Raises:
        RefusedByRedis: one could not be put back; it stands aside still.
    """
    if not rounds:
        return
    removing, operation = backend.removing, header.operation
    queues = {place: rounds.queue(place, header) for place in pauses}
    lists = [(place, queue.name, form) for place, queue in queues.items() for form in queue.forms]
    first, *later = rounds.numbers
    for number in later:
        removing.join(
            operation,
            [
                (
                    removing.aside(operation, first, name, form),
                    removing.aside(operation, number, name, form),
                )
                for _, name, form in lists
            ],
        )
    refusals = removing.rejoin(
        operation,
        [
            ReturnedList(
                number=rejoin_number(place, form),
                first=removing.aside(operation, first, name, form),
                queue=name,
                form=form,
                registered=queues[place].registered,
                pause=pauses[place],
            )
            for place, name, form in lists
        ],
    )
    for refusal in refusals:
        if refusal is not None:
            raise refusal
