"""A server is proven to use this Redis before it is told to change anything."""

import json
import time

import pytest

from jobctl import connect
from jobctl.errors import Refused, Unreachable
from jobctl.systems.faktory import system
from tests.builders import enqueue, failed, job, reservation, retry
from tests.everything import everything
from tests.systems.double import FaktoryDouble
from tests.trouble import denied, full

CHANGES = [
    ("queue", "remove", "default", "--confirm", "default"),
    ("queue", "remove", "default", "--confirm", "default", "--no-undo"),
    ("queue", "pause", "default"),
    ("queue", "resume", "default"),
    ("queue", "resume", "default", "--stale"),
    ("queue", "hold", "default", "--", "true"),
    ("queue", "drain", "default", "--pause", "--timeout", "1s"),
    ("working", "release", "--all", "--yes"),
]


@pytest.fixture(params=["1.9.4", "1.10.0"])
def version(request):
    return request.param


@pytest.fixture
def own(server, raw, version):
    """The server on this Redis."""
    with FaktoryDouble(server.socket, version=version) as double:
        yield double


@pytest.fixture
def other(server, raw):
    """A server on another Redis, which has the same queue and the same counters."""
    with FaktoryDouble(f"{server.url}?db=7") as double:
        enqueue(double._redis, "default", *(job(f"other-{i:06d}") for i in range(5)))
        double.memory.boot()
        yield double
        double._redis.flushdb()


@pytest.fixture
def opened(url):
    """Open the Redis with a server beside it."""
    stores = []

    def open_beside(double, where=url):
        stores.append(connect(where, faktory_url=double.url))
        return stores[-1].backend

    yield open_beside
    for store in stores:
        store.close()


def changes(double):
    verbs = ("QUEUE PAUSE", "QUEUE RESUME", "QUEUE REMOVE", "ACK", "PUSH")
    return [line for line in double.commands if line.startswith(verbs)]


@pytest.mark.parametrize("argv", CHANGES, ids=lambda argv: " ".join(argv[:2]))
def test_a_server_on_another_redis_is_told_nothing(raw, url, other, jobctl, argv):
    enqueue(raw, "default", *(job(f"own-{i:08d}") for i in range(5)))
    raw.zadd("working", {reservation(job("held-000001")): time.time() + 60})
    before = everything(raw)
    ran = jobctl("-u", url, "--faktory-url", other.url, *argv)
    assert ran.code == 7, ran
    assert f"error: {other.url} does not use {url}, but another Redis; nothing was" in ran.err
    assert "hint: give the two that belong together: --url and --faktory-url" in ran.err
    assert changes(other) == []
    assert other._redis.llen("q:default") == 5
    assert everything(raw) == before


def test_its_own_server_is_proven_once_and_without_a_trace(raw, own, opened):
    enqueue(raw, "default", job())
    before = raw.keys("*")
    backend = opened(own)
    backend.system.verify_server()
    backend.system.verify_server()
    assert len([line for line in own.commands if line.startswith("QUEUE LATENCY")]) == 1
    assert changes(own) == []
    assert raw.keys("*") == before


def test_the_list_goes_by_itself_where_nobody_takes_it_away(raw, store):
    store.backend.operations.put_private("jobctl.verify.x", job())
    keys = {b"q:jobctl.verify.x", b"jobctl.verify.x"}
    assert set(raw.keys("*")) == keys
    assert all(0 < raw.ttl(key) <= 10 for key in keys)


def test_clocks_may_differ_by_a_few_minutes_and_what_is_more_is_named(own, opened, monkeypatch):
    backend = opened(own)
    now = backend.server.now()
    for off in (-200, 200):
        monkeypatch.setattr(backend.server, "now", lambda off=off: now + off)
        backend.system.verify_server()
        backend = opened(own)
    monkeypatch.setattr(backend.server, "now", lambda: now - 3600)
    with pytest.raises(Refused, match=r"the clocks of .* are 3,600 s apart"):
        backend.system.verify_server()


def test_a_full_redis_can_be_proven(raw, own, opened):
    with full(raw):
        opened(own).system.verify_server()
    assert changes(own) == []


@pytest.fixture
def reader(raw, url):
    """The URL of a user who may read and not write."""
    with denied(raw, url, "-@write", "-eval") as limited:
        yield limited


def test_where_nothing_can_be_written_the_server_pushes_a_job(raw, own, opened, reader):
    enqueue(raw, "default", job())
    before = everything(raw)
    own.memory.boot()
    opened(own, reader).system.verify_server()
    push, remove = changes(own)
    pushed = json.loads(push.removeprefix("PUSH "))
    assert (pushed["retry"], remove) == (0, f"QUEUE REMOVE {pushed['queue']}")
    assert everything(raw) == before


def test_a_server_that_knows_no_latency_pushes_a_job(own, opened):
    own.answer("QUEUE LATENCY", b"-ERR no such QUEUE subcommand: LATENCY\r\n")
    opened(own).system.verify_server()
    assert [line.split(" ")[0] for line in changes(own)] == ["PUSH", "QUEUE"]


def test_what_another_server_was_given_is_taken_away_again(other, opened, reader, monkeypatch):
    monkeypatch.setattr(system, "_REPLICATION", 0.1)
    with pytest.raises(Refused, match="but another Redis"):
        opened(other, reader).system.verify_server()
    assert changes(other)[-1].startswith("QUEUE REMOVE jobctl.verify.")
    assert other._redis.smembers("queues") == {b"default"}


def test_it_is_taken_away_after_ctrl_c_too(raw, own, opened, reader, monkeypatch):
    backend = opened(own, reader)

    def interrupt(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(backend.operations, "has_private", interrupt)
    with pytest.raises(KeyboardInterrupt):
        backend.system.verify_server()
    assert (raw.keys("*"), own.queues) == ([], set())


def test_without_any_way_it_is_refused(own, opened, reader):
    own.answer("PUSH", b"-ERR read only\r\n")
    with pytest.raises(Refused, match=r"cannot be verified: .* refused PUSH: read only"):
        opened(own, reader).system.verify_server()


def test_a_server_that_is_away_is_unreachable(own, opened):
    backend = opened(own)
    own.stop()
    with pytest.raises(Unreachable):
        backend.system.verify_server()


@pytest.mark.parametrize(
    "argv",
    [
        ("info",), ("queue", "remove", "default", "-n"), ("queue", "adopt", "default", "-n"),
        ("working", "release", "--all", "-n"), ("retries", "requeue", "--all", "-n"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_who_only_looks_compares_counters_and_writes_nothing(raw, url, other, jobctl, argv):
    enqueue(raw, "default", job())
    raw.zadd("working", {reservation(job("held-000001")): time.time() + 60})
    retry(raw, failed())
    raw.set("processed", 7)
    before = everything(raw)
    ran = jobctl(*argv, "-u", url, "--faktory-url", other.url, "-o", "table")
    assert ran.code == 0, ran
    said = " ".join((ran.out + ran.err).split())
    assert "uses another Redis than" in said
    assert said.count("it has counted 0 jobs, this one 7") == 1
    assert "does not read" not in said
    assert {line.split()[0] for line in other.commands} <= {"HELLO", "INFO", "END"}
    assert everything(raw) == before


@pytest.mark.parametrize("version", ["1.9.4"], indirect=True)
def test_a_plan_is_not_applied_beside_another_redis_server(raw, url, own, other, jobctl, tmp_path):
    enqueue(raw, "default", job(), form="")
    retry(raw, failed())
    own.restart()
    plan, doors = str(tmp_path / "plan"), ("-u", url, "--faktory-url")
    assert jobctl("retries", "requeue", "--all", "--plan", plan, *doors, other.url).code == 0
    ran = jobctl("apply", plan, "--yes", *doors, other.url)
    assert (ran.code, "but another Redis" in ran.err, raw.zcard("retries")) == (7, True, 1)
    ran = jobctl("apply", plan, "--yes", *doors, own.url)
    assert (ran.code, raw.zcard("retries")) == (7, 1)
    assert "server that reads the lists q:NAME, and this one reads NAME" in ran.err
    own.memory.version = "1.10.0"
    assert jobctl("apply", plan, "--yes", *doors, own.url).code == 0
    assert (raw.zcard("retries"), raw.llen("q:default")) == (0, 1)


def test_no_job_goes_by_scheduled_for_another_redis_server(raw, url, own, other, jobctl):
    enqueue(raw, "mine", job())
    own.restart()
    doors = ("-u", url, "--faktory-url")
    ran = jobctl("queue", "remove", "mine", "--confirm", "mine", *doors, own.url, "-o", "ids")
    assert jobctl("undo", ran.out.strip(), "--yes", *doors, other.url).code == 0
    assert (raw.exists("q:mine", "mine"), raw.exists("scheduled")) == (1, 0)


def test_counters_that_agree_or_grow_say_nothing(raw, own, opened):
    raw.set("processed", 7)
    backend = opened(own)
    assert backend.system.compare_counters() == []
    own.before("INFO", lambda line: raw.incr("processed"))
    assert backend.system.compare_counters() == []
    own.answer("INFO", b"-ERR no\r\n")
    assert backend.system.compare_counters() == []


def test_an_undo_does_not_pause_by_another_redis_server(raw, url, own, other, jobctl):
    enqueue(raw, "default", job())
    raw.sadd("paused", "default")
    own.restart()
    doors = ("-u", url, "--faktory-url")
    ran = jobctl("queue", "remove", "default", "--confirm", "default", *doors, own.url, "-o", "ids")
    operation = ran.out.strip()
    ran = jobctl("undo", operation, "--yes", *doors, other.url)
    assert ran.code == 7, ran
    assert "the pause of queue default cannot come back: " in ran.err
    assert "but another Redis" in ran.err
    assert (raw.exists("q:default", "default"), changes(other)) == (0, [])
    assert jobctl("undo", operation, "--yes", *doors, other.url, "--without-pause").code == 5
    assert raw.exists("q:default", "default") == 1
    assert changes(other) == []
