"""All that a Redis holds, to be compared with what it held before."""

from __future__ import annotations

from typing import Any

import redis


def everything(raw: redis.Redis) -> dict[bytes, Any]:
    """Return every key with its value, whatever its type."""
    found: dict[bytes, Any] = {}
    for key in raw.scan_iter():
        kind = raw.type(key)
        if kind == b"hash":
            found[key] = raw.hgetall(key)
        elif kind == b"set":
            found[key] = raw.smembers(key)
        elif kind == b"zset":
            found[key] = dict(raw.zrange(key, 0, -1, withscores=True))
        else:
            found[key] = raw.dump(key)
    return found
