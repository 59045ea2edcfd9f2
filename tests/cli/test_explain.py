"""``--explain``: how a filter is read, and what it costs."""

import json

import pytest

from tests.builders import failed, job, reservation, retry


def explained(jobctl, *argv, **more):
    ran = jobctl(*argv, "--explain", "-o", "json", **more)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_it_shows_the_filter_the_glob_the_tests_and_the_cost(raw, jobctl):
    retry(raw, failed("jid-00000001"), failed("jid-00000002"))
    for command in ("ls", "count", "group", "kill", "discard", "requeue", "reschedule"):
        argv = ("retries", command, "--type", "Send*", "-w", "retry_count>=3")
        assert explained(jobctl, *argv) == {
            "target": "retries",
            "where": "type=Send* and retry_count>=3",
            "pattern": '*"[S\\\\][eu\\\\][n0u\\\\][d0u\\\\][\\*50u\\\\]["360u]*',
            "tests": ["type=Send*", "retry_count>=3"],
            "cost": {"members": 2},
            "warnings": [],
        }
    assert raw.zcard("retries") == 2


def test_reservations_and_queues_are_explained_too(raw, jobctl):
    raw.zadd("working", {reservation(job("jid-00000001")): 1})
    raw.sadd("queues", "default", "other")
    raw.lpush("q:default", job("jid-00000002"), job("jid-00000003"))
    raw.lpush("q:other", job("jid-00000004"))
    release = explained(jobctl, "working", "release", "jid-00000001", "--stuck")
    assert release["where"] == "jid=jid-00000001 and the reservation has expired"
    assert release["cost"] == {"members": 1}
    waiting = explained(jobctl, "queue", "jobs", "default", "other", "--type", "A")
    assert (waiting["target"], waiting["pattern"]) == ("queue", None)  # no MATCH on a list
    assert waiting["cost"] == {"members": 3}


def test_with_a_dead_redis_only_the_cost_is_missing(jobctl):
    argv = ("dead", "kill", "--type", "A", "--explain", "-o", "json")
    ran = jobctl(*argv, url="unix:///nowhere.sock")
    assert (ran.code, json.loads(ran.out)["cost"]) == (0, None)
    assert "the cost is not known" in ran.err


@pytest.mark.parametrize(
    ("argv", "warning"),
    [
        ((), "it matches everything"),
        (("--match", "*"), "matches everything"),
        (("--match", "abc"), "no star"),
        (("--match", "abc*"), "a star at both ends"),
        (("--match", '*"args":["bob"*'), "a [ without its ]"),
        (("--jid", "short"), "short for a JID"),
        (("--type", "A", "-w", "type=B"), "no type can meet all of this"),
        (("--error", ".*"), "found in every text"),
        (("-w", 'message~"x?"'), "found in every text"),
    ],
)
def test_what_may_not_be_meant_is_said(raw, jobctl, argv, warning):
    found = explained(jobctl, "retries", "kill", *argv)
    assert any(warning in text for text in found["warnings"]), found
    human = jobctl("retries", "kill", *argv, "--explain", "-o", "table")
    assert human.code == 0
    assert warning in human.err


def test_a_sound_filter_has_no_warning(raw, jobctl):
    argv = ("--jid", "jid-00000001", "--match", "*x*", "--error", "^Timeout")
    assert explained(jobctl, "retries", "ls", *argv)["warnings"] == []
