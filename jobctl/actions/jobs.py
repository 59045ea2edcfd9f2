"""The store as the library hands it out: what an operator does to jobs are its methods."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jobctl.errors import UsageProblem
from jobctl.model.change import Change, Verb
from jobctl.model.guards import NO_RULES, Guards
from jobctl.model.layout import FAKTORY, Kind, Layout, QueueForm
from jobctl.model.where import Where
from jobctl.store.connection import Connection
from jobctl.store.opening import Store as PlainStore
from jobctl.store.sets import SortedSet

if TYPE_CHECKING:
    from jobctl.actions.grouping import Group
    from jobctl.actions.operations.journal import Journal
    from jobctl.actions.operations.performing import Order
    from jobctl.actions.operations.watching import Watch
    from jobctl.faktory.server import Faktory
    from jobctl.model.report import Report

_NO_GUARDS = Guards()
_ALL = Where()


class Jobs(SortedSet):
    """Retries, scheduled or dead: the jobs, and the verbs on them.

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
        """Count jobs by type, queue, errtype, fingerprint, hour, day; most frequent first."""
        from jobctl.actions.grouping import group, read_keys

        if isinstance(where, str):
            where = Where.parse(where, kind=self.kind)
        return group(self, where, read_keys(",".join(by)), self._store.server.now())

    def change(self, order: Order, watch: Watch) -> Report:
        """Do what was ordered: what all the verbs come down to."""
        from jobctl.actions.operations.performing import perform  # looking does not need it

        return perform(self._store, self._store.journal, self.kind, order, watch)

    def _do(
        self, where: Where | str, change: Change, guards: Guards, watch: Watch | None
    ) -> Report:
        from jobctl.actions.operations.performing import Order
        from jobctl.actions.operations.watching import Watch as Silent

        if isinstance(where, str):
            where = Where.parse(where, kind=self.kind)
        return self.change(Order(where, change, guards), watch or Silent())


class Store(PlainStore):
    """One Redis and what a job system keeps in it. Close it, or use it in a ``with``.

    Attributes:
        journal: where the files of its operations are.
        faktory: the Faktory server on this Redis, where it is known.
        rules: what a context holds every change to.
    """

    def __init__(
        self, connection: Connection, layout: Layout = FAKTORY, form: QueueForm | None = None
    ) -> None:
        super().__init__(connection, layout, form)
        self.scheduled: Jobs = Jobs(self, connection, Kind.SCHEDULED, layout)
        self.retries: Jobs = Jobs(self, connection, Kind.RETRIES, layout)
        self.dead: Jobs = Jobs(self, connection, Kind.DEAD, layout)
        self.operations_directory: Path | None = None
        self.faktory: Faktory | None = None
        self.rules = NO_RULES

    def close(self) -> None:
        """Close the connection, and the server's."""
        if self.faktory is not None:
            self.faktory.close()
        super().close()

    @property
    def journal(self) -> Journal:
        """The journal of operations, in the directory that it was opened with."""
        from jobctl.actions.operations.journal import Journal

        if self.operations_directory is None:
            raise UsageProblem("this store was opened without a directory for its operations")
        return Journal(self.operations_directory)

    def jobs(self, kind: Kind) -> Jobs:
        """Return retries, scheduled or dead by its kind."""
        return next(s for s in (self.retries, self.scheduled, self.dead) if s.kind is kind)

    def undo(self, operation: str, *, watch: Watch | None = None) -> Report:
        """Put back what an operation changed, as far as it still can be put back."""
        from jobctl.actions.operations.undoing import undo
        from jobctl.actions.operations.watching import Watch as Silent

        return undo(self, self.journal, operation, watch or Silent(), self.faktory)

    def resume(self, operation: str, *, watch: Watch | None = None) -> Report:
        """Go on with an operation that was stopped."""
        from jobctl.actions.operations.resuming import resume
        from jobctl.actions.operations.watching import Watch as Silent

        return resume(self, self.journal, operation, watch or Silent(), self.faktory)

    def apply(self, plan: Path, *, watch: Watch | None = None) -> Report:
        """Do what a plan says, to exactly the jobs in it."""
        from jobctl.actions.operations.resuming import apply
        from jobctl.actions.operations.watching import Watch as Silent

        return apply(self, self.journal, plan, watch or Silent())
