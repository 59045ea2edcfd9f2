"""Servers that lack a command, or take no writes: renamed, denied, a cluster, a full disk."""

import shutil
import socket
import time
from pathlib import Path

import pytest
import redis.exceptions as failures

from jobctl import connect
from jobctl.errors import NoPermission
from jobctl.model.target import Target
from jobctl.redis import scripts
from jobctl.redis.refusals import explain_refusal
from tests.builders import enqueue, failed, job, retry
from tests.everything import everything
from tests.trouble import denied, full

LUA = Path(scripts.__file__).parent
CHANGES = [
    ("retries", "kill", "--all", "--yes"),
    ("retries", "requeue", "--all", "--yes"),
    ("retries", "reschedule", "--all", "--in", "1h", "--yes"),
    ("queue", "pause", "default"),
    ("queue", "hold", "default", "--", "true"),
    ("queue", "remove", "default", "--confirm", "default"),
    ("queue", "remove", "default", "--confirm", "default", "--no-undo"),
    ("record", "create", "job-1"),
    ("record", "delete", "nobody", "--yes"),
]


def seeded(client):
    enqueue(client, "default", job("queued-00001"))
    retry(client, failed("jid-00000001"))
    return everything(client)


def refused(jobctl, url, argv):
    """Run a change that is refused; return what it says, in its two lines."""
    ran = jobctl(*argv, url=url)
    assert (ran.code, ran.out) == (3, ""), (argv, ran)
    error, hint = ran.err.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    assert len(error) < 250
    return error


def test_without_eval_no_change_begins(special, jobctl, own_journal):
    url, client = special("--rename-command", "EVAL", "")
    before = seeded(client)
    for argv in CHANGES:
        assert "does not know the command EVAL" in refused(jobctl, url, argv)
    assert everything(client) == before
    assert not own_journal.exists()
    assert jobctl("retries", "kill", "--all", "--dry-run", url=url).code == 0


@pytest.mark.parametrize("name", ["HSET", "EXPIRE", "SADD", "ZREM"])
def test_a_command_that_scripts_call_is_missed_before_they_begin(
    special, jobctl, own_journal, name
):
    url, client = special("--rename-command", name, "GONE")
    enqueue_by = {"SADD": "GONE"}.get(name, "SADD")
    client.execute_command(enqueue_by, "queues", "default")
    client.lpush("q:default", job("queued-00001"))
    retry(client, failed("jid-00000001"))
    before = everything(client)
    for argv in CHANGES[:7]:
        if name in scripts.commands(*_script(argv)):
            assert f"does not know the command {name}" in refused(jobctl, url, argv)
    assert everything(client) == before
    assert not own_journal.exists()


def _script(argv):
    if argv[0] == "queue" and argv[1] in ("pause", "hold"):
        return "pauses", {"pause": "pause", "hold": "take"}[argv[1]]
    if argv[0] == "queue":
        return "remove", None
    return {"kill": "move"}.get(argv[1], argv[1]), None


def test_what_only_informs_is_done_without_and_said(special, jobctl):
    words = ("INFO", "TIME", "CLIENT", "CONFIG", "SCAN", "DBSIZE")
    url, client = special(*(part for word in words for part in ("--rename-command", word, "")))
    client.sadd("queues", "default")
    client.lpush("q:default", job("queued-00001"))
    retry(client, failed("jid-00000001"))
    clock = f"using the clock of this machine: {url} does not know the command TIME"
    for argv in ("retries ls", "status queued-00001", "info", "query", "queue pause default"):
        ran = jobctl(*argv.split(), url=url)
        assert ran.code == 0, ran.err
        assert ran.err.count(clock) == 1
    ran = jobctl("queue", "ls", "-o", "ids", url=url)
    assert (ran.code, ran.out) == (0, "default\n")
    assert "lists without a name were not looked for: " in ran.err
    for argv in (("status", "nobody"), ("queue", "jobs", "nobody")):
        ran = jobctl(*argv, url=url)
        assert (ran.code, "lists without a name were not looked for: " in ran.err) == (4, True)
    assert "INFO is denied, or not there" in jobctl("info", url=url, tty=True).out
    assert jobctl("retries", "kill", "--all", "--yes", url=url).code == 0
    # Leases go by the clock of Redis alone: there is no doing without.
    ran = jobctl("queue", "hold", "default", "--", "true", url=url)
    assert (ran.code, "cannot be told (CONFIG is denied)" in ran.err) == (3, True)


def test_without_multi_a_clear_at_once_does_nothing(special, jobctl):
    url, client = special("--rename-command", "MULTI", "")
    seeded(client)
    argv = ("retries", "clear", "--no-undo", "--confirm", "retries")
    assert "does not know the command MULTI" in refused(jobctl, url, argv)
    assert client.zcard("retries") == 1


def test_a_cluster_is_refused_before_anything_begins(special, jobctl, own_journal):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cluster = ("--cluster-enabled", "yes", "--cluster-port", "0", "--bind", "127.0.0.1")
    url, client = special(*cluster, "--port", str(port))
    client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    for argv in CHANGES[:6]:
        jobctl(*argv, url=url).fails(3, "Redis Cluster")
    assert not own_journal.exists()


def test_too_few_replicas_are_known_before_anything_begins(raw, jobctl, url, own_journal):
    before = seeded(raw)
    raw.config_set("min-replicas-to-write", 3)
    try:
        for argv in CHANGES:
            assert "takes no writes now: too few replicas" in refused(jobctl, url, argv)
    finally:
        raw.config_set("min-replicas-to-write", 0)
    assert everything(raw) == before
    assert not own_journal.exists()


def test_a_disk_that_takes_nothing_is_known_before_anything_begins(
    special, jobctl, tmp_path, own_journal
):
    (tmp_path / "rdb").mkdir()
    url, client = special("--save", "1 1", "--dir", str(tmp_path / "rdb"))
    before = seeded(client)
    shutil.rmtree(tmp_path / "rdb")
    client.bgsave()
    end = time.monotonic() + 10
    while client.info("persistence")["rdb_last_bgsave_status"] == "ok" and time.monotonic() < end:
        time.sleep(0.01)
    for argv in CHANGES:
        assert "it cannot save its data to disk (MISCONF)" in refused(jobctl, url, argv)
    assert everything(client) == before
    assert not own_journal.exists()


def test_a_pause_that_cannot_be_noted_is_one_all_the_same(raw, faktory, jobctl, url):
    enqueue(raw, "default", job("queued-00001"))
    faktory.restart()
    with denied(raw, url, "-eval") as limited:
        ran = jobctl("queue", "pause", "default", "-u", limited, "--faktory-url", faktory.url)
    assert (ran.code, raw.smembers("paused")) == (0, {b"default"})
    assert "paused, but who and why could not be noted: " in ran.err


def test_a_check_leaves_nothing_behind_and_no_full_server_fails_it(raw, url):
    before = seeded(raw)
    with full(raw), connect(url) as store:
        store.backend.operations.check_script("discard")
    with connect(url) as store:
        for name in ("move", "requeue", "reschedule", "remove", "record_delete", "rejoin"):
            store.backend.operations.check_script(name)
    assert everything(raw) == before


def test_each_word_that_is_taken_for_a_command_of_a_script_is_one(raw):
    for file in LUA.glob("*.lua"):
        if file.stem != "ready":
            names = scripts.commands(file.stem)
            known = raw.execute_command("COMMAND", "INFO", *names) if names else {}
            assert len(known) == len(names), file.stem


@pytest.mark.parametrize(
    "said",
    [
        "unknown command 'EVAL', with args beginning with: '-- The beginning'",
        "ERR unknown command `EVAL`, with args beginning with: `-- The",
        "unknown command 'EVAL'",
        "unsupported command 'EVAL'",
        "ERR unsupported command: EVAL",
        "ERR command 'EVAL' not support for normal user",
        "command EVAL is not allowed",
        "Unknown Redis command called from script script: 5e, on @user_script:33.",
        "Error running script (call to f_5e): @user_script:1: @user_script: 33: Unknown Redis "
        "command called from Lua script",
    ],
)
def test_a_command_that_is_not_there_is_as_a_denied_one(said):
    error = explain_refusal(failures.ResponseError(said), ("EVAL", "x", 0), Target("redis"))
    assert isinstance(error, NoPermission)
    assert "Lua" not in error.message
    assert "beginning" not in error.message


def test_what_a_server_says_back_is_cut_to_a_line():
    said = "bad: -- The beginning that every script shares\n" + "x" * 900
    error = explain_refusal(failures.ResponseError(said), ("EVAL", "x", 0), Target("redis"))
    assert error.message.endswith("refused EVAL: bad: -- The beginning that every script shares")
    error = explain_refusal(failures.ResponseError("x" * 900), ("EVAL", "x", 0), Target("redis"))
    assert len(error.message) < 300
