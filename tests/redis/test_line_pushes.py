"""Looking from the left while others push."""

from __future__ import annotations

import pytest

from jobctl import connect
from jobctl.jobs.locate import status
from jobctl.redis.connection import Connection
from tests.builders import enqueue, job


@pytest.mark.parametrize("pushes", [1, 3, 700])
def test_a_job_that_a_push_shifts_is_not_seen_twice(raw, url, monkeypatch, pushes):
    jids = [f"jid-{i:08}" for i in range(5000)]
    enqueue(raw, "default", *(job(jid) for jid in jids))
    receive, count = Connection._receive, iter(range(10**9))

    def pushing(self, command):
        if command[0] == "LRANGE":
            raw.lpush("q:default", *(job(f"new-{next(count):08}") for _ in range(pushes)))
        return receive(self, command)

    monkeypatch.setattr(Connection, "_receive", pushing)
    with connect(url) as store:
        answers = status(store.backend, jids[:200] + jids[-200:])
    assert [len(answer.entries) for answer in answers] == [1] * 400


def test_a_job_that_is_there_twice_is_seen_twice(raw, url):
    twice = job("twice-000001")
    enqueue(raw, "default", twice, twice, *(job(f"jid-{i:08}") for i in range(3000)), twice)
    with connect(url) as store:
        (answer,) = status(store.backend, ["twice-000001"])
    assert sorted(entry.place.position for entry in answer.entries) == [0, 1, 3002]
