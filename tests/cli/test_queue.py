"""``jobctl queue``: sizes, latency, both forms, and what is odd."""

import json

import pytest

from tests.builders import enqueue, job


@pytest.fixture
def rows(jobctl):
    """The rows of ``queue ls`` by name."""

    def run(*argv):
        ran = jobctl("queue", "ls", "-o", "json", *argv)
        assert (ran.code, ran.err) == (0, "")
        return json.loads(ran.out)

    return run


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


def test_jobs_of_several_queues_come_in_the_order_asked(raw, jobctl):
    enqueue(raw, "one", job("one-1"), job("one-2"))
    enqueue(raw, "two", job("two-1"))
    assert jobctl("queue", "jobs", "two", "one", "-o", "ids").out.split() == [
        "two-1", "one-1", "one-2",
    ]  # fmt: skip
    ran = jobctl("queue", "jobs", "one", "two", "--limit", "1", "--offset", "2", "-o", "ids")
    assert ran.out.split() == ["two-1"]
