"""Taking queues' lists: what is asked for, and what the calls answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from jobctl.model.removal import RemovedQueue
from jobctl.systems.layout import QueueForm

QUEUES = 500  # of a call


class Lists(StrEnum):
    """What becomes of the lists."""

    ASIDE = "aside"
    UNLINK = "unlink"
    STAY = "stay"


class Names(StrEnum):
    """What becomes of the names."""

    FORGET = "forget"  # they are in neither set any more
    MARK = "mark"  # those that are in a set are paused: a server that removes them leaves a trace
    STAY = "stay"


class Pause(StrEnum):
    """What becomes of a queue's pause before its jobs are back."""

    PAUSE = "pause"
    UNPAUSE = "unpause"
    STAY = ""


@dataclass(frozen=True, slots=True)
class Taking:
    """One time that lists are taken.

    Attributes:
        operation: its id.
        round: 1 is the first.
        lists, names: what becomes of them.
        fewest, most: how many jobs there may be in all; None: any number.
    """

    operation: str
    round: int
    lists: Lists
    names: Names
    fewest: int | None = None
    most: int | None = None

    @property
    def bounded(self) -> bool:
        """Whether there may not be any number of jobs."""
        return (self.fewest, self.most) != (None, None)

    def after(self, jobs: int, *, last: bool) -> Taking:
        """Return it for the next call, after so many jobs: only the last call has a least count."""
        fewest = None if self.fewest is None or not last else max(0, self.fewest - jobs)
        return replace(
            self, fewest=fewest, most=None if self.most is None else max(0, self.most - jobs)
        )

    @staticmethod
    def parts(queues: Sequence[RemovedQueue]) -> list[tuple[int, Sequence[RemovedQueue]]]:
        """Return the queues of each call with the place of the first."""
        return [(first, queues[first : first + QUEUES]) for first in range(0, len(queues), QUEUES)]


@dataclass(frozen=True, slots=True)
class Taken:
    """A queue as it was when its lists were taken.

    Attributes:
        number: the call.
        jobs: of each of its lists; None where there was none.
        registered, paused: whether its name was in the sets.
        forgotten: whether it is in neither of them from then on.
        marked: whether it is paused from then on, so that its removal shows.
    """

    number: str
    jobs: tuple[int | None, ...]
    registered: bool
    paused: bool
    forgotten: bool = False
    marked: bool = False

    @property
    def total(self) -> int:
        """The jobs of all its lists."""
        return sum(jobs or 0 for jobs in self.jobs)


@dataclass(frozen=True, slots=True)
class Rejoin:
    """A list that goes back to its queue: it takes the place of the one there, whose jobs follow.

    Attributes:
        number: its batch.
        first: its key.
        queue: the queue.
        form: of its list.
        registered: whether the name is in the set of queues from then on.
        pause: what becomes of its pause.
    """

    number: str
    first: bytes
    queue: str
    form: QueueForm
    registered: bool
    pause: Pause


def taking_number(round_number: int, first: int) -> str:
    """Return the number of the call that takes the queues from a place on."""
    return f"a{round_number}.{first}"


def read_taken(number: str, text: str, queues: Sequence[RemovedQueue]) -> list[Taken]:
    """Read the result of a call that took the lists of queues, of which these are the first."""
    jobs_text, names_text, fate = text.split(" ")
    counts = iter(None if word == "-" else int(word) for word in jobs_text.split(","))
    return [
        Taken(
            number,
            tuple(next(counts) for _ in queue.forms),
            word[0] == "r",
            word[1] == "p",
            fate == Names.FORGET,
            fate == Names.MARK,
        )
        for queue, word in zip(queues, names_text.split(","), strict=False)
    ]
