"""What jobctl asks of a Faktory server, and the little that it ever sends."""

from __future__ import annotations

import json
import time

import pytest
import redis

from jobctl.errors import JobctlError, NotFaktory, Refused, RefusedByFaktory, UsageProblem
from jobctl.model.layout import QueueForm
from jobctl.model.target import Address
from jobctl.systems.faktory.server import Faktory
from tests.builders import enqueue, job, reservation
from tests.systems.client import Client
from tests.systems.double import FaktoryDouble


def reach(double: FaktoryDouble) -> Faktory:
    return Faktory(Address.parse(double.url), connect_timeout=2)


def sent(double: FaktoryDouble) -> list[str]:
    """What it was sent but for hello and goodbye."""
    return [line for line in double.commands if not line.startswith("HELLO") and line != "END"]


def test_nothing_connects_before_the_first_command_and_one_connection_serves_all(faktory) -> None:
    with reach(faktory) as client:
        assert faktory.commands == []
        client.pause(["default"])
        client.resume(["default"])
        assert client.facts.version == "1.10.0"
        assert client.facts is client.facts
    deadline = time.monotonic() + 5
    while "END" not in faktory.commands and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [line.split(" ")[0] for line in faktory.commands] == [
        "HELLO", "QUEUE", "QUEUE", "INFO", "END",
    ]  # fmt: skip


def test_info_is_read(faktory: FaktoryDouble, raw: redis.Redis) -> None:
    enqueue(raw, "default", job("jid-00000001"), job("jid-00000002"))
    raw.mset({"processed": 12, "failures": 3})
    faktory.restart()
    with reach(faktory) as client:
        facts = client.info()
    assert (facts.version, facts.form, facts.queues) == ("1.10.0", QueueForm.Q, {"default": 2})
    assert (facts.processed, facts.failures, facts.enqueued) == (12, 3, 2)
    assert (facts.connections, facts.memory) == (1, "68 MB")


def test_pause_and_resume_reach_the_memory_and_the_redis(faktory, raw: redis.Redis) -> None:
    with Client(faktory) as producer:
        for name in ("a", "b", "c"):
            producer.push(f"jid-of-{name}-0001", name)
    with reach(faktory) as client:
        client.pause(["a", "b", "never-heard-of"])
        assert faktory.paused == {"a", "b"}
        assert raw.smembers("paused") == {b"a", b"b"}
        client.resume(["b"])
        assert faktory.paused == {"a"}
        client.pause(["*"])
        assert faktory.paused == {"a", "b", "c"}
        client.resume(["*"])
        assert (faktory.paused, raw.exists("paused")) == (set(), 0)
        client.remove(["a"])
        assert (faktory.queues, raw.exists("q:a")) == ({"b", "c"}, 0)


def test_a_thousand_queues_are_paused_in_two_lines_sent_at_once(faktory: FaktoryDouble) -> None:
    names = [f"queue-{i:04}" for i in range(1000)]
    faktory.memory.queues = set(names)
    with reach(faktory) as client:
        client.pause(names)
    assert faktory.paused == set(names)
    assert [len(line.split(" ")) for line in sent(faktory)] == [502, 502]


@pytest.mark.parametrize("verb", ["pause", "resume", "remove", "latency"])
@pytest.mark.parametrize(
    "names",
    [
        [],
        ["a b"], ["a", "*"], ["*", "*"], ["foo*"], [""], ["a", ""], [" "], ["a\n"], ["a\r\nEND"],
        ["a", "b c", "d"], ["a\x00"], ["*a"], ["a\u2028b"], ["a\udcff"],
    ],
    ids=repr,
)  # fmt: skip
def test_what_does_not_fit_into_a_line_never_leaves(faktory: FaktoryDouble, verb, names) -> None:
    with reach(faktory) as client, pytest.raises(Refused if names else UsageProblem):
        getattr(client, verb)(names)
    assert sent(faktory) == []


def test_a_name_that_another_client_gave_is_sent(faktory: FaktoryDouble) -> None:
    faktory.memory.queues = {"zoë", "a:b/c"}
    with reach(faktory) as client:
        client.pause(["zoë", "a:b/c"])
    assert faktory.paused == {"zoë", "a:b/c"}


def test_no_wildcard_for_latency_leaves(faktory: FaktoryDouble) -> None:
    with reach(faktory) as client, pytest.raises(Refused):
        client.latency(["*"])
    assert sent(faktory) == []


def test_latency_is_in_seconds(faktory: FaktoryDouble) -> None:
    with Client(faktory) as producer, reach(faktory) as client:
        producer.push("jid-00000001")
        found = client.latency(["default", "none"])
    assert 0 <= found["default"] < 5
    assert found["none"] == 0


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b'{"a":1,"b":2.5}', {"a": 1.0, "b": 2.5}),
        (b'{"a":"1","b":null,"c":true,"d":[1],"e":{}}', {}),
        (b'{"a":1e999,"b":-1}', {"b": -1.0}),
        (
            b'{"a":0.0012345678901234567,"b":12345678901234567890}',
            {"a": 0.0012345678901234567, "b": 12345678901234567890.0},
        ),
        (b"{}", {}),
    ],
)
def test_a_latency_that_is_no_number_is_left_out(faktory, answer: bytes, found) -> None:
    faktory.answer("QUEUE LATENCY", b"$%d\r\n%b\r\n" % (len(answer), answer))
    with reach(faktory) as client:
        assert client.latency(["a"]) == found


@pytest.mark.parametrize(
    "answer", [b"+OK\r\n", b"$-1\r\n", b":1\r\n", b"$2\r\n[]\r\n", b"$3\r\nNaN\r\n", b"$0\r\n\r\n"]
)
def test_a_document_that_is_none_is_an_unknown_form(faktory, answer: bytes) -> None:
    faktory.answer("QUEUE LATENCY", answer)
    faktory.answer("INFO", answer)
    with reach(faktory) as client:
        with pytest.raises(NotFaktory, match="answered QUEUE in an unknown form"):
            client.latency(["a"])
        with pytest.raises(NotFaktory, match="answered INFO in an unknown form"):
            client.info()


@pytest.mark.parametrize("answer", [b"$-1\r\n", b":1\r\n", b"+QUEUED\r\n", b"$2\r\n{}\r\n"])
def test_what_is_not_ok_is_not_taken_for_it(faktory: FaktoryDouble, answer: bytes) -> None:
    faktory.answer("QUEUE", answer)
    faktory.answer("ACK", answer)
    with reach(faktory) as client:
        for act in (client.pause, client.resume, client.remove):
            with pytest.raises(NotFaktory, match="answered QUEUE in an unknown form"):
                act(["a"])
        (error,) = client.acknowledge(["jid-00000001"])
        assert isinstance(error, NotFaktory)


def test_a_refusal_is_raised_and_the_connection_goes_on(faktory: FaktoryDouble) -> None:
    faktory.answer("QUEUE PAUSE", b"-ERR boom\r\n", times=1)
    with reach(faktory) as client:
        with pytest.raises(RefusedByFaktory, match="refused QUEUE: boom"):
            client.pause(["a"])
        client.pause(["a"])
    assert sum(line.startswith("HELLO") for line in faktory.commands) == 1


ODD_JIDS = [
    'a"quote', "back\\slash", "line\nbreak", "\r\n", "tab\t", "zoë-🦊", "\x00", "\u2028", "\ud800",
    "{}", " ", "</script>", "*", "x" * 300, "jid with blanks",
]  # fmt: skip


def test_a_jid_of_any_letters_is_acknowledged_and_no_other(faktory, raw: redis.Redis) -> None:
    for i, jid in enumerate([*ODD_JIDS, "stays-000001"]):
        member = reservation(job(jid), expires_at=f"2026-09-21T14:40:{i:02}Z")
        raw.zadd("working", {member: 1_790_001_600 + i})
    faktory.restart()
    assert len(faktory.working) == len(ODD_JIDS) + 1
    with reach(faktory) as client:
        assert client.acknowledge(ODD_JIDS) == [None] * len(ODD_JIDS)
    assert set(faktory.working) == {"stays-000001"}
    assert raw.zcard("working") == 1
    lines = sent(faktory)
    assert all(line.startswith('ACK {"jid":') for line in lines)
    assert [json.loads(line[4:])["jid"] for line in lines] == ODD_JIDS


def test_acknowledging_answers_for_each_job(faktory: FaktoryDouble) -> None:
    faktory.answer("ACK", b"-ERR boom\r\n", times=1)
    with reach(faktory) as client:
        first, second = client.acknowledge(["jid-00000001", "jid-00000002"])
        assert (str(first), second) == (f"{client.address} refused ACK: boom", None)
        assert client.acknowledge([]) == []


def test_a_newer_server_lets_only_the_worker_end_its_reservation(server, raw) -> None:
    with FaktoryDouble(server.socket, owned=True) as double, Client(double, "worker-1") as worker:
        worker.push("jid-00000001")
        worker.fetch("default")
        with reach(double) as client:
            assert client.acknowledge(["jid-00000001"]) == [None]
            assert raw.zcard("working") == 1
            with client.as_worker("worker-1") as speaking:
                assert speaking.acknowledge(["jid-00000001"]) == [None]
        assert (raw.zcard("working"), double.working) == (0, {})


def test_nothing_that_is_sent_ends_a_server(faktory: FaktoryDouble) -> None:
    with reach(faktory) as client:
        for names in (["a"], ["*"]):
            client.pause(names)
            client.resume(names)
            client.remove(names)
        client.latency(["a"])
        client.acknowledge([""])
        client.info()
    assert faktory.killed is None


def test_a_restart_ends_the_connection_and_the_next_command_connects_anew(faktory) -> None:
    with reach(faktory) as client:
        client.pause(["a"])
        faktory.restart()
        with pytest.raises(JobctlError):
            client.pause(["a"])
        client.pause(["a"])
