"""Nothing that stands in Redis, or is typed, reaches a terminal as anything but text."""

from __future__ import annotations

import json

import pytest
import redis

from tests.builders import NOW, enqueue, failed, reservation
from tests.redis.runs import FORMATS, STYLE, UNSAFE, check, commands, look

EVIL = (
    "\x1b[31mred\x1b]0;title\x07\x1bP+q\x1b\\\x9b31m\x90x\x9c\x08\x7f\x00"  # CSI, OSC, DCS, C1
    "\u202egnp\u202c\u2066\u2069\u200e\u200f\u061c\u200b\u00ad\ufeff\u2028\u2029\U000e0041"
    "[bold]markup[/bold][link=http://example.org]link[/link]:smile:\r\n\t\v\fend"
)
FAILURE = dict.fromkeys(
    ("retry_count", "remaining", "failed_at", "next_at", "errtype", "message"), EVIL
)
FIELDS = dict.fromkeys(("jobtype", "queue", "created_at", "enqueued_at", "retry", "at"), EVIL)


def populate(raw: redis.Redis) -> None:
    """Put it everywhere: names of queues, every field, reservations, counters, plain members."""
    jobs = [
        failed(jid, failure=FAILURE, args=[EVIL, {EVIL: EVIL}], custom={EVIL: EVIL}, **FIELDS)
        for jid in (EVIL, "tame")
    ]
    jobs.append(EVIL.encode())
    for i, member in enumerate(jobs):
        for name in ("scheduled", "retries", "dead", "working"):
            raw.zadd(name, {member: NOW + i})
        if member != EVIL.encode():
            times = {"reserved_at": EVIL, "expires_at": EVIL}
            raw.zadd("working", {reservation(member, wid=EVIL, **times): NOW})
    for queue in ("default", EVIL):
        enqueue(raw, queue, *jobs)
    enqueue(raw, "old", *jobs, form="")
    raw.sadd("paused", EVIL, EVIL + "ghost")
    raw.sadd("queues", EVIL + "wrong")
    raw.set(f"q:{EVIL}wrong", "x")
    for counter in ("processed", "failures"):
        raw.set(counter, EVIL)


@pytest.mark.parametrize("fmt", FORMATS)
def test_no_cell_reaches_a_terminal_as_a_command(raw, jobctl, fmt: str) -> None:
    populate(raw)
    for argv in commands(EVIL, "tame"):
        look(jobctl, fmt, *argv, codes=(4,) if "nobody" in argv else (0,))
    look(jobctl, fmt, "queue", "jobs", EVIL, codes=(0,))


@pytest.mark.parametrize("width", [40, 80, 200, 2000])
def test_it_stays_text_in_colour_and_at_every_width(raw, jobctl, monkeypatch, width: int) -> None:
    populate(raw)
    monkeypatch.setenv("COLUMNS", str(width))
    for argv in commands(EVIL, "tame"):
        ran = jobctl("--color", "always", *argv, tty=True)
        assert not UNSAFE.search(STYLE.sub("", ran.out)), argv
        assert not UNSAFE.search(STYLE.sub("", ran.err)), argv


def test_markup_is_shown_as_it_is_written(raw, jobctl, monkeypatch) -> None:
    populate(raw)
    monkeypatch.setenv("COLUMNS", "500")
    for argv in (
        ("status", "tame"),
        ("retries", "ls", "--columns", "jid,message"),
        ("queue", "ls"),
    ):
        out = jobctl(*argv, "--color", "always", tty=True).out
        assert "[bold]markup[/bold][link=http://example.org]link[/link]:smile:" in out
        assert "\\x1b[31mred\\x1b]0;title\\x07" in out


def test_machine_formats_carry_it_exactly(raw, report) -> None:
    populate(raw)
    (row,) = report("dead", "ls", "--jid", "tame")
    for key in ("jobtype", "queue", "created_at", "errtype", "message", "retry"):
        assert row[key] == EVIL
    assert row["args"] == [EVIL, {EVIL: EVIL}]
    status = report("status", EVIL)
    assert status["jid"] == EVIL
    assert {p["queue"] for p in status["places"] if p["place"] == "queue"} == {
        EVIL,
        "default",
        "old",
    }


def settled(document: object) -> object:
    """Return a document without what the server says of itself: that changes from call to call."""
    return document | {"server": None} if isinstance(document, dict) else document


@pytest.mark.parametrize("fmt", ["json", "jsonl", "csv", "tsv", "ids"])
def test_machine_formats_on_a_terminal_show_what_could_steer_it(raw, jobctl, fmt: str) -> None:
    populate(raw)
    for argv in commands(EVIL, "tame"):
        shown = jobctl("-o", fmt, *argv, tty=True).out
        piped = jobctl("-o", fmt, *argv).out
        assert not UNSAFE.search(shown.replace("\t", "") if fmt in ("csv", "tsv") else shown), argv
        if fmt == "json":  # the same document, spelled otherwise
            assert settled(json.loads(shown)) == settled(json.loads(piped)), argv
        elif "\u202e" in piped:
            assert "\\u202egnp" in shown


def test_raw_bytes_are_exact_in_a_pipe_and_text_on_a_terminal(raw, jobctl) -> None:
    member = '{"jid":"raw-1","s":"\u009b\u202e\x7f"}'
    raw.zadd("retries", {member: NOW})
    piped = jobctl("retries", "show", "raw-1", "--raw")
    assert (piped.out, piped.err) == (member, "")
    ran = jobctl("retries", "show", "raw-1", "--raw", tty=True)
    assert ran.out == '{"jid":"raw-1","s":"\\x9b\\u202e\\x7f"}\n'
    assert "a pipe gets the exact bytes" in ran.err


@pytest.mark.parametrize(
    "argv",
    [
        (EVIL,),
        ("retries", EVIL),
        ("retries", "ls", f"--{EVIL}"),
        ("retries", "ls", "-o", EVIL),
        ("retries", "ls", "--sort", EVIL),
        ("retries", "ls", "--columns", EVIL),
        ("retries", "ls", "--limit", EVIL),
        ("retries", "ls", "--older-than", EVIL),
        ("retries", "ls", "--error", f"({EVIL}"),
        ("retries", "ls", "--layout", EVIL),
        ("retries", "ls", "-u", EVIL),
        ("retries", "ls", "-u", f"redis://{EVIL.replace('/', '')}"),
        ("retries", "ls", "-u", f"unix:///{EVIL}"),
        ("retries", "ls", "-u", "unix:///%1b%5b31m%c2%9b%e2%80%ae"),
        ("retries", "ls", "-u", "rediss://h", "--cacert", EVIL.replace("\0", "")),
        ("retries", "show", EVIL),
        ("status", EVIL),
        ("status", EVIL, "tame"),
        ("status", "tame", "--wait", EVIL),
        ("status", "tame", f"--watch={EVIL}"),
        ("queue", "jobs", EVIL),
        ("info", "--days", EVIL),
        ("completion", EVIL),
        ("server", "status", "--dir", EVIL.replace("\0", "")),
    ],
    ids=lambda argv: " ".join(argv).replace(EVIL, "EVIL")[:40].encode("ascii", "ignore").decode(),
)
def test_no_error_reaches_a_terminal_as_a_command(raw, jobctl, argv: tuple[str, ...]) -> None:
    ran = jobctl("--color", "never", *argv, tty=True)
    check(ran, "table", argv, (1, 2, 3, 4))
    assert "error: " in ran.err
    if "-o" not in argv:
        as_json = jobctl(*argv, "-o", "json", tty=True)
        assert as_json.code == ran.code
        assert json.loads(as_json.err)["code"] == ran.code
        assert not UNSAFE.search(as_json.err)


def test_the_trace_of_commands_is_text_too(raw, jobctl) -> None:
    populate(raw)
    ran = jobctl("status", EVIL, "--debug", tty=True)
    assert ran.code == 0
    assert not UNSAFE.search(ran.err)
