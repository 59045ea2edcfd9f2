from __future__ import annotations

import pytest

from jobctl.model.words import did_you_mean

KNOWN = ["retries", "scheduled", "dead", "working"]


@pytest.mark.parametrize(
    ("word", "near"), [("retrys", "retries"), ("schedule", "scheduled"), ("ded", "dead")]
)
def test_a_mistyped_word_is_told_the_near_one(word, near):
    assert did_you_mean(word, KNOWN) == f"did you mean {near}?"


def test_without_a_near_word_all_are_named():
    assert did_you_mean("xyz", iter(KNOWN)) == "one of: retries, scheduled, dead, working"
