"""The same from Python, without a command line."""

import time
from dataclasses import replace

import pytest

from jobctl.errors import NotFound, Refused, UsageProblem
from tests.builders import job, reservation


@pytest.fixture
def queues(raw):
    raw.sadd("queues", "default", "mailers")
    return raw


def test_queues_are_paused_and_resumed(queues, store):
    outcome = store.pause_queues("default", reason="INC-1", who="bot", host="ci")
    assert [(q.queue, q.paused, q.changed) for q in outcome.queues] == [("default", True, True)]
    assert store.backend.pauses.notes()["default"].reason == "INC-1"
    assert not outcome.failed
    assert [q.changed for q in store.resume_queues("*").queues] == [True, False]
    assert not queues.smembers("paused")


def test_what_cannot_be_is_raised(queues, store):
    for call in (store.pause_queues, store.resume_queues, store.drain_queues):
        with pytest.raises(UsageProblem):
            call()
        with pytest.raises(NotFound):
            call("nope")
    queues.hset("jobctl:hold:default", mapping={"v": "1", "lease:x": "{}", "beat:x": time.time()})
    with pytest.raises(Refused):
        store.resume_queues("default")


def test_a_drain_tells_what_holds_the_queues_up(queues, store):
    queues.zadd("working", {reservation(job("held-0000001")): time.time() + 9})
    ended = store.drain_queues("default", timeout=0.1)
    assert not ended.idle
    assert [entry.jid for entry in ended.activity.running] == ["held-0000001"]


def test_queues_are_removed_and_put_back(queues, store, tmp_path):
    queues.lpush("q:default", job("one-1"), job("two-2"))
    store.backend.scope = replace(store.backend.scope, operations_directory=tmp_path)
    report = store.remove_queues("default")
    assert (report.done, queues.exists("q:default")) == (2, 0)
    store.undo(report.operation)
    assert queues.lrange("q:default", 0, -1) == [job("two-2"), job("one-1")]


def test_who_waits_for_somebody_elses_resuming_says_so_where_it_does_not_end(store, raw):
    from jobctl.errors import Refused
    from jobctl.queues import holders

    raw.sadd("queues", "default")
    now = store.server.now()
    raw.hset("jobctl:hold:default", mapping={"v": 1, "leaving": "x", "beat:x": now + 3600})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(holders, "STALE", -1.0)
        with pytest.raises(Refused, match="default is being resumed by somebody else"):
            holders.wait_for_resume(store.backend, ["default"])
    raw.delete("jobctl:hold:default")
    assert holders.wait_for_resume(store.backend, ["default"])
