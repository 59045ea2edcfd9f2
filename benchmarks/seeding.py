"""Jobs by the million, as Faktory and its clients write them: about 430 bytes each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import redis

BATCH = 1000
HALF = "SendEmail"  # the type of every second job
_TYPES = ("ChargeCard", "RenderInvoice", "SyncInventory")
_SEEN = "2026-07-%02dT%02d:%02d:%02d.%09dZ"

# Key orders and spacing of a Go server, a Ruby client, a Python client, a hand-written one.
_ORDERS = (
    '{"jid":"%(jid)s","queue":"%(queue)s","jobtype":"%(jobtype)s","args":[%(args)s],'
    '"created_at":"%(when)s","enqueued_at":"%(when)s","retry":25,%(failure)s"custom":%(custom)s}',
    '{"retry":25,"custom":%(custom)s,%(failure)s"created_at":"%(when)s","enqueued_at":"%(when)s",'
    '"args":[%(args)s],"jobtype":"%(jobtype)s","queue":"%(queue)s","jid":"%(jid)s"}',
    '{"jobtype": "%(jobtype)s", "args": [%(args)s], "queue": "%(queue)s", "jid": "%(jid)s", '
    '%(failure)s"created_at": "%(when)s", "enqueued_at": "%(when)s", "custom": %(custom)s}',
    '{"queue":"%(queue)s","args":[%(args)s],%(failure)s"jid":"%(jid)s","retry":25,'
    '"jobtype":"%(jobtype)s","custom":%(custom)s,"enqueued_at":"%(when)s","created_at":"%(when)s"}',
)
_FAILURE = (
    '"failure":{"retry_count":%d,"remaining":%d,"failed_at":"%s","message":"%s","errtype":"%s"},'
)
_PLAIN = "timed out after 30 s"
_ESCAPED = "no method `to' for \\u003cNil\\u003e"


def random_jid(rng: random.Random, i: int) -> str:  # noqa: ARG001
    """Return a JID as Faktory's clients make it: 24 hex digits."""
    return f"{rng.getrandbits(96):024x}"


def sequential_jid(rng: random.Random, i: int) -> str:  # noqa: ARG001
    """Return a JID out of a counter, which shares most of its characters with its neighbours."""
    return f"job-{i:012d}"


@dataclass(frozen=True, slots=True)
class Kind:
    """What the jobs of a structure are like.

    Attributes:
        failed: they carry a failure, as in retries and dead.
        escaped: their messages hold Go's escapes of ``<`` and ``>``.
        jid: makes a JID out of a random generator and a number.
    """

    failed: bool = False
    escaped: bool = False
    jid: Callable[[random.Random, int], str] = random_jid


def jobs(size: int, kind: Kind, queue: str, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Yield so many jobs, each with its JID."""
    rng = random.Random(seed)
    message = _ESCAPED if kind.escaped else _PLAIN
    for i in range(size):
        jid = kind.jid(rng, i)
        bits = rng.getrandbits(60)
        day, hour, minute = bits % 28 + 1, bits % 24, bits % 60
        when = _SEEN % (day, hour, minute, bits % 59, bits % 999999937)
        failure, tenant = "", f"tenant-{bits % 1000:04d}"
        custom = f'{{"tenant":"{tenant}","trace":"{bits & 0xFFFFFFFF:08x}"}}'
        args = f'{bits % 100003},"customer-{bits % 7919}@example.com",{{"locale":"en"}}'
        if kind.failed:
            used = bits % 25
            failure = _FAILURE % (used, 25 - used, when, message, "Net::ReadTimeout")
        else:
            order = f"https://shop.example.com/orders/{bits % 10**12:012d}"
            args += f',["{order}","invoice.pdf",true,null,12.5]'
            custom = custom[:-1] + ',"unique_for":3600,"unique_until":"start"}'
        yield (
            jid,
            _ORDERS[bits % 4]
            % {
                "jid": jid,
                "queue": queue,
                "jobtype": HALF if i % 2 else _TYPES[bits % 3],
                "args": args,
                "when": when,
                "custom": custom,
                "failure": failure,
            },
        )


def fill_queue(
    db: redis.Redis, name: str, size: int, kind: Kind = Kind(), seed: int = 1
) -> list[str]:
    """Push jobs to a queue, and return the JIDs of `sample`: the first one runs next."""
    db.sadd("queues", name)
    return _fill(
        db, size, jobs(size, kind, name, seed), lambda batch: ("LPUSH", f"q:{name}", *batch)
    )


def fill_set(
    db: redis.Redis, key: str, size: int, kind: Kind = Kind(failed=True), seed: int = 2
) -> list[str]:
    """Add jobs to a sorted set at random times, and return the JIDs of `sample`."""
    rng = random.Random(seed)

    def add(batch: list[str]) -> tuple[str, ...]:
        pairs = ((repr(rng.uniform(1.78e9, 1.79e9)), member) for member in batch)
        return ("ZADD", key, *(word for pair in pairs for word in pair))

    return _fill(db, size, jobs(size, kind, "default", seed), add)


def _fill(
    db: redis.Redis,
    size: int,
    made: Iterator[tuple[str, str]],
    command: Callable[[list[str]], tuple[str, ...]],
) -> list[str]:
    """Send jobs in batches; return a thousand JIDs spread evenly, the first and last included."""
    chosen = {i * (size - 1) // 999 for i in range(1000)}
    picked: list[str] = []
    batch: list[str] = []
    for i, (jid, raw) in enumerate(made):
        if i in chosen:
            picked.append(jid)
        batch.append(raw)
        if len(batch) == BATCH:
            db.execute_command(*command(batch))
            batch = []
    if batch:
        db.execute_command(*command(batch))
    return picked
