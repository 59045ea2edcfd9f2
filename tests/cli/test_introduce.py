"""Queues that a running server does not know: it learns of them by a job that it moves itself."""

import json
import time

import pytest

from jobctl.systems.faktory import introducing
from tests.builders import NOW, enqueue, failed, job, retry
from tests.systems.memory import recoded

BIG = 2**53 + 1


@pytest.fixture
def failures(raw):
    """Five jobs of the queue new, which nobody knows."""
    enqueue(raw, "default", job("queued-00001"))
    jobs = [failed(f"jid-{i:08d}", queue="new", args=[i]) for i in range(5)]
    retry(raw, *jobs)
    return raw


@pytest.fixture
def both(jobctl, url, failures, faktory):
    """Run jobctl with both doors, beside a server that knows what is there by now."""
    faktory.restart()

    def run(*argv, **how):
        return jobctl(*argv, "-u", url, "--faktory-url", faktory.url, "-o", "json", **how)

    return run


@pytest.fixture
def running(raw):
    """Let it show in Redis that a server runs."""
    raw.execute_command("CLIENT", "SETINFO", "lib-name", "go-redis(,go1.24)")


def state(raw):
    return {key: raw.zrange(key, 0, -1, withscores=True) for key in ("retries", "scheduled")}


@pytest.mark.parametrize("options", [(), ("--to", "other"), ("--front",)], ids=str)
def test_the_server_learns_of_a_queue_and_undo_finds_the_job_it_moved(
    failures, both, faktory, options
):
    before, name = state(failures), "other" if "--to" in options else "new"
    faktory.schedule(0.05)
    ran = both("retries", "requeue", "--all", "--yes", *options)
    assert ran.code == 0
    assert json.loads(ran.out)["done"] == 5
    assert faktory.memory.state(1, 1)["faktory"]["queues"] == {"default": 1, name: 5}
    assert f"did not know queue {name}: one of its jobs went by scheduled" in ran.err
    members = [json.loads(raw) for raw in failures.lrange(f"q:{name}", 0, -1)]
    assert [member["args"] for member in members] == [[i] for i in (4, 3, 2, 1, 0)]
    assert members[0] == recoded(members[0]) | {"queue": name}
    ran = both("undo", json.loads(ran.out)["operation"], "--yes")
    assert (ran.code, json.loads(ran.out)["done"], state(failures)) == (0, 5, before)
    assert not failures.exists(f"q:{name}")


def test_a_queue_that_the_server_knows_needs_nothing(failures, both, faktory):
    faktory.memory.create("new")
    ran = both("retries", "requeue", "--all", "--yes")
    assert (failures.zcard("scheduled"), failures.llen("q:new")) == (0, 5)
    assert "scheduled" not in ran.err


def test_a_server_that_does_not_take_the_job_up_is_told_of(failures, both, monkeypatch):
    monkeypatch.setattr(introducing, "_PATIENCE", 0.2)
    before = state(failures)
    ran = both("retries", "requeue", "--all", "--yes")
    assert (ran.code, failures.zcard("scheduled"), failures.llen("q:new")) == (0, 1, 4)
    assert "does not know queue new yet" in ran.err
    ran = both("undo", json.loads(ran.out)["operation"], "--yes")
    assert (json.loads(ran.out)["done"], state(failures)) == (5, before)


def test_a_server_that_only_shows_in_redis_is_helped_as_well(failures, jobctl, faktory, running):
    before = state(failures)
    ran = jobctl("retries", "requeue", "--all", "--yes", "-o", "json")
    assert "did not know queue new: one of its jobs goes by scheduled, and within 6 s" in ran.err
    ((member, due),) = failures.zrange("scheduled", 0, -1, withscores=True)
    assert json.loads(member)["queue"] == "new"
    assert abs(due - time.time()) < 5
    faktory.memory.poll()
    assert (failures.llen("q:new"), "new" in faktory.queues) == (5, True)
    ran = jobctl("undo", json.loads(ran.out)["operation"], "--yes", "-o", "json")
    assert (json.loads(ran.out)["done"], state(failures)) == (5, before)


def test_a_job_that_has_run_meanwhile_does_not_come_back(failures, jobctl, faktory, running):
    ran = jobctl("retries", "requeue", "--all", "--yes", "-o", "json")
    failures.delete("scheduled")
    ran = jobctl("undo", json.loads(ran.out)["operation"], "--yes", "-o", "json")
    assert (json.loads(ran.out)["done"], json.loads(ran.out)["gone"]) == (4, 1)


def test_where_no_server_runs_nothing_is_needed(failures, jobctl):
    ran = jobctl("retries", "requeue", "--all", "--yes")
    assert (failures.llen("q:new"), failures.exists("scheduled"), ran.code) == (5, 0, 0)
    assert "know" not in ran.err


def test_a_job_that_would_arrive_changed_is_not_sent_that_way(raw, jobctl, running):
    enqueue(raw, "default", job("queued-00001"))
    retry(raw, failed("jid-00000001", queue="new", args=[BIG]))
    ran = jobctl("retries", "requeue", "--all", "--yes")
    assert (raw.llen("q:new"), raw.exists("scheduled")) == (1, 0)
    assert "the server does not know queue new yet" in ran.err
    assert "when a worker asks for jobs of it" in ran.err
    raw.zadd("retries", {failed("jid-00000002", queue="more", args=[BIG]): NOW})
    raw.zadd("retries", {failed("jid-00000003", queue="more"): NOW - 1})
    jobctl("retries", "requeue", "--all", "--yes")
    (member,) = raw.zrange("scheduled", 0, -1)
    assert json.loads(member)["jid"] == "jid-00000003"


def test_a_requeue_is_done_also_where_the_server_cannot_be_helped(raw, jobctl, running):
    enqueue(raw, "default", job("queued-00001"))
    retry(raw, failed("jid-00000001", queue="new"))
    raw.set("scheduled", "nobody's")
    ran = jobctl("retries", "requeue", "--all", "--yes")
    assert (ran.code, raw.llen("q:new")) == (0, 1)
    assert "the server does not know queue new yet" in ran.err


def test_an_undo_of_queue_remove_lets_the_server_know_it_again(failures, both, faktory):
    faktory.schedule(0.05)
    ran = both("queue", "remove", "default", "--confirm", "default")
    assert "default" not in faktory.queues
    ran = both("undo", json.loads(ran.out)["operation"], "--yes")
    assert json.loads(ran.out)["done"] == 1
    assert faktory.memory.state(1, 1)["faktory"]["queues"] == {"default": 1}
    assert "did not know queue default" in ran.err


def test_a_queue_without_a_job_has_no_way_to_be_known(failures, both, faktory):
    failures.sadd("queues", "empty")
    faktory.restart()
    ran = both("queue", "remove", "empty", "--confirm", "empty")
    ran = both("undo", json.loads(ran.out)["operation"], "--yes")
    assert failures.sismember("queues", "empty")
    assert "does not know queue empty yet" in ran.err
