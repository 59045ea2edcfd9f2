"""The scripts of a release: what is pushed has no other place, so nothing of it may go astray."""

import threading

import pytest
import redis

from jobctl import Kind, QueueForm, connect
from jobctl.errors import JobctlError, WrongType
from jobctl.redis.operations import Call, Push
from tests.trouble import denied, full

X, Y = Push("x", (), [b"1", b"2"]), Push("y", (), [b"3"])


@pytest.fixture
def call(store):
    return Call(store.backend.layout, "op", "1")


@pytest.fixture
def push(store, call):
    def pushed(*pushes, result="d3"):
        reply = store.backend.operations.one(call.push(Kind.WORKING, pushes, QueueForm.Q, result))
        return reply if isinstance(reply, JobctlError) else reply.decode()

    return pushed


@pytest.fixture
def probe(store, call):
    return lambda *names: store.backend.operations.one(call.probe(Kind.WORKING, names, QueueForm.Q))


def lists(raw):
    return [raw.lrange(key, 0, -1) for key in ("q:x", "q:y") if raw.type(key) != b"string"]


def test_a_push_goes_to_the_front_and_keeps_its_result(raw, push):
    raw.lpush("q:x", b"0")
    assert push(X, Y, result="d2g4d1 why") == "d2g4d1 why"
    assert lists(raw) == [[b"0", b"1", b"2"], [b"3"]]
    assert raw.smembers("queues") == {b"x", b"y"}
    assert raw.hgetall("jobctl:op:op") == {b"1": b"d2g4d1 why"}


def test_a_push_that_comes_twice_is_done_once_and_answers_what_it_was(raw, push):
    push(X, result="d2")
    assert push(X, Y, result="d3") == "d2"
    assert lists(raw) == [[b"1", b"2"], []]


def test_a_batch_with_nothing_to_push_keeps_its_result(raw, push):
    assert push(result="g3") == "g3"
    assert raw.hgetall("jobctl:op:op") == {b"1": b"g3"}


@pytest.mark.parametrize("wrong", ["q:y", "queues"])
def test_a_refused_push_leaves_no_trace_and_can_come_again(raw, push, wrong):
    raw.lpush("q:x", b"0")
    raw.set(wrong, "a string")
    assert isinstance(push(X, Y), WrongType)
    assert lists(raw)[0] == [b"0"]
    assert raw.hgetall("jobctl:op:op") == {}
    raw.delete(wrong)
    assert push(X, Y) == "d3"
    assert lists(raw) == [[b"0", b"1", b"2"], [b"3"]]


def test_a_full_server_takes_what_has_left_working(raw, push):
    with full(raw):
        assert push(X, result="d2") == "d2"


def test_a_probe_tells_of_each_list_and_leaves_it_as_it_was(raw, probe):
    raw.lpush("q:x", b"0", b"1")
    raw.set("q:y", "a string")
    fine, wrong, empty = probe("x", "y", "z")
    assert (fine, empty, b"WRONGTYPE" in wrong) == (b"", b"", True)
    assert raw.lrange("q:x", 0, -1) == [b"1", b"0"]
    assert not raw.exists("q:z")


def test_a_probe_wakes_no_worker_that_waits(raw, probe, server):
    with redis.Redis(unix_socket_path=str(server.socket)) as worker:
        found = []
        waiting = threading.Thread(target=lambda: found.append(worker.brpop("q:x", timeout=1)))
        waiting.start()
        while not raw.info("clients")["blocked_clients"]:
            pass
        assert probe("x") == [b""]
        raw.lpush("q:x", b"a job")
        waiting.join()
    assert found == [(b"q:x", b"a job")]


@pytest.mark.parametrize("command", ["rpush", "ltrim", "sadd", "hset"])
def test_a_probe_finds_what_is_denied(raw, url, command):
    raw.lpush("q:x", b"0")
    with denied(raw, url, f"-{command}") as limited, connect(limited) as store:
        call = Call(store.backend.layout, "op", "1")
        told = store.backend.operations.one(call.probe(Kind.WORKING, ["x"], QueueForm.Q))
    assert isinstance(told, JobctlError) if command == "hset" else told[0]
    assert raw.lrange("q:x", 0, -1) == [b"0"]
