"""Small jobs, and small ways to put them where real systems keep them."""

from __future__ import annotations

import json
from typing import Any

import redis

NOW = 1_790_000_000.0  # a fixed moment for what needs none of the clock: 2026-09-21T14:13:20Z


def job(jid: str = "jid-00000001", **fields: Any) -> bytes:
    """A job's payload as bytes; `fields` are added or replace the default ones, None removes."""
    payload: dict[str, Any] = {
        "jid": jid,
        "jobtype": "SendEmail",
        "queue": "default",
        "args": [1, "two"],
        "created_at": "2026-09-21T14:00:00.123456789Z",
        "enqueued_at": "2026-09-21T14:00:01.5Z",
        "retry": 25,
    } | fields
    return json.dumps({k: v for k, v in payload.items() if v is not None}).encode()


def failed(
    jid: str = "jid-00000001", *, count: int = 0, failure: Any = None, **fields: Any
) -> bytes:
    """A job that failed: `failure` adds to, or replaces, its failure object."""
    full: dict[str, Any] = {
        "retry_count": count,
        "remaining": 25 - count,
        "failed_at": "2026-09-21T14:05:00Z",
        "next_at": "2026-09-21T14:20:00Z",
        "errtype": "RuntimeError",
        "message": "boom",
    }
    return job(
        jid, failure=full | failure if isinstance(failure, dict) else (failure or full), **fields
    )


def reservation(inner: bytes, wid: str = "worker-1", **fields: Any) -> bytes:
    """A member of working that holds a job."""
    outer = {
        "reserved_at": "2026-09-21T14:10:00Z",
        "expires_at": "2026-09-21T14:40:00Z",
        "wid": wid,
    } | fields
    return b'{"job":' + inner + b"," + json.dumps(outer).encode()[1:]


def enqueue(raw: redis.Redis, name: str, *jobs: bytes, form: str = "q:") -> None:
    """Push jobs as producers do; the first one runs first."""
    raw.sadd("queues", name)
    for member in jobs:
        raw.lpush(f"{form}{name}", member)


def retry(raw: redis.Redis, *members: bytes, at: float = NOW) -> None:
    """Put members into retries, a second apart."""
    for i, member in enumerate(members):
        raw.zadd("retries", {member: at + i})


def small_shop(raw: redis.Redis) -> None:
    """A few jobs in every structure, at NOW; some of them odd."""
    enqueue(raw, "default", job("queued-00001"), job("queued-00002", args=[{"user": "Zoë"}]))
    enqueue(raw, "webhooks", job("webhook-0001", jobtype="Webhook", queue="webhooks"))
    raw.sadd("queues", "empty")
    raw.sadd("paused", "webhooks")
    raw.zadd("scheduled", {job("later-000001", at="2026-09-22T06:00:00Z"): NOW + 56_800})
    retry(
        raw,
        failed("retry-000001", count=2, failure={"errtype": "Net::OpenTimeout"}),
        failed(
            "retry-000002",
            jobtype="Import::CustomersFromSpreadsheet",
            failure={"message": "\x1b[31mred\x1b[0m [bold]markup[/bold]\nsecond line"},
        ),
        b'{"jid":"cut-off-0001","jobtype":"Send',
        at=NOW + 90,
    )
    raw.zadd("dead", {failed("died-0000001", count=25): NOW + 180 * 86400 - 7200})
    raw.zadd("working", {reservation(job("held-0000001")): NOW + 1600})
    raw.mset({"processed": 12345, "failures": 67})
    raw.mset({"processed:2026-09-21": 300, "failures:2026-09-21": 7, "processed:2026-09-20": 900})
