"""What a job system is to jobctl: everything in which one differs from another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from jobctl.model.layout import Kind, Layout, QueueForm

if TYPE_CHECKING:  # listing jobs needs none of them
    from jobctl.model.entry import Entry
    from jobctl.model.info import JobServerFacts
    from jobctl.model.queue import Queue
    from jobctl.model.target import Target
    from jobctl.redis.connection import Server
    from jobctl.redis.operations import Operations
    from jobctl.redis.queues import Queues
    from jobctl.redis.sets import SortedSet
    from jobctl.systems.faktory.server import Faktory

Counters = tuple[int | None, int | None]  # processed, failures


@dataclass(frozen=True, slots=True)
class PauseRoute:
    """The way to pause and resume queues.

    Attributes:
        by_server: whether the server is told; else the set in Redis is all that is written.
        warning: a sentence for people.
        pending: whether a server runs, or may, that reads the set at its next start only.
    """

    by_server: bool
    warning: str | None = None
    pending: bool = False

    @property
    def via(self) -> str:
        """The way in a word."""
        return "faktory" if self.by_server else "redis"


@dataclass(frozen=True, slots=True)
class NewQueues:
    """Queues that an operation put jobs into, and that a running server may not know.

    Attributes:
        forms: their names, and the form of their list that is read.
        known: the names that were in the set of queues before.
        operation: the operation.
        note: adds a line to its file.
        stopping: tells whether to wait for the server no longer.
    """

    forms: Mapping[str, QueueForm]
    known: Collection[str]
    operation: str
    note: Callable[[Mapping[str, object]], None]
    stopping: Callable[[], bool]


class Rooms(Protocol):
    """The part of a `Backend` that job systems work with."""

    @property
    def target(self) -> Target:
        """Which Redis."""

    @property
    def has_redis(self) -> bool:
        """Whether the Redis is known, and not only the server."""

    @property
    def form(self) -> QueueForm | None:
        """The form of queues' lists to assume where nothing tells."""

    @property
    def faktory(self) -> Faktory | None:
        """The Faktory server, if it is known."""

    @property
    def server(self) -> Server:
        """The Redis server."""

    @property
    def queues(self) -> Queues:
        """The queues."""

    @property
    def operations(self) -> Operations:
        """What changes jobs."""

    def set(self, kind: Kind) -> SortedSet:
        """Return a sorted set."""

    def require_redis(self, what: str) -> None:
        """Check that the Redis is known, and not only the server."""


class JobSystem(Protocol):
    """One job system, at work on a backend: what it does differently from the others.

    Where a method is told `rehearsed`, nothing is to be changed, so that nothing may be written for
    a proof either.
    """

    @property
    def layout(self) -> Layout:
        """The names of its keys, and the forms of its payloads."""

    def running(self) -> Iterator[Entry]:
        """Yield the jobs that workers run, each with its reservation or its like."""

    def server_facts(self) -> JobServerFacts | None:
        """Return what its server says about itself; None if it is not known or does not answer."""

    def server_runs(self) -> bool | None:
        """Tell whether a server that keeps state in memory runs on this Redis; None if unknown."""

    def server_started(self, facts: JobServerFacts | None) -> float | None:
        """Return when that server started, in unix seconds; None if nothing tells.

        Args:
            facts: what the server has just said about itself, if it was asked.
        """

    def verify_server(self) -> None:
        """Prove that the server uses this Redis, before it is told to change anything.

        Raises:
            Refused: it uses another one, or there is no way to tell.
            Unreachable: one of the two cannot be reached.
        """

    def compare_counters(self) -> list[str]:
        """Return a warning if the server has counted other jobs than this Redis."""

    def contradictions(self, before: Counters, facts: JobServerFacts) -> list[str]:
        """Return a warning if the server's facts contradict the counters before and now."""

    def remember_server(self) -> None:
        """Note the server's version in Redis, for changes that do not know the server."""

    def is_sendable(self, name: str) -> bool:
        """Tell whether the server can be told of a queue of this name."""

    def check_sendable(self, names: Iterable[str]) -> None:
        """Check that the server can be told of these queues.

        Raises:
            Refused: a name does not fit into its protocol.
        """

    def pause_route(self, *, at_restart: bool, offered: bool = True) -> PauseRoute:
        """Return the way to pause and resume queues so that it holds now.

        Args:
            at_restart: the set alone is meant, also where a server reads it at its start only.
            offered: whether ``--at-restart`` may be named as a way out.

        Raises:
            Refused: the server would not notice.
        """

    def form_known(self, queues: Sequence[Queue], facts: JobServerFacts | None) -> QueueForm | None:
        """Return the form of lists that the server reads; None if nothing is certain."""

    def form_read(self, queues: Sequence[Queue], facts: JobServerFacts | None) -> QueueForm | None:
        """Return the form of lists that is read; None if there is no doubt about it."""

    def form_to_write(self, *, rehearsed: bool = False) -> tuple[QueueForm, tuple[str, ...]]:
        """Return the form of lists that workers read, and warnings.

        Raises:
            Refused: nothing tells; a wrong guess would park jobs where no worker looks.
        """

    def check_form(self, planned: QueueForm | None, *, rehearsed: bool) -> tuple[str, ...]:
        """Check that a plan is for the form of lists that is read; return warnings.

        Raises:
            Refused: it is for the other one.
        """

    def describe_form(self, shown: str | None) -> str:
        """Say which form of lists was seen, for people: ``q``, ``bare``, ``both`` or None."""

    def introduce(self, new: NewQueues) -> tuple[str, ...]:
        """Make queues known to a running server that does not know them; return sentences on it."""

    def lock_key(self, raw: bytes) -> str | None:
        """Return the key of a unique job's lock; None for a job that is not unique."""
