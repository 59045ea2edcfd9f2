"""A Redis that holds another job system's data: Sidekiq's, or both."""

import json

import pytest

from jobctl import System, connect
from jobctl.errors import Refused
from tests.builders import failed, retry
from tests.everything import everything
from tests.systems.double import FaktoryDouble

JOB = '{"class":"HardJob","jid":"4a5b6c7d8e9f0a1b2c3d4e5f","queue":"default","args":[]}'
ABOUT_JOBS = [
    ("status", "4a5b6c7d8e9f0a1b2c3d4e5f"),
    ("retries", "ls"),
    ("dead", "count"),
    ("scheduled", "group", "--by", "type"),
    ("working", "ls"),
    ("queue", "ls"),
    ("queue", "jobs", "default"),
    ("queue", "pause", "default"),
    ("queue", "resume", "default"),
    ("queue", "drain", "default"),
    ("queue", "hold", "default", "--", "true"),
    ("queue", "remove", "default", "--confirm", "default"),
    ("retries", "kill", "--all", "--yes"),
    ("dead", "discard", "--older-than", "1d", "--dry-run"),
    ("dead", "clear", "--no-undo", "--confirm", "dead"),
    ("working", "release", "--stuck", "--yes"),
    ("mutate", '{"cmd":"clear","target":"dead"}', "--confirm", "dead"),
]


@pytest.fixture
def sidekiq(raw):
    raw.sadd("queues", "default")
    raw.lpush("queue:default", JOB)
    raw.zadd("retry", {JOB: 1_796_000_000})
    raw.zadd("dead", {JOB: 1_780_000_000})
    raw.set("stat:processed", 10)
    return raw


@pytest.mark.parametrize("argv", ABOUT_JOBS, ids=" ".join)
def test_what_is_about_jobs_is_refused_where_they_are_sidekiqs(sidekiq, jobctl, argv):
    before = everything(sidekiq)
    jobctl(*argv).fails(7, "holds Sidekiq's jobs, which are not supported yet (seen: retry: zset")
    assert everything(sidekiq) == before
    assert jobctl("journal", "ls", "-o", "ids").out == ""


def test_a_server_that_is_known_is_told_nothing(sidekiq, jobctl, server):
    with FaktoryDouble(server.socket) as faktory:
        for argv in ABOUT_JOBS[7:]:
            assert jobctl(*argv, "--faktory-url", faktory.url, "-u", server.url).code == 7
    assert sidekiq.scard("paused") == 0


@pytest.mark.parametrize(
    "drained", [{"set": "stat:processed"}, {"sadd": "processes"}, {"lpush": "queue:default"}]
)
def test_drained_data_is_recognised_too(raw, jobctl, drained):
    raw.sadd("queues", "default")
    ((command, key),) = drained.items()
    getattr(raw, command)(key, "1")
    assert jobctl("queue", "ls").code == 7


def test_queues_of_faktory_1_9_may_be_called_as_sidekiqs_keys(raw, jobctl):
    names = ["processes", "queue:x", "retry", "schedule", "x"]
    raw.sadd("queues", *names)
    for name in names[:-1]:
        raw.lpush(name, failed("jid-00000001"))
    ran = jobctl("queue", "ls", "-o", "ids")
    assert (ran.code, ran.out.split()) == (0, names)


def test_records_and_what_needs_no_jobs_go_on_beside_sidekiq(sidekiq, jobctl):
    assert jobctl("record", "create", "job-1", "--name", "Import").code == 0
    assert jobctl("query", "-o", "ids").out == "job-1\n"
    assert jobctl("query", "--count").out == "1\n"
    assert jobctl("record", "stats").code == 0
    ran = jobctl("record", "delete", "job-1", "--force", "--yes", "-o", "json")
    operation = json.loads(ran.out)["operation"]
    assert jobctl("journal", "show", operation).code == 0
    assert jobctl("undo", operation, "--yes").code == 0
    assert jobctl("record", "show", "job-1").code == 0
    assert jobctl("retries", "ls", "--type", "X", "--explain").code == 0


def test_info_says_what_it_saw(sidekiq, jobctl, report):
    found = report("info")
    assert (found["system"], found["retries"], found["dead"]) == ("sidekiq", None, None)
    assert found["server"]["role"] == "master"
    assert "seen: retry: zset" in found["warnings"][0]
    assert "seen: retry: zset" in jobctl("info", tty=True).out
    assert "seen: retry: zset" in jobctl("info").err
    retry(sidekiq, failed("jid-00000001"))
    assert report("info")["system"] is None
    found = report("info", "--system", "faktory")
    assert (found["system"], found["retries"], found["warnings"]) == ("faktory", 1, [])


def test_both_are_refused_until_one_is_told(sidekiq, jobctl, config, server, monkeypatch):
    retry(sidekiq, failed("jid-00000001"))
    ran = jobctl("retries", "count")
    ran.fails(7, "holds the data of two job systems, Faktory's (retries: zset) and Sidekiq's (")
    assert jobctl("retries", "count", "--system", "faktory").out == "1\n"
    assert jobctl("retries", "count", "--system", "sidekiq").code == 7
    monkeypatch.setenv("JOBCTL_SYSTEM", "faktory")
    assert jobctl("retries", "count").out == "1\n"
    # What is said of one Redis by name counts more than what is said of any.
    config(f'[contexts.kiq]\nurl = "{server.url}"\nsystem = "sidekiq"\n')
    assert jobctl("retries", "count", "--context", "kiq", url=None).code == 7
    monkeypatch.setenv("JOBCTL_SYSTEM", "sidekiq")
    assert jobctl("retries", "count", "--system", "faktory").out == "1\n"
    monkeypatch.setenv("JOBCTL_SYSTEM", "fakotry")
    jobctl("retries", "count").fails(2, "did you mean faktory")


@pytest.mark.parametrize("verb", ["undo", "resume"])
def test_an_operation_goes_on_only_where_the_jobs_are_its_systems(raw, jobctl, report, verb):
    retry(raw, failed("jid-00000001"))
    operation = report("retries", "kill", "--all", "--yes")
    raw.zadd("retry", {JOB: 1})
    argv = (verb, operation["operation"], "--yes")
    assert jobctl(*argv).code == 7
    assert raw.zcard("dead") == 1
    assert jobctl(*argv, "--system", "faktory").code == 0


def test_a_plan_is_applied_only_where_the_jobs_are_its_systems(raw, jobctl, tmp_path):
    retry(raw, failed("jid-00000001"))
    plan = tmp_path / "plan.jsonl"
    assert jobctl("retries", "kill", "--all", "--plan", str(plan)).code == 0
    raw.zadd("retry", {JOB: 1})
    assert jobctl("apply", str(plan), "--yes").code == 7
    assert raw.zcard("retries") == 1
    assert jobctl("apply", str(plan), "--yes", "--system", "faktory").code == 0


def test_the_library_refuses_what_is_about_jobs(sidekiq, url, tmp_path):
    with connect(url, operations=tmp_path) as store:
        for act in (
            lambda: store.retries.count(),
            lambda: store.dead.discard("jobtype=X"),
            lambda: store.working.release("jobtype=X"),
            lambda: store.queues.names(),
            lambda: store.pause_queues("default"),
            lambda: store.remove_queues("default"),
        ):
            with pytest.raises(Refused, match="holds Sidekiq's jobs"):
                act()
        assert store.records.count() == 0
    with connect(url, operations=tmp_path, system=System.FAKTORY) as store:
        assert store.retries.count() == 0
