"""The removal of queues: what each of them was, and whose jobs stand where in the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from jobctl.model.layout import QueueForm
from jobctl.model.words import listed

_NAMED = 3  # queues


@dataclass(frozen=True, slots=True)
class RemovedQueue:
    """A queue as it was before it was removed.

    Attributes:
        name: its name.
        registered: whether it was in the set of queues.
        paused: whether it was in the set of paused ones.
        forms: the forms of its lists, at least one, also where there was no list.
        jobs: how many waited in them.
    """

    name: str
    registered: bool
    paused: bool
    forms: tuple[QueueForm, ...]
    jobs: int = 0

    def document(self) -> dict[str, object]:
        """Return it as it is noted."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Segment:
    """Jobs that stand one after the other in the file, and came from one list at one time.

    Attributes:
        queue: the queue.
        form: of its list.
        number: the call that put them aside; empty where Redis had forgotten it.
        jobs: how many.
        back: whether they went back to their queue, as its removal did not take.
    """

    queue: str
    form: QueueForm
    number: str
    jobs: int
    back: bool = False

    def document(self) -> dict[str, object]:
        """Return it as it is noted."""
        return asdict(self)


def shown_queues(names: Iterable[str]) -> str:
    """Return queues for people: ``queue a``, ``queues a, b and c``, ``.. and 7 more``."""
    known = list(names)
    if len(known) > _NAMED:
        return f"queues {listed(known, _NAMED)}"
    if len(known) < 2:
        return f"queue {''.join(known)}"
    return f"queues {', '.join(known[:-1])} and {known[-1]}"
