"""How a filter is read."""

import json

import pytest

from tests.builders import failed, retry


def test_it_shows_the_filter_the_glob_the_tests_and_the_cost(raw, jobctl):
    retry(raw, failed("jid-00000001"), failed("jid-00000002"))
    ran = jobctl("explain", "retries", "--type", "Send*", "-w", "retry_count>=3", "-o", "json")
    assert json.loads(ran.out) == {
        "target": "retries",
        "where": "type=Send* and retry_count>=3",
        "pattern": '*"[S\\\\][eu\\\\][n0u\\\\][d0u\\\\][\\*50u\\\\]["360u]*',
        "tests": ["type=Send*", "retry_count>=3"],
        "cost": {"members": 2},
        "warnings": [],
    }


def test_without_a_set_it_needs_no_redis(jobctl):
    ran = jobctl("explain", "-w", "jid=jid-00000001", "-o", "json", url="unix:///nowhere.sock")
    assert (ran.code, json.loads(ran.out)["cost"]) == (0, None)


def test_with_a_dead_redis_only_the_cost_is_missing(jobctl):
    ran = jobctl("explain", "dead", "--type", "A", "-o", "json", url="unix:///nowhere.sock")
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
def test_what_may_not_be_meant_is_said(jobctl, argv, warning):
    ran = jobctl("explain", *argv, "-o", "json")
    assert any(warning in text for text in json.loads(ran.out)["warnings"]), ran.out
    human = jobctl("explain", *argv, "-o", "table")
    assert human.code == 0
    assert warning in human.err


def test_a_sound_filter_has_no_warning(jobctl):
    argv = ("--jid", "jid-00000001", "--match", "*x*", "--error", "^Timeout")
    assert json.loads(jobctl("explain", *argv, "-o", "json").out)["warnings"] == []


@pytest.mark.parametrize("argv", [("retires",), ("retries", "-w", "wid=x"), ("-w", "jid")])
def test_mistakes_are_mistakes(jobctl, argv):
    assert jobctl("explain", *argv).code == 2
