"""The scripts that change records: applied once, whole or not at all."""

import pytest

from jobctl import connect
from jobctl.errors import JobctlError, WrongType
from jobctl.redis.record_snapshots import RecordCall
from tests.everything import contents, expiries
from tests.recording import START, orphan, record
from tests.trouble import denied, full, replica

NAMES = ("a", "b", "gone", "again")


@pytest.fixture
def shop(raw):
    """Four ids: one with everything, a plain one, an orphan, a restarted one."""
    record(
        raw, "a", state="succeeded", succeeded_at=START, job_name="Import",
        job_args={"user": "u-1"}, provider_job_id=42,
    )  # fmt: skip
    raw.pexpire("jobba:id:a", 60_000_000_000)
    record(raw, "b", state="failed", job_name="Import")
    orphan(raw, "gone", "failed", "failed_at")
    record(raw, "again", state="failed", attempt=1)
    raw.hset("jobba:id:again:0", "id", '"again:0"')
    return raw


@pytest.fixture
def snapshots(shop, store):
    pages = store.backend.snapshots(store.backend.record_layout).take(NAMES)
    return [snapshot for page in pages for _, snapshot in page]


@pytest.fixture
def call(store):
    """Make a batch of the operation 'op'."""
    return lambda number="1": RecordCall(store.backend.record_layout, "op", number)


@pytest.fixture
def send(store):
    """Send one command and return its reply."""

    def sent(command):
        reply = store.backend.operations.one(command)
        return reply if isinstance(reply, JobctlError) else reply.decode()

    return sent


def test_a_deletion_is_applied_once(shop, snapshots, call, send):
    assert send(call().delete(snapshots)) == "d4"
    assert contents(shop) == {}
    record(shop, "a", state="succeeded")
    assert send(call().delete(snapshots)) == "d4"  # told again, not done again
    assert shop.exists("jobba:id:a")


def test_a_restore_is_the_way_back_and_applied_once(shop, snapshots, call, send):
    before, ends = contents(shop), expiries(shop)
    send(call().delete(snapshots))
    assert send(call("u1").restore(snapshots)) == "d4"
    assert contents(shop) == before
    assert expiries(shop).keys() == ends.keys()
    shop.delete("jobba:id:a")
    assert send(call("u1").restore(snapshots)) == "d4"
    assert not shop.exists("jobba:id:a")


def test_an_orphan_that_nothing_leads_to_any_more_is_gone(shop, snapshots, call, send):
    shop.srem("jobba:failed", "gone")
    shop.zrem("jobba:failed_at", "gone")
    assert send(call().delete(snapshots)) == "d2g1d1"


def test_an_orphan_that_became_a_record_is_left_alone(shop, snapshots, call, send):
    record(shop, "gone", state="failed")
    before = contents(shop)
    assert send(call().delete([snapshots[2]])) == "g1"
    assert contents(shop) == before
    send(call("2").delete(snapshots[:2]))
    assert send(call("u2").restore([snapshots[2], *snapshots[:2]])) == "g1d2"


def test_entries_that_came_back_meanwhile_keep_their_own_times(shop, snapshots, call, send):
    send(call().delete(snapshots))
    shop.zadd("jobba:recorded_at", {"a": 7})
    assert send(call("u1").restore(snapshots)) == "d4"
    assert shop.zscore("jobba:recorded_at", "a") == 7


@pytest.mark.parametrize(
    "key", ["failed", "failed_at", "recorded_at", "killed", "job_name:Import", "provider_job_id:42"]
)
@pytest.mark.parametrize("verb", ["delete", "restore"])
def test_a_key_of_another_type_refuses_before_anything_has_changed(
    shop, snapshots, call, send, key, verb
):
    if verb == "restore":
        send(call("0").delete(snapshots))
    shop.delete(f"jobba:{key}")
    shop.set(f"jobba:{key}", "x")
    before = contents(shop)
    reply = send(getattr(call(), verb)(snapshots))
    if verb == "restore" and key == "killed":  # none of them was in it
        assert reply == "d4"
        return
    assert isinstance(reply, WrongType)
    assert contents(shop) == before
    assert shop.hget("jobctl:op:op", "1") is None


COMMANDS = {
    "delete": ("unlink", "zrem", "srem", "hgetall", "exists"),
    "restore": ("hset", "pexpireat", "sadd", "zadd", "exists", "zmscore"),
    "mark": ("hset", "sadd", "srem", "zadd", "hmget"),
    "request_kill": ("hset", "hget"),
}


@pytest.mark.parametrize(
    ("verb", "command"), [(verb, name) for verb, names in COMMANDS.items() for name in names]
)
def test_a_command_that_is_denied_leaves_all_as_it_was(
    shop, snapshots, call, send, url, verb, command
):
    if verb == "restore":
        send(call("0").delete(snapshots))
    before = contents(shop)
    words = ("killed",) if verb == "mark" else ()
    some = snapshots if verb in ("delete", "restore") else [snapshots[0], snapshots[3]]
    with denied(shop, url, f"-{command}") as limited, connect(limited) as clerk:
        reply = clerk.backend.operations.one(getattr(call(), verb)(some, *words))
    if not isinstance(reply, JobctlError):
        assert reply.startswith(b"f%d " % len(some))
    assert contents(shop) == before


@pytest.mark.parametrize("verb", ["delete", "mark", "request_kill"])
def test_a_read_only_replica_refuses_and_nothing_changes(shop, snapshots, call, send, verb):
    before = contents(shop)
    words = ("killed",) if verb == "mark" else ()
    with replica(shop):
        assert isinstance(send(getattr(call(), verb)(snapshots[:1], *words)), JobctlError)
    assert contents(shop) == before


def test_a_full_server_deletes_and_neither_marks_nor_restores(shop, snapshots, call, send):
    before = contents(shop)
    with full(shop):
        for verb, words in (("mark", ("killed",)), ("request_kill", ())):
            refused = send(getattr(call(verb), verb)(snapshots[:2], *words))
            assert isinstance(refused, JobctlError), verb
            assert contents(shop) == before, verb
        assert send(call("d").delete(snapshots)) == "d4"
        assert contents(shop) == {}
        assert isinstance(send(call("u").restore(snapshots)), JobctlError)
        assert contents(shop) == {}
    assert send(call("u").restore(snapshots)) == "d4"
    assert contents(shop) == before


def test_a_record_with_thousands_of_fields_and_attempts_goes_and_comes_back(raw, store, call, send):
    record(raw, "wide", state="failed", attempt=900)
    raw.hset("jobba:id:wide", mapping={f"field-{i}": i for i in range(6000)})
    for number in range(900):
        raw.hset(f"jobba:id:wide:{number}", "attempt", number)
    before = contents(raw)
    (((_, snapshot),),) = store.backend.snapshots(store.backend.record_layout).take(["wide"])
    assert send(call().delete([snapshot])) == "d1"
    assert contents(raw) == {}
    assert send(call("u1").restore([snapshot])) == "d1"
    assert contents(raw) == before
