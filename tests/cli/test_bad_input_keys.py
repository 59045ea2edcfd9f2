"""Keys of a wrong type, names without lists, large payloads, and a reader that has seen enough."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import redis

from tests.builders import NOW, enqueue, failed, job, reservation
from tests.redis.runs import FORMATS, SETS, commands, lines, look

MAKERS: dict[str, Callable[[redis.Redis, str], object]] = {
    "string": lambda raw, key: raw.set(key, "a string"),
    "hash": lambda raw, key: raw.hset(key, "field", "value"),
    "list": lambda raw, key: raw.lpush(key, "an item"),
    "set": lambda raw, key: raw.sadd(key, "a member"),
    "zset": lambda raw, key: raw.zadd(key, {"a member": 1}),
    "stream": lambda raw, key: raw.xadd(key, {"field": "value"}),
}
TODAY = datetime.datetime.now(datetime.UTC).date().isoformat()
RIGHT = {"queues": "set", "paused": "set", "q:default": "list"} | dict.fromkeys(SETS, "zset")
COUNTERS = ("processed", "failures", f"processed:{TODAY}", f"failures:{TODAY}")
WRONG = [
    (key, kind)
    for key in (*RIGHT, *COUNTERS)
    for kind in MAKERS
    if kind != RIGHT.get(key) and not (key in COUNTERS and kind in ("string", "set", "stream"))
]
MiB = 1024 * 1024


def populate(raw: redis.Redis) -> None:
    """Put a job into every structure."""
    enqueue(raw, "default", job("queued"))
    raw.sadd("paused", "default")
    raw.zadd("scheduled", {job("scheduled"): NOW})
    raw.zadd("retries", {failed("retries"): NOW})
    raw.zadd("dead", {failed("dead"): NOW})
    raw.zadd("working", {reservation(job("working")): NOW})
    for counter in COUNTERS:
        raw.set(counter, 7)


@pytest.mark.parametrize(("key", "kind"), WRONG)
def test_a_key_of_another_type_harms_nothing_but_itself(raw, jobctl, key: str, kind: str) -> None:
    populate(raw)
    raw.delete(key)
    MAKERS[kind](raw, key)
    for fmt in ("table", "json"):
        for argv in commands("scheduled"):
            ran = look(jobctl, fmt, *argv, codes=(0, 3, 4))
            if ran.code == 3:
                assert key in ran.err
                assert argv[0] in (key, "queue")
    for jid in ("queued", *SETS):
        if key in (jid, *(("q:default", "queues") if jid == "queued" else ())):
            continue
        answer = json.loads(look(jobctl, "json", "status", jid, codes=(0,)).out)
        assert [place["place"] for place in answer["places"]] == [jid.replace("queued", "queue")]
        if key in SETS:
            assert f"the key {key} holds a {kind}" in " ".join(answer["warnings"])
    for name in SETS:
        if name != key:
            assert jobctl(name, "count").out == "1\n"


@pytest.mark.parametrize("fmt", FORMATS)
def test_names_without_lists_and_lists_without_names_are_shown(raw, jobctl, fmt: str) -> None:
    populate(raw)
    raw.sadd("queues", "idle", b"\xff\xfe", "", "new\nline", "default")
    raw.sadd("paused", "ghost")
    raw.lpush("q:lost", job("stray"))
    raw.lpush("bare-lost", job("bare-stray"))
    raw.lpush("q:junk", "no job")
    for argv in commands("stray", "bare-stray"):
        look(jobctl, fmt, *argv)
    for name in ("idle", "lost", "bare-lost", "ghost", "", "new\nline", "\udcff\udcfe"):
        look(jobctl, fmt, "queue", "jobs", "--", name)
    if fmt == "json":
        rows = {row["queue"]: row for row in json.loads(look(jobctl, fmt, "queue", "ls").out)}
        assert {"idle", "ghost", "lost", "bare-lost", "default"} <= set(rows)
        assert rows["lost"]["registered"] is False
        assert (rows["idle"]["size"], rows["lost"]["size"]) == (0, 1)
        assert json.loads(look(jobctl, fmt, "status", "stray").out)["state"] == "enqueued"


def test_one_queue_of_a_wrong_type_does_not_hide_the_others(raw, jobctl) -> None:
    populate(raw)
    raw.sadd("queues", "broken")
    raw.set("q:broken", "a string")
    ran = look(jobctl, "table", "queue", "ls", codes=(0,))
    assert "its key holds a string, no list" in ran.out
    assert "default" in ran.out
    assert (
        "q:broken holds a string" in look(jobctl, "tsv", "queue", "jobs", "broken", codes=(3,)).err
    )
    assert look(jobctl, "json", "status", "queued").code == 0


@pytest.fixture(scope="module")
def large(server) -> Iterator[str]:
    """A database of payloads of 10 MB: eight in retries, three in a queue, and small ones."""
    with redis.Redis(unix_socket_path=str(server.socket), db=3) as raw:
        for i in range(8):
            payload = b'","args":["' + b"x" * 10_000_000 + b'"],"failure":{"message":"boom"}}'
            raw.zadd("retries", {b'{"jid":"large-%d' % i + payload: NOW + i})
            if i < 3:
                raw.lpush("q:default", b'{"jid":"queued-%d' % i + payload)
        raw.zadd("retries", {failed(f"small-{i}"): NOW + 100 + i for i in range(100)})
        raw.sadd("queues", "default")
        yield f"{server.url}?db=3"
        raw.flushdb()


MEASURED = """
import os, resource, subprocess, sys
ran = subprocess.run([sys.executable, "-m", "jobctl", *sys.argv[1:]], stdout=subprocess.DEVNULL)
print(ran.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.parametrize(
    "argv",
    [
        ("retries", "ls", "-o", "jsonl"),
        ("status", "large-7", "small-3", "queued-2", "-o", "ids"),
    ],
)
def test_payloads_of_10_mb_are_not_held_all_at_once(large: str, argv: tuple[str, ...]) -> None:
    program = [sys.executable, "-c", MEASURED, "-u", large, *argv]
    ran = subprocess.run(program, capture_output=True, text=True, check=True)
    code, peak = map(int, ran.stdout.split())
    assert code == 0
    assert peak * (1 if sys.platform == "darwin" else 1024) < 220 * MiB


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_payload_of_10_mb_is_shown_in_every_format(large: str, jobctl, fmt: str) -> None:
    argvs = [("retries", "ls", "--limit", "1")]
    argvs += [("status", "queued-2")] if fmt in ("table", "json") else []
    for argv in argvs:
        ran = jobctl("-o", fmt, *argv, url=large, tty=fmt in ("table", "wide"))
        assert ran.code == 0
        assert len(ran.out) < (20_000 if fmt == "table" else 70_000_000)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    "words",
    [*(f"retries ls -o {fmt}" for fmt in FORMATS), "queue jobs default", "status - -o json"],
)
def test_a_reader_that_has_seen_enough_is_no_failure(raw, url: str, words: str) -> None:
    raw.zadd("retries", {failed(f"jid-{i:05}"): NOW + i for i in range(1000)})
    enqueue(raw, "default", *[job(f"job-{i:05}") for i in range(1000)])
    line = f"set -o pipefail; {sys.executable} -m jobctl {words} | head -1; echo ${{PIPESTATUS[0]}}"
    jids = "".join(f"jid-{i:05}\n" for i in range(1000))
    ran = subprocess.run(
        ["bash", "-c", line],
        input=jids,
        capture_output=True,
        text=True,
        env=os.environ | {"JOBCTL_URL": url},
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(lines(ran.stdout)) == 2
    assert lines(ran.stdout)[-1] == "0"
