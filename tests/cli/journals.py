"""Helpers for tests of operations: reports and states of the whole store."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import redis

SETS = ("retries", "scheduled", "dead")


def everything(raw: redis.Redis) -> dict[str, Any]:
    """Return every set with its scores, and every queue."""
    found: dict[str, Any] = {key: raw.zrange(key, 0, -1, withscores=True) for key in SETS}
    names = sorted(raw.smembers("queues"))
    return found | {name.decode(): raw.lrange(b"q:" + name, 0, -1) for name in names}


def reporter(jobctl: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Return what runs a change and reads its report."""

    def run(*argv: str, code: int = 0, **how: Any) -> dict[str, Any]:
        ran = jobctl(*argv, "-o", "json", **how)
        assert ran.code == code, ran.err
        found: dict[str, Any] = json.loads(ran.out)
        return found

    return run
