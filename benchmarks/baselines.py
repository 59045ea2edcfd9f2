"""What a person would write instead of jobctl: bare loops, each a whole process.

    python benchmarks/baselines.py lrange KEY JID

JOBCTL_URL says which Redis. Like jobctl they import click; unlike jobctl they look in one place,
trust a substring, and handle no error.
"""

from __future__ import annotations

import os
import sys

import click  # noqa: F401  (what a tool with a command line imports anyway)
import redis

CHUNK = 1000


def lrange(db: redis.Redis, key: str, jid: str) -> None:
    """Find a job in a list, from the left."""
    wanted, start = jid.encode(), 0
    while members := db.lrange(key, start, start + CHUNK - 1):
        for raw in members:
            if wanted in raw:
                print(raw)
                return
        start += len(members)


def zscan(db: redis.Redis, key: str, jid: str) -> None:
    """Find a job in a sorted set, through the server's MATCH."""
    cursor = None
    while cursor != 0:
        cursor, members = db.zscan(key, cursor or 0, match=f"*{jid}*", count=CHUNK)
        for raw, _ in members:
            print(raw)


def count(db: redis.Redis, key: str, jobtype: str) -> None:
    """Count the jobs of a type, through the server's MATCH, decoding what comes."""
    import orjson

    cursor, found = None, 0
    while cursor != 0:
        cursor, members = db.zscan(key, cursor or 0, match=f"*{jobtype}*", count=CHUNK)
        found += sum(orjson.loads(raw)["jobtype"] == jobtype for raw, _ in members)
    print(found)


def jsonl(db: redis.Redis, key: str) -> None:
    """Write a sorted set as lines of JSON, decoded and encoded again."""
    import orjson

    start = 0
    while members := db.zrange(key, start, start + CHUNK - 1, withscores=True):
        for raw, score in members:
            job = orjson.loads(raw)
            sys.stdout.buffer.write(orjson.dumps(job | {"at": score}) + b"\n")
        start += len(members)


def ids(db: redis.Redis, key: str) -> None:
    """Write the JIDs of a list, the job that runs next first."""
    import orjson

    end = -1
    while members := db.lrange(key, end - CHUNK + 1, end):
        for raw in reversed(members):
            print(orjson.loads(raw)["jid"])
        end -= len(members)


def main() -> None:
    name, *arguments = sys.argv[1:]
    db = redis.Redis.from_url(os.environ["JOBCTL_URL"])
    loops = {"lrange": lrange, "zscan": zscan, "count": count, "jsonl": jsonl, "ids": ids}
    loops[name](db, *arguments)


if __name__ == "__main__":
    main()
