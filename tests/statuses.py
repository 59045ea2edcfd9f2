"""Status records as the Jobba gem writes them, in plain commands."""

from __future__ import annotations

import json
from typing import Any

import redis

from tests.builders import NOW

MOMENTS = ("recorded_at", "queued_at", "started_at", "succeeded_at", "failed_at", "killed_at")
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
    full: dict[str, Any] = {
        "id": ident, "state": state, "progress": 0, "errors": [], "attempt": 0,
    } | times | fields  # fmt: skip
    full = {
        name: micro(value) if name in (*MOMENTS, "kill_requested_at") else value
        for name, value in full.items()
        if value is not None
    }
    raw.hset(f"{namespace}:id:{ident}", mapping={name: json.dumps(full[name]) for name in full})
    raw.sadd(f"{namespace}:{state}", ident)
    for name in MOMENTS:
        if name in full:
            raw.zadd(f"{namespace}:{name}", {ident: full[name]})
    for name in ("job_name", "provider_job_id"):
        if name in full:
            raw.sadd(f"{namespace}:{name}:{full[name]}", ident)
    for value in full.get("job_args", {}).values():
        raw.sadd(f"{namespace}:job_arg:{value}", ident)
