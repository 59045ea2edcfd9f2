"""Wait until jobs are where they should be."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, NotFound, TimedOut, UsageProblem
from jobctl.jobs.locate import status
from jobctl.model.status import State, Status
from jobctl.model.times import parse_duration
from jobctl.model.words import did_you_mean

if TYPE_CHECKING:
    from jobctl.backend import Backend

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
