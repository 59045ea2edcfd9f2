"""One queue's list: who runs next, and who is found where."""

from __future__ import annotations

import itertools

import pytest

from jobctl import connect
from jobctl.jobs.locate import status
from jobctl.model.layout import QueueForm
from jobctl.model.queue import Queue
from jobctl.redis.connection import Connection
from jobctl.redis.queues import QueueJobs
from tests.builders import enqueue, job

JIDS = [f"jid-{i:04}" for i in range(1500)]


@pytest.fixture
def line(raw, store) -> QueueJobs:
    enqueue(raw, "default", *map(job, JIDS))
    (queue,) = store.queues.named()
    return store.queues.jobs(queue)


def test_position_zero_runs_next_from_either_end(raw, line: QueueJobs) -> None:
    forward = [(entry.place.position, entry.jid) for entry in line.walk()]
    backward = [(entry.place.position, entry.jid) for entry in line.walk(descending=True)]
    assert forward == list(enumerate(JIDS))
    assert backward == forward[::-1]
    assert line.count() == 1500
    assert raw.rpop("q:default") == job(JIDS[0])


def test_a_page_keeps_its_positions(line: QueueJobs) -> None:
    for descending, offset, limit in itertools.product(
        (False, True), (0, 3, 700, 1499, 1500), (0, 1, 5, 30, None)
    ):
        whole = list(enumerate(JIDS))[:: -1 if descending else 1]
        page = line.walk(descending=descending, offset=offset, limit=limit)
        end = None if limit is None else offset + limit
        found = [(entry.place.position, entry.jid) for entry in page]
        assert found == whole[offset:end], (descending, offset, limit)


def test_the_place_names_queue_and_form(line: QueueJobs) -> None:
    entry = next(line.walk())
    assert (entry.place.queue, entry.place.form, entry.score) == ("default", QueueForm.Q, None)


@pytest.mark.parametrize("descending", [False, True])
def test_positions_are_those_of_the_moment_they_were_read(
    raw, line: QueueJobs, monkeypatch: pytest.MonkeyPatch, descending: bool
) -> None:
    monkeypatch.setattr("jobctl.redis.scripts._BYTES", 100 * len(job(JIDS[0])))
    seen = []
    for entry in line.walk(descending=descending):
        seen.append((entry.place.position, entry.raw))
        if len(seen) == 600:
            raw.lpush("q:default", *[job(f"new-{i}") for i in range(7)])
            raw.lrem("q:default", 1, job("jid-0000"))
    for position, member in seen[850:1490]:  # what was under way at the change is behind these
        assert raw.lindex("q:default", -1 - position) == member


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_jobs_are_found_wherever_they_are_in_the_list(
    raw, store, line: QueueJobs, count: int
) -> None:
    enqueue(raw, "other", job(JIDS[7]), job("unasked", args=JIDS[:50]))
    wanted = JIDS[7 : 7 + count]
    before = raw.info("commandstats")["cmdstat_lrange"]["calls"]
    found = list(store.queues.find(store.queues.named(), [*wanted, "nobody"]))
    assert raw.info("commandstats")["cmdstat_lrange"]["calls"] - before < 10
    places = {(entry.place.queue, entry.place.position, entry.jid) for entry in found}
    assert places == {("other", 0, JIDS[7])} | {
        ("default", position, jid) for position, jid in enumerate(wanted, 7)
    }


def test_a_job_that_moves_ahead_while_it_is_looked_for_is_found(
    raw, store, line: QueueJobs
) -> None:
    found = []
    for entry in store.queues.find(store.queues.named(), [JIDS[1499], JIDS[3]]):
        found.append(entry.jid)
        raw.rpop("q:default", 3)  # the reader began at the left: it is now nearer to the end
    assert found == [JIDS[1499], JIDS[3]]


def test_no_job_is_missed_though_others_are_pushed_meanwhile(raw, store, line: QueueJobs) -> None:
    looking = store.queues.find(store.queues.named(), JIDS)
    found = []
    for entry in looking:
        found.append(entry.jid)
        if len(found) in (10, 200):
            raw.lpush("q:default", *[job(f"new-{len(found)}-{i}") for i in range(50)])
    assert sorted(set(found)) == JIDS


def test_members_that_are_no_jobs_have_their_place_too(raw, store) -> None:
    enqueue(raw, "default", job("first"), b"junk \xff", b"[1]", job("last"))
    (queue,) = store.queues.named()
    entries = list(store.queues.jobs(queue).walk())
    assert [entry.raw for entry in entries[1:3]] == [b"junk \xff", b"[1]"]
    assert [entry.job.malformed for entry in entries] == [False, True, True, False]
    (found,) = store.queues.find([queue], ["last"])
    assert found.place.position == 3


def test_a_queue_without_a_list_has_no_jobs(store) -> None:
    line = store.queues.jobs(Queue("idle", None, None, 0, registered=True, paused=False))
    assert line.count() == 0
    assert list(line.walk()) == list(line.walk(descending=True)) == []
    assert list(store.queues.find([line.queue], ["x"])) == []


def test_a_search_left_early_leaves_the_connection_usable(store, line: QueueJobs) -> None:
    looking = store.queues.find([line.queue], JIDS)
    assert len(list(itertools.islice(looking, 3))) == 3
    looking.close()
    assert line.count() == 1500


@pytest.mark.parametrize("pushes", [1, 3, 700])
def test_a_job_that_a_push_shifts_is_not_seen_twice(raw, url, monkeypatch, pushes):
    jids = [f"jid-{i:08}" for i in range(5000)]
    enqueue(raw, "default", *(job(jid) for jid in jids))
    receive, count = Connection._receive, iter(range(10**9))

    def pushing(self, command):
        if command[0] == "LRANGE":
            raw.lpush("q:default", *(b'{"jid":"new-%08d"}' % next(count) for _ in range(pushes)))
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
