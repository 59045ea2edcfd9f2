"""The data that stories begin with, in plain Redis commands."""

from __future__ import annotations

import json
from typing import Any

import redis

NOW = 1_790_000_000  # 2026-09-21T14:13:20Z, in the past wherever this runs
LATER = 3_800_000_000  # and 2090, in the future
PURGED = NOW - 70 * 86400  # a score of dead: died 250 days before NOW
MANY = 1203
_STEPS = {"succeeded": "succeeded_at", "failed": "failed_at", "killed": "killed_at"}


def job(jid: str, **fields: Any) -> bytes:
    """Return a job's payload; None leaves a field out."""
    payload: dict[str, Any] = {
        "jid": jid, "jobtype": "SendEmail", "queue": "default", "args": [1, "two"],
        "created_at": "2026-09-21T14:00:00.123456789Z", "enqueued_at": "2026-09-21T14:00:01.5Z",
        "retry": 25,
    } | fields  # fmt: skip
    return json.dumps({k: v for k, v in payload.items() if v is not None}).encode()


def failed(jid: str, count: int = 0, error: str = "RuntimeError: boom", **fields: Any) -> bytes:
    """Return the payload of a job that failed."""
    kind, _, message = error.partition(": ")
    failure = {
        "retry_count": count, "remaining": 25 - count, "failed_at": "2026-09-21T14:05:00Z",
        "next_at": "2026-09-21T14:20:00Z", "errtype": kind, "message": message,
        "backtrace": ["app/mail.rb:12", "app/job.rb:3"],
    }  # fmt: skip
    return job(jid, failure=failure, **fields)


def reserve(raw: redis.Redis, jid: str, expires: str, at: float, **fields: Any) -> None:
    """Put a job into working."""
    outer = {"reserved_at": "2026-09-21T14:10:00Z", "expires_at": expires, "wid": "worker-1"}
    member = b'{"job":' + job(jid, **fields) + b"," + json.dumps(outer).encode()[1:]
    raw.zadd("working", {member: at})


def push(raw: redis.Redis, name: str, *members: bytes, form: str = "q:") -> None:
    """Push jobs as producers do; the one that is pushed first runs first."""
    raw.sadd("queues", name)
    for member in members:
        raw.lpush(f"{form}{name}", member)


def jobs(raw: redis.Redis) -> None:
    """A few jobs in every structure of Faktory, some of them odd."""
    push(raw, "default", job("queued-01"), job("queued-02", args=[{"user": "Zoë"}]))
    push(raw, "imports", job("import-01", jobtype="Import", queue="imports", args=[2**60, 1.10]))
    push(raw, "hooks", job("hook-0001", jobtype="Webhook", queue="hooks"))
    raw.sadd("queues", "empty")
    raw.sadd("paused", "hooks")
    odd = b'{ "jid":"retry-05", "jobtype":"Import","queue":"imports","args":[12345678901234567890]}'
    retries = [
        failed("retry-01", 3),
        failed("retry-02", 20, "Net::OpenTimeout: timeout after 5 s", queue="imports"),
        failed("retry-03", custom={"tenant": "acme"}),
        failed("retry-04", 1, "IOError: \x1b[31mred\x1b[0m\nline [b]two[/b]", jobtype="Webhook",
               queue="hooks", args=["Zoë <&>"]),
        odd,
        b'{"jid":"cut-off-1","jobtype":"Send',
    ]  # fmt: skip
    raw.zadd("retries", {member: NOW + 0.125 + 60 * i for i, member in enumerate(retries)})
    later = [job(f"later-0{i}", at="2090-06-01T00:00:00Z", enqueued_at=None) for i in (1, 2)]
    later.append(job("later-03", jobtype="Import", queue="imports", at="2090-07-01T00:00:00Z"))
    raw.zadd("scheduled", {member: LATER + 60 * i for i, member in enumerate(later)})
    dead = [failed(f"died-000{i}", 25) for i in (1, 2)]
    dead.append(failed("died-0003", 25, "KeyError: no key", jobtype="Import", queue="imports"))
    raw.zadd("dead", {member: PURGED + i for i, member in enumerate(dead)})
    reserve(raw, "held-0001", "2026-09-21T14:40:00Z", NOW + 1600)
    reserve(raw, "held-0002", "2090-06-01T08:53:20Z", LATER, queue="imports", jobtype="Import")
    raw.mset({"processed": 12345, "failures": 67})
    raw.mset({"processed:2026-09-21": 300, "failures:2026-09-21": 7})


def many_retries(raw: redis.Redis) -> None:
    """Retries for several batches."""
    push(raw, "mail", job("mail-0001", queue="mail"))
    members = [failed(f"many-{i:05d}", i % 25, queue="mail") for i in range(MANY)]
    raw.zadd("retries", {member: NOW + i for i, member in enumerate(members)})


def many_queued(raw: redis.Redis) -> None:
    """Lists for several batches, of both forms."""
    raw.sadd("queues", "mail", "bare")
    raw.lpush("q:mail", *(job(f"mail-{i:05d}", queue="mail") for i in range(MANY)))
    raw.lpush("bare", *(job(f"bare-{i:05d}", queue="bare") for i in range(MANY)))
    raw.lpush("q:bare", job("bare-new", queue="bare"))


def many_held(raw: redis.Redis) -> None:
    """Reservations for several batches."""
    push(raw, "mail", job("mail-0001", queue="mail"))
    for i in range(250):
        at = f"2026-09-21T14:{i // 60:02d}:{i % 60:02d}Z"
        reserve(raw, f"held-{i:05d}", at, NOW - 800 + i, queue="mail")


def many_records(raw: redis.Redis) -> None:
    """Records for several batches."""
    for i in range(700):
        record(raw, f"record-{i:05d}", "failed", i, job_name="Import")


def bare(raw: redis.Redis) -> None:
    """Lists of both forms, as a server that was upgraded leaves them."""
    push(raw, "default", *(job(f"old-0{i}") for i in (1, 2, 3)), form="")
    push(raw, "default", job("new-01"), job("new-02"))
    push(raw, "mail", job("mail-01", queue="mail"), b"\xff odd", form="")
    raw.sadd("paused", "mail")


def record(raw: redis.Redis, ident: str, state: str, second: float = 0, **fields: Any) -> None:
    """Write a status record and its index entries as the Jobba gem does; None leaves out."""
    at = (NOW + int(second)) * 1_000_000
    values: dict[str, Any] = {
        "id": ident, "state": state, "progress": 0, "errors": [], "attempt": 0, "recorded_at": at,
    }  # fmt: skip
    if state not in ("unqueued", "unknown"):
        values["queued_at"] = at + 1_000_000
    if state in ("started", "succeeded", "failed"):
        values["started_at"] = at + 3_000_000
    if state in _STEPS:
        values[_STEPS[state]] = at + 9_500_000
    values = {key: value for key, value in (values | fields).items() if value is not None}
    with raw.pipeline() as pipe:
        pipe.hset(f"jobba:id:{ident}", mapping={k: json.dumps(v) for k, v in values.items()})
        pipe.sadd(f"jobba:{state}", ident)
        for key in values:
            if key.endswith("_at"):
                pipe.zadd(f"jobba:{key}", {ident: values[key]})
        for key in ("job_name", "provider_job_id"):
            if key in values:
                pipe.sadd(f"jobba:{key}:{values[key]}", ident)
        for value in values.get("job_args", {}).values():
            pipe.sadd(f"jobba:job_arg:{value}", ident)
        pipe.execute()


def records(raw: redis.Redis) -> None:
    """Status records in each state; one with archived attempts, one orphan, one stub."""
    record(raw, "unq-1", "unqueued")
    record(raw, "que-1", "queued", 10, job_name="Import", job_args={"user": "u-1", "n": 3})
    record(raw, "que-2", "queued", 20, job_name="SendEmail", data={"rows": 1200, "who": "Zoë"})
    record(raw, "sta-1", "started", 30, job_name="Import", job_args={"user": "u-1"}, progress=0.375)
    record(raw, "suc-1", "succeeded", 40, job_name="Import", progress=1, provider_job_id=42)
    record(raw, "fai-1", "failed", 50, job_name="SendEmail", errors=["timeout", "disk full"],
           attempt=1, provider_job_id="retry-01")  # fmt: skip
    raw.hset("jobba:id:fai-1:0", mapping={"id": '"fai-1:0"', "state": '"failed"', "attempt": "0"})
    raw.expire("jobba:id:fai-1:0", 10_000_000)
    record(raw, "kil-1", "killed", 60, job_name="Sweep", kill_requested_at=NOW * 1_000_000)
    record(raw, "unk-1", "unknown", 70)
    raw.sadd("jobba:queued", "orphan-1")
    raw.zadd("jobba:recorded_at", {"orphan-1": NOW * 1_000_000})
    raw.hset("jobba:id:stub-1", "progress", "0.5")


def both(raw: redis.Redis) -> None:
    """Jobs and records together."""
    jobs(raw)
    records(raw)


def nothing(raw: redis.Redis) -> None:
    """An empty Redis."""
