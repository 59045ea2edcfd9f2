"""Helpers for tests of reservations: members of working as a server writes them."""

from __future__ import annotations

import json
import time
from typing import Any

import redis

from tests.builders import enqueue, job, reservation
from tests.systems.double import FaktoryDouble
from tests.systems.memory import rfc3339, unix

MANY = 250  # three batches of a release


def held(jid: str, away: float = 900.0, *, inner: bytes | None = None, **fields: Any) -> bytes:
    """Return a reservation that expires so many seconds from now; `fields` are the job's."""
    now = time.time()
    return reservation(
        job(jid, **fields) if inner is None else inner,
        reserved_at=rfc3339(now + away - 1800),
        expires_at=rfc3339(now + away),
    )


def hold(raw: redis.Redis, *members: bytes) -> tuple[bytes, ...]:
    """Put reservations into working, each at its expiry."""
    for member in members:
        raw.zadd("working", {member: unix(json.loads(member)["expires_at"])})
    return members


def jids(raw: redis.Redis, queue: str = "q:default") -> list[str]:
    """Return the jobs of a queue, the one that runs next first."""
    return [json.loads(member)["jid"] for member in raw.lrange(queue, 0, -1)][::-1]


def reserved(raw: redis.Redis) -> list[str]:
    """Return the jobs in working, the first to expire first."""
    return [json.loads(member)["job"]["jid"] for member in raw.zrange("working", 0, -1)]


def acks(double: FaktoryDouble) -> list[str]:
    """Return the JIDs that the server was told of."""
    return [json.loads(line[4:])["jid"] for line in double.commands if line.startswith("ACK ")]


def fill(raw: redis.Redis, jobs: int = MANY) -> list[str]:
    """Put so many reservations behind a job that waits, and return their JIDs in order."""
    enqueue(raw, "default", job("queued-00001"))
    hold(raw, *(held(f"held-{i:07d}", i) for i in range(jobs)))
    return [f"held-{i:07d}" for i in range(jobs)]


def everything(raw: redis.Redis) -> list[str]:
    """Return how often each job is in working or in the queue."""
    return sorted([*reserved(raw), *jids(raw)])
