"""``jobctl queue``: sizes, latency, both forms, and what is odd."""

import json

import pytest

from tests.builders import NOW, enqueue, job, reservation


@pytest.fixture
def rows(jobctl):
    """The rows of ``queue ls`` by name."""

    def run(*argv):
        ran = jobctl("queue", "ls", "-o", "json", *argv)
        assert (ran.code, ran.err) == (0, "")
        return json.loads(ran.out)

    return run


def test_a_queue_has_size_latency_paused_and_working(raw, rows, noon):
    first = job("first-000001", enqueued_at="2026-09-21T14:03:20.500Z")
    enqueue(raw, "default", first, job("second-00001", enqueued_at="2026-09-21T14:13:00Z"))
    raw.sadd("queues", "empty")
    raw.sadd("paused", "empty")
    raw.zadd("working", {reservation(job("held-0000001")): NOW})
    nobody = {"paused_by": None, "paused_at": None, "reason": None, "holders": [], "pending": False}
    assert rows() == [
        nobody | {
            "queue": "default", "size": 2, "latency": 599.5, "paused": False, "working": 1,
            "form": "q", "registered": True, "problem": None,
        },
        nobody | {
            "queue": "empty", "size": 0, "latency": None, "paused": True, "working": 0,
            "form": None, "registered": True, "problem": None,
        },
    ]  # fmt: skip


def test_lists_of_1_9_are_told_apart_by_looking(raw, rows):
    enqueue(raw, "default", job("jid-00000001"), form="")
    assert [(row["form"], row["size"], row["problem"]) for row in rows()] == [("bare", 1, None)]


def test_where_both_forms_hold_jobs_both_are_shown_and_the_old_one_is_an_orphan(raw, rows):
    enqueue(raw, "default", job("jid-00000001"), form="")
    enqueue(raw, "default", job("jid-00000002"), job("jid-00000003"))
    assert [(row["form"], row["size"]) for row in rows()] == [("bare", 1), ("q", 2)]
    assert "q:default" in rows()[0]["problem"]


def test_where_nothing_tells_the_form_is_the_one_given(raw, rows):
    raw.sadd("queues", "default")
    assert rows()[0]["form"] is None
    assert rows("--layout", "bare")[0]["form"] == "bare"


def test_a_queue_without_a_name_and_a_name_with_another_type_are_shown(raw, rows):
    raw.lpush("q:stray", job("jid-00000001"))
    raw.lpush("q:not-jobs", "hello")
    raw.sadd("queues", "hashed")
    raw.hset("q:hashed", "a", "b")
    found = {row["queue"]: row["problem"] for row in rows()}
    assert found == {
        "hashed": "its key holds a hash, no list",
        "stray": "not in the set of queues",
    }


def test_queues_sort_by_any_column_and_those_without_it_come_last(raw, jobctl, noon):
    for name, minute in (("new", "10"), ("old", "01"), ("mid", "05")):
        enqueue(raw, name, job(name, enqueued_at=f"2026-09-21T14:{minute}:00Z"))
    raw.sadd("queues", "none")
    ran = jobctl("queue", "ls", "--sort", "latency", "--reverse", "-o", "ids")
    assert ran.out.split() == ["old", "mid", "new", "none"]
    assert jobctl("queue", "ls", "--reverse", "-o", "ids").out.split() == [
        "old", "none", "new", "mid",
    ]  # fmt: skip


def test_an_unknown_queue_is_not_found_and_the_near_name_is_given(raw, jobctl):
    enqueue(raw, "mailers", job("jid-00000001"))
    ran = jobctl("queue", "jobs", "mailer")
    assert (ran.code, ran.out) == (4, "")
    assert "did you mean mailers?" in ran.err


def test_jobs_of_several_queues_come_in_the_order_asked(raw, jobctl):
    enqueue(raw, "one", job("one-1"), job("one-2"))
    enqueue(raw, "two", job("two-1"))
    assert jobctl("queue", "jobs", "two", "one", "-o", "ids").out.split() == [
        "two-1", "one-1", "one-2",
    ]  # fmt: skip
    ran = jobctl("queue", "jobs", "one", "two", "--limit", "1", "--offset", "2", "-o", "ids")
    assert ran.out.split() == ["two-1"]
