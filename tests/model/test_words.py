from __future__ import annotations

import pytest

from jobctl.model.words import did_you_mean, near_name

KNOWN = ["retries", "scheduled", "dead", "working", "ls"]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("retrys", "retries"), ("retires", "retries"), ("schedule", "scheduled"),
        ("shceduled", "scheduled"), ("DEAD", "dead"), ("ded", "dead"), ("l", "ls"),
    ],
)  # fmt: skip
def test_a_name_within_two_letters_is_meant(word, near):
    assert did_you_mean(word, KNOWN) == f"did you mean {near}?"


@pytest.mark.parametrize("word", ["xyz", "work", "rm", "x", "", "scheduling", "deadline"])
def test_without_a_near_word_all_are_named(word):
    assert did_you_mean(word, iter(KNOWN)) == f"one of: {', '.join(KNOWN)}"


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("busy", KNOWN, "working"),
        ("list", KNOWN, "ls"),
        ("delete", ["discard", "requeue"], "discard"),
        ("delete", ["remove", "requeue"], "remove"),
        ("done", ["dead", "success"], "success"),  # no slip of the keys
        ("delete", ["kill", "requeue"], None),
        ("statsu", ["states", "status"], "status"),  # two letters swapped are one slip
    ],
)
def test_the_likeliest_name_is_meant(word, known, meant):
    assert near_name(word, known) == meant
