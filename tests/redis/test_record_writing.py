"""Records are created and enter states: every byte of the hash and of the indexes."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

import pytest

from jobctl.errors import NotFound, Refused, UsageProblem
from jobctl.model.jobba import RecordState
from tests.everything import everything
from tests.recording import START, orphan, record

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


@pytest.mark.parametrize("state", STATES)
def test_created_in_a_state_it_is_in_its_set_alone_and_has_both_times(raw, store, state):
    store.records.create("a", state=state)
    found = raw.hgetall("jobba:id:a")
    assert found[b"state"] == f'"{state}"'.encode()
    assert found[b"progress"] == (b"1.0" if state is RecordState.SUCCEEDED else b"0")
    assert set(moments(raw)) == {"recorded_at", state.moment}
    for each in STATES:
        assert raw.sismember(f"jobba:{each}", "a") == (each is state)


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
    record(raw, "a", state=old, recorded_at=START)
    before = raw.hgetall("jobba:id:a")
    marked = store.records.mark("a", new)
    after = raw.hgetall("jobba:id:a")
    assert marked.state is new
    times = moments(raw)
    assert times["recorded_at"] == str(START).encode()  # it has one already
    expected = before | {b"state": f'"{new}"'.encode()}
    if new is not old and new.moment != "recorded_at":
        expected[new.moment.encode()] = times[new.moment]
    if new is not old and new is RecordState.SUCCEEDED:
        expected[b"progress"] = b"1.0"
    assert after == expected
    for each in STATES:
        assert raw.sismember(f"jobba:{each}", "a") == (each is new)


def test_a_time_is_stamped_once_and_again_only_where_it_is_null(raw, store):
    record(raw, "a", state="queued", failed_at=START + 5)
    raw.hset("jobba:id:a", "killed_at", "null")
    store.records.mark("a", "failed")
    assert raw.hget("jobba:id:a", "failed_at") == str(START + 5).encode()
    assert raw.zscore("jobba:failed_at", "a") == START + 5
    store.records.mark("a", "killed")
    assert moments(raw)["killed_at"] != b"null"


def test_it_leaves_every_other_state_that_odd_data_has_it_in(raw, store):
    record(raw, "a", state="queued")
    orphan(raw, "a", "failed", "killed", "unknown", "unqueued")
    raw.sadd("jobba:failed", "b")
    store.records.mark("a", "succeeded")
    assert [s for s in STATES if raw.sismember(f"jobba:{s}", "a")] == [RecordState.SUCCEEDED]
    assert raw.smembers("jobba:failed") == {b"b"}


def test_a_stub_enters_a_state(raw, store):
    raw.hset("jobba:id:a", "progress", "0.5")
    store.records.mark("a", "failed")
    found = raw.hgetall("jobba:id:a")
    assert found == {b"progress": b"0.5", b"state": b'"failed"', b"failed_at": found[b"failed_at"]}
    assert raw.smembers("jobba:failed") == {b"a"}


def test_the_time_that_a_record_has_left_is_not_stripped(raw, store):
    record(raw, "a")
    raw.expire("jobba:id:a", 5000)
    records = store.records
    records.mark("a", "failed")
    records.set_progress("a", 1)
    records.add_error("a", "x")
    records.save("a", 1)
    records.set_job_name("a", "N")
    records.set_job_args("a", {"k": "v"})
    records.set_provider_job_id("a", "p")
    records.request_kill("a")
    assert 4900 < raw.ttl("jobba:id:a") <= 5000


def test_nothing_makes_a_record_of_an_id_that_has_none(raw, store):
    orphan(raw, "a", "failed", "recorded_at", "job_name:Old")
    before = everything(raw)
    records = store.records
    for change in (
        *(lambda state=state: records.mark("a", state) for state in STATES),
        lambda: records.set_progress("a", 1),
        lambda: records.add_error("a", "x"),
        lambda: records.save("a", 1),
        lambda: records.set_job_name("a", "N"),
        lambda: records.set_job_args("a", {"k": "v"}),
        lambda: records.set_provider_job_id("a", "p"),
        lambda: records.request_kill("a"),
        lambda: records.kill_requested("a"),
    ):
        with pytest.raises(NotFound, match="there is no record a in"):
            change()
    assert everything(raw) == before


def test_the_namespace_is_the_stores(raw, store):
    store.backend.scope = replace(store.backend.scope, records_namespace="other")
    store.records.create("a", {"job_name": "N"})
    store.records.mark("a", "failed")
    assert sorted(raw.keys()) == [
        b"other:failed", b"other:failed_at", b"other:id:a", b"other:job_name:N",
        b"other:recorded_at",
    ]  # fmt: skip
