"""Holders on this machine: whether their process is gone, which no heartbeat need tell."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from jobctl.backend import Backend
from jobctl.model.leases import Holders, Lease

_PROC = Path("/proc")


def process_name(pid: int) -> str | None:
    """Return what tells a process from any other, on any machine; None where it is not seen.

    The boot of the machine, the namespace that the pid is of (a container's is its own), the pid
    and its start: a pid is used again. Systems without ``/proc`` do not tell.
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


def look_at_holds(backend: Backend, names: Sequence[str]) -> dict[str, Holders]:
    """Return who holds each of these queues; holders whose process is gone count as dead."""
    holds = backend.pauses.holds(names, backend.server.now())
    return {name: _without_gone(hold) for name, hold in holds.items()}


def bury_gone(backend: Backend, names: Sequence[str]) -> None:
    """Note in Redis that holders are dead whose process is gone."""
    gone: dict[str, list[str]] = {}
    for name, hold in look_at_holds(backend, names).items():
        for lease in hold.leases:
            if lease.dead:
                gone.setdefault(lease.ident, []).append(name)
    for ident, held in gone.items():
        backend.pauses.beat(held, ident, ends=True)


def _without_gone(hold: Holders) -> Holders:
    leases = tuple(replace(it, dead=True) if _is_gone(it) else it for it in hold.leases)
    return replace(hold, leases=leases)


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
    with suppress(PermissionError):  # another user's process may be there and not be seen
        try:
            os.kill(lease.pid, 0)
        except ProcessLookupError:
            return True
    return False
