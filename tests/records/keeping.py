"""When keys expire, and the oddest of records."""

from __future__ import annotations

import redis

from tests.recording import START, orphan, record


def expiries(raw: redis.Redis) -> dict[bytes, int]:
    """Return when each key that expires does, in milliseconds."""
    found = {key: raw.pexpiretime(key) for key in raw.scan_iter()}
    return {key: at for key, at in found.items() if at > 0 and not key.startswith(b"jobctl:")}


def odd_records(raw: redis.Redis) -> set[str]:
    """Leave records as they are found in the wild; return the ids that something leads to."""
    done = {"state": "succeeded", "succeeded_at": START + 9}
    record(raw, "plain", job_name="Import", job_args={"user": "u-1"}, provider_job_id=42, **done)
    record(raw, "expires", **done)
    raw.pexpire("jobba:id:expires", 60_000_000_000)
    record(raw, "a:b c", job_name="Ünï:日本 ", job_args={"x": "", "y": "a:b"}, **done)
    record(raw, "", job_name="", provider_job_id="", **done)
    record(raw, "big", data="x" * 1_000_000, **done)
    record(raw, b"\xff\xfe", **done)
    raw.hset(b"jobba:id:\xff\xfe", mapping={b"data": b'"\xc3\x28\xed\xa0\x80"', b"\xfa": b""})
    record(raw, "nowhere", queued_at=None, started_at=None, **done)
    raw.hset("jobba:id:nowhere", mapping={"started_at": "null", "progress": "1e999", "x": "[1"})
    record(raw, "two", **done)
    raw.sadd("jobba:started", "two")
    raw.sadd("jobba:job_name:Old", "two")
    record(raw, "again", attempt=2, **done)
    for number in (0, 1):
        raw.hset(f"jobba:id:again:{number}", mapping={"id": f'"again:{number}"', "attempt": number})
    raw.pexpire("jobba:id:again:1", 70_000_000_000)
    record(raw, "own", attempt=1, **done)
    record(raw, "own:0", state="queued")  # no attempt of `own`: an index knows it
    record(raw, "many", attempt=10**9, **done)
    raw.sadd("jobba:failed", "stub")
    raw.hset("jobba:id:stub", "progress", "0.5")
    orphan(raw, "orphan", "succeeded", "recorded_at", "succeeded_at")
    return {
        *("plain", "expires", "a:b c", "", "big", "\udcff\udcfe", "nowhere", "two", "again"),
        *("own", "own:0", "many", "stub"),
    }
