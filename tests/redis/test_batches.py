"""The scripts that change jobs: applied once, whole or not at all."""

import pytest

from jobctl import Kind, QueueForm, connect
from jobctl.errors import JobctlError, WrongType
from jobctl.model.operation import Rising
from jobctl.redis.operations import Call, Push, Requeued, Stretch
from jobctl.redis.scripts import KEPT
from tests.trouble import denied

MEMBERS = [b"a", b"b", b"c"]
RETRIES, DEAD = Kind.RETRIES, Kind.DEAD
every_script = pytest.mark.parametrize("name", ["move", "discard", "reschedule", "requeue"])


@pytest.fixture
def call(store):
    """Make a batch of the operation 'op'."""
    return lambda number="1": Call(store.backend.layout, "op", number)


@pytest.fixture
def send(store):
    """Send one command and return its reply."""

    def sent(command):
        (reply,) = store.backend.operations.each(iter([command]))
        return reply if isinstance(reply, JobctlError) else reply.decode()

    return sent


@pytest.fixture
def retries(raw):
    raw.zadd("retries", {b"a": 1.5, b"b": 2.5, b"c": 3.5})
    return raw


def state(raw):
    return {
        "retries": raw.zrange("retries", 0, -1, withscores=True),
        "dead": raw.zrange("dead", 0, -1, withscores=True) if raw.type("dead") == b"zset" else None,
        "queue": raw.lrange("q:x", 0, -1) if raw.type("q:x") == b"list" else None,
        "scheduled": raw.zrange("scheduled", 0, -1, withscores=True),
    }


def everything(call):
    """A command of every script that changes the retries a, b, c."""
    rising = Rising(100.0, 0.5)
    return {
        "move": call().move((RETRIES, DEAD), MEMBERS, rising),
        "discard": call().discard(RETRIES, MEMBERS),
        "reschedule": call().reschedule(RETRIES, MEMBERS, rising),
        "requeue": call().requeue(
            RETRIES, [Push("x", MEMBERS, [b"A", b"B", b"C"])], QueueForm.Q, front=False
        ),
    }


def test_a_move_keeps_order_and_counts_what_is_gone(retries, call, send):
    members = [b"a", b"nowhere", b"b", b"c"]
    assert send(call().move((RETRIES, DEAD), members, Rising(100.0, 0.5))) == "d1g1d2"
    assert retries.zrange("dead", 0, -1, withscores=True) == [
        (b"a", 100.0), (b"b", 101.0), (b"c", 101.5),
    ]  # fmt: skip
    assert retries.zcard("retries") == 0


def test_a_member_that_is_in_the_target_already_keeps_its_score_there(retries, call, send):
    retries.zadd("dead", {b"b": 7.0})
    assert send(call().move((RETRIES, DEAD), MEMBERS, Rising(100.0, 0.5))) == "d1t1d1"
    assert retries.zscore("dead", b"b") == 7.0
    assert retries.zcard("dead") == 3
    assert retries.zcard("retries") == 0


def test_members_can_change_on_the_way_and_carry_scores_of_their_own(retries, call, send):
    command = call().move((RETRIES, DEAD), [b"a", b"b"], [9.25, 8.0], becoming=[b"A", b"B"])
    assert send(command) == "d2"
    assert retries.zrange("dead", 0, -1, withscores=True) == [(b"B", 8.0), (b"A", 9.25)]


@pytest.mark.parametrize(("front", "expected"), [(False, [b"C", b"B", b"A", b"old"]),
                                                 (True, [b"old", b"A", b"B", b"C"])])  # fmt: skip
def test_a_requeue_pushes_in_order_and_registers_the_queue(retries, call, send, front, expected):
    retries.lpush("q:x", b"old")
    pushes = [Push("x", MEMBERS, [b"A", b"B", b"C"])]
    assert send(call().requeue(RETRIES, pushes, QueueForm.Q, front=front)) == "d3"
    assert retries.lrange("q:x", 0, -1) == expected
    assert retries.smembers("queues") == {b"x"}


def test_one_queue_that_cannot_take_its_jobs_does_not_stop_the_others(retries, call, send):
    retries.set("q:x", "a string")
    pushes = [Push("x", [b"a", b"gone"], [b"A", b"G"]), Push("y", [b"b"], [b"B"])]
    result = send(call().requeue(RETRIES, pushes, QueueForm.Q, front=False))
    assert result.startswith("f1g1d1 WRONGTYPE")
    assert retries.zrange("retries", 0, -1) == [b"a", b"c"]
    assert retries.lrange("q:y", 0, -1) == [b"B"]


@every_script
def test_a_batch_that_was_applied_answers_what_it_answered(retries, call, send, name):
    command = everything(call)[name]
    first = send(command)
    retries.zadd("retries", {b"a": 9.0})  # it is back by another way
    before = state(retries)
    assert send(command) == first == "d3"
    assert state(retries) == before
    assert retries.hgetall("jobctl:op:op") == {b"1": b"d3"}
    assert KEPT - 60 < retries.ttl("jobctl:op:op") <= KEPT


@pytest.mark.parametrize("key", ["jobctl:op:op", "dead", "q:x", "queues"])
@every_script
def test_a_key_of_the_wrong_type_costs_no_job(retries, call, send, name, key):
    retries.set(key, "a string")
    before = state(retries)
    result = send(everything(call)[name])
    if isinstance(result, WrongType) or "f" in result:
        assert state(retries) == before
    else:  # it has no use for that key
        assert result == "d3"


@pytest.mark.parametrize(
    "command", ["zrem", "zadd", "zmscore", "hset", "expire", "lpush", "sadd", "hget", "ltrim"]
)
@every_script
def test_a_command_that_is_denied_costs_no_job(retries, url, call, name, command):
    before = state(retries)
    with denied(retries, url, f"-{command}") as limited, connect(limited) as store:
        (result,) = store.backend.operations.each(iter([everything(call)[name]]))
    if isinstance(result, JobctlError):
        assert state(retries) == before
        assert not retries.hget("jobctl:op:op", "1")
    elif result.startswith(b"f3 "):
        assert state(retries) == before
    else:
        assert result == b"d3"


def test_a_discard_is_put_back_but_for_what_is_there_again(retries, call, send):
    before = state(retries)
    send(call().discard(RETRIES, MEMBERS))
    retries.zadd("retries", {b"b": 2.5})
    assert send(call("u1").restore(RETRIES, MEMBERS, [1.5, 2.5, 3.5])) == "d1g1d1"
    assert state(retries) == before


def test_a_score_is_put_back_where_nobody_changed_it_since(retries, call, send):
    send(call().reschedule(RETRIES, MEMBERS, Rising(100.0, 0.5)))
    retries.zadd("retries", {b"b": 7.0})
    command = call("u1").reschedule(RETRIES, MEMBERS, [1.5, 2.5, 3.5], [100.0, 100.5, 101.0])
    assert send(command) == "d1g1d1"
    assert state(retries)["retries"] == [(b"a", 1.5), (b"c", 3.5), (b"b", 7.0)]


@pytest.mark.parametrize(("start", "stop"), [(0, 20), (1, 4), (-20, -1), (-5, -2)])
def test_jobs_are_taken_out_of_a_stretch_of_a_queue(raw, call, send, start, stop):
    raw.rpush("q:x", b"new", b"C", b"other", b"B", b"A", b"old")
    stretch = Stretch("x", QueueForm.Q, start, stop)
    taken = Requeued([*MEMBERS, b"d"], [b"A", b"B", b"C", b"ran"], [1.5, 2.5, 3.5, 4.5])
    assert send(call("u1").unqueue(RETRIES, stretch, taken)) == "d3g1"
    assert raw.lrange("q:x", 0, -1) == [b"new", b"other", b"old"]
    assert raw.zrange("retries", 0, -1, withscores=True) == [(b"a", 1.5), (b"b", 2.5), (b"c", 3.5)]


def test_a_job_that_stands_in_a_queue_twice_is_taken_out_once(raw, call, send):
    raw.rpush("q:x", b"A", b"A", b"B")
    stretch = Stretch("x", QueueForm.Q, 0, 9)
    assert send(call("u1").unqueue(RETRIES, stretch, Requeued([b"a"], [b"A"], [1.5]))) == "d1"
    assert raw.lrange("q:x", 0, -1) == [b"A", b"B"]


@pytest.mark.parametrize("command", ["lset", "lrem", "zadd"])
def test_what_cannot_be_taken_out_of_a_queue_stays_in_it(raw, url, call, command):
    raw.rpush("q:x", b"new", b"B", b"A")
    taken = Requeued([b"a", b"b"], [b"A", b"B"], [1.5, 2.5])
    batch = call("u1").unqueue(RETRIES, Stretch("x", QueueForm.Q, 0, 9), taken)
    with denied(raw, url, f"-{command}") as limited, connect(limited) as store:
        (result,) = store.backend.operations.each(iter([batch]))
    assert isinstance(result, JobctlError)
    assert raw.lrange("q:x", 0, -1) == [b"new", b"B", b"A"]
    assert raw.zcard("retries") == 0
