"""A store: one Redis, opened, greeted, and its rooms."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from jobctl.model.jobba import NAMESPACE, RecordLayout
from jobctl.model.layout import SETS, Kind, Layout, QueueForm, System
from jobctl.model.target import Target
from jobctl.redis.connection import Connection, Trace
from jobctl.redis.operations import Operations
from jobctl.redis.queues import Queues
from jobctl.redis.server import Server
from jobctl.redis.sets import SortedSet
from jobctl.systems.recognise import Recognition
from jobctl.systems.registry import layout_of

if TYPE_CHECKING:
    from jobctl.redis.pauses import Pauses
    from jobctl.redis.queue_removal import QueueRemoval
    from jobctl.redis.record_reading import RecordReader
    from jobctl.redis.record_snapshots import Snapshots
    from jobctl.redis.records_by_jid import RecordsByJid


class Store:
    """One Redis and what a job system keeps in it. Close it, or use it in a ``with``.

    Attributes:
        target: which Redis; its text holds no password.
        form: the list form to assume where nothing tells (``--layout``).
        server: the server's clock, facts and counters.
        systems: whose jobs these are. What is about jobs (the sets, the queues, their pauses and
            their removal) raises `Refused` where they are not Faktory's.
        operations: what changes jobs.
        records_namespace: what stands before the keys of the status records.
    """

    def __init__(
        self,
        connection: Connection,
        layout: Layout,
        form: QueueForm | None = None,
        system: System | None = None,
    ) -> None:
        self.target = connection.target
        self.layout = layout
        self.form = form
        self.server = Server(connection, layout)
        self.systems = Recognition(connection, layout, system)
        self.operations = Operations(connection, layout)
        self.records_namespace = NAMESPACE
        self._connection = connection

    def check_system(self) -> None:
        """Check that the jobs in this Redis are Faktory's, or that there are none.

        Raises:
            Refused: they are another system's, or two systems' and nobody said which is meant.
        """
        refusal = self.systems.refusal()
        if refusal is not None:
            raise refusal

    @cached_property
    def _jobs_layout(self) -> Layout:
        self.check_system()
        return self.layout

    @property
    def connection(self) -> Connection:
        """The connection, for keys that the store does not know."""
        return self._connection

    def set(self, kind: Kind) -> SortedSet:
        """Return a sorted set by its kind."""
        return self._sets[kind]

    @cached_property
    def _sets(self) -> dict[Kind, SortedSet]:
        return {kind: SortedSet(self._connection, kind, self._jobs_layout) for kind in SETS}

    @cached_property
    def queues(self) -> Queues:
        """The queues."""
        return Queues(self._connection, self._jobs_layout)

    @cached_property
    def pauses(self) -> Pauses:
        """Which queues are paused, by whom, and who holds them."""
        from jobctl.redis.pauses import Pauses  # most commands do without

        return Pauses(self._connection, self._jobs_layout)

    @cached_property
    def removing(self) -> QueueRemoval:
        """What takes the lists of queues, and puts them back."""
        from jobctl.redis.queue_removal import QueueRemoval

        return QueueRemoval(self._connection, self._jobs_layout)

    @cached_property
    def joining(self) -> RecordsByJid:
        """The status records of jobs, by the jobs' ids."""
        from jobctl.redis.records_by_jid import RecordsByJid

        return RecordsByJid(self._connection, self.record_layout)

    @property
    def record_layout(self) -> RecordLayout:
        """The keys of the status records."""
        return RecordLayout(self.records_namespace)

    def records_of(self, layout: RecordLayout) -> RecordReader:
        """Return what reads the records of a namespace."""
        from jobctl.redis.record_reading import RecordReader

        return RecordReader(self._connection, layout)

    def snapshots(self, layout: RecordLayout) -> Snapshots:
        """Return what reads the records of a namespace with all that brings them back."""
        from jobctl.redis.record_reading import WrongTypes
        from jobctl.redis.record_snapshots import Snapshots

        return Snapshots(self._connection, layout, WrongTypes(layout))

    def odd_keys(self) -> dict[str, str]:
        """Return the job system's fixed keys that hold another type than theirs, and which."""
        layout = self.layout
        expected = {layout.queues: "set", layout.paused: "set"}
        expected |= dict.fromkeys(layout.sets.values(), "zset")
        kinds = self._connection.pipe([("TYPE", key) for key in expected])
        found = zip(expected, (kind.decode() for kind in kinds), strict=True)
        return {key: kind for key, kind in found if kind not in ("none", expected[key])}

    def close(self) -> None:
        """Close the connection."""
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


S = TypeVar("S", bound=Store)


def open_store(
    target: Target,
    make: Callable[[Connection, Layout, QueueForm | None, System | None], S],
    *,
    form: QueueForm | None = None,
    system: System | None = None,
    connect_timeout: float,
    trace: Trace | None = None,
) -> S:
    """Connect to a Redis and greet it; `make` makes the store of the connection.

    Raises:
        Unreachable: it cannot be reached, refused, or is too old; says which.
    """
    connection = Connection(target, connect_timeout=connect_timeout, trace=trace)
    connection.open()
    store = make(connection, layout_of(), form, system)
    try:
        store.systems.take(store.server.greet(store.systems.questions))
    except BaseException:
        connection.close()
        raise
    return store
