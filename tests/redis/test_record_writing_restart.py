"""Started once more is a restart: what it was is put aside, byte for byte."""

from __future__ import annotations

import pytest

from jobctl.errors import Refused
from tests.everything import everything
from tests.recording import START, record


def test_a_restart_puts_the_hash_aside_and_begins_a_fresh_one(raw, store):
    record(raw, "a", state="failed", progress=0.5, errors=["boom"], queued_at=START + 1,
           started_at=START + 2, failed_at=START + 3, job_name="N", job_args={"k": "v"},
           provider_job_id=42, data=[1], kill_requested_at=START)  # fmt: skip
    before = raw.hgetall("jobba:id:a")
    store.records.mark("a", "started")
    after = raw.hgetall("jobba:id:a")
    started = after[b"started_at"]
    assert raw.hgetall("jobba:id:a:0") == before | {b"id": b'"a:0"'}
    assert list(after.items()) == [
        (b"id", b'"a"'),
        (b"attempt", b"1"),
        (b"recorded_at", str(START).encode()),
        (b"queued_at", str(START + 1).encode()),
        (b"progress", b"0"),
        (b"errors", b"[]"),
        (b"job_name", b'"N"'),
        (b"job_args", b'{"k": "v"}'),
        (b"provider_job_id", b"42"),
        (b"state", b'"started"'),
        (b"started_at", started),
    ]
    found = everything(raw)
    for key in (b"jobba:id:a", b"jobba:id:a:0"):
        del found[key]
    assert found == {
        b"jobba:started": {b"a"},
        b"jobba:recorded_at": {b"a": START},
        b"jobba:queued_at": {b"a": START + 1},
        b"jobba:started_at": {b"a": int(started)},
        b"jobba:failed_at": {b"a": START + 3},  # as the gem leaves it
        b"jobba:job_name:N": {b"a"},
        b"jobba:job_arg:v": {b"a"},
        b"jobba:provider_job_id:42": {b"a"},
    }
    assert int(started) > START + 2


def test_what_it_never_had_is_null_and_no_arguments_are_an_empty_object(raw, store):
    record(raw, "a", state="started", started_at=START, recorded_at=None)
    store.records.mark("a", "started")
    found = raw.hgetall("jobba:id:a")
    for field in (b"recorded_at", b"queued_at", b"job_name", b"provider_job_id"):
        assert found[field] == b"null"
    assert found[b"job_args"] == b"{}"
    assert raw.zscore("jobba:queued_at", "a") is None
    raw.hset("jobba:id:a", "job_args", "null")
    store.records.mark("a", "started")
    assert raw.hget("jobba:id:a", "job_args") == b"{}"


def test_attempts_are_counted_and_found(raw, store):
    store.records.create("a", state="started")
    for _ in range(3):
        last = store.records.mark("a", "started")
    assert last.attempt == 3
    assert [each.values["id"] for each in store.records.attempts(last)] == ["a:0", "a:1", "a:2"]
    assert raw.smembers("jobba:started") == {b"a"}


@pytest.mark.parametrize("text", [None, "null", '"x"', "-1", "1.5", "true", "1" * 30])
def test_an_attempt_that_is_no_number_counts_as_the_first(raw, store, text):
    record(raw, "a", state="failed", started_at=START, attempt=None)
    if text is not None:
        raw.hset("jobba:id:a", "attempt", text)
    assert store.records.mark("a", "started").attempt == 1
    assert raw.hget("jobba:id:a:0", "id") == b'"a:0"'


def test_a_null_start_is_no_start(raw, store):
    record(raw, "a", state="queued")
    raw.hset("jobba:id:a", "started_at", "null")
    assert store.records.mark("a", "started").attempt == 0
    assert not raw.exists("jobba:id:a:0")
    assert raw.hget("jobba:id:a", "started_at") != b"null"


def test_a_record_that_stands_where_the_attempt_would_be_put_is_not_overwritten(raw, store):
    record(raw, "a", state="failed", started_at=START)
    record(raw, "a:0", state="queued", job_name="Other")
    before = everything(raw)
    with pytest.raises(Refused, match="a record a:0 is where its attempt 0 would be put"):
        store.records.mark("a", "started")
    assert everything(raw) == before


def test_the_time_it_has_left_is_kept_on_both(raw, store):
    record(raw, "a", state="failed", started_at=START)
    raw.expire("jobba:id:a", 5000)
    store.records.mark("a", "started")
    for key in ("jobba:id:a", "jobba:id:a:0"):
        assert 4900 < raw.ttl(key) <= 5000
    record(raw, "b", state="failed", started_at=START)
    store.records.mark("b", "started")
    for key in ("jobba:id:b", "jobba:id:b:0"):
        assert raw.ttl(key) == -1


def test_it_leaves_the_other_states_also_where_odd_data_has_it_in_two(raw, store):
    record(raw, "a", state="failed", started_at=START)
    raw.sadd("jobba:killed", "a")
    store.records.mark("a", "started")
    assert not raw.exists("jobba:failed", "jobba:killed")


def test_an_id_of_any_bytes_is_written_as_json_in_the_attempt(raw, store):
    name = b'x"\\\n\x01\x00\xff\xe2\x82\xac/:0'
    record(raw, name, state="failed", started_at=START)
    store.records.mark(name.decode("utf-8", "surrogateescape"), "started")
    text = b'"x\\"\\\\\\n\\u0001\\u0000\xff\xe2\x82\xac/:0'
    assert raw.hget(b"jobba:id:" + name, "id") == text + b'"'
    assert raw.hget(b"jobba:id:" + name + b":0", "id") == text + b':0"'
    assert raw.smembers("jobba:started") == {name}


def test_of_two_who_restart_at_once_each_makes_an_attempt(raw, store, url):
    from tests.redis.meanwhile import meanwhile

    store.records.create("a", state="started")
    with meanwhile(store, lambda other: other.records.mark("a", "started"), url):
        assert store.records.mark("a", "started").attempt == 2
    assert raw.hget("jobba:id:a:0", "attempt") == b"0"
    assert raw.hget("jobba:id:a:1", "attempt") == b"1"
