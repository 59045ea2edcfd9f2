"""Keys of other types, full servers, missing permissions, killed clients: no half state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobctl import connect
from jobctl.errors import (
    ConnectionLost,
    NoMemory,
    NoPermission,
    NotFound,
    Refused,
    RefusedByRedis,
    WrongType,
)
from jobctl.model.verbs import Rules
from tests.everything import everything
from tests.recording import START, orphan, record
from tests.trouble import denied, full, meanwhile, replica

EVERYTHING = {
    "job_name": "New", "job_args": {"k": "new"}, "provider_job_id": "new", "data": 1,
    "progress": 0.5, "error": "e",
}  # fmt: skip
CHANGES = {
    "create": lambda records: records.create("new", EVERYTHING),
    "enter": lambda records: records.mark("a", "succeeded"),
    "restart": lambda records: records.mark("a", "started"),
    "progress": lambda records: records.set_progress("a", 1),
    "error": lambda records: records.add_error("a", "e"),
    "save": lambda records: records.save("a", {"rows": 1}),
    "name": lambda records: records.set_job_name("a", "New"),
    "args": lambda records: records.set_job_args("a", {"k": "new", "l": "two"}),
    "provider": lambda records: records.set_provider_job_id("a", "new"),
    "set": lambda records: records.set("a", EVERYTHING, keep_args=True),
    "kill": lambda records: records.request_kill("a"),
}
every_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
but_creation = pytest.mark.parametrize("name", [name for name in CHANGES if name != "create"])


@pytest.fixture
def seeded(raw):
    record(raw, "a", state="failed", queued_at=START + 1, started_at=START + 2,
           failed_at=START + 3, job_name="Old", job_args={"k": "old", "l": "more"},
           provider_job_id="old")  # fmt: skip
    raw.expire("jobba:id:a", 5000)
    return raw


FIXED = (
    "unqueued", "queued", "started", "succeeded", "failed", "killed", "unknown",
    "recorded_at", "queued_at", "started_at", "succeeded_at", "failed_at", "killed_at",
)  # fmt: skip


@pytest.mark.parametrize("key", FIXED)
@pytest.mark.parametrize("name", ["create", "enter", "restart"])
def test_an_index_that_is_none_stops_a_change_before_its_first_write(seeded, store, name, key):
    seeded.delete(f"jobba:{key}")
    seeded.set(f"jobba:{key}", "text")
    before = everything(seeded)
    with pytest.raises(WrongType, match=f"the key jobba:{key} of .* nothing was changed"):
        CHANGES[name](store.records)
    assert everything(seeded) == before


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("create", "job_name:New"), ("create", "job_arg:new"), ("create", "provider_job_id:new"),
        ("name", "job_name:New"), ("name", "job_name:Old"), ("args", "job_arg:new"),
        ("args", "job_arg:two"), ("args", "job_arg:old"), ("args", "job_arg:more"),
        ("provider", "provider_job_id:new"), ("provider", "provider_job_id:old"),
        ("set", "job_name:New"), ("set", "job_arg:more"), ("set", "provider_job_id:old"),
    ],
)  # fmt: skip
def test_an_index_by_value_that_is_none_does_so_as_well(seeded, store, name, key):
    seeded.delete(f"jobba:{key}")
    seeded.rpush(f"jobba:{key}", "text")
    before = everything(seeded)
    with pytest.raises(WrongType, match=f"jobba:{key}"):
        CHANGES[name](store.records)
    assert everything(seeded) == before


@but_creation
def test_a_key_that_is_no_hash_is_no_record(seeded, store, name):
    seeded.delete("jobba:id:a")
    seeded.sadd("jobba:id:a", "text")
    before = everything(seeded)
    with pytest.raises(WrongType, match="the key jobba:id:a of"):
        CHANGES[name](store.records)
    assert everything(seeded) == before


@every_change
def test_a_full_server_takes_all_of_it_or_nothing(seeded, store, change):
    before = everything(seeded)
    with full(seeded), pytest.raises(NoMemory):
        change(store.records)
    assert everything(seeded) == before


DENIED = (
    "hset", "hget", "hmget", "hkeys", "hsetnx", "sadd", "srem", "zadd", "rename", "pexpire", "pttl",
    "exists", "type", "time", "eval",
)  # fmt: skip


@pytest.mark.parametrize("command", DENIED)
@every_change
def test_a_command_that_is_denied_leaves_nothing_half_done(seeded, url, change, command):
    before = everything(seeded)
    with denied(seeded, url, f"-{command}") as limited, connect(limited) as clerk:
        try:
            change(clerk.records)
        except NoPermission:
            assert everything(seeded) == before
            assert seeded.ttl("jobba:id:a") > 4900
        else:
            assert everything(seeded) != before  # it does without this command


@every_change
def test_keys_that_are_denied_leave_nothing_half_done(seeded, url, change):
    before, keys = everything(seeded), ("~jobba:id:*", "~jobba:started")
    with denied(seeded, url, keys=keys) as limited, connect(limited) as clerk:
        try:
            change(clerk.records)
        except NoPermission:
            assert everything(seeded) == before
        else:
            changed = {k for k, v in everything(seeded).items() if v != before.get(k)}
            assert changed == {b"jobba:id:a"}


@every_change
def test_a_replica_refuses_and_nothing_has_changed(seeded, store, change):
    before = everything(seeded)
    with replica(seeded), pytest.raises(RefusedByRedis, match="replica"):
        change(store.records)
    assert everything(seeded) == before


@every_change
def test_a_client_that_is_killed_before_its_script_has_changed_nothing(
    seeded, store, server, change
):
    before = everything(seeded)
    own = next(each["id"] for each in seeded.client_list() if each["name"] == "jobctl")
    kill = meanwhile(store, lambda _: seeded.client_kill_filter(_id=own), server.url)
    with kill, pytest.raises(ConnectionLost):
        change(store.records)
    assert everything(seeded) == before


@but_creation
def test_a_record_that_is_deleted_before_the_script_does_not_come_back(seeded, store, url, name):
    with (
        meanwhile(store, lambda _: seeded.delete("jobba:id:a"), url),
        pytest.raises(NotFound, match="there is no record a"),
    ):
        CHANGES[name](store.records)
    assert not seeded.exists("jobba:id:a", "jobba:id:a:0", "jobba:job_name:New")


@pytest.mark.parametrize("name", ["restart", "name", "args", "provider"])
def test_somebody_who_changes_it_every_time_ends_the_trying(seeded, store, url, name):
    count = iter(range(100))
    field = {"restart": "attempt", "name": "job_name", "args": "job_args"}
    key = field.get(name, "provider_job_id")
    with (
        meanwhile(store, lambda _: seeded.hset("jobba:id:a", key, next(count) + 1), url, 20),
        pytest.raises(RefusedByRedis, match="others change the record a all the time"),
    ):
        CHANGES[name](store.records)
    assert not seeded.exists("jobba:id:a:0", "jobba:job_name:New", "jobba:job_arg:new")


@every_change
def test_a_read_only_context_forbids_it(seeded, store, change):
    store.backend.scope = replace(store.backend.scope, rules=Rules(context="prod", read_only=True))
    before = everything(seeded)
    with pytest.raises(Refused, match="context prod is read-only"):
        change(store.records)
    assert everything(seeded) == before


@pytest.mark.parametrize("other", ["record", "text"])
def test_what_stands_where_the_attempt_would_be_put_is_not_overwritten(seeded, store, other):
    if other == "record":
        record(seeded, "a:0", state="queued", job_name="Other")
    else:
        seeded.set("jobba:id:a:0", "text")
    before = everything(seeded)
    with pytest.raises(Refused, match="a record a:0 is where its attempt 0 would be put"):
        CHANGES["restart"](store.records)
    assert everything(seeded) == before


@but_creation
def test_nothing_makes_a_record_of_an_id_that_has_none(raw, store, name):
    orphan(raw, "a", "failed", "recorded_at", "job_name:Old")
    before = everything(raw)
    for change in (CHANGES[name], lambda records: records.kill_requested("a")):
        with pytest.raises(NotFound, match="there is no record a in"):
            change(store.records)
    assert everything(raw) == before
