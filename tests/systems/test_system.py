"""Which job system's keys these are."""

import pytest

from jobctl.model.layout import System
from jobctl.systems.registry import list_keys, recognise, refusal, served

SIDEKIQ = {"retry": "zset", "stat:processed": "string"}
FAKTORY = {"retries": "zset", "processed": "string"}
SHARED = {"dead": "zset", "queues": "set", "paused": "set"}


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ({}, {}),
        (SHARED, {}),
        (SHARED | FAKTORY, {System.FAKTORY: FAKTORY}),
        (SHARED | SIDEKIQ, {System.SIDEKIQ: SIDEKIQ}),
        (FAKTORY | SIDEKIQ, {System.FAKTORY: FAKTORY, System.SIDEKIQ: SIDEKIQ}),
        ({"retry": "list", "schedule": "list", "processes": "list"}, {}),  # queues of Faktory 1.9
        ({"processes": "set"}, {System.SIDEKIQ: {"processes": "set"}}),
        ({"queue:mails": "list"}, {System.SIDEKIQ: {"queue:mails": "list"}}),
        ({"q:mails": "list"}, {System.FAKTORY: {"q:mails": "list"}}),
        ({"queue:mails": "none", "stat:failed": "none", "working": "none"}, {}),
        ({"retries": "string", "stat:processed": "hash", "queue:x": "zset"}, {}),
    ],
)
def test_a_system_is_recognised_by_keys_of_its_types(types, expected):
    assert {it.system: dict(it.keys) for it in recognise(types)} == expected


def test_the_list_of_either_system_tells_nothing():
    assert list_keys(["default"]) == ["q:default", "queue:default"]
    assert list_keys(["x", "queue:x"]) == ["q:queue:x", "q:x", "queue:queue:x"]


@pytest.mark.parametrize(
    ("types", "told", "system", "words"),
    [
        ({}, None, System.FAKTORY, None),
        (FAKTORY, None, System.FAKTORY, None),
        (FAKTORY | SIDEKIQ, System.FAKTORY, System.FAKTORY, None),
        (SIDEKIQ, System.FAKTORY, System.FAKTORY, None),
        (SIDEKIQ, None, System.SIDEKIQ, "seen: retry: zset, stat:processed: string"),
        (FAKTORY, System.SIDEKIQ, System.SIDEKIQ, "not supported yet"),
        (FAKTORY | SIDEKIQ, None, None, "Faktory's (retries: zset, processed: string) and Side"),
    ],
)
def test_what_is_not_faktorys_is_refused(types, told, system, words):
    found = recognise(types)
    assert served(found, told) is system
    refused = refusal("redis://h:6379/0", found, told)
    assert (refused is None) == (words is None)
    if refused is not None and words is not None:
        assert words in refused.message
        assert "--system faktory" in (refused.hint or "")
