"""All that a Redis holds, to be compared with what it held before."""

from __future__ import annotations

from typing import Any

import redis

_READS = {
    b"hash": lambda pipe, key: pipe.hgetall(key),
    b"set": lambda pipe, key: pipe.smembers(key),
    b"zset": lambda pipe, key: pipe.zrange(key, 0, -1, withscores=True),
    b"list": lambda pipe, key: pipe.lrange(key, 0, -1),
}


def everything(raw: redis.Redis, match: str = "*") -> dict[bytes, Any]:
    """Return every key with its value, whatever its type."""
    keys = list(raw.scan_iter(match, count=1000))
    with raw.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.type(key)
        kinds = pipe.execute()
        for key, kind in zip(keys, kinds, strict=True):
            _READS.get(kind, lambda pipe, key: pipe.dump(key))(pipe, key)
        values = pipe.execute()
    return {
        key: dict(value) if kind == b"zset" else value
        for key, kind, value in zip(keys, kinds, values, strict=True)
    }


def contents(raw: redis.Redis) -> dict[bytes, Any]:
    """Return every key with its value, but jobctl's own."""
    found = everything(raw)
    return {key: found[key] for key in found if not key.startswith(b"jobctl:")}


def expiries(raw: redis.Redis) -> dict[bytes, int]:
    """Return when each key that expires does, in milliseconds; jobctl's own are left out."""
    found = {key: raw.pexpiretime(key) for key in raw.scan_iter()}
    return {key: at for key, at in found.items() if at > 0 and not key.startswith(b"jobctl:")}


def put(raw: redis.Redis, kind: str, key: str) -> None:
    """Put something of a type there."""
    {
        "string": lambda: raw.set(key, "x"),
        "hash": lambda: raw.hset(key, "x", "y"),
        "list": lambda: raw.rpush(key, "x"),
        "set": lambda: raw.sadd(key, "x"),
        "zset": lambda: raw.zadd(key, {"x": 1}),
        "stream": lambda: raw.xadd(key, {"x": "y"}),
    }[kind]()
