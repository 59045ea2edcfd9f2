"""Records are created, enter states and are restarted: every byte of hash and indexes."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

import pytest

from jobctl.errors import Refused, UsageProblem
from jobctl.model.jobba import RecordState
from tests.everything import everything
from tests.recording import START, orphan, record
from tests.trouble import meanwhile

STATES = list(RecordState)


def moments(raw):
    """The times of record a, and that each index of a time says the same as the hash."""
    fields = {k.decode(): v for k, v in raw.hgetall("jobba:id:a").items() if k.endswith(b"_at")}
    for name, text in fields.items():
        assert raw.zscore(f"jobba:{name}", "a") == int(text)
    return fields


def test_a_new_record_is_what_the_gem_creates(raw, store):
    before = int(time.time() * 1e6) - 1000
    made = store.records.create("a")
    stamp = moments(raw)["recorded_at"]
    assert before <= int(stamp) <= int(time.time() * 1e6) + 1000
    assert everything(raw) == {
        b"jobba:id:a": {
            b"id": b'"a"', b"progress": b"0", b"errors": b"[]", b"attempt": b"0",
            b"state": b'"unqueued"', b"recorded_at": stamp,
        },
        b"jobba:unqueued": {b"a"},
        b"jobba:recorded_at": {b"a": int(stamp)},
    }  # fmt: skip
    assert (made.id, made.state, made.attempt, made.errors) == ("a", RecordState.UNQUEUED, 0, [])


def test_an_id_that_nobody_gives_is_a_uuid(raw, store):
    made = store.records.create()
    assert str(uuid.UUID(made.id)) == made.id
    assert raw.smembers("jobba:unqueued") == {made.id.encode()}
    assert store.records.create().id != made.id


def test_what_is_given_at_its_birth_stands_in_the_hash_and_its_indexes(raw, store):
    store.records.create(
        "a",
        {
            "job_name": "Import",
            "job_args": {"user": "u-1", "again": "u-1", "empty": ""},
            "provider_job_id": 42,
            "data": {"rows": [1, 2.5]},
            "progress": (1, 2),
            "error": "boom",
        },
    )
    found = raw.hgetall("jobba:id:a")
    assert found[b"job_name"] == b'"Import"'
    assert found[b"job_args"] == b'{"user":"u-1","again":"u-1","empty":""}'
    assert (found[b"provider_job_id"], found[b"data"]) == (b"42", b'{"rows":[1,2.5]}')
    assert (found[b"progress"], found[b"errors"]) == (b"0.5", b'["boom"]')
    for key in ("job_name:Import", "job_arg:u-1", "job_arg:", "provider_job_id:42"):
        assert raw.smembers(f"jobba:{key}") == {b"a"}, key
    assert len(raw.keys()) == 7


def test_an_id_that_is_taken_is_refused_and_nothing_changes(raw, store):
    record(raw, "a", job_name="Old")
    raw.set("jobba:id:odd", "text")
    raw.hset("jobba:id:stub", "progress", "1")
    before = everything(raw)
    for ident in ("a", "odd", "stub"):
        with pytest.raises(Refused, match=f"a record {ident} already"):
            store.records.create(ident, {"job_name": "New"})
    assert everything(raw) == before


def test_what_an_orphan_left_in_other_states_is_taken_out_at_creation(raw, store):
    orphan(raw, "a", "failed", "queued")
    store.records.create("a")
    assert not raw.exists("jobba:failed", "jobba:queued")
    assert raw.smembers("jobba:unqueued") == {b"a"}


@pytest.mark.parametrize(
    "given",
    [
        {"ident": ""}, {"ident": "\udcff"}, {"job_name": ""}, {"job_name": "\udcff"},
        {"job_args": {"a": 1}}, {"job_args": ["a"]}, {"job_args": {"a": "\udcff"}},
        {"job_args": {str(i): "x" for i in range(1001)}}, {"provider_job_id": ""},
        {"provider_job_id": 1.5}, {"provider_job_id": True}, {"data": {1, 2}},
        {"state": "fialed"}, {"error": ""}, {"error": None}, {"progress": 2},
    ],
    ids=str,
)  # fmt: skip
def test_what_the_gem_would_not_keep_is_refused_before_anything_is_written(raw, store, given):
    values = {k: v for k, v in given.items() if k not in ("ident", "state")}
    ident, state = given.get("ident", "a"), given.get("state", "unqueued")
    with pytest.raises(UsageProblem):
        store.records.create(ident, values, state=state)
    assert raw.keys() == []


@pytest.mark.parametrize("old", STATES)
@pytest.mark.parametrize("new", STATES)
def test_each_state_is_entered_from_each_other(raw, store, old, new):
    store.records.create("a", state=old)
    before, born = raw.hgetall("jobba:id:a"), moments(raw)
    assert (before[b"state"], set(born)) == (f'"{old}"'.encode(), {"recorded_at", old.moment})
    assert before[b"progress"] == (b"1.0" if old is RecordState.SUCCEEDED else b"0")
    in_sets = [each for each in STATES if raw.sismember(f"jobba:{each}", "a")]
    marked = store.records.mark("a", new)
    after = raw.hgetall("jobba:id:a")
    assert (in_sets, marked.state) == ([old], new)
    if old is new is RecordState.STARTED:
        assert marked.attempt == 1  # a restart
        return
    times = moments(raw)
    expected = before | {b"state": f'"{new}"'.encode()}
    if new is not old and new.moment != "recorded_at":  # it has that already
        expected[new.moment.encode()] = times[new.moment]
    if new is not old and new is RecordState.SUCCEEDED:
        expected[b"progress"] = b"1.0"
    assert after == expected
    for each in STATES:
        assert raw.sismember(f"jobba:{each}", "a") == (each is new)


def test_the_namespace_is_the_stores(raw, store):
    store.backend.scope = replace(store.backend.scope, records_namespace="other")
    store.records.create("a", {"job_name": "N"})
    store.records.mark("a", "failed")
    assert sorted(raw.keys()) == [
        b"other:failed", b"other:failed_at", b"other:id:a", b"other:job_name:N",
        b"other:recorded_at",
    ]  # fmt: skip


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
        (b"id", b'"a"'), (b"attempt", b"1"), (b"recorded_at", str(START).encode()),
        (b"queued_at", str(START + 1).encode()), (b"progress", b"0"), (b"errors", b"[]"),
        (b"job_name", b'"N"'), (b"job_args", b'{"k": "v"}'), (b"provider_job_id", b"42"),
        (b"state", b'"started"'), (b"started_at", started),
    ]  # fmt: skip
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


@pytest.mark.parametrize("text", [None, "null", '"x"', "-1", "1.5", "true", "1" * 30])
def test_an_attempt_that_is_no_number_counts_as_the_first(raw, store, text):
    record(raw, "a", state="failed", started_at=START, attempt=None)
    if text is not None:
        raw.hset("jobba:id:a", "attempt", text)
    assert store.records.mark("a", "started").attempt == 1
    assert raw.hget("jobba:id:a:0", "id") == b'"a:0"'


def test_an_id_of_any_bytes_is_written_as_json_in_the_attempt(raw, store):
    name = b'x"\\\n\x01\x00\xff\xe2\x82\xac/:0'
    record(raw, name, state="failed", started_at=START)
    store.records.mark(name.decode("utf-8", "surrogateescape"), "started")
    text = b'"x\\"\\\\\\n\\u0001\\u0000\xff\xe2\x82\xac/:0'
    assert raw.hget(b"jobba:id:" + name, "id") == text + b'"'
    assert raw.hget(b"jobba:id:" + name + b":0", "id") == text + b':0"'
    assert raw.smembers("jobba:started") == {name}


def test_of_two_who_restart_at_once_each_makes_an_attempt(raw, store, url):
    store.records.create("a", state="started")
    with meanwhile(store, lambda other: other.records.mark("a", "started"), url):
        assert store.records.mark("a", "started").attempt == 2
    assert raw.hget("jobba:id:a:0", "attempt") == b"0"
    assert raw.hget("jobba:id:a:1", "attempt") == b"1"
