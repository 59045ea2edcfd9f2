"""Status records by how long ago things happened to them."""

from __future__ import annotations

from typing import Any

import redis

from jobctl.records.query import TIMES
from tests import recording
from tests.builders import NOW

_ON_THE_WAY = {
    "unqueued": (),
    "queued": ("queued_at",),
    "started": ("queued_at", "started_at"),
    "succeeded": ("queued_at", "started_at", "succeeded_at"),
    "failed": ("queued_at", "started_at", "failed_at"),
    "killed": ("queued_at", "killed_at"),
    "unknown": (),
}


def micro(seconds: float) -> int:
    """Return a time of so many seconds after NOW in microseconds."""
    return int((NOW + seconds) * 1_000_000)


def record(
    raw: redis.Redis,
    ident: str,
    state: str = "queued",
    *,
    ago: float = 3600,
    namespace: str = "jobba",
    **fields: Any,
) -> None:
    """Write a record and its index entries; `ago`: recorded so many seconds before NOW.

    Its other times follow, ten seconds apart. `fields` are added or replace; times in seconds
    from NOW; None leaves out.
    """
    times = {"recorded_at": -ago}
    times |= {name: 10 * (i + 1) - ago for i, name in enumerate(_ON_THE_WAY[state])}
    given = {
        name: micro(value) if name in TIMES and value is not None else value
        for name, value in (times | fields).items()
    }
    recording.record(raw, ident, prefix=f"{namespace}:".encode(), state=state, **given)
