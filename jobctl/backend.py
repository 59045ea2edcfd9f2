"""The one holder of what a command works on: a Redis, its job system, and the server on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from jobctl.errors import UsageProblem
from jobctl.model.jobba import NAMESPACE, RecordLayout
from jobctl.model.layout import Kind, Layout, QueueForm, System
from jobctl.model.target import Target
from jobctl.model.verbs import NO_RULES, Rules
from jobctl.redis.operations import Operations
from jobctl.redis.queues import Queues
from jobctl.redis.scripts import Trace
from jobctl.redis.sets import SortedSet
from jobctl.systems.base import JobSystem
from jobctl.systems.registry import Recognition, Support, support_of

if TYPE_CHECKING:  # most commands do without
    from jobctl.redis.connection import Connection, Server
    from jobctl.redis.pauses import Pauses
    from jobctl.redis.queue_removal import QueueRemoval
    from jobctl.redis.record_reading import RecordReader, RecordsByJid
    from jobctl.redis.record_snapshots import Snapshots
    from jobctl.systems.faktory.server import Faktory


@dataclass(frozen=True, slots=True)
class Scope:
    """What holds for everything that is done to one backend.

    Attributes:
        form: the list form to assume where nothing tells (``--layout``).
        system: whose jobs are meant where the Redis holds two systems' data.
        rules: what a context holds every change to.
        operations_directory: where the files of its operations are.
        records_namespace: what stands before the keys of the status records.
        passed_over: a Redis that was not used, because another level of the settings names it.
    """

    form: QueueForm | None = None
    system: System | None = None
    rules: Rules = NO_RULES
    operations_directory: Path | None = None
    records_namespace: str = NAMESPACE
    passed_over: str | None = None


class Backend:
    """A Redis and what a job system keeps in it, the server on it, or both.

    Everything that looks at jobs or changes them takes it. Close it, or use it in a ``with``.

    Where only the server is known, all that needs the Redis raises `UsageProblem`. What is about
    jobs (the sets, the queues, their pauses and their removal) raises `Refused` where these are
    not Faktory's.

    Attributes:
        faktory: the server, opened by its first command; None where it is not known.
        scope: the context's rules, the journal's directory and the like.
    """

    def __init__(
        self,
        connection: Connection | None,
        faktory: Faktory | None = None,
        scope: Scope | None = None,
    ) -> None:
        self.faktory = faktory
        self.scope = scope or Scope()
        self._connection = connection

    @property
    def form(self) -> QueueForm | None:
        """The list form to assume where nothing tells."""
        return self.scope.form

    @property
    def rules(self) -> Rules:
        """What a context holds every change to."""
        return self.scope.rules

    @property
    def address(self) -> str:
        """What is talked to, for people; the Redis where both are known."""
        if self._connection is not None:
            return str(self._connection.target)
        return str(self.faktory and self.faktory.address)

    @property
    def has_redis(self) -> bool:
        """Whether the Redis is known, and not only the server."""
        return self._connection is not None

    def require_redis(self, what: str) -> None:
        """Check that the Redis is known.

        Args:
            what: what needs it, as a sentence begins with it.

        Raises:
            UsageProblem: it is not; says how to give it.
        """
        if self._connection is None:
            both = "give both: --url beside --faktory-url (JOBCTL_URL beside FAKTORY_URL)"
            context = self.rules.context
            raise UsageProblem(
                f"{what} needs the Redis behind {self.address}, and only the server is known",
                hint=both if context is None else f"give context {context} its url, too",
            )

    @property
    def connection(self) -> Connection:
        """The connection to the Redis."""
        self.require_redis("this")
        assert self._connection is not None  # noqa: S101 (that was just checked)
        return self._connection

    @property
    def target(self) -> Target:
        """Which Redis; its text holds no password."""
        return self.connection.target

    @cached_property
    def server(self) -> Server:
        """The Redis server's clock, facts and counters."""
        from jobctl.redis.connection import Server  # with redis-py, 60 ms: help does without

        return Server(self.connection)

    @cached_property
    def systems(self) -> Recognition:
        """Whose jobs these are."""
        return Recognition(self.connection, self.scope.system)

    @cached_property
    def operations(self) -> Operations:
        """What changes jobs."""
        return Operations(self.connection, self.layout)

    def greet(self) -> None:
        """Ask the Redis for its version and clock, and for what tells its job system.

        Raises:
            Unreachable: it refused, or is too old; says which.
        """
        self.systems.take(self.server.greet(self.systems.questions))

    def check_system(self) -> None:
        """Check that the jobs in this Redis are Faktory's, or that there are none.

        Raises:
            Refused: they are another system's, or two systems' and nobody said which is meant.
        """
        refusal = self.systems.refusal()
        if refusal is not None:
            raise refusal

    @cached_property
    def _support(self) -> Support:
        return support_of(self.systems.served if self.has_redis else None)

    @property
    def layout(self) -> Layout:
        """The names and forms of the job system, also where its jobs are not served."""
        return self._support.layout

    @cached_property
    def system(self) -> JobSystem:
        """The job system."""
        return self._support.make(self)

    @cached_property
    def _jobs_layout(self) -> Layout:
        self.check_system()
        return self.layout

    def set(self, kind: Kind) -> SortedSet:
        """Return a sorted set by its kind."""
        return self._sets[kind]

    @cached_property
    def _sets(self) -> dict[Kind, SortedSet]:
        layout = self._jobs_layout
        return {kind: SortedSet(self.connection, kind, layout) for kind in layout.sets}

    @cached_property
    def queues(self) -> Queues:
        """The queues."""
        return Queues(self.connection, self._jobs_layout)

    @cached_property
    def pauses(self) -> Pauses:
        """Which queues are paused, by whom, and who holds them."""
        from jobctl.redis.pauses import Pauses

        return Pauses(self.connection, self._jobs_layout)

    @cached_property
    def removing(self) -> QueueRemoval:
        """What takes the lists of queues, and puts them back."""
        from jobctl.redis.queue_removal import QueueRemoval

        return QueueRemoval(self.connection, self._jobs_layout)

    @property
    def record_layout(self) -> RecordLayout:
        """The keys of the status records."""
        return RecordLayout(self.scope.records_namespace)

    @cached_property
    def records_by_jid(self) -> RecordsByJid:
        """The status records of jobs, by the jobs' ids."""
        from jobctl.redis.record_reading import RecordsByJid

        return RecordsByJid(self.connection, self.record_layout)

    def records_of(self, layout: RecordLayout) -> RecordReader:
        """Return what reads the records of a namespace."""
        from jobctl.redis.record_reading import RecordReader

        return RecordReader(self.connection, layout)

    def snapshots(self, layout: RecordLayout) -> Snapshots:
        """Return what reads the records of a namespace with all that brings them back."""
        from jobctl.redis.record_reading import WrongTypes
        from jobctl.redis.record_snapshots import Snapshots

        return Snapshots(self.connection, layout, WrongTypes(layout))

    def odd_keys(self) -> dict[str, str]:
        """Return the job system's fixed keys that hold another type than theirs, and which."""
        layout = self.layout
        expected = {layout.queues: "set", layout.paused: "set"}
        expected |= dict.fromkeys(layout.sets.values(), "zset")
        kinds = self.connection.pipe([("TYPE", key) for key in expected])
        found = zip(expected, (kind.decode() for kind in kinds), strict=True)
        return {key: kind for key, kind in found if kind not in ("none", expected[key])}

    def close(self) -> None:
        """Close the connection, and the server's."""
        if self.faktory is not None:
            self.faktory.close()
        if self._connection is not None:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_backend(
    target: Target,
    faktory: Faktory | None = None,
    scope: Scope | None = None,
    *,
    connect_timeout: float,
    trace: Trace | None = None,
) -> Backend:
    """Connect to a Redis and greet it.

    Raises:
        Unreachable: it cannot be reached, refused, or is too old; says which.
    """
    from jobctl.redis.connection import Connection  # with redis-py: see `server`

    connection = Connection(target, connect_timeout=connect_timeout, trace=trace)
    connection.open()
    backend = Backend(connection, faktory, scope)
    try:
        backend.greet()
    except BaseException:
        connection.close()
        raise
    return backend


def load_client() -> None:
    """Import redis-py ahead of time, for a caller that may not wait for it later."""
    import jobctl.redis.connection  # noqa: F401
