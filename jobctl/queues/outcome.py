"""What became of queues that were to be paused or resumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobctl.backend import Backend
from jobctl.model.leases import Author
from jobctl.model.rows import Row
from jobctl.queues.changing import tell_server
from jobctl.queues.naming import Meant
from jobctl.systems.base import PauseRoute

KEYS = ("queue", "action", "paused", "changed", "via", "problem", "pending")


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of one queue.

    Attributes:
        queue: its name.
        paused: whether it is paused now; None where nobody can tell.
        changed: whether it was not before; None where nobody can tell.
        problem: why it is not as it was to be.
        note: what else there is to know, for people.
        pending: whether the server makes it so at its next start; until then it is as it was.
    """

    queue: str
    paused: bool | None
    changed: bool | None
    problem: str | None = None
    note: str | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the queues that were to be paused or resumed."""

    action: str
    via: str
    queues: list[Changed]
    warnings: list[str]

    @property
    def failed(self) -> bool:
        """Whether it did not take on one of them."""
        return any(queue.problem is not None for queue in self.queues)

    def rows(self) -> list[Row]:
        """Return a row for each queue."""
        return [
            {
                "queue": queue.queue,
                "action": self.action,
                "paused": queue.paused,
                "changed": queue.changed,
                "via": self.via,
                "problem": queue.problem,
                "pending": queue.pending,
            }
            for queue in self.queues
        ]


def unseen(
    backend: Backend, meant: Meant, action: str, *, paused: bool, author: Author | None = None
) -> Outcome:
    """Go by the server alone: what it makes of it cannot be seen."""
    tell_server(backend, meant.names, everything=meant.everything, pause=paused)
    unseen = "who else holds or paused them" if not paused else "whether it took"
    warnings = [f"only the server is known: it said OK; {unseen} is not seen"]
    if paused and author is not None and author.reason:
        warnings.append("the reason is not kept: that takes the Redis")
    if meant.unsure and not meant.everything:
        warnings.append("it does not list its queues, and says OK of one that is not there too")
    queues = [Changed(name, paused=paused, changed=None) for name in meant.names]
    return Outcome(action, PauseRoute(by_server=True).via, queues, warnings)


def outcome(
    action: str, route: PauseRoute, queues: list[Changed], warnings: Sequence[str] = ()
) -> Outcome:
    """Return it, with what is to be said of the way."""
    said = [] if route.warning is None or not queues else [route.warning]
    return Outcome(action, route.via, queues, [*said, *warnings])
