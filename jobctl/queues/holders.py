"""Find who holds queues and whether they live, and pauses that a server has yet to read."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from jobctl.errors import Refused
from jobctl.model.info import JobServerFacts
from jobctl.model.queue import STALE, Author, Holders, Lease

if TYPE_CHECKING:
    from jobctl.backend import Backend

NAP = 0.1  # seconds between two looks at whether somebody has finished with a queue
_PROC = Path("/proc")


def find_holders(backend: Backend, names: Sequence[str]) -> dict[str, Holders]:
    """Return who holds each of these queues; holders whose process is gone count as dead."""
    found = backend.pauses.holds(names, backend.server.now())
    return {name: _without_gone(holders) for name, holders in found.items()}


def end_gone_leases(backend: Backend, names: Sequence[str]) -> None:
    """Note in Redis which holders are dead because their process is gone."""
    gone: dict[str, list[str]] = {}
    for name, holders in find_holders(backend, names).items():
        for lease in holders.leases:
            if lease.dead:
                gone.setdefault(lease.ident, []).append(name)
    for ident, held in gone.items():
        backend.pauses.beat(held, ident, ends=True)


def refuse_held(held: Mapping[str, Holders], way: str | None = None) -> None:
    """Refuse to change queues that somebody holds; do nothing if nobody does.

    Args:
        held: who holds which.
        way: what to do if the holder lives; without it, to use force.
    """
    if not held:
        return
    name, holders = next(iter(held.items()))
    more = f" (and {len(held) - 1} more are held)" if len(held) > 1 else ""
    dead = all(each.dead for each in held.values())
    raise Refused(
        f"queue {name} is held by {holders}{more}; nothing was changed",
        hint=f"the holder is dead: jobctl queue resume --stale {quote(name)}"
        if dead
        else way or "it resumes when its holder is done; --force resumes it now",
    )


def wait_for_resume(backend: Backend, names: Sequence[str]) -> bool:
    """Wait until nobody is in the middle of resuming one of these queues.

    Returns:
        Whether there was nothing to wait for.

    Raises:
        Refused: somebody's resuming does not end.
    """
    end = time.monotonic() + STALE + 1
    first = True
    while True:
        found = backend.pauses.holds(names, backend.server.now())
        leaving = [name for name, holders in found.items() if holders.leaving]
        if not leaving:
            return first
        if time.monotonic() > end:
            raise still_resuming(leaving[0])
        first = False
        time.sleep(NAP)


def still_resuming(name: str) -> Refused:
    """Return the error for a queue that somebody else never finishes resuming."""
    return Refused(f"queue {name} is being resumed by somebody else, which does not end")


def pending_pauses(
    backend: Backend,
    notes: Mapping[str, Author] | None = None,
    facts: JobServerFacts | None = None,
) -> Mapping[str, bool]:
    """Return the queues that were paused for the next start of a server that still runs.

    The value says whether that is certain: if nothing tells when the server started, it may have
    read the pause since.

    Args:
        backend: what it works on.
        notes: who paused which queue, if that was read already.
        facts: what the server says about itself, if it was asked already.
    """
    notes = backend.pauses.notes() if notes is None else notes
    waiting = {name: author.at for name, author in notes.items() if author.at_restart}
    if not waiting or (backend.faktory is None and backend.system.server_runs() is False):
        return {}
    started = backend.system.server_started(facts)
    if started is None:
        return dict.fromkeys(waiting, False)
    return {name: True for name, at in waiting.items() if started <= at}


def process_name(pid: int) -> str | None:
    """Return a name that tells a process from any other on any machine; None if it is not seen.

    It consists of the machine's boot, the pid namespace (a container has its own), the pid, and
    the start of the process, as pids are used again. Systems without ``/proc`` have none.
    """
    place = _place()
    if place is None:
        return None
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    state, *rest = stat.rpartition(")")[2].split()
    start = "zombie" if state in "ZX" else rest[18]
    return f"{place}/{pid}/{start}"


def _place() -> str | None:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return None


def _without_gone(holders: Holders) -> Holders:
    leases = tuple(replace(it, dead=True) if _is_gone(it) else it for it in holders.leases)
    return replace(holders, leases=leases)


def _is_gone(lease: Lease) -> bool:
    place = _place()
    if place is None:
        here = lease.author.host == socket.gethostname() and not _PROC.exists()
    else:
        here = lease.process is not None and lease.process.startswith(f"{place}/")
    if not here or lease.pid <= 0:
        return False  # nobody here can tell
    name = process_name(lease.pid)
    if name is not None:
        return name != lease.process
    with suppress(PermissionError):  # another user's process may run without being visible
        try:
            os.kill(lease.pid, 0)
        except ProcessLookupError:
            return True
    return False
