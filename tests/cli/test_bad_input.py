"""Whatever stands in Redis, every command answers in every format."""

from __future__ import annotations

import base64
import json
import math
import os
import subprocess
import sys

import pytest
import redis

from jobctl.model.entry import listing_keys
from jobctl.model.layout import Kind
from tests.builders import NOW, failed, job
from tests.redis.runs import FORMATS, ODD_JIDS, SETS, commands, lines, look

MALFORMED = [
    b"",
    b" ",
    b"plain text",
    b"\x00\x01\x02",
    b"\xff\xfe\x80",
    b'{"jid":"cut off',
    b'{"jid":"trailing"} garbage',
    b'{"jid":"latin-\xe9"}',
    b"null",
    b"true",
    b"42",
    b"1e999",
    b"NaN",
    b'{"jid":NaN}',
    b'"a string"',
    b"[]",
    b'[{"jid":"listed"}]',
    b"{'jid':'single'}",
    b'{"jid":"abyss","args":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
    b"x" * 5000,
]
ODD = [
    b"{}",
    b'{"jid":null}',
    b'{"jid":""}',
    b'{"jid":"twice","jid":"twofold"}',
    b'{"jid":"surrogate-\\ud800","message":"\\udfff"}',
    b'{"jid":"nul-\\u0000","args":["\\u0000"]}',
    b'{"jid":"deep","args":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"jid":"keys","":"","\\n":1,"\\u001b[31m":2,"args":{"":{}}}',
]
FIELDS = (
    "jid", "jobtype", "queue", "args", "created_at", "enqueued_at", "retry", "at", "custom",
    "failure", "failure.retry_count", "failure.remaining", "failure.failed_at", "failure.next_at",
    "failure.errtype", "failure.message",
)  # fmt: skip
VALUES = [
    "null", "42", "1.5", "true", "false", "[]", "{}", '"x"', '""', '"1e999"', "1e999", "-1", "-0",
    "9223372036854775808", "-99999999999999999999999999", "1E400", "0.1e-400", '"\\u001b[31m"',
    '"2026-13-45T99:99:99Z"', '"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59.9-23:59"',
    '["nested", {"a": [null]}]', '{"jid": "inner", "b": {"c": 1e999}}',
]  # fmt: skip
NUMBERS = (
    "123456789012345678901234567890", "12345678901234567.0", "1E400", "18446744073709551616",
    "9007199254740993", "-9223372036854775809", "3.14159265358979323846264338327950288", "7", "1.0",
)  # fmt: skip


def everywhere(raw: redis.Redis, members: list[bytes]) -> None:
    """Put members into every structure; into working as they are, and inside reservations."""
    raw.sadd("queues", "default")
    pipe = raw.pipeline(transaction=False)
    for i, member in enumerate(members):
        pipe.lpush("q:default", member)
        for name in SETS:
            pipe.zadd(name, {member: NOW + i})
        pipe.zadd("working", {b'{"job":%b,"wid":"w"}' % member: NOW + i})
    pipe.execute()


def with_field(field: str, value: str) -> bytes:
    """Return a failed job with one field replaced by this JSON."""
    payload = json.loads(failed(f"job-{field}-{VALUES.index(value)}", count=3))
    *outer, name = field.split(".")
    (payload[outer[0]] if outer else payload)[name] = "@"
    return json.dumps(payload).replace('"@"', value).encode()


@pytest.mark.parametrize("fmt", FORMATS)
def test_members_that_are_no_jobs_are_shown_by_every_command(raw, jobctl, fmt: str) -> None:
    everywhere(raw, [*MALFORMED, *ODD, job("good")])
    for argv in commands("good", "deep", "abyss", "twofold", "surrogate-\ud800", "nul-\x00"):
        look(jobctl, fmt, *argv)


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("fields", [FIELDS[i : i + 4] for i in range(0, len(FIELDS), 4)])
def test_a_field_may_hold_anything(raw, jobctl, fields: tuple[str, ...], fmt: str) -> None:
    everywhere(raw, [with_field(field, value) for field in fields for value in VALUES])
    for argv in commands(f"job-{fields[-1]}-6"):
        look(jobctl, fmt, *argv)
    flags = ("--type", "x", "--queue", "x", "--error", ".", "--match", "*", "--older-than", "1s")
    for name in SETS:
        look(jobctl, fmt, name, "ls", *flags)


@pytest.mark.parametrize("field", FIELDS[1:])
def test_the_story_of_a_job_can_be_told_whatever_a_field_holds(raw, jobctl, field: str) -> None:
    for name in SETS[:3]:
        members = [with_field(field, value) for value in VALUES]
        raw.zadd(name, {member: NOW + i for i, member in enumerate(members)})
        for i in range(len(VALUES)):
            if i % 3 == SETS.index(name):
                assert look(jobctl, "table", name, "show", f"job-{field}-{i}").code == 0


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_reservation_may_hold_anything(raw, jobctl, fmt: str) -> None:
    for value in VALUES:
        for field in ("wid", "reserved_at", "expires_at", "job"):
            held = {"job": '{"jid":"held"}', "wid": '"w"'} | {field: value}
            member = ",".join(f'"{key}":{text}' for key, text in held.items())
            raw.zadd("working", {f"{{{member}}}": NOW})
    for argv in commands("held"):
        look(jobctl, fmt, *argv)
    assert raw.zcard("working") == int(jobctl("working", "count").out)


@pytest.mark.parametrize("kind", [Kind.RETRIES, Kind.DEAD, Kind.WORKING, Kind.QUEUE])
def test_odd_values_can_be_sorted_by_every_field_and_none_is_lost(raw, jobctl, kind: Kind) -> None:
    members = [*MALFORMED, *ODD, *(with_field(f, v) for f in FIELDS for v in VALUES[::2])]
    everywhere(raw, members)
    argv = ("queue", "jobs", "default") if kind is Kind.QUEUE else (kind.value, "ls")
    whole = len(lines(jobctl(*argv, "-o", "jsonl").out))
    for key in listing_keys(kind):
        for reverse in ((), ("--reverse",)):
            ran = look(jobctl, "jsonl", *argv, "--sort", key, *reverse)
            assert len(lines(ran.out)) == whole, key


@pytest.mark.parametrize(
    "field", ["jobtype", "args", "retry", "failure.message", "failure.remaining"]
)
def test_json_gives_a_field_as_it_stands(raw, jobctl, field: str) -> None:
    everywhere(raw, [with_field(field, value) for value in VALUES])
    rows = [json.loads(line) for line in lines(jobctl("retries", "ls", "-o", "jsonl").out)]
    assert [row[field.rpartition(".")[2]] for row in rows] == [json.loads(v) for v in VALUES]


def test_malformed_members_are_listed_as_such_with_their_bytes(raw, jobctl, report) -> None:
    everywhere(raw, [*MALFORMED, *ODD, job("good")])
    for name in SETS[:3]:
        rows = report(name, "ls", "--malformed")
        kept = [
            r["raw"].encode() if r["raw"] is not None else base64.b64decode(r["raw_b64"])
            for r in rows
        ]
        assert sorted(kept) == sorted(MALFORMED)
        assert all(row["malformed"] and row["jid"] is None for row in rows)
        assert jobctl(name, "count", "--malformed").out == f"{len(MALFORMED)}\n"
        assert jobctl(name, "count", "--type", "SendEmail").out == "1\n"
    columns = jobctl("dead", "ls", "--malformed", "--columns", "raw,raw_b64", "-o", "tsv")
    assert len(lines(columns.out)) == len(MALFORMED) + 1


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_printed_as_it_stood(raw, jobctl, number: str) -> None:
    member = b'{"jid":"n","args":[%b,{"a":%b}],"retry":%b}' % ((number.encode(),) * 3)
    everywhere(raw, [member])
    args = f'[{number},{{"a":{number}}}]'
    assert f'"args":{args},' in jobctl("retries", "ls", "-o", "jsonl").out
    assert f'"args":{args},' in jobctl("queue", "jobs", "default", "-o", "jsonl").out
    assert jobctl("dead", "ls", "--columns", "args,retry", "-o", "tsv").out.endswith(
        f"\n{args}\t{number}\n"
    )
    assert f'"retry": {number}' in jobctl("status", "n", "-o", "json").out
    assert f'"retry": {number}' in jobctl("status", "n", tty=True).out
    assert number in jobctl("retries", "ls", "--columns", "retry,args", tty=True).out.replace(
        ",", ""
    )
    assert jobctl("retries", "show", "n", "--raw").out.encode() == member


@pytest.mark.parametrize(
    "member", [failed("raw"), b'{"jid": "raw" ,\n"x":\t"\\u00e9\\/"}', b'\n{"jid":"raw"}\r\n']
)
def test_raw_prints_the_exact_bytes(raw, jobctl, member: bytes) -> None:
    everywhere(raw, [member])
    for name in SETS[:3]:
        assert jobctl(name, "show", "raw", "--raw").out.encode() == member


@pytest.mark.parametrize("argv", ["working release - --yes", "status -", "mutate - --yes"])
def test_a_closed_stdin_is_called_closed(url, argv):
    ran = subprocess.run(
        ["/bin/sh", "-c", f"exec '{sys.executable}' -m jobctl {argv} <&-"],
        env=os.environ | {"JOBCTL_URL": url}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "from stdin, and stdin is closed" in ran.stderr


@pytest.mark.parametrize("jid", [jid for jid in ODD_JIDS if jid != "-"])  # - reads stdin
def test_a_job_of_an_odd_jid_is_found_by_exactly_that(raw, jobctl, jid: str) -> None:
    near = [failed(jid + "x"), failed("x" + jid), failed("args", args=[jid]), failed(jid[:-1])]
    everywhere(raw, [failed(jid), *near])
    answer = json.loads(look(jobctl, "json", "status", "--", jid).out)
    assert (answer["jid"], answer["job"]["jid"], len(answer["places"])) == (jid, jid, 5)
    assert json.loads(look(jobctl, "json", "retries", "show", "--", jid).out)["jid"] == jid
    ids = look(jobctl, "ids", "dead", "ls", f"--jid={jid}")
    assert len(lines(ids.out)) == 1
    again = jobctl("status", "-", "-o", "json", stdin=ids.out)
    assert json.loads(again.out) == [answer]


@pytest.mark.parametrize("fmt", FORMATS)
def test_odd_jids_go_from_a_listing_to_status_and_back(raw, jobctl, fmt: str) -> None:
    raw.zadd("retries", {failed(jid): NOW + i for i, jid in enumerate(ODD_JIDS)})
    ids = look(jobctl, "ids", "retries", "ls")
    assert len(lines(ids.out)) == len(ODD_JIDS)
    back = jobctl("status", "-", "-o", fmt, stdin=ids.out)
    assert back.code == 0
    if fmt == "json":
        assert [answer["jid"] for answer in json.loads(back.out)] == ODD_JIDS
        assert {answer["state"] for answer in json.loads(back.out)} == {"retrying"}
    if fmt == "ids":
        assert back.out == ids.out


@pytest.mark.parametrize("fmt", FORMATS)
def test_scores_that_are_no_times_are_shown(raw, jobctl, fmt: str) -> None:
    scores = (math.inf, -math.inf, 1e300, -1e300, -1.0, 0.0, -62135596801, 253402300800, 1e-9)
    for name in SETS:
        raw.zadd(name, {failed(f"jid-{i}"): score for i, score in enumerate(scores)})
    for argv in commands(*(f"jid-{i}" for i in range(len(scores)))):
        look(jobctl, fmt, *argv)
    for name in SETS[:3]:
        ran = look(jobctl, "jsonl", name, "ls", "--sort", "at")
        assert len(lines(ran.out)) == len(scores)
    rows = [json.loads(line) for line in lines(jobctl("retries", "ls", "-o", "jsonl").out)]
    assert [row["at"] for row in rows] == [
        None, None, None, "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.000000001Z", None, None, None,
    ]  # fmt: skip
