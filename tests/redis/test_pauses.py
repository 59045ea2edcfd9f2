"""Leases and notes: who was first, who is last, who is dead."""

from __future__ import annotations

import time

import pytest

from jobctl.errors import Refused
from jobctl.model.queue import Author, Lease

ANN = Author("ann", "one", 1000.5, "deploy")


def lease(ident, who="ann"):
    return Lease(ident, Author(who, "host", 1000.25), 42, ["make", "deploy"])


@pytest.fixture
def pauses(raw, store):
    raw.sadd("queues", "a", "b")
    return store.backend.pauses


def take(pauses, ident, *names, by_redis=True):
    return pauses.take(names or ("a",), lease(ident), by_redis=by_redis)


def leave(pauses, ident, *names, by_redis=True, before=False):
    names = names or ("a",)
    return pauses.leave(names, ident, by_redis=by_redis, before=[before] * len(names))


def hold_of(store, name="a"):
    return store.backend.pauses.holds(["a", "b"], store.server.now())[name]


def kill(raw, ident, name="a"):
    raw.hset(f"jobctl:hold:{name}", f"beat:{ident}", time.time() - 31)


def paused(raw):
    return sorted(name.decode() for name in raw.smembers("paused"))


def test_the_last_one_out_resumes_in_both_orders(raw, pauses):
    for first, second in (("x", "y"), ("y", "x")):
        assert take(pauses, "x") == [False]
        assert take(pauses, "y") == [False]  # it inherits what the first one saw
        assert leave(pauses, first) == "o"
        assert paused(raw) == ["a"]
        assert leave(pauses, second) == "r"
        assert paused(raw) == []
        assert not raw.exists("jobctl:hold:a")


def test_a_queue_that_was_paused_before_stays_so(raw, pauses):
    raw.sadd("paused", "a")
    assert take(pauses, "x", "a", "b") == [True, False]
    assert take(pauses, "y", "a") == [True]
    assert leave(pauses, "x", "a", "b") == "or"
    assert leave(pauses, "y", before=True) == "s"
    assert paused(raw) == ["a"]


def test_a_pause_by_hand_meanwhile_stays(raw, pauses):
    take(pauses, "x")
    assert pauses.pause(["a"], ANN, by_redis=True) == "a"
    assert pauses.notes() == {"a": ANN}
    assert leave(pauses, "x") == "s"
    assert paused(raw) == ["a"]


def test_a_resume_by_hand_is_refused_without_force(raw, pauses):
    take(pauses, "x", "b")
    raw.sadd("paused", "a")
    with pytest.raises(Refused):
        pauses.resume(["a", "b"], by_redis=True, force=False)
    assert paused(raw) == ["a", "b"]
    assert pauses.resume(["a", "b"], by_redis=True, force=True) == "rr"
    assert leave(pauses, "x", "b") == "n"
    assert paused(raw) == []


def test_a_resume_by_force_takes_back_that_it_stays_paused(raw, pauses):
    raw.sadd("paused", "a")
    take(pauses, "x")
    pauses.resume(["a"], by_redis=True, force=True)
    take(pauses, "y")
    assert paused(raw) == ["a"]
    assert leave(pauses, "x") == "o"
    assert leave(pauses, "y") == "r"


def test_a_dead_holder_does_not_keep_the_last_living_one_from_resuming(raw, pauses):
    take(pauses, "dead")
    kill(raw, "dead")
    take(pauses, "x")
    assert leave(pauses, "x") == "r"
    assert not raw.exists("jobctl:hold:a")


def test_dead_holders_are_told_from_living_ones_by_the_clock_of_redis(raw, store, pauses):
    take(pauses, "x")
    take(pauses, "dead")
    kill(raw, "dead")
    hold = hold_of(store)
    assert {held.ident: held.dead for held in hold.leases} == {"x": False, "dead": True}
    assert str(hold) == "ann@host (pid 42, dead), ann@host (pid 42)"
    assert pauses.beat(["a"], "dead") == "p"
    hold = hold_of(store)
    assert not any(held.dead for held in hold.leases)


def test_clearing_takes_the_dead_only_and_resumes_what_nobody_else_holds(raw, pauses):
    raw.sadd("queues", "c", "d")
    raw.sadd("paused", "c")
    for name in "abc":
        take(pauses, "dead", name)
        kill(raw, "dead", name)
    take(pauses, "x", "b")
    assert pauses.clear(list("abcd"), "me", by_redis=True) == "rosx"
    assert paused(raw) == ["b", "c"]
    assert leave(pauses, "x", "b") == "r"


def test_by_way_of_the_server_the_lease_stays_until_the_queue_is_resumed(raw, store, pauses):
    take(pauses, "x", by_redis=False)
    raw.sadd("paused", "a")  # what the server does
    assert leave(pauses, "x", by_redis=False) == "w"
    assert take(pauses, "y") == "a"  # wait: it is being resumed
    assert hold_of(store).leaving
    raw.srem("paused", "a")
    pauses.left(["a"], "x")
    assert not raw.exists("jobctl:hold:a")
    assert take(pauses, "y") == [False]


def test_a_mark_makes_who_comes_wait_and_leaves_nothing_behind(raw, pauses):
    assert pauses.mark(["a", "b"], "me", force=False) is None
    assert take(pauses, "x") == "a"
    assert pauses.mark(["b"], "other", force=False) == ("wait", "b")
    pauses.unmark(["a", "b"], "other")  # not its own
    assert raw.exists("jobctl:hold:a", "jobctl:hold:b") == 2
    assert 0 < raw.ttl("jobctl:hold:a") <= 3600
    pauses.unmark(["a", "b"], "me")
    assert not raw.exists("jobctl:hold:a", "jobctl:hold:b")
    assert take(pauses, "x") == [False]


def test_what_is_held_is_marked_by_force_only_and_stays_held(raw, store, pauses):
    take(pauses, "x", "b")
    assert pauses.mark(["a", "b"], "me", force=False) == ("held", "b")
    assert not raw.exists("jobctl:hold:a")
    assert pauses.mark(["a", "b"], "me", force=True) is None
    pauses.unmark(["a", "b"], "me")
    (held,) = hold_of(store, "b").leases
    assert (held.ident, held.dead) == ("x", False)
    assert leave(pauses, "x", "b") == "r"


def test_a_mark_whose_owner_died_holds_nobody_up(raw, pauses):
    pauses.mark(["a"], "me", force=False)
    kill(raw, "me")
    assert take(pauses, "x") == [False]


def test_a_holder_that_gives_up_is_dead_at_once(raw, store, pauses):
    take(pauses, "x")
    pauses.beat(["a"], "x", ends=True)
    assert hold_of(store).dead
    assert pauses.clear(["a"], "me", by_redis=True) == "r"


def test_a_holder_that_dies_while_resuming_is_seen_and_passed_by(raw, store, pauses):
    take(pauses, "x", by_redis=False)
    raw.sadd("paused", "a")
    leave(pauses, "x", by_redis=False)
    kill(raw, "x")
    hold = hold_of(store)
    assert (hold.leaving, hold.dead) == (False, True)
    assert take(pauses, "y") == [False]
    assert leave(pauses, "y") == "r"


def test_a_lease_that_was_lost_still_resumes_what_it_paused(raw, pauses):
    take(pauses, "x")
    raw.delete("jobctl:hold:a")
    assert pauses.beat(["a"], "x") == "l"
    assert leave(pauses, "x") == "r"
    take(pauses, "x")
    raw.delete("jobctl:hold:a")
    assert leave(pauses, "x", before=True) == "s"
    pauses.pause(["a"], ANN, by_redis=True)
    raw.delete("jobctl:hold:a")
    assert leave(pauses, "x") == "s"


def test_a_lease_that_others_cleared_leaves_the_next_holder_alone(raw, pauses):
    take(pauses, "x")
    kill(raw, "x")
    assert pauses.clear(["a"], "me", by_redis=True) == "r"
    assert leave(pauses, "x") == "n"
    take(pauses, "y")
    assert leave(pauses, "x") == "o"
    assert paused(raw) == ["a"]


def test_a_resumed_queue_is_noticed_by_its_holder(raw, pauses):
    take(pauses, "x")
    assert pauses.beat(["a"], "x") == "p"
    raw.srem("paused", "a")
    assert pauses.beat(["a"], "x") == "r"


@pytest.mark.parametrize("version", ["2", ""])
def test_leases_of_another_version_are_left_alone(raw, store, pauses, version):
    raw.hset("jobctl:hold:b", mapping={"v": version, "whatever": "x"})
    raw.sadd("paused", "b")
    with pytest.raises(Refused, match="another version of jobctl"):
        take(pauses, "x", "a", "b")
    assert not raw.exists("jobctl:hold:a")
    assert leave(pauses, "x", "b") == "o"
    assert pauses.clear(["b"], "me", by_redis=True) == "v"
    with pytest.raises(Refused):
        pauses.resume(["b"], by_redis=True, force=False)
    pauses.resume(["b"], by_redis=True, force=True)
    pauses.pause(["b"], ANN, by_redis=True)
    assert raw.hgetall("jobctl:hold:b") == {b"v": version.encode(), b"whatever": b"x"}
    assert store.backend.pauses.holds(["b"], 0.0)["b"].other_version == (version or "?")


def test_leases_live_a_week_and_notes_as_long_as_the_pause(raw, pauses):
    take(pauses, "x")
    assert 604790 < raw.ttl("jobctl:hold:a") <= 604800
    leave(pauses, "x")
    pauses.pause(["a"], ANN, by_redis=True)
    assert raw.ttl("jobctl:paused") == -1
    pauses.resume(["a"], by_redis=True, force=False)
    assert not raw.exists("jobctl:paused")


def test_the_note_of_a_pause_stays_unless_there_is_a_new_reason(raw, pauses):
    pauses.pause(["a"], ANN, by_redis=True)
    silent = Author("bob", "two", 2000.0)
    assert pauses.pause(["a"], silent, by_redis=True) == "a"
    assert pauses.notes()["a"] == ANN
    loud = Author("bob", "two", 2000.0, "really")
    assert pauses.pause(["a"], loud, by_redis=True) == "a"
    assert pauses.notes()["a"] == loud


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b'{"who":1,"at":"x"}'])
def test_a_note_or_lease_that_is_damaged_breaks_nothing(raw, store, pauses, text):
    raw.hset("jobctl:paused", "a", text)
    raw.hset("jobctl:hold:a", mapping={"v": "1", "lease:x": text, "beat:x": "soon", "beat:": "1"})
    assert set(store.backend.pauses.notes()) <= {"a"}
    (held,) = hold_of(store).leases
    assert held.dead
    assert take(pauses, "y") == [False]


def test_keys_of_another_type_are_no_notes_and_no_leases(raw, store, pauses):
    raw.set("jobctl:paused", "x")
    raw.set("jobctl:hold:a", "x")
    assert store.backend.pauses.notes() == {}
    assert store.backend.pauses.holds(["a"], 0.0) == {}


def test_many_queues_are_taken_in_few_calls(raw, store):
    names = [f"q{i:04d}" for i in range(1000)]
    assert store.backend.pauses.take(names, lease("x"), by_redis=True) == [False] * 1000
    assert store.backend.pauses.beat(names, "x") == "p" * 1000
    assert len(store.backend.pauses.holds(names, store.server.now())) == 1000
    assert (
        store.backend.pauses.leave(names, "x", by_redis=True, before=[False] * 1000) == "r" * 1000
    )
    assert not raw.smembers("paused")


def test_what_a_holder_without_a_lease_left_behind_keeps_nobody_from_resuming(raw, store, pauses):
    raw.sadd("paused", "a")
    assert leave(pauses, "x", by_redis=False) == "w"  # its lease was lost, and then it died
    assert 0 < raw.ttl("jobctl:hold:a") <= 604800
    with pytest.raises(Refused):
        pauses.resume(["a"], by_redis=True, force=False)
    kill(raw, "x")
    assert pauses.resume(["a"], by_redis=True, force=False) == "r"


def test_a_queue_that_others_resumed_does_not_stay_paused_after_the_next_hold(raw, pauses):
    raw.sadd("paused", "a")
    take(pauses, "dead")
    kill(raw, "dead")
    raw.srem("paused", "a")  # by the web page of the server
    assert take(pauses, "x") == [False]
    assert leave(pauses, "x") == "r"
    assert paused(raw) == []
