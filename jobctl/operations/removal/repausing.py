"""The pause of queues that come back: it is there before their jobs are, or it is said why not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from jobctl.backend import Backend
from jobctl.errors import JobctlError, Refused
from jobctl.model.removal import shown_queues
from jobctl.queues.draining import QUIET
from jobctl.redis.queue_removal import PauseFate
from jobctl.systems.faktory.server import Faktory

_PATIENCE = 3.0  # seconds; a worker asks for jobs every two, and so the server meets the queue
_NAP = 0.25


@dataclass(frozen=True, slots=True)
class Repaused:
    """How pauses came back.

    Attributes:
        pause: what is to become of them in Redis.
        notes, problems: what there is to say.
        way: what helps against the problems.
    """

    pause: PauseFate = PauseFate.STAY
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    way: str = ""


def repause(backend: Backend, faktory: Faktory | None, names: Sequence[str]) -> Repaused:
    """Pause queues that were paused when they were removed, before their jobs are back.

    Where a server runs, it has to do it: it would not notice a pause in Redis alone. Once it has,
    whoever was asking for jobs then is given the time to end that.
    """
    if not names:
        return Repaused()
    shown, why, way = shown_queues(names), None, "give the server: --faktory-url"
    if faktory is not None:
        try:
            left = _pause(backend, faktory, names)
        except Refused as error:  # it is another Redis' server
            problem = f"the pause of {shown} cannot come back: {error.message}"
            return Repaused(problems=(problem,), way=error.hint or way)
        except JobctlError as error:
            why, way = error.message, "try again"
        else:
            if left:
                return _unknown(left)
            time.sleep(QUIET)
            return Repaused()
    running = backend.system.server_runs()
    if running or (running is None and why is not None):
        why = why or "the server that runs there would not notice"
        return Repaused(problems=(f"the pause of {shown} cannot come back: {why}",), way=way)
    if running is None:
        note = f"{shown}: paused in Redis; a running Faktory server would not notice"
        return Repaused(PauseFate.PAUSE, notes=(note,))
    return Repaused(PauseFate.PAUSE)


def _pause(backend: Backend, faktory: Faktory, names: Sequence[str]) -> list[str]:
    """Pause by the server, and return the queues that are not paused in Redis after some time."""
    backend.system.verify_server()
    left = list(names)
    end = time.monotonic() + _PATIENCE
    while True:
        faktory.pause(left)
        paused = backend.removing.paused(left)
        left = [name for name in left if name not in paused]
        if not left or time.monotonic() > end:
            return left
        time.sleep(_NAP)


def _unknown(names: Sequence[str]) -> Repaused:
    why = (
        f"the pause of {shown_queues(names)} did not take: the server does not know it before a "
        "worker or producer has asked for it"
    )
    return Repaused(problems=(why,), way="try again once one has")
