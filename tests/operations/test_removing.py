"""The removal of queues among pushes, workers and a growing world."""

import contextlib
import json
import random
import threading
import tracemalloc
from collections import Counter

import pytest

from jobctl import Guards, Watch, connect
from jobctl.errors import FileProblem, JobctlError, Refused
from jobctl.operations.file import OperationFile
from jobctl.operations.journal import tell
from jobctl.redis.connection import Connection
from tests.builders import enqueue, job

pytestmark = pytest.mark.usefixtures("acquainted")

BOTH = pytest.mark.parametrize("wired", [False, True], ids=["redis", "wire"])


@pytest.fixture
def opened(raw, url, tmp_path, request):
    """Open the store; `wired`: with a server that has read what there is by then."""
    stores = []

    def make(wired=False, url=url):
        faktory = None
        if wired:
            double = request.getfixturevalue("faktory")
            double.restart()
            faktory = double.url
        stores.append(connect(url, faktory_url=faktory, operations=tmp_path / "operations"))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


class Stopper(Watch):
    """Stops an operation at its second look."""

    seen = 0

    def stopping(self):
        self.seen += 1
        return self.seen > 1


def remove(store, *names, watch=None, **guards):
    return store.remove_queues(*names, guards=Guards(**guards), watch=watch)


class Meddler(Watch):
    """Does something at the first chance while it is confirmed, or while jobs are written."""

    def __init__(self, act, when="acting"):
        self.act, self.when, self.done = act, when, False

    def _meddle(self, when):
        if when == self.when and not self.done:
            self.done = True
            self.act()

    def confirm(self, preview):
        self._meddle("confirm")
        return True

    def acting(self, done, total):
        self._meddle("acting")


def jids(members):
    return [json.loads(raw)["jid"] for raw in members]


@BOTH
def test_what_workers_take_before_it_is_gone_and_counted(raw, opened, wired):
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(10)))
    store = opened(wired)
    report = remove(store, "default", watch=Meddler(lambda: raw.rpop("q:default", 3), "confirm"))
    assert (report.matched, report.done, report.gone) == (10, 7, 3)
    assert report.adds_up
    store.undo(report.operation)
    assert jids(raw.lrange("q:default", 0, -1)[::-1]) == [f"jid-{i:08d}" for i in range(3, 10)]


@BOTH
def test_what_is_pushed_before_it_is_removed_as_well(raw, opened, wired):
    enqueue(raw, "default", job("jid-00000001"))
    store = opened(wired)
    more = Meddler(lambda: enqueue(raw, "default", job("jid-00000002")), "confirm")
    report = remove(store, "default", watch=more)
    assert (report.matched, report.done) == (2, 2)


def test_what_is_pushed_while_it_is_written_is_removed_by_the_server_and_remembered(raw, opened):
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(3)))
    store = opened(wired=True)
    pushed = [job(f"new-{i:08d}") for i in range(1200)]
    report = remove(store, "default", watch=Meddler(lambda: enqueue(raw, "default", *pushed)))
    assert (report.matched, report.done, raw.exists("q:default")) == (1203, 1203, 0)
    store.undo(report.operation)
    found = jids(raw.lrange("q:default", 0, -1)[::-1])
    assert found == [f"jid-{i:08d}" for i in range(3)] + [f"new-{i:08d}" for i in range(1200)]


def test_what_is_pushed_after_it_makes_the_queue_anew_where_no_server_is(raw, opened):
    enqueue(raw, "default", job("jid-00000001"))
    store = opened()
    newer = Meddler(lambda: enqueue(raw, "default", job("new-00000001")))
    report = remove(store, "default", watch=newer)
    assert (report.done, jids(raw.lrange("q:default", 0, -1))) == (1, ["new-00000001"])
    store.undo(report.operation)
    assert jids(raw.lrange("q:default", 0, -1)) == ["new-00000001", "jid-00000001"]


@BOTH
@pytest.mark.parametrize("undo", [True, False], ids=["with undo", "without"])
@pytest.mark.parametrize("guard", [{"expect": 2}, {"most": 2}])
def test_a_guard_holds_at_the_instant_they_are_taken(raw, opened, wired, guard, undo):
    enqueue(raw, "default", job("jid-00000001"), job("jid-00000002"))
    store = opened(wired)
    more = Meddler(lambda: enqueue(raw, "default", job("jid-00000003")), "confirm")
    with pytest.raises(Refused, match=r"3 matched"):
        remove(store, "default", watch=more, undo=undo, **guard)
    assert jids(raw.lrange("q:default", 0, -1)) == [f"jid-0000000{i}" for i in (3, 2, 1)]
    assert not raw.smembers("paused")
    assert not store.journal.entries()


@BOTH
@pytest.mark.parametrize("undo", [True, False], ids=["with undo", "without"])
@pytest.mark.parametrize("guard", [{"expect": 1200}, {"most": 1200}])
def test_a_guard_over_more_queues_than_one_call_takes(raw, opened, wired, guard, undo):
    for i in range(1200):
        enqueue(raw, f"queue-{i:04}", job(f"jid-{i:08d}"))
    raw.sadd("paused", "queue-0001", "queue-1199")
    before = {key: raw.dump(key) for key in raw.keys("q:*")} | {"paused": raw.smembers("paused")}
    store = opened(wired)

    def meddle():  # what the guard was met by before is no longer so
        raw.lpush("q:queue-1100", job("new-00000001"), job("new-00000002"))

    more = Meddler(meddle, "confirm")
    with pytest.raises(Refused, match=r"1,202 matched"):
        remove(store, "*", watch=more, undo=undo, **guard)
    raw.ltrim("q:queue-1100", 2, -1)
    after = {key: raw.dump(key) for key in raw.keys("q:*")} | {"paused": raw.smembers("paused")}
    assert after == before
    assert (raw.scard("queues"), raw.keys("*:removed:*")) == (1200, [])
    assert not store.journal.entries()
    report = remove(store, "*", undo=undo, expect=1200)
    assert (report.done, raw.keys("q:*")) == (1200, [])
    assert (report.operation is not None, len(store.journal.entries())) == (undo, int(undo))


@pytest.mark.parametrize("guard", [{"expect": 2}, {"most": 2}])
def test_a_guard_that_newcomers_break_puts_everything_back(raw, opened, guard):
    enqueue(raw, "default", job("jid-00000001"), job("jid-00000002"))
    store = opened(wired=True)
    more = Meddler(lambda: enqueue(raw, "default", job("jid-00000003")))
    with pytest.raises(Refused, match=r"3 matched.*nothing was changed"):
        remove(store, "default", watch=more, **guard)
    assert jids(raw.lrange("q:default", 0, -1)) == [f"jid-0000000{i}" for i in (3, 2, 1)]
    assert (raw.smembers("queues"), raw.exists("paused")) == ({b"default"}, 0)
    assert not raw.keys("*:removed:*")
    assert not store.journal.entries()


@BOTH
def test_who_stops_it_can_go_on_or_back(raw, opened, wired):
    members = [job(f"jid-{i:08d}") for i in range(3000)]
    enqueue(raw, "default", *members)

    class Stopper(Watch):
        seen = 0

        def acting(self, done, total):
            self.seen = done

        def stopping(self):
            return self.seen > 500

    store = opened(wired)
    report = remove(store, "default", watch=Stopper())
    assert (report.unfinished, report.done) == (True, 0)
    assert raw.llen("q:default") == 0
    assert store.resume(report.operation).done == 3000
    report = store.undo(report.operation, watch=Stopper())
    assert report.unfinished
    assert raw.llen("q:default") == 0
    assert store.undo(report.operation).done == 3000
    assert raw.lrange("q:default", 0, -1) == members[::-1]


def test_odd_members_come_back_byte_for_byte(raw, opened):
    members = [
        b"", b"\xff\xfe", b"two\nlines", b"[1]", b'{"cut":', job(args=["x" * 1024 * 1024]),
        job(args=["Zo\u00eb"]), b'{"jid":"same"}', b'{"jid":"same"}', b"\x00" * 100,
        b'{ "n" : 12345678901234567890123 }', b'{"score":1,"b64":"eA=="}',
        b"y" * (17 * 1024 * 1024),
    ]  # fmt: skip
    enqueue(raw, "default", *members)
    store = opened()
    report = remove(store, "default")
    assert report.done == len(members)
    store.undo(report.operation)
    assert raw.lrange("q:default", 0, -1) == members[::-1]


def test_fifty_thousand_jobs_in_flat_memory(raw, opened):
    for start in range(0, 50_000, 1000):
        raw.lpush("q:default", *(job(f"jid-{i:08d}") for i in range(start, start + 1000)))
    raw.sadd("queues", "default")
    before = raw.lrange("q:default", 0, -1)
    store = opened()
    remove(store, "default", dry_run=True)  # what is imported, is
    tracemalloc.start()
    try:
        report = remove(store, "default")
        removing = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        store.undo(report.operation)
        undoing = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert raw.lrange("q:default", 0, -1) == before
    assert removing < 8 * 1024 * 1024, removing
    assert undoing < 8 * 1024 * 1024, undoing


@BOTH
def test_a_thousand_queues_take_few_round_trips(raw, opened, monkeypatch, wired):
    for i in range(1000):
        enqueue(raw, f"queue-{i}", *(job(f"jid-{i:04d}-{k:03d}") for k in range(3)))
    store = opened(wired)
    sent = Counter()
    plain = Connection._send

    def counted(self, commands):
        sent["trips"] += bool(commands)
        sent["keys of a call"] = max(
            [sent["keys of a call"], *(c[2] for c in commands if c[0] == "EVAL")]
        )
        plain(self, commands)

    monkeypatch.setattr(Connection, "_send", counted)
    report = remove(store, "*", expect=3000)
    assert report.done == 3000
    assert sent["trips"] < 80, sent
    assert sent["keys of a call"] <= 3 + 2 * 500
    assert not raw.keys("q:*")
    sent.clear()
    assert store.undo(report.operation).done == 3000
    assert sent["trips"] < 120, sent
    assert len(raw.keys("q:*")) == 1000
    assert raw.lrange("q:queue-7", 0, -1) == [job(f"jid-0007-{k:03d}") for k in (2, 1, 0)]


@BOTH
def test_pushes_and_workers_at_the_same_time_lose_and_double_nothing(raw, opened, server, wired):
    rng = random.Random(4)
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(5000)))
    store = opened(wired)
    popped, pushed, done = [], [], threading.Event()

    def client():
        return type(raw)(unix_socket_path=str(server.socket))

    def work():
        with client() as db:
            while not done.is_set():
                found = db.brpop("q:default", timeout=0.02)
                if found:
                    popped.append(found[1])

    def push():
        with client() as db:
            for i in range(1500):
                member = job(f"new-{i:08d}")
                db.lpush("q:default", member)
                pushed.append(member)
                if rng.random() < 0.02:
                    done.wait(0.001)

    threads = [threading.Thread(target=work), threading.Thread(target=push)]
    for thread in threads:
        thread.start()
    report = remove(store, "default")
    threads[1].join()
    undone = store.undo(report.operation)
    done.set()
    threads[0].join()
    assert undone.done == report.done
    found = Counter(jids([*popped, *raw.lrange("q:default", 0, -1)]))
    assert max(found.values()) == 1
    expected = 6500
    # By wire, what is pushed between the last look and REMOVE is unlinked by the server.
    assert expected - (50 if wired else 0) <= len(found) <= expected


def test_a_full_server_lets_go_of_queues_and_says_what_it_cannot_take_back(raw, opened):
    enqueue(raw, "default", job("jid-00000001"))
    store = opened()
    store.backend.operations.claim_identity()
    raw.config_set("maxmemory", 1)
    try:
        report = remove(store, "default")
        undone = store.undo(report.operation)
    finally:
        raw.config_set("maxmemory", 0)
    assert report.done == 1
    assert (undone.done, undone.failed, undone.unfinished) == (0, 1, True)
    assert store.undo(report.operation).done == 1
    assert jids(raw.lrange("q:default", 0, -1)) == ["jid-00000001"]


@pytest.mark.parametrize(
    "denied", ["eval", "rename", "renamenx", "llen", "type", "exists", "srem", "sadd", "hset",
               "hget", "expire", "lrange", "unlink", "sismember", "smismember", "lmove"],
)  # fmt: skip
@BOTH
def test_a_denied_command_loses_nothing(raw, opened, url, denied, wired):
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(5)))
    enqueue(raw, "mail", job("mail-00001"))
    raw.sadd("paused", "mail")
    before = (raw.lrange("q:default", 0, -1), raw.lrange("q:mail", 0, -1))
    raw.execute_command(
        "ACL", "SETUSER", "clerk", "reset", "on", ">pw", "~*", "&*", "+@all", f"-{denied}"
    )
    with (
        contextlib.suppress(JobctlError),
        opened(wired, url=url.replace("unix://", "unix://clerk:pw@")) as limited,
    ):
        remove(limited, "default", "mail")
    raw.acl_deluser("clerk")
    store = opened()
    store.backend.connection.target = limited.target
    entries = store.journal.entries()
    for entry in entries:
        store.undo(entry.header.operation)
    found = (raw.lrange("q:default", 0, -1), raw.lrange("q:mail", 0, -1))
    assert found == before
    assert b"default" in raw.smembers("queues")
    assert b"default" not in raw.smembers("paused")
    assert not raw.keys("*:removed:*")


def test_a_full_disk_changes_nothing(raw, opened, monkeypatch):
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(5)))
    raw.sadd("paused", "default")
    plain = OperationFile.choose

    def full(self, *given, **more):
        plain(self, *given, **more)
        raise FileProblem("cannot write the operation's file")

    monkeypatch.setattr(OperationFile, "choose", full)
    for wired in (False, True):
        store = opened(wired)
        with pytest.raises(FileProblem):
            remove(store, "default")
        assert raw.llen("q:default") == 5
        assert raw.smembers("queues") == raw.smembers("paused") == {b"default"}
        assert not raw.keys("*:removed:*")
        assert not store.journal.entries()


def test_what_redis_has_lost_is_not_put_back_twice(raw, opened):
    """A server that lost its last second has the queue where it was."""
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(5)))
    before = raw.lrange("q:default", 0, -1)
    dump = raw.dump("q:default")
    store = opened()
    report = remove(store, "default")
    raw.delete(f"jobctl:op:{report.operation}")
    raw.restore("q:default", 0, dump)
    assert store.undo(report.operation).matched == 0
    assert raw.lrange("q:default", 0, -1) == before


def test_what_redis_has_forgotten_for_its_age_is_put_back_by_the_file(raw, opened):
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(5)))
    before = raw.lrange("q:default", 0, -1)
    store = opened()
    report = remove(store, "default")
    raw.delete(f"jobctl:op:{report.operation}")
    assert store.undo(report.operation).done == 5
    assert raw.lrange("q:default", 0, -1) == before


def test_an_undo_that_was_forgotten_half_way_doubles_nothing(raw, opened, monkeypatch):
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(3000)))
    before = raw.lrange("q:default", 0, -1)
    store = opened()
    report = remove(store, "default")

    monkeypatch.setattr("jobctl.operations.subjects.refill._TOGETHER", 2)
    assert store.undo(report.operation, watch=Stopper()).unfinished
    assert raw.llen(f"jobctl:op:{report.operation}:back:q:default") == 1000
    raw.delete(f"jobctl:op:{report.operation}")
    assert store.undo(report.operation).done == 3000
    assert raw.lrange("q:default", 0, -1) == before


def test_the_journal_tells_how_many_jobs_a_removal_that_was_stopped_is_about(raw, opened):
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(5)))
    enqueue(raw, "mail", job("mail-00001"))

    store = opened()
    stopped = remove(store, "default", "mail", watch=Stopper())
    assert stopped.unfinished

    def told():
        (entry,) = store.journal.entries()
        return entry.state.value, entry.matched, entry.done

    assert told() == ("unfinished", 6, None)
    with store.journal.open(stopped.operation, write=False) as file:
        assert tell(file)["filter"] == "default mail"
    store.undo(stopped.operation)
    assert told() == ("undone", 6, None)


def test_a_removal_that_was_forgotten_half_way_goes_on_by_what_stands_aside(raw, opened):
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(5)))
    raw.sadd("paused", "default")
    store = opened()

    report = remove(store, "default", watch=Stopper())
    assert report.unfinished
    raw.delete(f"jobctl:op:{report.operation}")
    assert store.resume(report.operation, watch=Stopper()).unfinished  # it knows of itself alone
    assert store.resume(report.operation).done == 5
    store.undo(report.operation)
    assert raw.llen("q:default") == 5
    assert raw.smembers("paused") == {b"default"}
