"""The store as the library hands it out: what an operator does to jobs are its methods."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from jobctl.errors import UsageProblem
from jobctl.filter.where import Where
from jobctl.model.change import TARGETS, Change, Verb
from jobctl.model.guards import NO_RULES, Guards
from jobctl.model.layout import Kind, Layout, QueueForm, System
from jobctl.redis.connection import Connection
from jobctl.redis.opening import Store as PlainStore
from jobctl.redis.sets import SortedSet

if TYPE_CHECKING:
    from jobctl.backend import Doors
    from jobctl.jobs.grouping import Group
    from jobctl.model.pausing import Author
    from jobctl.model.report import Report
    from jobctl.operations.file import OperationFile
    from jobctl.operations.journal import Journal
    from jobctl.operations.performing import Order
    from jobctl.operations.watching import Watch
    from jobctl.queues.draining import Drained
    from jobctl.queues.outcome import Outcome
    from jobctl.records.library import Records
    from jobctl.systems.faktory.server import Faktory

_NO_GUARDS = Guards()
_ALL = Where()


class Changing(SortedSet):
    """A sorted set with verbs.

    Each verb takes a filter, `guards` (dry run, expected count, limit ..) and a `watch` that sees
    its progress and may stop it. It keeps a file in the journal, for resume and undo. It returns
    a `Report`, and raises

    - `UsageProblem`: it makes no sense; an empty filter without ``Guards(everything=True)``,
    - `Refused`: a guard says no; nothing was changed,
    - `FileProblem`: the journal cannot be written; nothing was changed,
    - `ConnectionLost`: Redis went away; `Store.resume` goes on.
    """

    def __init__(self, store: Store, connection: Connection, kind: Kind, layout: Layout) -> None:
        super().__init__(connection, kind, layout)
        self._store = store

    def change(self, order: Order, watch: Watch) -> Report:
        """Do what was ordered: what all the verbs come down to."""
        from jobctl.operations.performing import perform  # looking does not need it

        order = order.under(self._store.rules)
        return perform(self._store, self._store.journal, self.kind, order, watch)

    def _do(
        self, where: Where | str, change: Change, guards: Guards, watch: Watch | None
    ) -> Report:
        from jobctl.operations.performing import Order
        from jobctl.operations.watching import Watch as Silent

        if isinstance(where, str):
            where = Where.parse(where, kind=self.kind, payload_keys=self.layout.payload_keys)
        return self.change(Order(where, change, guards), watch or Silent())


class Jobs(Changing):
    """Retries, scheduled or dead: the jobs, and the verbs on them."""

    def kill(
        self, where: Where | str, *, guards: Guards = _NO_GUARDS, watch: Watch | None = None
    ) -> Report:
        """Move jobs to dead, as Faktory's MUTATE does: they are purged 180 days from now.

        On dead itself: renew that time.
        """
        return self._do(where, Change(Verb.KILL), guards, watch)

    def discard(
        self, where: Where | str, *, guards: Guards = _NO_GUARDS, watch: Watch | None = None
    ) -> Report:
        """Remove jobs."""
        return self._do(where, Change(Verb.DISCARD), guards, watch)

    def requeue(
        self,
        where: Where | str,
        *,
        to: str | None = None,
        front: bool = False,
        reset_retries: bool = False,
        delay: float | None = None,
        spread: float | None = None,
        guards: Guards = _NO_GUARDS,
        watch: Watch | None = None,
    ) -> Report:
        """Move jobs to their queues, in order of score, with a fresh ``enqueued_at``.

        Args:
            where: which jobs.
            to: a queue for all of them.
            front: where the next job is taken from.
            reset_retries: take their failure out, so that they get all their retries again.
            delay: move them to scheduled instead, all so many seconds from now.
            spread: move them to scheduled instead, evenly over so many seconds.
            guards: what it is held to.
            watch: who looks on.
        """
        change = Change(
            Verb.REQUEUE,
            to=to,
            front=front,
            reset_retries=reset_retries,
            delay=delay,
            spread=spread,
        )
        return self._do(where, change, guards, watch)

    def reschedule(
        self,
        where: Where | str,
        *,
        at: float | None = None,
        delay: float | None = None,
        spread: float | None = None,
        guards: Guards = _NO_GUARDS,
        watch: Watch | None = None,
    ) -> Report:
        """Give jobs of retries or scheduled another time.

        Args:
            where: which jobs.
            at: unix seconds.
            delay: seconds from now.
            spread: evenly over so many seconds from now.
            guards: what it is held to.
            watch: who looks on.
        """
        change = Change(Verb.RESCHEDULE, at=at, delay=delay, spread=spread)
        return self._do(where, change, guards, watch)

    def clear(self, *, guards: Guards = _NO_GUARDS, watch: Watch | None = None) -> Report:
        """Remove every job; with ``Guards(undo=False)`` all at once."""
        return self._do(Where(), Change(Verb.CLEAR), guards, watch)

    def group(self, by: Sequence[str], where: Where | str = _ALL) -> list[Group]:
        """Count jobs by type, class, queue, errtype, fingerprint, hour, day.

        The most frequent come first.
        """
        from jobctl.jobs.grouping import group, read_keys

        if isinstance(where, str):
            where = Where.parse(where, kind=self.kind, payload_keys=self.layout.payload_keys)
        return group(self, where, read_keys(",".join(by)), self._store.server.now())


class Reservations(Changing):
    """The jobs that workers hold, and the verb on them."""

    def release(
        self,
        where: Where | str,
        *,
        break_batch: bool = False,
        guards: Guards = _NO_GUARDS,
        watch: Watch | None = None,
    ) -> Report:
        """Put jobs back to the front of their queues, with a fresh ``enqueued_at``.

        With a server known (``connect(.., faktory_url=..)``) it is told first. A worker that is
        alive may run the job a second time, and it cannot be undone. A job in a batch counts as
        done for the server: refused unless `break_batch`.

        Raises `Refused` also where a server runs that is not known, or where that cannot be told.
        """
        change = Change(Verb.RELEASE, front=True, break_batch=break_batch)
        return self._do(where, change, guards, watch)


class Store(PlainStore):
    """One Redis and what a job system keeps in it. Close it, or use it in a ``with``.

    Attributes:
        journal: where the files of its operations are.
        faktory: the Faktory server on this Redis, where it is known.
        rules: what a context holds every change to.
    """

    def __init__(
        self,
        connection: Connection,
        layout: Layout,
        form: QueueForm | None = None,
        system: System | None = None,
    ) -> None:
        super().__init__(connection, layout, form, system)
        self.operations_directory: Path | None = None
        self.faktory: Faktory | None = None
        self.rules = NO_RULES

    @property
    def scheduled(self) -> Jobs:
        """The jobs that are to run later."""
        return self.jobs(Kind.SCHEDULED)

    @property
    def retries(self) -> Jobs:
        """The jobs that failed and are to run again."""
        return self.jobs(Kind.RETRIES)

    @property
    def dead(self) -> Jobs:
        """The jobs that failed for good."""
        return self.jobs(Kind.DEAD)

    @property
    def working(self) -> Reservations:
        """The reservations: the jobs that workers have."""
        return self._reservations

    @cached_property
    def _reservations(self) -> Reservations:
        return Reservations(self, self._connection, Kind.WORKING, self._jobs_layout)

    @cached_property
    def _changing(self) -> dict[Kind, Jobs]:
        layout = self._jobs_layout
        return {kind: Jobs(self, self._connection, kind, layout) for kind in TARGETS}

    @cached_property
    def records(self) -> Records:
        """Jobba's status records."""
        from jobctl.records.library import Records  # most commands do without

        return Records(self, self._connection)

    def close(self) -> None:
        """Close the connection, and the server's."""
        if self.faktory is not None:
            self.faktory.close()
        super().close()

    @property
    def journal(self) -> Journal:
        """The journal of operations, in the directory that it was opened with."""
        from jobctl.operations.journal import Journal

        if self.operations_directory is None:
            raise UsageProblem("this store was opened without a directory for its operations")
        return Journal(self.operations_directory)

    def jobs(self, kind: Kind) -> Jobs:
        """Return retries, scheduled or dead by its kind."""
        return self._changing[kind]

    def pause_queues(
        self, *names: str, reason: str | None = None, who: str = "", host: str = ""
    ) -> Outcome:
        """Pause queues; ``*`` alone means all. By their server where it is known (`faktory`).

        Args:
            names: the queues.
            reason: why; kept with the pause, as `who` and `host` are.
            who: who does it.
            host: on which machine.

        Raises:
            NotFound: there is no such queue; nothing was changed.
            Refused: a server runs that would not notice.
        """
        from jobctl.model.pausing import Author
        from jobctl.queues.naming import Naming
        from jobctl.queues.pausing import pause

        author = Author(who, host, self.server.now(), reason)
        return pause(self._doors(), Naming(names), author)

    def resume_queues(self, *names: str, force: bool = False) -> Outcome:
        """Resume queues; ``*`` alone means all; `force`: also those that somebody holds.

        Raises:
            NotFound: there is no such queue; nothing was changed.
            Refused: somebody holds one of them, or a server runs that would not notice.
        """
        from jobctl.queues.naming import Naming
        from jobctl.queues.resuming import resume

        return resume(self._doors(), Naming(names), force=force)

    def drain_queues(
        self,
        *names: str,
        empty: bool = False,
        timeout: float | None = None,
        ignore_expired: bool = False,
    ) -> Drained:
        """Wait until nobody works on jobs of these queues.

        Args:
            names: the queues.
            empty: whether no job may wait in them either.
            timeout: seconds.
            ignore_expired: whether not to wait for reservations that have expired.

        Raises:
            NotFound: there is no such queue.
        """
        from jobctl.queues.draining import Drain, DrainWatch, drain
        from jobctl.queues.naming import Naming, find_meant

        meant = find_meant(self._doors(), Naming(names), also_paused=True)
        return drain(self, Drain(meant.names, empty, timeout, ignore_expired), DrainWatch())

    def remove_queues(
        self, *names: str, guards: Guards = _NO_GUARDS, watch: Watch | None = None
    ) -> Report:
        """Delete queues, their jobs and their pauses; ``*`` alone means all. `undo` puts them back.

        Raises:
            NotFound: there is no such queue; nothing was changed.
            Refused: a guard says no, or a server runs that would not notice.
        """
        from jobctl.operations.removal.removing import remove_queues
        from jobctl.operations.removal.request import Removal
        from jobctl.operations.watching import Watch as Silent

        removal = Removal(names, guards)
        return remove_queues(self._doors(), self.journal, removal, watch or Silent())

    def adopt_queues(
        self, *names: str, guards: Guards = _NO_GUARDS, watch: Watch | None = None
    ) -> Report:
        """Move jobs of lists that the server does not read to those that it reads, to run next.

        Raises:
            NotFound: there is no such queue; nothing was changed.
            Refused: a guard says no, or nothing tells which lists the server reads.
        """
        from jobctl.operations.removal.adopting import adopt_queues
        from jobctl.operations.removal.request import ADOPT, Removal
        from jobctl.operations.watching import Watch as Silent

        return adopt_queues(self, self.journal, Removal(names, guards, ADOPT), watch or Silent())

    def _doors(self) -> Doors:
        from jobctl.backend import Doors

        return Doors(self, self.faktory, self.rules)

    def undo(self, operation: str, *, watch: Watch | None = None) -> Report:
        """Put back what an operation changed, as far as it still can be put back."""
        from jobctl.operations.undoing import undo

        return undo(self, self.journal, operation, self._allowed(watch))

    def resume(self, operation: str, *, watch: Watch | None = None) -> Report:
        """Go on with an operation that was stopped."""
        from jobctl.operations.resuming import resume

        return resume(self, self.journal, operation, self._allowed(watch))

    def apply(
        self, plan: Path, *, who: str = "", host: str = "", watch: Watch | None = None
    ) -> Report:
        """Do what a plan says, to exactly the jobs in it; `who` applies it, on which `host`."""
        from jobctl.model.pausing import Author
        from jobctl.operations.file import OperationFile

        watch = self._allowed(watch)
        with OperationFile.open_plan(plan) as planned:
            return self.apply_plan(planned, Author(who, host, self.server.now()), watch)

    def apply_plan(
        self, planned: OperationFile, author: Author, watch: Watch | None = None
    ) -> Report:
        """Do what a plan says that was opened before."""
        from jobctl.operations.resuming import apply

        keep = self.rules.journal
        return apply(self, self.journal, planned, author, self._allowed(watch), keep=keep)

    def _allowed(self, watch: Watch | None) -> Watch:
        """Return who looks on, unless the context forbids what is more than a rehearsal."""
        from jobctl.operations.watching import Watch as Silent

        watch = watch or Silent()
        if not watch.rehearses:
            self.rules.allow()
        return watch
