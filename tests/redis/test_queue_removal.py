"""The scripts that take queues' lists and put them back: applied once, whole or not at all."""

import pytest

from jobctl import QueueForm, connect
from jobctl.errors import JobctlError, WrongType
from jobctl.model.queue import RemovedQueue
from jobctl.redis.queue_removal import (
    ListFate,
    NameFate,
    PauseFate,
    ReturnedList,
    StagedQueue,
    Staging,
)
from tests.trouble import denied

Q = QueueForm.Q
QUEUES = [
    RemovedQueue("a", registered=True, paused=False, forms=(Q, QueueForm.BARE)),
    RemovedQueue("b", registered=True, paused=True, forms=(Q,)),
    RemovedQueue("stray", registered=False, paused=False, forms=(Q,)),
]


@pytest.fixture
def shop(raw):
    raw.sadd("queues", "a", "b", "other")
    raw.sadd("paused", "b")
    raw.rpush("q:a", "3", "2", "1")
    raw.rpush("a", "old")
    raw.rpush("q:stray", "x")
    return raw


def taking(lists=ListFate.ASIDE, names=NameFate.FORGET, round_number=1, **bounds):
    return Staging("op", round_number, lists, names, **bounds)


def everything(raw):
    lists = {key: raw.lrange(key, 0, -1) for key in raw.keys("*") if raw.type(key) == b"list"}
    return lists | {key: raw.smembers(key) for key in ("queues", "paused")}


def test_lists_are_put_aside_and_names_forgotten(shop, store):
    assert store.backend.removing.stage(taking(), QUEUES) == [
        StagedQueue("a1.0", (3, 1), registered=True, paused=False, forgotten=True),
        StagedQueue("a1.0", (None,), registered=True, paused=True, forgotten=True),
        StagedQueue("a1.0", (1,), registered=False, paused=False, forgotten=True),
    ]
    assert everything(shop) == {
        b"jobctl:op:op:removed:1:q:a": [b"3", b"2", b"1"],
        b"jobctl:op:op:removed:1:a": [b"old"],
        b"jobctl:op:op:removed:1:q:stray": [b"x"],
        "queues": {b"other"},
        "paused": set(),
    }


def test_a_call_that_was_applied_answers_what_it_answered(shop, store):
    first = store.backend.removing.stage(taking(), QUEUES)
    shop.rpush("q:a", "new")
    assert store.backend.removing.stage(taking(), QUEUES) == first
    assert shop.lrange("q:a", 0, -1) == [b"new"]


def test_a_mark_is_set_where_a_name_is_in_a_set(shop, store):
    found = store.backend.removing.stage(taking(names=NameFate.MARK), QUEUES)
    assert [taken.marked for taken in found] == [True] * 3
    assert shop.smembers("paused") == {b"a", b"b"}
    assert shop.smembers("queues") == {b"a", b"b", b"other"}


@pytest.mark.parametrize("lists", ListFate)
@pytest.mark.parametrize(
    ("bounds", "fits"),
    [({"most": 5}, True), ({"most": 4}, False), ({"fewest": 5, "most": 5}, True),
     ({"fewest": 6, "most": 6}, False), ({"most": 0}, False)],
)  # fmt: skip
def test_bounds_are_looked_at_first(shop, store, lists, bounds, fits):
    before = everything(shop)
    found = store.backend.removing.stage(taking(lists, **bounds), QUEUES)
    if fits:
        assert sum(jobs or 0 for taken in found for jobs in taken.jobs) == 5
        assert shop.exists("q:a") == (lists is ListFate.STAY)
    else:
        assert found == 5
        assert everything(shop) == before
        assert not shop.exists("jobctl:op:op")


def test_what_is_no_list_is_left_alone(shop, store):
    shop.set("q:b", "a string")
    store.backend.removing.stage(taking(), QUEUES)
    assert shop.get("q:b") == b"a string"


@pytest.mark.parametrize("key", ["queues", "paused", "jobctl:op:op"])
def test_a_key_of_the_wrong_type_changes_nothing(shop, store, key):
    shop.delete(key)
    shop.set(key, "a string")
    lists = {k: shop.lrange(k, 0, -1) for k in ("q:a", "a", "q:stray")}
    with pytest.raises(WrongType):
        store.backend.removing.stage(taking(), QUEUES)
    assert {k: shop.lrange(k, 0, -1) for k in ("q:a", "a", "q:stray")} == lists


def test_nothing_that_stands_aside_is_ever_overwritten(shop, store):
    shop.rpush("jobctl:op:op:removed:1:q:stray", "precious")
    before = everything(shop)
    with pytest.raises(JobctlError, match="put aside there before"):
        store.backend.removing.stage(taking(), QUEUES)
    assert everything(shop) == before


@pytest.mark.parametrize("command", ["renamenx", "srem", "sismember", "hset", "exists", "unlink"])
@pytest.mark.parametrize("lists", ListFate)
def test_a_denied_command_changes_nothing(shop, url, command, lists):
    before = everything(shop)
    try:
        with denied(shop, url, f"-{command}") as limited, connect(limited) as store:
            store.backend.removing.stage(taking(lists), QUEUES)
    except JobctlError:
        assert everything(shop) == before
        assert not shop.hgetall("jobctl:op:op")
    else:
        assert command in ("renamenx", "unlink")  # it has no use for it


def rejoin(store, first, queue="a", pause=PauseFate.STAY, number="s0"):
    back = ReturnedList(number, first, queue, Q, registered=True, pause=pause)
    return store.backend.removing.rejoin("op", [back])


def test_a_list_takes_its_place_in_front_of_newcomers(shop, store):
    shop.rpush("back", "z", "y")
    assert rejoin(store, b"back", pause=PauseFate.PAUSE) == [None]
    assert shop.lrange("q:a", 0, -1) == [b"3", b"2", b"1", b"z", b"y"]
    assert not shop.exists("back")
    assert shop.sismember("paused", "a")
    shop.rpush("back", "again")
    assert rejoin(store, b"back", pause=PauseFate.UNPAUSE) == [None]  # it was applied
    assert (shop.llen("q:a"), shop.sismember("paused", "a")) == (5, 1)


@pytest.mark.parametrize("count", [0, 499, 500, 501, 2300])
def test_many_newcomers_are_moved_over_in_their_order(shop, store, count):
    shop.delete("q:a")
    newcomers = [b"%d" % i for i in range(count)]
    if newcomers:
        shop.rpush("q:a", *newcomers)
    shop.rpush("back", "first")
    assert rejoin(store, b"back") == [None]
    assert shop.lrange("q:a", 0, -1) == [*newcomers, b"first"]


def test_a_place_of_the_wrong_type_leaves_the_list_aside(shop, store):
    shop.delete("q:a")
    shop.set("q:a", "a string")
    shop.rpush("back", "first")
    (refusal,) = rejoin(store, b"back")
    assert isinstance(refusal, WrongType)
    assert shop.lrange("back", 0, -1) == [b"first"]


@pytest.mark.parametrize("command", ["lmove", "renamenx", "sadd", "hset"])
def test_a_denied_command_loses_no_job(shop, url, store, command):
    shop.rpush("back", "z")
    shop.srem("queues", "a")
    with denied(shop, url, f"-{command}") as limited, connect(limited) as other:
        (refusal,) = rejoin(other, b"back", pause=PauseFate.PAUSE)
    assert refusal is not None
    assert shop.llen("q:a") + shop.llen("back") == 4
    assert not shop.sismember("paused", "a")
    assert rejoin(store, b"back") == [None]
    assert shop.lrange("q:a", 0, -1) == [b"3", b"2", b"1", b"z"]


def refill(store, number, start, *members):
    (reply,) = store.backend.connection.attempt(
        [(*store.backend.removing.refill("op", number, b"back", start), *members)]
    )
    return reply


def test_a_list_is_put_together_once_in_order(raw, store):
    assert refill(store, "b1", 0, b"1", b"2") == b"d2"
    assert refill(store, "b2", 2, b"3") == b"d1"
    assert refill(store, "b1", 0, b"1", b"2") == b"d2"
    raw.delete("jobctl:op:op")  # forgotten: the list tells
    assert refill(store, "b1", 0, b"1", b"2") == b"d2"
    assert refill(store, "b2", 2, b"3") == b"d1"
    assert raw.lrange("back", 0, -1) == [b"3", b"2", b"1"]


def test_a_list_that_somebody_touched_is_not_gone_on_with(raw, store):
    refill(store, "b1", 0, b"1", b"2")
    raw.rpop("back")
    assert isinstance(refill(store, "b2", 2, b"3"), JobctlError)
    assert raw.lrange("back", 0, -1) == [b"2"]


def test_short_lists_are_read_together_in_the_order_they_run(raw, store):
    lists = []
    for i, length in enumerate([0, 1, 5000, 3, 0, 40]):
        if length:
            raw.rpush(f"list-{i}", *range(length))
        lists.append((b"list-%d" % i, length))
    found = {}
    for index, members in store.backend.removing.stream(lists):
        found.setdefault(index, []).extend(members)
    expected = {1: 1, 2: 5000, 3: 3, 5: 40}
    assert list(found) == list(expected)
    for index, length in expected.items():
        assert found[index] == [b"%d" % i for i in reversed(range(length))]
