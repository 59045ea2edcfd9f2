"""Wait until queues are idle: nobody works on their jobs, and nobody can any more."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, TimedOut
from jobctl.model.entry import Entry
from jobctl.model.layout import QueueForm
from jobctl.model.queue import form_shown
from jobctl.model.rows import Row
from jobctl.model.words import listed

if TYPE_CHECKING:
    from jobctl.backend import Backend

# A worker's FETCH that was blocked when the pause came holds its old list for up to two seconds,
# and between leaving its queue and its reservation a job is nowhere.
QUIET = 3.0  # seconds without a reservation that count as idle
_PAUSE = 0.2  # seconds between two looks; on a large set a look's own time


@dataclass(frozen=True, slots=True)
class Activity:
    """What keeps queues from being idle, at one moment.

    Attributes:
        running: the reservations of their jobs, the one that expires first in front.
        waiting: jobs that wait in them.
        malformed: reservations without a job in them; nobody can tell their queue.
        expired: reservations of theirs that have expired; the worker is gone, or late.
        quiet: seconds for which they have been idle.
    """

    running: Sequence[Entry]
    waiting: int
    malformed: int
    expired: Sequence[Entry] = ()
    quiet: float = 0.0


class DrainObserver:
    """Sees how a drain goes on, and may end it; this one does nothing."""

    def waiting(self, activity: Activity) -> None:
        """See what keeps the queues busy."""

    def stopping(self) -> bool:
        """Tell whether to give up."""
        return False


@dataclass(frozen=True, slots=True)
class Drain:
    """What to wait for.

    Attributes:
        names: the queues.
        empty: whether no job may wait in them either.
        ignore_expired: whether not to wait for reservations that have expired.
        timeout: seconds; None for no limit.
        since: the moment of the pause, by the monotonic clock; idleness counts from there.
    """

    names: Sequence[str]
    empty: bool = False
    timeout: float | None = None
    ignore_expired: bool = False
    since: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class DrainResult:
    """How the wait ended.

    Attributes:
        names: the queues.
        idle: whether they are.
        seconds: how long it took.
        activity: the last look.
        stopped: whether the observer gave up.
    """

    names: Sequence[str]
    idle: bool
    seconds: float
    activity: Activity
    stopped: bool = False

    def document(self) -> Row:
        """Return it under its JSON keys."""
        return {
            "queues": list(self.names),
            "idle": self.idle,
            "running": [_held_by(entry) for entry in self.activity.running],
            "waiting": self.activity.waiting,
            "seconds": round(self.seconds, 3),
            "expired": len(self.activity.expired),
        }

    def problem(self, drain: Drain) -> JobctlError:
        """Return the error for a timeout."""
        return TimedOut(
            f"not idle after {drain.timeout:g} s: {describe(self.activity, empty=drain.empty)}"
        )


def drain(backend: Backend, wanted: Drain, observer: DrainObserver) -> DrainResult:
    """Wait until every look over three seconds finds nobody at work on jobs of these queues."""
    begun = time.monotonic()
    end = None if wanted.timeout is None else begun + wanted.timeout
    forms = _forms(backend)
    quiet_since: float | None = wanted.since
    while True:
        now = time.monotonic()
        activity = _look(backend, wanted, forms)
        if activity.running or (wanted.empty and activity.waiting):
            quiet_since = None
        elif quiet_since is None:
            quiet_since = now
        if quiet_since is not None:
            activity = replace(activity, quiet=now - quiet_since)
        observer.waiting(activity)
        idle = activity.quiet >= QUIET
        stopped = not idle and observer.stopping()
        if idle or stopped or (end is not None and time.monotonic() >= end):
            return DrainResult(wanted.names, idle, time.monotonic() - begun, activity, stopped)
        rest = max(_PAUSE, time.monotonic() - now)
        time.sleep(rest if end is None else min(rest, max(0.0, end - time.monotonic())))


def _look(backend: Backend, wanted: Drain, forms: Iterable[QueueForm]) -> Activity:
    names = frozenset(wanted.names)
    now = backend.server.now()
    running: list[Entry] = []
    malformed = 0
    for entry in backend.system.running():
        if entry.job.malformed:
            malformed += 1
        elif queue_of(entry, backend.layout.default_queue) in names:
            running.append(entry)
    expired = [entry for entry in running if entry.expired(now)]
    if wanted.ignore_expired:
        running = [entry for entry in running if not entry.expired(now)]
    waiting = backend.queues.waiting((name, form) for name in sorted(names) for form in forms)
    return Activity(running, waiting, malformed, expired)


def queue_of(entry: Entry, default: str) -> str:
    """Return the queue that the job of a reservation came from."""
    return entry.job.word("queue") or default


def _forms(backend: Backend) -> tuple[QueueForm, ...]:
    """Return the forms of lists that workers read; all of them if nothing tells."""
    queues = backend.queues.named()
    read = backend.system.form_read(queues, backend.system.server_facts())
    if read is not None:
        return (read,)
    shown = form_shown(queues, backend.form)
    return tuple(backend.layout.prefixes) if shown is None else (QueueForm(shown),)


_NAMED = 3  # jobs in a sentence


def describe(activity: Activity, *, empty: bool, named: bool = True) -> str:
    """Return in a line what keeps the queues busy; with `named` also the first of the jobs."""
    parts: list[str] = []
    if activity.running:
        some = listed([_title(entry) for entry in activity.running], _NAMED)
        jobs = "job runs" if len(activity.running) == 1 else "jobs run"
        parts.append(f"{len(activity.running):,} {jobs}{': ' + some if named else ''}")
    if empty and activity.waiting:
        jobs = "job waits" if activity.waiting == 1 else "jobs wait"
        parts.append(f"{activity.waiting:,} {jobs}")
    held = {entry.raw for entry in activity.running}
    stuck = sum(entry.raw in held for entry in activity.expired)
    if stuck:
        parts.append(f"{stuck:,} of these reservations {'has' if stuck == 1 else 'have'} expired")
    return "; ".join(parts) or f"quiet for {activity.quiet:.1f} of {QUIET:g} s"


def _title(entry: Entry) -> str:
    return f"{entry.jid or '?'} {entry.job.text('class') or ''}".strip()


def _held_by(entry: Entry) -> Row:
    return {
        "jid": entry.jid,
        "jobtype": entry.job.get("jobtype"),
        "queue": entry.job.get("queue"),
        **entry.reservation,
    }
