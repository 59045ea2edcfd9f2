"""Status records by the million, as the Jobba gem writes them, and its way of querying them.

    python benchmarks/records.py KEYS..

counts the records that are in one of the sets of each word (commas between them), as the gem does:
a whole process, with what a tool with a command line imports anyway. JOBCTL_URL says which Redis.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click  # noqa: F401
import redis

BATCH = 2000
DAYS = 30
DAY = 86_400_000_000  # microseconds
_STATES = (("failed", 15), ("succeeded", 60), ("started", 5), ("queued", 18), ("killed", 2))
_NAMES = (("SendEmail", 40), ("ChargeCard", 30), ("SyncInventory", 30))
LONELY = "Archive"  # 8 % of all, none of which failed
RARE = "Migrate"  # 20 in all
RARE_SIZE = 20


def fill(db: redis.Redis, size: int, now: float) -> list[str]:
    """Write so many records of the last thirty days; return the ids of a few."""
    rng = random.Random(1)
    newest = int(now * 1e6) - 60_000_000
    some: list[str] = []
    for start in range(0, size, BATCH):
        sets: dict[str, list[str]] = defaultdict(list)
        times: dict[str, list[str | int]] = defaultdict(list)
        with db.pipeline(transaction=False) as pipe:
            for i in range(start, min(start + BATCH, size)):
                values = _record(rng, i, size, newest)
                ident = values["id"]
                pipe.hset(
                    f"jobba:id:{ident}", mapping={k: json.dumps(v) for k, v in values.items()}
                )
                _index(ident, values, sets, times)
                if i % max(1, size // 1000) == 0:
                    some.append(ident)
            for key, ids in sets.items():
                pipe.sadd(key, *ids)
            for key, pairs in times.items():
                pipe.execute_command("ZADD", key, *pairs)
            pipe.execute()
    return some


def _record(rng: random.Random, i: int, size: int, newest: int) -> dict:
    (state,) = rng.choices([s for s, _ in _STATES], [w for _, w in _STATES])
    (name,) = rng.choices([n for n, _ in _NAMES], [w for _, w in _NAMES])
    if state != "failed" and rng.random() < 8 / 85:
        name = LONELY
    if i % (size // RARE_SIZE) == 7 and i < size // RARE_SIZE * RARE_SIZE:
        name = RARE
    recorded = newest - rng.randrange(DAYS * DAY)
    values = {
        "id": str(uuid.UUID(int=rng.getrandbits(128), version=4)), "progress": 0, "errors": [],
        "attempt": 0, "recorded_at": recorded, "state": state, "job_name": name,
        "job_args": {"user": f"u-{rng.randrange(50_000)}", "locale": "en"},
        "provider_job_id": f"{rng.getrandbits(96):024x}", "queued_at": recorded + 1500,
    }  # fmt: skip
    if state in ("started", "succeeded", "failed", "killed"):
        values["started_at"] = recorded + rng.randrange(60_000_000)
    if state in ("succeeded", "failed", "killed"):
        values[f"{state}_at"] = values["started_at"] + rng.randrange(600_000_000)
    if state == "failed":
        values["errors"] = ["Net::ReadTimeout: timed out after 30 s"]
    values["progress"] = 1.0 if state == "succeeded" else rng.randrange(100) / 100
    values["data"] = {"rows": rng.randrange(10_000)}
    return values


def _index(ident: str, values: dict, sets: dict, times: dict) -> None:
    sets[f"jobba:{values['state']}"].append(ident)
    sets[f"jobba:job_name:{values['job_name']}"].append(ident)
    sets[f"jobba:job_arg:{values['job_args']['user']}"].append(ident)
    sets["jobba:job_arg:en"].append(ident)
    sets[f"jobba:provider_job_id:{values['provider_job_id']}"].append(ident)
    for name, value in values.items():
        if name.endswith("_at"):
            times[f"jobba:{name}"] += [value, ident]


@dataclass(frozen=True, slots=True)
class Clause:
    """What the gem turns into one temporary set: the union of keys, within a span of scores."""

    keys: tuple[str, ...]
    low: int | None = None
    high: int | None = None


class Gem:
    """Queries as the gem does them: copies of every clause, an intersection, all in one MULTI."""

    def __init__(self, db: redis.Redis) -> None:
        self._db = db

    def ids(self, clauses: Sequence[Clause], offset: int = 0, limit: int | None = None) -> list:
        """Return the ids that meet all clauses, by id."""
        stop = -1 if limit is None else offset + limit - 1
        return self._ask(clauses, ("ZRANGE", offset, stop))

    def count(self, clauses: Sequence[Clause]) -> int:
        """Return how many ids meet all clauses; records are not looked at.

        Of one clause on states the sizes of the sets are added up: they have no id in common.
        """
        if len(clauses) == 1 and clauses[0].low is None and clauses[0].high is None:
            return sum(self._db.scard(key) for key in clauses[0].keys)
        return self._ask(clauses, ("ZCARD",))

    def load(self, ids: Iterable[bytes]) -> list[dict]:
        """Return the records of ids, one HGETALL each, in one pipe, decoded field by field."""
        with self._db.pipeline(transaction=False) as pipe:
            for ident in ids:
                pipe.hgetall(b"jobba:id:" + ident)
            found = pipe.execute()
        return [{k: json.loads(v) for k, v in each.items()} for each in found if each]

    def newest(self, clauses: Sequence[Clause], limit: int) -> list[dict]:
        """Return the records recorded last: it has no such order, so all are loaded and sorted."""
        found = self.load(self.ids(clauses))
        found.sort(key=lambda record: record[b"recorded_at"], reverse=True)
        return found[:limit]

    def page(self, clauses: Sequence[Clause], limit: int) -> list[dict]:
        """Return the first records by id."""
        return self.load(self.ids(clauses, limit=limit))

    def _ask(self, clauses: Sequence[Clause], last: tuple) -> object:
        names = [f"jobba:temp:{secrets.token_hex(10)}" for _ in clauses]
        result = names[0]
        with self._db.pipeline(transaction=True) as pipe:
            for name, clause in zip(names, clauses, strict=True):
                pipe.zunionstore(name, clause.keys)
                if clause.low is not None:
                    pipe.zremrangebyscore(name, "-inf", f"({clause.low}")
                if clause.high is not None:
                    pipe.zremrangebyscore(name, f"({clause.high}", "+inf")
            if len(names) > 1:
                result = f"jobba:temp:{secrets.token_hex(10)}"
                pipe.zinterstore(result, dict.fromkeys(names, 0))
            elif len(clauses[0].keys) > 1 or clauses[0].low is None:
                pipe.zinterstore(result, {result: 0})
            command, *rest = last
            pipe.execute_command(command, result, *rest)
            pipe.delete(*names, result)
            return pipe.execute()[-2]


def micro(days: float) -> int:
    """Return the time so many days ago, in microseconds."""
    return int((time.time() - days * 86400) * 1e6)


if __name__ == "__main__":
    gem = Gem(redis.Redis.from_url(os.environ["JOBCTL_URL"]))
    print(gem.count([Clause(tuple(word.split(","))) for word in sys.argv[1:]]))
