"""A Redis and a directory of files as one JSON document, and back again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import redis

URL = "unix:///old/redis.sock"  # stands in the files for the Redis they were written at
WIRE = "tcp://old:7419"  # and for the Faktory server


def dump(raw: redis.Redis, files: dict[str, str], made: float) -> str:
    """Return all that there is as text, and when it was made; bytes are latin-1."""
    keys = {_text(key): _value(raw, key) for key in sorted(raw.scan_iter())}
    return json.dumps({"made": made, "keys": keys, "files": files}, indent=1)


def load(raw: redis.Redis, document: dict[str, Any], tmp: Path, *, url: str, wire: str) -> None:
    """Put the keys into an empty Redis, and the files into a directory, with these addresses."""
    for name, (kind, value, expires) in document["keys"].items():
        key = name.encode("latin-1")
        if kind == "zset":
            raw.zadd(key, {_bytes(member): float(score) for member, score in value})
        elif kind == "list":
            raw.rpush(key, *map(_bytes, value))
        elif kind == "set":
            raw.sadd(key, *map(_bytes, value))
        elif kind == "hash":
            raw.hset(key, mapping={_bytes(k): _bytes(v) for k, v in value.items()})
        else:
            raw.set(key, _bytes(value))
        if expires:
            raw.expire(key, 600_000)
    for name, text in document["files"].items():
        file = tmp / name
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(text.replace(URL, url).replace(WIRE, wire))
        file.chmod(0o600)


def _value(raw: redis.Redis, key: bytes) -> list[Any]:
    """Return a key's type, its value and whether it expires."""
    kind, value = raw.type(key).decode(), Any
    if kind == "zset":
        value = [[_text(m), repr(score)] for m, score in raw.zrange(key, 0, -1, withscores=True)]
    elif kind == "list":
        value = [_text(member) for member in raw.lrange(key, 0, -1)]
    elif kind == "set":
        value = sorted(_text(member) for member in raw.smembers(key))
    elif kind == "hash":
        value = {_text(k): _text(v) for k, v in sorted(raw.hgetall(key).items())}
    else:
        value = _text(raw.get(key))
    return [kind, value, raw.ttl(key) >= 0]


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")
