"""Status records put into Redis as the Jobba gem does it, and odd ones as it leaves them behind."""

from __future__ import annotations

import json
from typing import Any

import redis

from jobctl.model.jobba import MOMENTS, RecordState
from jobctl.records.query import TIMES
from tests.builders import NOW

_TIMES_BEFORE = {
    "queued": ("queued_at",),
    "started": ("queued_at", "started_at"),
    "succeeded": ("queued_at", "started_at", "succeeded_at"),
    "failed": ("queued_at", "started_at", "failed_at"),
    "killed": ("queued_at", "killed_at"),
}
START = 1_789_000_000_000_000  # microseconds: 2026-09-10T00:26:40Z


def record(
    raw: redis.Redis, ident: str | bytes, *, prefix: bytes = b"jobba:", **fields: Any
) -> None:
    """Write a record and its indexes; None leaves a field out, times are microseconds.

    Ids are given as text, or as the bytes they are.
    """
    name = ident if isinstance(ident, bytes) else ident.encode()
    values: dict[str, Any] = {
        "id": name.decode("utf-8", "replace"), "state": "queued", "progress": 0, "errors": [],
        "attempt": 0, "recorded_at": START,
    } | fields  # fmt: skip
    with raw.pipeline() as pipe:
        texts = {key: json.dumps(value) for key, value in values.items() if value is not None}
        if texts:
            pipe.hset(prefix + b"id:" + name, mapping=texts)
        if values["state"] in list(RecordState):
            pipe.sadd(prefix + values["state"].encode(), name)
        for moment in MOMENTS:
            if values.get(moment) is not None:
                pipe.zadd(prefix + moment.encode(), {name: values[moment]})
        if values.get("job_name") is not None:
            pipe.sadd(prefix + b"job_name:" + values["job_name"].encode(), name)
        if values.get("provider_job_id") is not None:
            pipe.sadd(prefix + b"provider_job_id:" + str(values["provider_job_id"]).encode(), name)
        for value in (values.get("job_args") or {}).values():
            pipe.sadd(prefix + b"job_arg:" + str(value).encode(), name)
        pipe.execute()


def record_ago(
    raw: redis.Redis,
    ident: str,
    state: str = "queued",
    *,
    ago: float = 3600,
    namespace: str = "jobba",
    **fields: Any,
) -> None:
    """Write a record that was recorded so many seconds before NOW.

    Its other times follow, ten seconds apart. `fields` are added or replace; times in seconds
    from NOW; None leaves out.
    """
    given: dict[str, Any] = {"recorded_at": -ago}
    given |= {name: 10 * (i + 1) - ago for i, name in enumerate(_TIMES_BEFORE.get(state, ()))}
    given |= fields
    for name in TIMES:
        if given.get(name) is not None:
            given[name] = int((NOW + given[name]) * 1_000_000)
    record(raw, ident, prefix=f"{namespace}:".encode(), state=state, **given)


def orphan(raw: redis.Redis, ident: str, *indexes: str, at: int = START) -> None:
    """Leave an id in indexes without a record: times are sorted sets, the rest sets."""
    for index in indexes:
        if index in MOMENTS:
            raw.zadd(f"jobba:{index}", {ident: at})
        else:
            raw.sadd(f"jobba:{index}", ident)
