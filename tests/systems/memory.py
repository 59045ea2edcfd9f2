"""What a Faktory server keeps in Redis, and what it keeps in its own memory besides.

The memory is read once, at boot. What reaches Redis behind the server's back is not in it, and
that is what the tests are about.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import redis

Document = dict[str, Any]

FETCH_SECONDS = 2.0
_NAME = re.compile(r"[a-zA-Z0-9._-]+", re.ASCII)
_TIME = re.compile(r"(.{19})(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DEATH = 180 * 86400
_STRUCT = (
    "jid", "queue", "jobtype", "args", "created_at", "enqueued_at", "at", "reserve_for", "retry",
    "backtrace", "failure", "custom",
)  # fmt: skip


class ServerError(Exception):
    """What the server answers as ``-ERR ..``."""


class Killed(Exception):
    """A command that ends the server itself: it slices what is not there."""


class Memory:
    """The state of one server, over a real Redis."""

    def __init__(self, client: redis.Redis, version: str) -> None:
        self.client = client
        self.version = version
        self.lock = threading.RLock()
        self.queues: set[str] = set()
        self.paused: set[str] = set()
        self.working: dict[str, Document] = {}
        self.boot()

    def boot(self) -> None:
        """Read what is read once."""
        with self.lock:
            self.queues = {name.decode() for name in self.client.smembers("queues")}
            self.paused = {name.decode() for name in self.client.smembers("paused")}
            self.working = {}
            for member in self.client.zrange("working", 0, -1):
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    reservation = json.loads(member)
                    self.working[reservation["job"]["jid"]] = reservation
            self.booted = time.time()

    def key(self, queue: str) -> str:
        """Return the key of a queue's list, as this version has it."""
        major, minor, *_ = map(int, self.version.split("."))
        return f"q:{queue}" if (major, minor) >= (1, 10) else queue

    def create(self, queue: str) -> None:
        """Learn of a queue, by a command that names it."""
        if queue in self.queues:
            return
        if _NAME.fullmatch(queue) is None:
            raise ServerError(f"queue names must match \\A{_NAME.pattern}\\z")
        self.client.sadd("queues", queue)
        self.queues.add(queue)

    def pause(self, queue: str) -> None:
        """Hand out no job of a queue that is known."""
        if queue in self.queues:
            self.client.sadd("paused", queue)
            self.paused.add(queue)

    def resume(self, queue: str) -> None:
        """Hand out jobs again of a queue that is known."""
        if queue in self.queues:
            self.client.srem("paused", queue)
            self.paused.discard(queue)

    def remove(self, queue: str) -> None:
        """Delete a queue that is known; its pause in memory goes in any case."""
        if queue in self.queues:
            self.client.unlink(self.key(queue))
            self.client.srem("queues", queue)
            self.client.srem("paused", queue)
            self.queues.discard(queue)
        self.paused.discard(queue)

    def latency(self, names: list[str]) -> Document:
        """Return how long the next job of each queue has waited, in seconds.

        It looks into Redis, also for a queue that is in no memory. 0: no job waits.
        """
        if names == ["*"]:
            raise ServerError("QUEUE LATENCY does not support wildcards")
        found: Document = {}
        for name in names:
            try:
                head = self.client.lindex(self.key(name), -1)
                since = json.loads(head).get("enqueued_at", "") if head else None
            except (redis.ResponseError, ValueError) as error:
                raise ServerError(f"QUEUE: {error}") from None
            found[name] = 0 if since is None else time.time() - unix(since)
        return found

    def push(self, job: Document) -> None:
        """Take a job in: to its queue, or to those that are due later."""
        if len(job.get("jid") or "") < 8:
            raise ServerError("jobs must have a reasonable jid parameter")
        for name in ("jobtype", "args"):
            if job.get(name) in (None, ""):
                raise ServerError(f"jobs must have {_article(name)} {name} parameter")
        job = {"queue": "default", "created_at": rfc3339(), "retry": 25} | job
        if job.get("at") and unix(job["at"]) > time.time():
            self.client.zadd("scheduled", {dumps(job): unix(job["at"])})
            return
        self.create(job["queue"])
        self.client.lpush(self.key(job["queue"]), dumps(job | {"enqueued_at": rfc3339()}))

    def poll(self) -> None:
        """Enqueue what is due, encoded anew: the scheduler's work. It knows their queues then."""
        for member in self.client.zrangebyscore("scheduled", "-inf", time.time()):
            with self.lock:
                if self.client.zrem("scheduled", member):
                    job = recoded(json.loads(member)) | {"enqueued_at": rfc3339()}
                    self.create(job["queue"])
                    self.client.lpush(self.key(job["queue"]), dumps(job))

    def fetch(self, wid: str, queues: list[str], closing: Callable[[], bool]) -> Document | None:
        """Hand out a job, waiting up to two seconds: a pause that comes meanwhile is not seen."""
        with self.lock:
            for name in queues:
                self.create(name)
            keys = [self.key(name) for name in queues if name not in self.paused]
        end = time.monotonic() + FETCH_SECONDS
        while (left := end - time.monotonic()) > 0 and not closing():
            if not keys:
                time.sleep(min(left, 0.05))
                continue
            popped = self.client.brpop(keys, min(left, 0.05))
            if popped is not None:
                job: Document = json.loads(popped[1])
                self.reserve(wid, job)
                return job
        return None

    def reserve(self, wid: str, job: Document) -> None:
        """Note who works on a job, in Redis and in memory."""
        now = time.time()
        seconds = min(max(job.get("reserve_for") or 1800, 60), 86400)
        reservation = {
            "job": job,
            "reserved_at": rfc3339(now),
            "expires_at": rfc3339(now + seconds),
            "wid": wid,
        }
        self.client.zadd("working", {dumps(reservation): unix(reservation["expires_at"])})
        with self.lock:
            self.working[job["jid"]] = reservation

    def acknowledge(self, jid: str) -> None:
        """Count a job as done; one that memory knows no reservation of is passed over."""
        reservation = self.working.pop(jid, None)
        if reservation is not None:
            self._forget(reservation, jid)
            self._count("processed")
            self._unlock(reservation["job"])

    def fail(self, jid: str, failure: Document) -> None:
        """Put a job back, to be tried again, or to the dead."""
        reservation = self.working.pop(jid, None)
        if reservation is None:
            raise ServerError(f"Job not found {jid}")
        if not self._forget(reservation, jid):
            return
        self._count("processed", "failures")
        job = reservation["job"]
        retry = 25 if job.get("retry") is None else job["retry"]
        count = job["failure"]["retry_count"] + 1 if job.get("failure") else 0
        job["failure"] = (job.get("failure") or {"failed_at": rfc3339()}) | {
            "retry_count": count,
            "remaining": max(0, retry - count),
            "message": failure.get("message") or "unknown",
            "errtype": failure.get("errtype") or "unknown",
            "backtrace": failure.get("backtrace") or [],
        }
        if retry == 0:
            return
        if count < retry:
            again = time.time() + count**4 + 15 + random.randrange(30) * (count + 1)
            job["failure"]["next_at"] = rfc3339(again)
            self.client.zadd("retries", {dumps(job): again})
        else:
            self.client.zadd("dead", {dumps(job): time.time() + _DEATH})

    def state(self, connections: int, commands: int) -> Document:
        """Return what INFO tells."""
        sizes = {name: self.client.llen(self.key(name)) for name in sorted(self.queues)}
        return {
            "now": rfc3339(),
            "server_utc_time": datetime.now(UTC).strftime("%H:%M:%S UTC"),
            "faktory": {
                "total_failures": int(self.client.get("failures") or 0),
                "total_processed": int(self.client.get("processed") or 0),
                "total_enqueued": sum(sizes.values()),
                "total_queues": len(sizes),
                "queues": sizes,
                "tasks": {},
            },
            "server": {
                "description": "Faktory",
                "faktory_version": self.version,
                "uptime": int(time.time() - self.booted),
                "connections": connections,
                "command_count": commands,
                "used_memory_mb": "68 MB",
            },
        }

    def _unlock(self, job: Document) -> None:
        """Free the lock of a unique job as the plugin does: whoever holds it."""
        custom = job.get("custom") or {}
        if custom.get("unique_for") and custom.get("unique_until", "success") == "success":
            text = f"{job['queue']}-{job['jobtype']}-".encode() + dumps(job["args"])
            self.client.unlink(hashlib.sha256(text).hexdigest())

    def _forget(self, reservation: Document, jid: str) -> bool:
        """Take a reservation out of Redis as the server does: by its score, then by its text."""
        score = unix(reservation["expires_at"])
        found = self.client.zrangebyscore("working", score, score)
        if len(found) > 1:
            found = [member for member in found if jid.encode() in member][:1]
        return bool(found) and self.client.zrem("working", *found) == 1

    def _count(self, *counters: str) -> None:
        day = datetime.now(UTC).date().isoformat()
        for name in counters:
            self.client.incr(name)
            self.client.incr(f"{name}:{day}")


def dumps(document: Document) -> bytes:
    """Encode as Go does: no blanks, and what HTML would read escaped."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode("utf-8", "surrogateescape")


def recoded(job: Document) -> Document:
    """Return a job as Go's struct holds it: its keys in order, all numbers of args floats."""
    kept = {key: job[key] for key in _STRUCT if job.get(key) not in (None, "", 0, {})}
    for key in ("args", "custom"):
        if key in kept:
            kept[key] = json.loads(json.dumps(kept[key]), parse_int=_float)
    return kept | {"retry": job.get("retry")}


def _float(text: str) -> float | int:
    """Read an integer as Go does, and write it back so."""
    return int(float(text)) if abs(int(text)) < 1e21 else float(text)


def rfc3339(at: float | None = None) -> str:
    """Return a moment, by default now, as Go writes it."""
    moment = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".") + "Z"


def unix(text: str) -> float:
    """Return unix seconds of a moment, to the last digit that a float has."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ServerError(f"invalid timestamp {text!r}")
    seconds, fraction, zone = found.groups()
    whole = int(datetime.fromisoformat(seconds + zone).timestamp())
    return whole + int((fraction or "0").ljust(9, "0")) / 1e9


def _article(name: str) -> str:
    return "an" if name == "args" else "a"
