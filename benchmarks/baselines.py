"""What a person would write instead of jobctl: bare loops, each a whole process.

    python benchmarks/baselines.py lrange KEY JID

JOBCTL_URL says which Redis. Like jobctl they import click; unlike jobctl they look in one place,
trust a substring, and handle no error.
"""

from __future__ import annotations

import os
import sys
import time

import click  # noqa: F401  (what a tool with a command line imports anyway)
import redis

CHUNK = 1000
SCANNED = 2000  # more gains nothing, and calls take longer


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
        cursor, members = db.zscan(key, cursor or 0, match=f"*{jid}*", count=SCANNED)
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


_MOVE = {
    "kill": """
        local adding, first = {}, tonumber(ARGV[1])
        for i = 2, #ARGV do
            adding[#adding + 1] = first + (i - 2) * 0.000001
            adding[#adding + 1] = ARGV[i]
        end
        redis.call('ZREM', KEYS[1], unpack(ARGV, 2))
        return redis.call('ZADD', KEYS[2], unpack(adding))""",
    "discard": "return redis.call('ZREM', KEYS[1], unpack(ARGV, 2))",
    "requeue": """
        redis.call('ZREM', KEYS[1], unpack(ARGV, 2))
        return redis.call('LPUSH', KEYS[2], unpack(ARGV, 2))""",
}
_TARGET = {"kill": "dead", "discard": "dead", "requeue": "q:default"}
BATCH = 500


def _scan(db: redis.Redis, key: str, jobtype: str) -> list[tuple[bytes, float]]:
    cursor, found = None, []
    while cursor != 0:
        cursor, members = db.zscan(key, cursor or 0, match=f'*"jobtype"*{jobtype}*', count=BATCH)
        found += members
    return found


def scan(db: redis.Redis, key: str, jobtype: str) -> None:
    """Count the jobs of a type by the server's MATCH alone."""
    print(len(_scan(db, key, jobtype)))


def floor(db: redis.Redis, verb: str, key: str, jobtype: str) -> None:
    """Move what a MATCH finds in scripted batches, in order of score: as little as can be."""
    found = sorted(_scan(db, key, jobtype), key=lambda pair: pair[1])
    begun = time.time() + 180 * 86400
    for start in range(0, len(found), BATCH):
        members = [raw for raw, _ in found[start : start + BATCH]]
        db.eval(_MOVE[verb], 2, key, _TARGET[verb], begun + start * 1e-6, *members)


def each(db: redis.Redis, key: str, jobtype: str) -> None:
    """Kill what a MATCH finds, one by one, as a script would."""
    until = time.time() + 180 * 86400
    for raw, _ in _scan(db, key, jobtype):
        if db.zrem(key, raw):
            db.zadd("dead", {raw: until})


def pause(db: redis.Redis) -> None:
    """Pause every queue, with a note of who did it, in one pipe."""
    names = sorted(db.smembers("queues"))
    with db.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.sadd("paused", name)
            pipe.hset("jobctl:paused", name, b'{"who":"me"}')
        pipe.execute()
    print(b"\n".join(names).decode())


def main() -> None:
    name, *arguments = sys.argv[1:]
    db = redis.Redis.from_url(os.environ["JOBCTL_URL"])
    loops = {
        "lrange": lrange, "zscan": zscan, "count": count, "jsonl": jsonl, "ids": ids,
        "scan": scan, "floor": floor, "each": each, "pause": pause,
    }  # fmt: skip
    loops[name](db, *arguments)


if __name__ == "__main__":
    main()
