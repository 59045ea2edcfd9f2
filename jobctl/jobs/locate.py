"""Find jobs by their JIDs, wherever they are, and wait for their states."""

from __future__ import annotations

import time
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, NotFound, TimedOut, UsageProblem
from jobctl.model.entry import Entry
from jobctl.model.layout import JOB_KINDS, Kind, Layout, QueueForm
from jobctl.model.queue import Queue, is_unread, read_instead
from jobctl.model.status import JobRecords, State, Status, by_precedence
from jobctl.model.times import parse_duration
from jobctl.model.words import did_you_mean

if TYPE_CHECKING:
    from jobctl.backend import Backend


OVERDUE = 60.0  # seconds; Faktory's scheduler looks every five


def status(backend: Backend, jids: Sequence[str]) -> list[Status]:
    """Return the status of each JID, in the order asked.

    A moving job can be seen twice or not at all, so jobs that were not found, or were found in
    more than one place, are looked for a second time. So are jobs whose record contradicts their
    place.
    """
    odd = backend.odd_keys()
    queues = backend.queues.named()
    found = _look(backend, queues, set(jids), odd, damaged=False)
    doubtful = {jid for jid in jids if len(found.get(jid, ())) != 1 or found[jid][0].job.malformed}
    if doubtful:
        queues = backend.queues.named()
        queues += backend.queues.strays(queues)
        again = _look(backend, queues, doubtful, odd)
        found |= {jid: again.get(jid, []) for jid in doubtful}
    odd |= {
        backend.layout.queue_key(queue.name, QueueForm.Q): queue.wrong_type
        for queue in queues
        if queue.wrong_type is not None
    }
    now = backend.server.now()
    joined = backend.records_by_jid.of(jids)
    disputed = _disputed(found, joined, now)
    if disputed:
        again = _look(backend, queues, disputed, odd)
        found |= {jid: again.get(jid, []) for jid in disputed}
        records = backend.records_by_jid.of(disputed)
        joined = {jid: its for jid, its in joined.items() if jid not in disputed} | records
        still = _disputed(found, records, now)
        disputed = {
            jid: [text for text in texts if text in disputed[jid]] for jid, texts in still.items()
        }
    queued = any(e.kind is Kind.QUEUE for entries in found.values() for e in entries)
    read = backend.system.form_read(queues, backend.system.server_facts()) if queued else None
    warn = _Warnings(backend.layout, queues, odd, now, read)
    return [
        _status(jid, found.get(jid, []), warn, joined.get(jid), disputed.get(jid, ()))
        for jid in jids
    ]


def _disputed(
    found: Mapping[str, list[Entry]], joined: Mapping[str, JobRecords], now: float
) -> dict[str, list[str]]:
    """Return the contradictions between record and place, for each job that has some."""
    if not joined:
        return {}
    from jobctl.records.consistency import contradictions

    told = {
        jid: list(contradictions(jid, _sound(found.get(jid, [])), records, now))
        for jid, records in joined.items()
    }
    return {jid: texts for jid, texts in told.items() if texts}


def _look(
    backend: Backend,
    queues: list[Queue],
    jids: Collection[str],
    odd: Container[str],
    *,
    damaged: bool = True,
) -> dict[str, list[Entry]]:
    """Look through everything once, in the direction in which jobs flow.

    With `damaged` look for malformed members, too, which takes longer.
    """
    found: dict[str, list[Entry]] = {}
    if jids:
        for kind in JOB_KINDS:
            if kind is Kind.QUEUE:
                entries = backend.queues.find(queues, jids, damaged=damaged)
            elif backend.set(kind).key in odd:
                continue
            else:
                entries = backend.set(kind).find(jids, damaged=damaged)
            for entry in entries:
                for jid in [entry.jid] if entry.jid is not None else entry.may_be(jids):
                    found.setdefault(jid, []).append(entry)
    return found


def _status(
    jid: str,
    entries: list[Entry],
    warn: _Warnings,
    joined: JobRecords | None,
    disputed: Iterable[str],
) -> Status:
    ordered = _sound(entries)
    damaged = [entry.place.title for entry in entries if entry.job.malformed]
    warnings = [*warn.of(ordered)]
    warnings += [f"a malformed member of {name} holds this text" for name in damaged]
    if joined is not None:
        from jobctl.records.consistency import oddities

        warnings += [*disputed, *oddities(joined)]
    return Status(
        jid,
        ordered,
        tuple(warnings),
        held_back=warn.held_back(ordered),
        damaged=tuple(damaged),
        unread=(*warn.unread, *(joined.unread if joined is not None else ())),
        records=joined.records if joined is not None else (),
        denied=joined is not None and joined.refused is not None,
    )


def _sound(entries: list[Entry]) -> tuple[Entry, ...]:
    """Return the entries that are jobs, the one that decides the state first."""
    return by_precedence([entry for entry in entries if not entry.job.malformed])


class _Warnings:
    """Warns of what is odd about the places of jobs."""

    def __init__(
        self,
        layout: Layout,
        queues: list[Queue],
        odd: Mapping[str, str],
        now: float,
        read: QueueForm | None,
    ) -> None:
        self._layout = layout
        self._odd = odd
        self._queues = {(q.name, q.form): q for q in queues}
        self._read = read
        self._now = now

    @property
    def unread(self) -> Iterable[str]:
        """The keys that could not be read."""
        return self._odd

    def held_back(self, entries: tuple[Entry, ...]) -> str | None:
        """Return why a queued job will not run."""
        queue = self._queue(entries[0]) if entries and entries[0].kind is Kind.QUEUE else None
        read = self._read
        if queue is not None and read is not None and is_unread(queue, read):
            return f"{self._layout.readers[read]} do not read this list"
        return "its queue is paused" if queue is not None and queue.paused else None

    def of(self, entries: tuple[Entry, ...]) -> Iterator[str]:
        """Yield a sentence for each thing an operator should know."""
        for key, kind in self._odd.items():
            yield f"the key {key} holds a {kind}: nobody can look into it"
        if len(entries) > 1:
            places = ", ".join(_where(entry) for entry in entries)
            yield f"it is in {len(entries)} places: {places}; it may run more than once"
        for entry in entries:
            if entry.kind is Kind.QUEUE:
                yield from self._queued(entry)
            elif entry.kind is Kind.WORKING:
                yield from self._reserved(entry)
            elif entry.kind in (Kind.SCHEDULED, Kind.RETRIES):
                yield from self._due(entry)

    def _queued(self, entry: Entry) -> Iterator[str]:
        queue = self._queue(entry)
        if queue is None:
            return
        if queue.paused:
            yield f"queue {queue.name} is paused: nothing in it runs until it is resumed"
        if not queue.registered:
            yield f"queue {queue.name} is not in the set of queues: servers may not list it"
        if is_unread(queue, self._read):
            key = (queue.key or b"").decode("utf-8", "replace")
            yield (
                f"it is in the list {key}, but {read_instead(queue, self._layout)}; to move it "
                f"over: jobctl queue adopt {quote(queue.name)}"
            )
        if entry.job.get("queue") not in (None, queue.name):
            yield f"its payload names queue {entry.job.text('queue')}, it is in {queue.name}"

    def _queue(self, entry: Entry) -> Queue | None:
        return self._queues.get((entry.place.queue or "", entry.place.form))

    def _reserved(self, entry: Entry) -> Iterator[str]:
        if entry.expired(self._now):
            yield "its reservation has expired: the worker is gone, or slower than it promised"

    def _due(self, entry: Entry) -> Iterator[str]:
        if entry.score is not None and entry.score < self._now - OVERDUE:
            yield f"it was due in {entry.kind.value} and has not moved: is the server running?"


def _where(entry: Entry) -> str:
    if entry.kind is Kind.QUEUE:
        return f"{entry.place.title} (position {entry.place.position})"
    return entry.place.title


GONE = "gone"
WAITABLE = (*(s.value for s in State if s is not State.UNKNOWN), GONE)
_ENDED = (State.SUCCESS, State.FAILED, State.KILLED)  # by its record
_SURE = 1.5  # seconds without a sight of it before a job counts as gone: it may be on the move
_PAUSE = 0.25  # seconds between two looks; on large data a look's own time


@dataclass(frozen=True, slots=True)
class Goal:
    """What to wait for: any of these states (or ``gone``); `timeout` in seconds."""

    states: frozenset[str]
    timeout: float | None = None

    @classmethod
    def read(cls, wanted: str, timeout: str | None) -> Goal:
        """Read ``STATE[,..]`` and a duration.

        Raises:
            UsageProblem: an unknown state, or a malformed duration.
        """
        states = frozenset(wanted.split(","))
        for state in sorted(states - set(WAITABLE)):
            hint = did_you_mean(state, WAITABLE)
            raise UsageProblem(f"there is no state {state!r} to wait for", hint=hint)
        return cls(states, None if timeout is None else parse_duration(timeout))

    def __str__(self) -> str:
        return " or ".join(sorted(self.states))


@dataclass(frozen=True, slots=True)
class Waited:
    """How a wait ended: the last status of each job, and the error if it failed."""

    jobs: list[Status]
    problem: JobctlError | None = None


def wait(backend: Backend, jids: Sequence[str], goal: Goal) -> Waited:
    """Look at the jobs until all have reached the goal, one no longer can, or time is up."""
    end = None if goal.timeout is None else time.monotonic() + goal.timeout
    watched = {jid: _Watched() for jid in jids}
    while True:
        began = time.monotonic()
        jobs = status(backend, jids)
        for job in jobs:
            watched[job.jid].see(job, began)
        lost = [job.jid for job in jobs if watched[job.jid].lost(job, goal, began)]
        if lost:
            return Waited(jobs, _lost(lost[0], goal, watched[lost[0]]))
        if all(watched[job.jid].reached(job, goal, began) for job in jobs):
            return Waited(jobs)
        now = time.monotonic()
        if end is not None and now >= end:
            return Waited(jobs, _timed_out(jobs, goal))
        rest = _PAUSE + (now - began)
        time.sleep(rest if end is None else min(rest, max(0.0, end - now)))


class _Watched:
    """What has been seen of one job so far, in structures and of its record."""

    def __init__(self) -> None:
        self.known = False
        self.state = State.UNKNOWN
        self._found = False
        self._missing_since: float | None = None

    def see(self, job: Status, now: float) -> None:
        self.known = self.known or job.found
        self.state = job.state
        if job.entries:
            self._found, self._missing_since = True, None
        elif self._missing_since is None:
            self._missing_since = now

    def gone(self, now: float) -> bool:
        """Tell whether it left the structures it was in, or its record says that it ended."""
        return (self._found or self.state in _ENDED) and self._surely_out(now)

    def reached(self, job: Status, goal: Goal, now: float) -> bool:
        if GONE in goal.states and self.gone(now):
            return True
        if not job.found or job.state.value not in goal.states:
            return False
        if job.entries:
            return True
        # What a record says of a job on the move may be of its last try.
        return not self._found or job.state is State.SUCCESS or self._surely_out(now)

    def lost(self, job: Status, goal: Goal, now: float) -> bool:
        """Tell whether the goal is out of reach: the job is gone, or was never there to go."""
        if GONE in goal.states:
            return not self.known
        return self.gone(now) and not self.reached(job, goal, now)

    def _surely_out(self, now: float) -> bool:
        missing = self._missing_since
        return missing is not None and now - missing >= _SURE


def _lost(jid: str, goal: Goal, seen: _Watched) -> JobctlError:
    if not seen.known:
        return NotFound(
            f"{jid} is nowhere, so it cannot go",
            hint="a finished job leaves no trace: it may be gone already",
        )
    if seen.state is not State.UNKNOWN:
        return NotFound(
            f"{jid} is gone, and its record says {seen.state.value}; it was never seen {goal}",
            hint=f"jobctl status {quote(jid)} shows the record; to wait for that: --wait gone",
        )
    return NotFound(
        f"{jid} is gone; it was never seen {goal}",
        hint="a finished job leaves no trace; to wait for that: --wait gone",
    )


def _timed_out(jobs: list[Status], goal: Goal) -> JobctlError:
    late = [job for job in jobs if job.state.value not in goal.states]
    more = f" (and {len(late) - 1} more)" if len(late) > 1 else ""
    return TimedOut(
        f"{late[0].jid} is {late[0].state.value}, not {goal}, after {goal.timeout:g} s{more}"
        if late
        else f"not {goal} after {goal.timeout:g} s"
    )
