"""All that a Redis holds, to be compared with what it held before."""

from __future__ import annotations

from typing import Any

import redis

_READ = {
    b"hash": lambda raw, key: raw.hgetall(key),
    b"set": lambda raw, key: raw.smembers(key),
    b"zset": lambda raw, key: dict(raw.zrange(key, 0, -1, withscores=True)),
    b"list": lambda raw, key: raw.lrange(key, 0, -1),
}


def everything(raw: redis.Redis) -> dict[bytes, Any]:
    """Return every key with its value, whatever its type."""
    return {
        key: _READ.get(raw.type(key), lambda raw, key: raw.dump(key))(raw, key)
        for key in raw.scan_iter()
    }


def contents(raw: redis.Redis) -> dict[bytes, Any]:
    """Return every key with its value, but jobctl's own."""
    return {k: value for k, value in everything(raw).items() if not k.startswith(b"jobctl:")}
