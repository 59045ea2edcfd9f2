"""Waiting until queues are idle: nobody works on their jobs, and nobody can any more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from jobctl.backend import Backend
from jobctl.errors import JobctlError, TimedOut
from jobctl.model.entry import Entry
from jobctl.model.layout import QueueForm
from jobctl.model.queue import form_shown
from jobctl.model.rows import Row
from jobctl.model.words import listed

# A worker's FETCH that was blocked when the pause came holds its old list for up to two seconds,
# and between leaving its queue and its reservation a job is nowhere.
QUIET = 3.0  # seconds without a reservation that count as idle
_PAUSE = 0.2  # seconds between two looks; on a large set a look's own time


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at what holds queues up.

    Attributes:
        running: the reservations of their jobs, the one that expires first in front.
        waiting: jobs that wait in them.
        malformed: reservations that are no job: nobody can tell whose they are.
        quiet: seconds for which nothing held them up.
        expired: those of their reservations that have expired: the worker is gone, or late.
    """

    running: Sequence[Entry]
    waiting: int
    malformed: int
    quiet: float
    expired: Sequence[Entry] = ()


class DrainWatch:
    """Looks on and says nothing: what the library uses where nobody else is given."""

    def waiting(self, sight: Sight) -> None:
        """See what holds the queues up."""

    def stopping(self) -> bool:
        """Say whether to give up."""
        return False


@dataclass(frozen=True, slots=True)
class Drain:
    """What to wait for.

    Attributes:
        names: the queues.
        empty: whether no job may wait in them either.
        ignore_expired: whether reservations that have expired hold nothing up.
        timeout: seconds; None: without a limit.
        since: the moment of the pause, by the monotonic clock: idleness counts from there.
    """

    names: Sequence[str]
    empty: bool = False
    timeout: float | None = None
    ignore_expired: bool = False
    since: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Drained:
    """How the wait ended.

    Attributes:
        names: the queues.
        idle: whether they are.
        seconds: how long it took.
        sight: the last look.
        stopped: whether whoever looked on gave up.
    """

    names: Sequence[str]
    idle: bool
    seconds: float
    sight: Sight
    stopped: bool = False

    def document(self) -> Row:
        """Return it under its JSON keys."""
        return {
            "queues": list(self.names),
            "idle": self.idle,
            "running": [_held_by(entry) for entry in self.sight.running],
            "waiting": self.sight.waiting,
            "seconds": round(self.seconds, 3),
            "expired": len(self.sight.expired),
        }

    def problem(self, drain: Drain) -> JobctlError:
        """Return the error for a time that was up."""
        return TimedOut(
            f"not idle after {drain.timeout:g} s: {describe(self.sight, empty=drain.empty)}"
        )


def drain(backend: Backend, wanted: Drain, watch: DrainWatch) -> Drained:
    """Wait until nobody works on jobs of these queues, in every look over three seconds."""
    begun = time.monotonic()
    end = None if wanted.timeout is None else begun + wanted.timeout
    look = _Look(backend, wanted)
    quiet_since: float | None = wanted.since
    while True:
        now = time.monotonic()
        running, expired, waiting, malformed = look.take()
        if running or (wanted.empty and waiting):
            quiet_since = None
        elif quiet_since is None:
            quiet_since = now
        quiet = 0.0 if quiet_since is None else now - quiet_since
        sight = Sight(running, waiting, malformed, quiet, expired)
        watch.waiting(sight)
        seconds = time.monotonic() - begun
        if quiet >= QUIET:
            return Drained(wanted.names, idle=True, seconds=seconds, sight=sight)
        stopped = watch.stopping()
        if stopped or (end is not None and time.monotonic() >= end):
            return Drained(wanted.names, idle=False, seconds=seconds, sight=sight, stopped=stopped)
        rest = max(_PAUSE, time.monotonic() - now)
        time.sleep(rest if end is None else min(rest, max(0.0, end - time.monotonic())))


class _Look:
    """Looks at the reservations and lists of some queues."""

    def __init__(self, backend: Backend, wanted: Drain) -> None:
        self._backend = backend
        self._names = frozenset(wanted.names)
        self._ignore_expired = wanted.ignore_expired
        self._forms = _forms(backend)

    def take(self) -> tuple[list[Entry], list[Entry], int, int]:
        """Return the reservations that hold the queues up, and those that have expired.

        Then how many jobs wait, and how many members are no job.
        """
        running: list[Entry] = []
        malformed = 0
        now = self._backend.server.now()
        for entry in self._backend.system.running():
            if entry.job.malformed:
                malformed += 1
            elif queue_of(entry, self._backend.layout.default_queue) in self._names:
                running.append(entry)
        lists = [(name, form) for name in sorted(self._names) for form in self._forms]
        expired = [entry for entry in running if entry.expired(now)]
        if self._ignore_expired:
            running = [entry for entry in running if not entry.expired(now)]
        return running, expired, self._backend.queues.waiting(lists), malformed


def queue_of(entry: Entry, default: str) -> str:
    """Return the queue that the job of a reservation came from."""
    return entry.job.word("queue") or default


def _forms(backend: Backend) -> tuple[QueueForm, ...]:
    """Return the forms of lists that this server's workers read; both where nothing tells."""
    queues = backend.queues.named()
    read = backend.system.form_read(queues, backend.system.server_facts())
    if read is not None:
        return (read,)
    shown = form_shown(queues, backend.form)
    return tuple(backend.layout.prefixes) if shown is None else (QueueForm(shown),)


_NAMED = 3  # jobs in a sentence


def describe(sight: Sight, *, empty: bool, named: bool = True) -> str:
    """Return what holds the queues up, in a line; `named`: with the first of the jobs."""
    parts: list[str] = []
    if sight.running:
        some = listed([_title(entry) for entry in sight.running], _NAMED)
        jobs = "job runs" if len(sight.running) == 1 else "jobs run"
        parts.append(f"{len(sight.running):,} {jobs}{': ' + some if named else ''}")
    if empty and sight.waiting:
        jobs = "job waits" if sight.waiting == 1 else "jobs wait"
        parts.append(f"{sight.waiting:,} {jobs}")
    held = {entry.raw for entry in sight.running}
    stuck = sum(entry.raw in held for entry in sight.expired)
    if stuck:
        parts.append(f"{stuck:,} of these reservations {'has' if stuck == 1 else 'have'} expired")
    return "; ".join(parts) or f"quiet for {sight.quiet:.1f} of {QUIET:g} s"


def _title(entry: Entry) -> str:
    return f"{entry.jid or '?'} {entry.job.text('class') or ''}".strip()


def _held_by(entry: Entry) -> Row:
    return {
        "jid": entry.jid,
        "jobtype": entry.job.get("jobtype"),
        "queue": entry.job.get("queue"),
        **entry.reservation,
    }
