"""Refused, denied, out of memory, of a wrong type, not found, unreachable, broken off."""

from __future__ import annotations

import pytest

from tests.blackbox.recorded import check_names
from tests.blackbox.shop import (
    both,
    jobs,
    many_held,
    many_queued,
    many_records,
    many_retries,
    nothing,
)

CLERK = "redis ACL SETUSER clerk reset on >pw ~* &* +@all -{}"
CHANGES = (
    "retries kill --all --yes -o json",
    "retries discard --all --yes -o json",
    "retries requeue --all --yes -o json",
    "retries reschedule --all --in 1d --yes -o json",
    "dead clear --confirm dead -o json",
    "working release --all --yes -o json",
    "queue remove default --confirm default -o json",
    "queue pause default -o json",
    "record delete --all --force --yes -o json",
    "record mark killed --all --yes -o json",
    "record create fresh -o json",
    'mutate \'{"cmd":"kill","target":"retries"}\' --yes -o json',
)
READS = (
    "retries ls -o ids", "queue ls -o ids", "status retry-01 -o json", "info -o json",
    "query -o ids", "working ls -o ids",
)  # fmt: skip
GUARDS = (
    "retries kill --yes -o json",
    "retries kill --all -o json",
    "retries kill --all --expect 2 --yes -o json",
    "retries kill --all --max 2 --yes -o json",
    "retries kill --all --max 2 --yes",
    "retries clear --yes -o json",
    "retries clear --confirm dead -o json",
    "retries kill --type '' --yes -o json",
    "retries kill -w 'error~(' --yes -o json",
    "retries kill -w 'retry_count>' --yes",
    "retries kill --older-than soon --yes",
    "retries kill --type SendEmail --limit 0 --yes",
    "retries kill --type SendEmail --frob",
    "retries frob",
    "frob",
    "retries reschedule --all --yes",
    "retries reschedule --all --in 1d --at monday --yes",
    "retries requeue --all --to 'a b' --yes -o json",
    "retries ls -o yaml",
    "retries ls --sort nothing",
    "retries show nowhere-1 -o json",
    "queue jobs nowhere -o json",
    "status nowhere-1 -o json",
    "status",
    "undo 12345678 --yes -o json",
    "undo xyz --yes",
    "resume 12345678 --yes",
    "apply nowhere.jsonl --yes -o json",
    "journal show 12345678",
    "status retry-01 --wait gone --timeout 1ms -o json",
)
RULES = """[contexts.careful]
url = "URL"
protected = true
reason_required = true
[contexts.looking]
url = "URL"
read_only = true
[contexts.quiet]
url = "URL"
journal = false
"""

STORIES: dict[str, list[object]] = {
    "guards": [jobs, *GUARDS],
    "unreachable": [nothing, *(f"-u unix:///nowhere/redis.sock {c}" for c in (*CHANGES, *READS))],
    "no url": [nothing, "-u frob://x retries ls", "--faktory-url tcp://127.0.0.1:1 info -o json"],
    "out of memory": [both, "redis CONFIG SET maxmemory 1", *CHANGES],
    "reading only": [both, CLERK.format("@write"), *(f"-u AS:clerk {c}" for c in CHANGES)],
    "reading only reads": [both, CLERK.format("@write"), *(f"-u AS:clerk {c}" for c in READS)],
    "no scripts": [both, CLERK.format("eval -evalsha -script"), f"-u AS:clerk {CHANGES[0]}"],
    "no such password": [jobs, CLERK.format("@write"), "-u unix://clerk:no@/x retries ls"],
    "rules of contexts": [
        jobs,
        f"write config/jobctl/config.toml '{RULES}'",
        "redis DEL nothing",
        *(f"--context looking {c}" for c in CHANGES),
        "--context looking retries ls -o ids",
        f"--context careful {CHANGES[0]}",
        f"--context careful {CHANGES[0]} --reason why",
        f"--context careful {CHANGES[0]} --reason why --confirm careful",
        "--context careful undo OP --yes -o json",
        "--context careful undo OP --confirm careful -o json",
        f"--context quiet {CHANGES[1]}",
        "journal ls -o json",
        "--context nowhere retries ls",
        "context ls -o json",
    ],
    "a plan that drifted": [
        jobs,
        "retries kill --type SendEmail --plan plan.jsonl -o json",
        "retries discard --jid retry-01 --yes -o json",
        "redis ZADD retries 1790000001 '{\"jid\":\"new-00001\",\"jobtype\":\"SendEmail\"}'",
        "apply plan.jsonl -o json",
        "apply plan.jsonl --yes -o json",
        "apply plan.jsonl --yes -o json",
        "undo OP --yes -o json",
    ],
    "another server": [
        jobs,
        "retries kill --type SendEmail --yes -o json",
        "redis SET jobctl:server other",
        "undo OP --yes -o json",
        "undo OP --yes -u unix:///nowhere -o json",
    ],
    "another's lock": [
        jobs,
        "retries kill --type SendEmail --yes -o json",
        "resume OP --yes -o json",
        "journal prune -o json",
        "journal prune --older-than 0s -o json",
        "undo OP --yes -o json",
    ],
    "sidekiq": [
        nothing,
        "redis ZADD retry 1 x",
        "redis SADD processes a",
        "redis SET stat:processed 1",
        "retries ls -o json",
        "retries kill --all --yes -o json",
        "info -o json",
        "--system faktory retries ls -o ids",
        "query -o ids",
    ],
}  # fmt: skip
for denied in ("zadd", "zrem", "lpush", "hset", "rename", "del -unlink"):
    STORIES[f"denied {denied}"] = [
        both, CLERK.format(denied), *(f"-u AS:clerk {c}" for c in CHANGES),
    ]  # fmt: skip
for key in ("retries", "dead", "scheduled", "q:default", "queues", "working", "paused"):
    STORIES[f"wrong type of {key}"] = [
        both,
        f"redis DEL {key}",
        f"redis SET {key} x" if key != "queues" else "redis LPUSH queues default",
        *CHANGES[:8],
        "retries requeue --all --in 1h --yes -o json",
        *READS,
    ]
BROKEN = {
    "retries kill": (many_retries, "retries", "retries kill --all --yes"),
    "retries discard": (many_retries, "retries", "retries discard --all --yes"),
    "retries requeue": (many_retries, "retries", "retries requeue --all --yes"),
    "clear": (many_retries, "retries", "retries clear --confirm retries"),
    "working release": (many_held, "working", "working release --all --yes"),
    "queue remove": (many_queued, "q:mail", "queue remove mail --confirm mail"),
    "queue adopt": (many_queued, "bare", "queue adopt bare --yes --layout q"),
    "record delete": (many_records, "jobba:failed", "record delete -w state=failed --yes"),
    "record mark": (many_records, "jobba:failed", "record mark killed -w state=failed --yes"),
}
RESUME, UNDO = "resume OP --yes -o json", "undo OP --yes -o json"
for name, (seed, key, command) in BROKEN.items():
    STORIES[f"broken off: {name}"] = [seed, f"cut {key} {command}", RESUME, RESUME, UNDO]
    STORIES[f"killed: {name}"] = [seed, f"kill9 {key} {command}", RESUME]
    STORIES[f"undone half way: {name}"] = [seed, f"cut {key} {command}", UNDO, RESUME]
STORIES["undo broken off"] = [
    many_retries, "retries kill --all --yes -o json", "cut dead undo OP --yes", UNDO,
]  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_failures(name, play):
    play("failures", name, STORIES[name])


def test_names():
    check_names("failures", list(STORIES))
