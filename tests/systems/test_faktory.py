"""A server's own words: what is as expected is taken, the rest is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.model.layout import QueueForm
from jobctl.systems.faktory.server import read_facts

WHOLE = {
    "now": "2026-09-21T14:13:20Z",
    "server_utc_time": "14:13:20 UTC",
    "faktory": {
        "total_failures": 2, "total_processed": 30, "total_enqueued": 4, "total_queues": 2,
        "queues": {"default": 3, "other": 1}, "tasks": {},
    },
    "server": {
        "description": "Faktory", "faktory_version": "1.10.0", "uptime": 7, "connections": 1,
        "command_count": 9, "used_memory_mb": "68 MB",
    },
}  # fmt: skip
NOTHING = dict.fromkeys(read_facts({}).document())


def test_an_answer_is_read_and_told() -> None:
    assert read_facts(WHOLE).document() == {
        "version": "1.10.0", "uptime": 7, "connections": 1, "commands": 9, "memory": "68 MB",
        "processed": 30, "failures": 2, "enqueued": 4, "queues": {"default": 3, "other": 1},
    }  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"server": None, "faktory": []},
        {"server": "x", "faktory": 1},
        {"server": {"uptime": "7", "connections": True, "command_count": 1.5}},
        {"server": {"faktory_version": 1.9, "used_memory_mb": {"a": "\x1b"}}},
        {"faktory": {"queues": ["default"], "total_processed": None}},
    ],
)
def test_what_is_not_as_expected_is_left_out(document) -> None:
    assert read_facts(document).document() == NOTHING


def test_a_size_that_is_no_number_leaves_its_queue_out() -> None:
    facts = read_facts({"faktory": {"queues": {"a": 1, "b": "2", "c": True, "d": None}}})
    assert facts.queues == {"a": 1}


@pytest.mark.parametrize(
    ("version", "form"),
    [
        ("1.10.0", QueueForm.Q), ("1.11", QueueForm.Q), ("2.0.0", QueueForm.Q),
        ("10.1", QueueForm.Q), ("1.9.4", QueueForm.BARE), ("1.9", QueueForm.BARE),
        ("1.1.10", QueueForm.BARE), ("0.9.7", QueueForm.BARE), ("v1.10", None), ("1", None),
        ("", None), (None, None), ("9" * 10_000 + ".1", None), ("1.10-rc1", QueueForm.Q),
    ],
)  # fmt: skip
def test_the_version_tells_the_form_of_lists(version: str | None, form: QueueForm | None) -> None:
    assert read_facts({"server": {"faktory_version": version}}).form == form


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["server", "faktory", "x"]), _JSON | st.dictionaries(
    st.sampled_from(["queues", "uptime", "faktory_version", "used_memory_mb", "total_enqueued"]),
    _JSON,
)))  # fmt: skip
def test_whatever_it_says_is_read(document) -> None:
    facts = read_facts(document)
    assert list(facts.document()) == list(NOTHING)
    assert facts.form in (None, QueueForm.Q, QueueForm.BARE)
