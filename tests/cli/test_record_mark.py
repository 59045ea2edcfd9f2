"""``jobctl record mark``: what asks, and what a job can do by itself."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def started(store) -> str:
    return store.records.create("a", state="started").id


def state(store, ident: str = "a") -> str:
    found = store.records.find(ident)
    assert found is not None
    return str(found.state)


def test_an_id_that_is_typed_is_marked_without_asking(jobctl, store, started) -> None:
    ran = jobctl("record", "mark", "succeeded", started, "-o", "json")
    assert (ran.code, json.loads(ran.out)["done"], state(store)) == (0, 1, "succeeded")


@pytest.mark.parametrize(
    "words",
    [("-",), ("a", "-"), ("-w", "id=a"), ("--all",), ("--newer-than", "1d")],
    ids=" ".join,
)
def test_what_is_read_or_filtered_is_asked_for(jobctl, store, started, words) -> None:
    ran = jobctl("record", "mark", "failed", *words, stdin=started)
    assert (ran.code, state(store)) == (7, "started")
    assert "pass --yes; or" in ran.err
    assert jobctl("record", "mark", "failed", *words, "--yes", stdin=started).code == 0
    assert state(store) == "failed"


@pytest.mark.parametrize("verb", [("delete", "--force"), ("request-kill",)], ids=" ".join)
def test_the_other_changes_of_many_ask_for_typed_ids_too(jobctl, store, started, verb) -> None:
    assert jobctl("record", *verb, started).code == 7
    assert (state(store), store.records.kill_requested("a")) == ("started", False)


def test_an_id_without_a_record_is_missing(jobctl, raw) -> None:
    ran = jobctl("record", "mark", "failed", "nope", "-o", "json")
    report = json.loads(ran.out)
    assert (ran.code, report["matched"], report["missing"]) == (0, 0, ["nope"])
    assert raw.keys("jobba:*") == []


@pytest.mark.parametrize("form", ["tsv", "table"])
@pytest.mark.parametrize("others", [(), ("a",)], ids=["alone", "beside"])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["done", "dry"])
def test_ids_without_a_record_are_named_once(jobctl, started, form, others, dry) -> None:
    ran = jobctl("record", "mark", "failed", "nope", "x\x1b", *others, *dry, "-o", form)
    assert ran.code == 0
    assert (ran.out + ran.err).count("not there: nope, x\\x1b\n") == 1


def test_what_is_asked_for_names_the_job_of_each_record(jobctl, store) -> None:
    store.records.create("a", {"provider_job_id": "pj-1"})
    ran = jobctl("record", "mark", "failed", "a", "--dry-run", "-o", "table")
    assert ran.out.splitlines()[4].split()[-1] == "pj-1"


def test_an_argument_is_no_option_that_may_have_been_meant(jobctl):
    ran = jobctl("record", "mark", "--state", "failed")
    assert (ran.code, "did you mean state?" in ran.err) == (2, False)
