"""The double itself: what it does is what the real server does, as far as it is described."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest
import redis

from tests.systems.client import Client
from tests.systems.double import FaktoryDouble


def test_a_job_goes_through_it(faktory: FaktoryDouble, raw: redis.Redis) -> None:
    with Client(faktory) as producer, Client(faktory, "worker-1") as worker:
        producer.push("jid-00000001")
        assert raw.lrange("q:default", 0, -1) == raw.lrange("q:default", -1, -1)
        job = worker.fetch("default")
        assert job is not None
        assert job["jid"] == "jid-00000001"
        assert faktory.working["jid-00000001"]["wid"] == "worker-1"
        assert raw.zcard("working") == 1
        assert worker.acknowledge("jid-00000001") == b"OK"
        assert faktory.working == {}
        assert (raw.zcard("working"), raw.get("processed")) == (0, b"1")
        assert worker.acknowledge("jid-00000001") == b"OK"
        assert raw.get("processed") == b"1"


def test_a_job_that_fails_is_tried_again_and_one_that_is_unknown_is_an_error(faktory, raw) -> None:
    with Client(faktory, "worker-1") as worker:
        worker.push("jid-00000001")
        worker.fetch("default")
        assert worker.fail("jid-00000001") == b"OK"
        assert worker.fail("jid-00000001") == b"-ERR Job not found jid-00000001"
        (member,) = raw.zrange("retries", 0, -1)
        failure = json.loads(member)["failure"]
        assert (failure["retry_count"], failure["remaining"]) == (0, 25)
        worker.push("jid-00000002", retry=-1)
        worker.fetch("default")
        worker.fail("jid-00000002")
        assert raw.zcard("dead") == 1


def test_its_memory_is_read_once(faktory: FaktoryDouble, raw: redis.Redis) -> None:
    with Client(faktory, "worker-1") as worker:
        worker.push("jid-00000001")
        raw.sadd("paused", "default")
        raw.sadd("queues", "behind")
        assert worker.say("QUEUE PAUSE behind") == b"OK"
        assert raw.smembers("paused") == {b"default"}
        assert worker.fetch("default") is not None
    faktory.restart()
    assert (faktory.paused, faktory.queues) == ({"default"}, {"default", "behind"})
    assert set(faktory.working) == {"jid-00000001"}
    with Client(faktory, "worker-1") as worker:
        assert worker.say("QUEUE RESUME *") == b"OK"
        assert worker.say("QUEUE REMOVE behind") == b"OK"
    assert (raw.smembers("paused"), raw.smembers("queues")) == (set(), {b"default"})


def test_a_fetch_that_was_blocked_when_the_pause_came_takes_the_job(faktory, raw) -> None:
    with Client(faktory) as producer, Client(faktory, "worker-1") as worker:
        producer.push("jid-00000001")
        worker.fetch("default")
        worker.send("FETCH default")
        time.sleep(0.2)
        assert producer.say("QUEUE PAUSE default") == b"OK"
        producer.push("jid-00000002")
        taken = worker.receive()
        assert taken is not None
        assert json.loads(taken)["jid"] == "jid-00000002"
        producer.push("jid-00000003")
        assert worker.fetch("default") is None


@pytest.mark.parametrize("line", ["QUEUE", "QUEUE PAUSE", "ACK", "FAIL", "PUSH", "PUSHB"])
def test_a_command_without_its_argument_is_its_end(faktory: FaktoryDouble, line: str) -> None:
    with Client(faktory) as client:
        client.send(line)
        with pytest.raises(AssertionError, match="closed"):
            client.receive()
    assert faktory.killed == line
    with pytest.raises(ConnectionRefusedError):
        Client(faktory)


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("QUEUE pause default", b"OK"),
        ("QUEUE DANCE default", b"-ERR no such QUEUE subcommand: DANCE"),
        ("QUEUE LATENCY *", b"-ERR QUEUE LATENCY does not support wildcards"),
        ("DANCE", b"-ERR Unknown command DANCE"),
        ("TRACK GET x", b"-ERR tracking subsystem is only available in Faktory Enterprise"),
        ("FETCH default", b"-ERR this connection is no worker's"),
        ("QUEUE LATENCY default none", b'{"default":0,"none":0}'),
        ("ACK {", b"-ERR invalid ACK {"),
        ('BEAT {"wid":"x"}', b"-ERR unknown worker x"),
    ],
)
def test_odd_commands_have_their_answers(faktory: FaktoryDouble, line: str, reply: bytes) -> None:
    with Client(faktory) as client:
        assert client.say(line) == reply
    assert faktory.paused == set()


def test_silence_before_hello_is_the_end_of_the_connection(faktory: FaktoryDouble) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", faktory.port), 5) as client:
        assert client.recv(100) == b'+HI {"v":2}\r\n'
        assert client.recv(100) == b""
    assert 1.5 < time.monotonic() - began < 4


def test_an_older_one_keeps_its_lists_elsewhere(server, raw: redis.Redis) -> None:
    with FaktoryDouble(server.socket, version="1.9.4") as double, Client(double) as client:
        client.push("jid-00000001")
        said = client.say("INFO")
        assert said is not None
        assert json.loads(said)["faktory"]["queues"] == {"default": 1}
    assert raw.llen("default") == 1


def test_it_can_be_told_to_misbehave(faktory: FaktoryDouble) -> None:
    seen: list[int] = []
    with Client(faktory) as client:
        client.push("jid-00000001")
        faktory.answer("QUEUE PAUSE", b"-ERR boom\r\n", times=1)
        faktory.before("QUEUE PAUSE", lambda line: seen.append(threading.get_ident()))
        assert client.say("QUEUE PAUSE default") == b"-ERR boom"
        assert (client.say("QUEUE PAUSE default"), faktory.paused) == (b"OK", {"default"})
        faktory.hang_up("QUEUE RESUME", done=True)
        client.send("QUEUE RESUME default")
        with pytest.raises(AssertionError, match="closed"):
            client.receive()
    assert faktory.paused == set()
    assert len(seen) == 2
