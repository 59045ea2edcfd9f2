"""Wrong replies and random payloads end in a deliberate error, never in a traceback."""

from __future__ import annotations

import json
import random

import pytest

from jobctl.errors import Exit
from tests.builders import NOW, enqueue, failed, small_shop
from tests.campaign.hostile import Hostile
from tests.recording import record_ago

# Every command that talks to Redis; each leaves a server that answers wrongly as soon as it can.
LOOKING = [
    ["status", "retry-000001"],
    ["status", "nowhere-at-all", "-o", "json"],
    ["status", "job-00000001"],
    ["retries", "ls"],
    ["retries", "ls", "--sort", "jobtype", "-o", "json"],
    ["retries", "ls", "--match", "*boom*"],
    ["retries", "count", "--type", "SendEmail"],
    ["retries", "group", "--by", "errtype,fingerprint"],
    ["retries", "show", "retry-000001"],
    ["scheduled", "group", "--by", "hour"],
    ["dead", "ls", "--older-than", "1h", "-o", "csv"],
    ["working", "ls", "--stuck"],
    ["queue", "ls"],
    ["queue", "jobs", "default", "webhooks"],
    ["info"],
    ["info", "-o", "json"],
    ["query", "-w", "state=failed"],
    ["query", "--count"],
    ["query", "-w", "job_name=Import and recorded_at>=-2d", "--limit", "2"],
    ["query", "-w", "state=failed", "--explain"],
    ["record", "show", "job-00000001"],
    ["record", "stats", "--by", "job_name"],
    ["retries", "kill", "--all", "--dry-run"],
    ["queue", "remove", "default", "--dry-run"],
]
CHANGING = [
    ["retries", "kill", "--all", "--yes"],
    ["retries", "discard", "--all", "--yes"],
    ["retries", "requeue", "--all", "--yes", "--layout", "q"],
    ["dead", "reschedule", "--all", "--in", "5m", "--yes"],
    ["scheduled", "clear", "--yes"],
    ["scheduled", "clear", "--yes", "--no-undo"],
    ["working", "release", "--all", "--yes"],
    ["queue", "pause", "default"],
    ["queue", "resume", "webhooks"],
    ["queue", "drain", "webhooks", "--timeout", "0s"],
    ["queue", "hold", "default", "--", "true"],
    ["queue", "remove", "default", "--yes", "--confirm", "default"],
    ["record", "create", "--name", "Import"],
    ["record", "mark", "failed", "-w", "state=queued", "--yes"],
    ["record", "request-kill", "-w", "state=started", "--yes"],
    ["record", "delete", "-w", "state=failed", "--yes"],
    ["record", "cleanup", "--older-than", "1s", "--yes"],
]
EXITS = {code.value for code in Exit}


@pytest.fixture
def shop(raw, own_journal):
    small_shop(raw)
    for i, state in enumerate(("failed", "queued", "succeeded", "started")):
        record_ago(raw, f"job-{i:08d}", state, job_name="Import", provider_job_id="retry-000001")


def check(ran, argv):
    """Fail where a run ended with anything but a deliberate error."""
    assert ran.code in EXITS, (argv, ran)
    for sign in ("Traceback", "this is a bug"):
        assert sign not in ran.err + ran.out, (argv, ran.err)
    errors = [line for line in ran.err.splitlines() if line.startswith(("error:", '{"code"'))]
    assert len(errors) <= 1, (argv, ran.err)


def seeds(many):
    """Four always, the rest in a campaign."""
    campaign = [pytest.param(seed, marks=pytest.mark.campaign) for seed in range(4, many)]
    return pytest.mark.parametrize("seed", [*range(4), *campaign])


@seeds(104)
@pytest.mark.parametrize("argv", [*LOOKING, *CHANGING], ids=" ".join)
def test_wrong_replies(argv, seed, jobctl, shop, server, tmp_path):
    share = (0.02, 0.1, 0.3, 1.0)[seed % 4]
    with Hostile(tmp_path / "hostile", server.socket, seed=seed, share=share) as proxy:
        check(jobctl(*argv, url=proxy.url, tty=bool(seed & 1)), argv)


VALUES = (
    None, True, 0, -1, 2**70, 1e308, 0.1, "", "default", "2026-09-21T14:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z", "\x1b[2J\u009b\u202e", "[bold]", "é" * 300, [], {}, [[]],
    {"retry_count": "x"}, {"jid": 5}, "Infinity", "1h", "a\tb\nc", "\ud800",
)  # fmt: skip
FIELDS = (
    "jid", "jobtype", "queue", "args", "at", "created_at", "enqueued_at", "retry", "custom",
    "failure", "backtrace", "job", "reserved_at", "expires_at", "wid", "reserve_for",
)  # fmt: skip
RECORD_FIELDS = (
    "id", "state", "errors", "data", "job_name", "job_args", "progress", "attempt", "recorded_at",
)  # fmt: skip
SCORES = (0, -1, NOW, NOW + 180 * 86400, 2**53, 1e300, float("inf"), float("-inf"), -62135596801)


def odd_member(chance):
    """Return a member with random values in random fields; sometimes cut, or with random bytes."""
    fields = json.loads(failed(f"odd-{chance.randrange(10**8):08d}"))
    for name in chance.sample(FIELDS, chance.randrange(6)):
        fields[name] = chance.choice(VALUES)
        if name == "failure" and chance.random() < 0.5:
            keys = ("failed_at", "message", "errtype", "remaining")
            fields[name] = {key: chance.choice(VALUES) for key in keys}
    raw = bytearray(json.dumps(fields).encode())
    if chance.random() < 0.2:
        raw = raw[: chance.randrange(len(raw))]
    if chance.random() < 0.2 and raw:
        raw[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(raw)


def odd_shop(raw, chance):
    for name in ("scheduled", "retries", "dead", "working"):
        for _ in range(8):
            raw.zadd(name, {odd_member(chance): chance.choice(SCORES)})
    for name in ("default", "webhooks", "a b", "\x1b[2J", "\udc80"):
        enqueue(raw, name.encode("utf-8", "surrogateescape").decode("latin-1"), odd_member(chance))
    odd = [json.dumps(value) for value in VALUES] + ["{", "NaN", "\x00"]
    for i in range(8):
        ident = chance.choice((f"job-{i:08d}", "", "a:0", "é b", "\x1b[2J"))
        for field in RECORD_FIELDS:
            if chance.random() < 0.7:
                raw.hset(f"jobba:id:{ident}", field, chance.choice(odd))
        raw.sadd(f"jobba:{chance.choice(('failed', 'queued', 'started'))}", ident)
        raw.zadd("jobba:recorded_at", {ident: chance.choice(SCORES)})
    if chance.random() < 0.3:
        key = chance.choice(
            ("retries", "queues", "paused", "q:default", "working", "processed", "jobba:failed")
        )
        raw.delete(key)
        raw.set(key, "odd")


@seeds(204)
def test_random_payloads(seed, jobctl, raw, own_journal):
    odd_shop(raw, random.Random(seed))
    for argv in LOOKING + CHANGING:
        ran = jobctl(*argv, tty=True)
        check(ran, argv)
        for sign in ("\x1b[2J", "\x9b", "\u202e"):
            assert sign not in ran.out + ran.err, (argv, ran)
