"""What programs use: `connect` opens a `Store`, whose methods are what an operator does to jobs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from jobctl.backend import Backend
from jobctl.config.levels import choose_level
from jobctl.connecting import Settings, Trace, open_redis, running_embedded
from jobctl.filter.where import Where
from jobctl.jobs import listing
from jobctl.model.layout import Kind, QueueForm, System
from jobctl.model.queue import Author
from jobctl.model.target import NO_TLS, Target, Tls
from jobctl.model.verbs import SETS_WITH_VERBS, Change, Guards, Verb
from jobctl.operations import resume, undo
from jobctl.operations.begin import begin
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import Journal
from jobctl.operations.request import Provenance, Request, Watch
from jobctl.queues import pausing
from jobctl.queues.draining import Drain, DrainObserver, DrainResult, drain
from jobctl.queues.naming import Naming, select_queues
from jobctl.queues.pausing import PauseReport
from jobctl.redis.queues import Queues
from jobctl.redis.sets import SortedSet

if TYPE_CHECKING:
    from jobctl.jobs.listing import JobGroup
    from jobctl.library_records import Records
    from jobctl.model.report import Report
    from jobctl.redis.connection import Server
    from jobctl.systems.faktory.server import Faktory

_NO_GUARDS = Guards()
_ALL = Where()


class Changing(SortedSet):
    """A sorted set with verbs.

    Each verb takes a filter, `guards` (dry run, expected count, limit ..) and a `watch` that
    sees its progress and may stop it. It keeps a file in the journal, for resume and undo. It
    returns a `Report`, and raises

    - `UsageProblem`: it makes no sense; an empty filter without ``Guards(everything=True)``,
    - `Refused`: a guard says no; nothing was changed,
    - `FileProblem`: the journal cannot be written; nothing was changed,
    - `ConnectionLost`: Redis went away; `Store.resume` goes on.
    """

    def __init__(self, backend: Backend, kind: Kind) -> None:
        backend.check_system()
        super().__init__(backend.connection, kind, backend.layout)
        self._backend = backend

    def _do(
        self, where: Where | str, change: Change, guards: Guards, watch: Watch | None
    ) -> Report:
        if isinstance(where, str):
            where = Where.parse(where, kind=self.kind, payload_keys=self.layout.payload_keys)
        request = Request(self.kind, change, where, guards=guards)
        return begin(self._backend, request, watch or Watch())


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

    def group(self, by: Sequence[str], where: Where | str = _ALL) -> list[JobGroup]:
        """Count jobs by type, class, queue, errtype, fingerprint, hour, day.

        The most frequent come first.
        """
        if isinstance(where, str):
            where = Where.parse(where, kind=self.kind, payload_keys=self.layout.payload_keys)
        return listing.group(
            self, where, listing.read_keys(",".join(by)), self._backend.server.now()
        )


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


class Store:
    """One Redis and what a job system keeps in it. Close it, or use it in a ``with``.

    What is about jobs raises `Refused` where they are not Faktory's.

    Attributes:
        backend: the connection, the job system and the settings behind it.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    @property
    def target(self) -> Target:
        """Which Redis; its text holds no password."""
        return self.backend.target

    @property
    def server(self) -> Server:
        """The Redis server's clock, facts and counters."""
        return self.backend.server

    @property
    def faktory(self) -> Faktory | None:
        """The Faktory server on this Redis, where it is known."""
        return self.backend.faktory

    @property
    def queues(self) -> Queues:
        """The queues."""
        return self.backend.queues

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

    @cached_property
    def working(self) -> Reservations:
        """The reservations: the jobs that workers have."""
        return Reservations(self.backend, Kind.WORKING)

    def jobs(self, kind: Kind) -> Jobs:
        """Return retries, scheduled or dead by its kind."""
        return self._sets[kind]

    @cached_property
    def _sets(self) -> dict[Kind, Jobs]:
        return {kind: Jobs(self.backend, kind) for kind in SETS_WITH_VERBS}

    @cached_property
    def records(self) -> Records:
        """Jobba's status records."""
        from jobctl.library_records import Records  # most commands do without

        return Records(self.backend)

    @property
    def journal(self) -> Journal:
        """The journal of operations, in the directory that it was opened with."""
        return Journal.of(self.backend)

    def close(self) -> None:
        """Close the connection, and the server's."""
        self.backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def pause_queues(
        self, *names: str, reason: str | None = None, who: str = "", host: str = ""
    ) -> PauseReport:
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
        author = Author(who, host, self.server.now(), reason)
        return pausing.pause(self.backend, Naming(names), author)

    def resume_queues(self, *names: str, force: bool = False) -> PauseReport:
        """Resume queues; ``*`` alone means all; `force`: also those that somebody holds.

        Raises:
            NotFound: there is no such queue; nothing was changed.
            Refused: somebody holds one of them, or a server runs that would not notice.
        """
        return pausing.resume(self.backend, Naming(names), force=force)

    def drain_queues(
        self,
        *names: str,
        empty: bool = False,
        timeout: float | None = None,
        ignore_expired: bool = False,
    ) -> DrainResult:
        """Wait until nobody works on jobs of these queues.

        Args:
            names: the queues.
            empty: whether no job may wait in them either.
            timeout: seconds.
            ignore_expired: whether not to wait for reservations that have expired.

        Raises:
            NotFound: there is no such queue.
        """
        meant = select_queues(self.backend, Naming(names), also_paused=True)
        return drain(
            self.backend, Drain(meant.names, empty, timeout, ignore_expired), DrainObserver()
        )

    def remove_queues(
        self, *names: str, guards: Guards = _NO_GUARDS, watch: Watch | None = None
    ) -> Report:
        """Delete queues, their jobs and their pauses; ``*`` alone means all. `undo` puts them back.

        Raises:
            NotFound: there is no such queue; nothing was changed.
            Refused: a guard says no, or a server runs that would not notice.
        """
        request = Request(Kind.QUEUE, Change(Verb.REMOVE), names=names, guards=guards)
        return begin(self.backend, request, watch or Watch())

    def adopt_queues(
        self, *names: str, guards: Guards = _NO_GUARDS, watch: Watch | None = None
    ) -> Report:
        """Move jobs of lists that the server does not read to those that it reads, to run next.

        Raises:
            NotFound: there is no such queue; nothing was changed.
            Refused: a guard says no, or nothing tells which lists the server reads.
        """
        request = Request(Kind.QUEUE, Change(Verb.ADOPT), names=names, guards=guards)
        return begin(self.backend, request, watch or Watch())

    def undo(
        self, operation: str, *, guards: Guards = _NO_GUARDS, watch: Watch | None = None
    ) -> Report:
        """Put back what an operation changed, as far as it still can be put back."""
        return undo.undo(self.backend, operation, guards, watch or Watch())

    def resume(
        self, operation: str, *, guards: Guards = _NO_GUARDS, watch: Watch | None = None
    ) -> Report:
        """Go on with an operation that was stopped."""
        return resume.resume(self.backend, operation, guards, watch or Watch())

    def apply(
        self,
        plan: Path,
        *,
        who: str = "",
        host: str = "",
        guards: Guards = _NO_GUARDS,
        watch: Watch | None = None,
    ) -> Report:
        """Do what a plan says, to exactly the jobs in it; `who` applies it, on which `host`."""
        guards.allow(self.backend.rules)
        author = Provenance(who, host)
        with OperationFile.open_plan(plan) as planned:
            return resume.apply(self.backend, planned, author, guards, watch or Watch())


def connect(
    url: str | None = None,
    *,
    faktory_url: str | None = None,
    context: str | None = None,
    tls: Tls | None = None,
    layout: QueueForm | None = None,
    connect_timeout: float | None = None,
    trace: Trace | None = None,
    operations: Path | None = None,
    records_namespace: str | None = None,
    system: System | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Store:
    """Open the Redis that holds the jobs.

    What is about jobs raises `Refused` later on where these are not Faktory's.

    Args:
        url: ``redis://``, ``rediss://``, ``unix://`` or ``embedded://[dir]``. Without one:
            JOBCTL_URL, JOBCTL_CONTEXT, REDIS_PROVIDER, REDIS_URL, a running embedded server,
            redis://127.0.0.1:6379/0.
        faktory_url: the Faktory server on it, ``tcp://`` or ``tcp+tls://``; opened when it is
            first needed. Where the environment names the Redis, FAKTORY_URL names this one.
        context: the name that config.toml gives to both, instead of the URLs.
        tls: certificates and checks, over what the URLs say.
        layout: the form of Faktory's lists where the data does not tell.
        connect_timeout: seconds for connecting and the first reply; without it what the URL says,
            else 5.
        trace: called with a line for each command and reply (never a password).
        operations: the directory for the files of what is changed, for undo and resume; without
            one ``$XDG_STATE_HOME/jobctl/operations``.
        records_namespace: what stands before the keys of Jobba's status records; without one
            the context's, else ``jobba``.
        system: whose jobs are meant where the Redis holds two systems' data; without one the
            context's, else JOBCTL_SYSTEM.
        environ: the environment to look in.

    Raises:
        BadUrl: a URL is malformed.
        ConfigProblem: the context is unknown, or config.toml cannot be used.
        UsageProblem: only a Faktory server is named.
        Unreachable: the Redis cannot be reached, or refused; says which and what helps.
    """
    settings = Settings(
        tls or NO_TLS, layout, connect_timeout, trace, operations, records_namespace, system
    )
    level = choose_level(
        url, faktory_url, environ, lambda: running_embedded(environ), context=context
    )
    return Store(open_redis(level, settings, environ))
