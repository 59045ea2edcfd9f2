"""What a shop is full of: what must hold at any instant, and what an undo brings back."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import redis

from tests.builders import NOW, enqueue, failed, job
from tests.everything import contents
from tests.recording import START
from tests.release.holding import held, hold
from tests.systems.double import FaktoryDouble

Report = dict[str, Any]


def jids_of(members: Iterable[bytes]) -> list[str]:
    """Return the JIDs of jobs, or of those in reservations."""
    found = map(json.loads, members)
    return [each.get("job", each)["jid"] for each in found]


@dataclass(frozen=True)
class Stock:
    """So many jobs or records, all of which an operation is about."""

    count: int

    def fill(self, db: redis.Redis) -> None:
        """Put them into an empty database."""
        raise NotImplementedError

    def check(self, db: redis.Redis, note: object) -> None:
        """Hold what must be so at any instant."""

    def state(self, db: redis.Redis) -> object:
        """Return what an undo brings back."""
        raise NotImplementedError

    def ended(self, db: redis.Redis, report: Report, note: object) -> None:
        """Hold what must be so once it was carried out."""

    def serve(self, double: FaktoryDouble) -> None:
        """Let a server be as slow, or know as much, as it must."""


@dataclass(frozen=True)
class Jobs(Stock):
    """Retries at random times, and one queue with a list."""

    count: int = 4000

    def fill(self, db: redis.Redis) -> None:
        rng = random.Random(self.count)
        enqueue(db, "default", failed("already-there"))
        for start in range(0, self.count, 1000):
            some = range(start, min(self.count, start + 1000))
            db.zadd("retries", {failed(f"jid-{i:08d}"): rng.uniform(0, NOW) for i in some})

    def census(self, db: redis.Redis, popped: Iterable[bytes] = ()) -> Counter[str]:
        """Count each JID over all structures, and what workers took."""
        sets = ("retries", "scheduled", "dead", "working")
        members = [raw for key in sets for raw in db.zrange(key, 0, -1)]
        for name in db.smembers("queues"):
            members += db.lrange(b"q:" + name, 0, -1)
        return Counter(jids_of([*members, *popped]))

    def check(self, db: redis.Redis, note: object, popped: Iterable[bytes] = ()) -> None:
        """Hold that every job is in exactly one place, once."""
        found = self.census(db, popped)
        expected = {f"jid-{i:08d}" for i in range(self.count)} | {"already-there"}
        assert found.keys() == expected, (note, "lost", sorted(expected - found.keys())[:5])
        assert set(found.values()) == {1}, (note, "twice", found.most_common(3))

    def state(self, db: redis.Redis) -> object:
        return db.zrange("retries", 0, -1, withscores=True)

    def ended(self, db: redis.Redis, report: Report, note: object) -> None:
        self.check(db, note)
        assert sum(report["after"].values()) == sum(report["before"].values()), note


class Discarded(Jobs):
    """Retries that are discarded: these are in no place until an undo."""

    def check(self, db: redis.Redis, note: object, popped: Iterable[bytes] = ()) -> None:
        found = self.census(db, popped)
        assert set(found.values()) == {1}, (note, "twice", found.most_common(3))

    def ended(self, db: redis.Redis, report: Report, note: object) -> None:
        assert report["after"] == {"retries": 0}, note


@dataclass(frozen=True)
class Held(Jobs):
    """Reservations, and a job that waits. A server needs a little time for each."""

    count: int = 600

    def fill(self, db: redis.Redis) -> None:
        enqueue(db, "default", job("already-there"))
        hold(db, *(held(f"jid-{i:08d}", i) for i in range(self.count)))

    def ended(self, db: redis.Redis, report: Report, note: object) -> None:
        """Hold that every job was released once, to the front and in order."""
        ran = jids_of(db.lrange("q:default", 0, -1))[::-1]
        assert ran == [*(f"jid-{i:08d}" for i in range(self.count)), "already-there"], note
        assert not db.exists("working"), note


class HeldByServer(Held):
    """Reservations that a server holds: between its answer and Redis a job is in a file alone."""

    def check(self, db: redis.Redis, note: object, popped: Iterable[bytes] = ()) -> None:
        found = self.census(db, popped)
        assert set(found.values()) == {1}, (note, "twice", found.most_common(3))

    def serve(self, double: FaktoryDouble) -> None:
        double.before("ACK", lambda line: time.sleep(0.0005))


@dataclass(frozen=True)
class Records(Stock):
    """Records that succeeded, each with an archived attempt."""

    count: int = 3000

    def fill(self, db: redis.Redis) -> None:
        pipe = db.pipeline(transaction=False)
        for i in range(self.count):
            ident, at = f"record-{i:06d}", START + i * 7919 % self.count
            fields = {
                "id": ident, "state": "succeeded", "progress": 1.0, "errors": [], "attempt": 1,
                "job_name": f"Job{i % 5}", "recorded_at": at, "succeeded_at": at + 5,
            }  # fmt: skip
            texts = {name: json.dumps(value) for name, value in fields.items()}
            pipe.hset(f"jobba:id:{ident}", mapping=texts)
            pipe.hset(f"jobba:id:{ident}:0", "id", json.dumps(f"{ident}:0"))
            pipe.sadd("jobba:succeeded", ident)
            pipe.sadd(f"jobba:job_name:Job{i % 5}", ident)
            pipe.zadd("jobba:recorded_at", {ident: at})
            pipe.zadd("jobba:succeeded_at", {ident: at + 5})
        pipe.execute()

    def check(self, db: redis.Redis, note: object) -> None:
        """Hold that each record is there whole, with all its entries, or not at all."""
        found = contents(db)
        states = found.get(b"jobba:succeeded", set()) | found.get(b"jobba:killed", set())
        times = [found.get(b"jobba:" + name, {}) for name in (b"recorded_at", b"succeeded_at")]
        for i in range(self.count):
            ident = b"record-%06d" % i
            keys = (b"jobba:id:" + ident, b"jobba:id:" + ident + b":0")
            named = found.get(b"jobba:job_name:Job%d" % (i % 5), ())
            there = {*(key in found for key in keys), *(ident in each for each in times)}
            assert len(there | {ident in states, ident in named}) == 1, (note, ident)

    def state(self, db: redis.Redis) -> object:
        return contents(db)

    def ended(self, db: redis.Redis, report: Report, note: object) -> None:
        left = (db.scard("jobba:succeeded"), db.scard("jobba:killed"), len(contents(db)))
        if report["action"] == "mark":
            assert left[:2] == (0, self.count), note
        else:
            assert (left, report["after"]["records"]) == ((0, 0, 0), 0), note


@dataclass(frozen=True)
class Queues(Stock):
    """Three queues, one of them paused, one in both forms."""

    count: int = 31_420

    NAMES = ("big", "small", "bare")

    def fill(self, db: redis.Redis) -> None:
        db.sadd("queues", *self.NAMES)
        db.sadd("paused", "small")
        for start in range(0, 30_000, 1000):
            db.lpush("q:big", *(job(f"jid-{i:08d}") for i in range(start, start + 1000)))
        db.lpush("q:small", *(job(f"small-{i:05d}") for i in range(20)))
        db.lpush("q:bare", *(job(f"bare-{i:06d}") for i in range(700)))
        db.lpush("bare", *(job(f"older-{i:05d}") for i in range(700)))

    def state(self, db: redis.Redis) -> dict[str, Any]:
        """Return the queues; a job that a server is to learn of them by is about to come back."""
        found = {key: db.lrange(key, 0, -1) for key in ("q:big", "q:small", "q:bare", "bare")}
        for member in map(json.loads, db.zrange("scheduled", 0, -1)):
            found[f"q:{member['queue']}"].insert(0, job(member["jid"]))
        return found | {key: db.smembers(key) for key in ("queues", "paused")}

    def ended(self, db: redis.Redis, report: Report, note: object) -> None:
        assert not any(self.state(db).values()), note

    def serve(self, double: FaktoryDouble) -> None:
        double.before("QUEUE PAUSE", lambda line: double.memory.create("small"))
