"""``jobctl queue pause|resume`` by Redis alone: names, guards, who and why."""

import json
from itertools import pairwise

import pytest
import redis

from tests.builders import NOW, enqueue, job
from tests.cli.holds import paused, rows
from tests.systems.double import FaktoryDouble
from tests.trouble import denied


@pytest.fixture
def queues(raw):
    raw.sadd("queues", "default", "mailers", "mail-bulk")
    return raw


@pytest.fixture
def faktory_runs(server, raw):
    """A client as a Faktory server has it."""
    with redis.Redis(unix_socket_path=str(server.socket)) as client:
        client.execute_command("CLIENT", "SETINFO", "LIB-NAME", "go-redis(,go1.23.4)")
        yield client


def test_people_read_what_was_done_and_how_to_take_it_back(queues, jobctl):
    ran = jobctl("queue", "pause", "default", tty=True)
    assert (ran.out, ran.err) == ("paused: default\n", "resume: jobctl queue resume default\n")
    ran = jobctl("queue", "pause", "default", "mailers", tty=True)
    assert ran.out == "paused: mailers\npaused already: default\n"
    ran = jobctl("queue", "pause", "--glob", "mail*", tty=True)
    assert ran.err == "resume: jobctl queue resume mail-bulk\n"  # and not what was paused before
    assert jobctl("queue", "pause", "*", tty=True).err == ""
    assert jobctl("queue", "resume", "--glob", "mail*").code == 0
    ran = jobctl("queue", "pause", "--glob", "mail*", tty=True)
    assert ran.err == "resume: jobctl queue resume --glob 'mail*'\n"
    assert jobctl("queue", "resume", "*", tty=True).out == (
        "resumed: default, mail-bulk, mailers\n"
    )


def test_a_name_that_a_shell_would_split_is_quoted_in_the_way_back(queues, jobctl):
    queues.sadd("queues", "late mails")
    queues.sadd("paused", "default")
    ran = jobctl("queue", "pause", "default", "late mails", tty=True)
    assert ran.err == "resume: jobctl queue resume 'late mails'\n"


def test_a_star_alone_means_all_of_them_and_a_glob_those_that_match(queues, jobctl):
    assert jobctl("queue", "pause", "*", "-o", "ids").out.split() == [
        "default", "mail-bulk", "mailers",
    ]  # fmt: skip
    jobctl("queue", "resume", "*")
    assert paused(queues) == []
    jobctl("queue", "pause", "--glob", "mail-*")
    assert paused(queues) == ["mail-bulk"]
    jobctl("queue", "pause", "default", "--glob", "*ers", "--glob", "x*")
    assert paused(queues) == ["default", "mail-bulk", "mailers"]


def test_what_matches_nothing_is_no_failure(raw, jobctl):
    ran = jobctl("queue", "pause", "--glob", "x*", "-o", "json")
    assert (ran.code, json.loads(ran.out), ran.err) == (0, [], "no queue matches\n")
    ran = jobctl("queue", "pause", "*", "-o", "json")
    assert (ran.code, json.loads(ran.out), ran.err) == (0, [], "there are no queues\n")


@pytest.mark.parametrize("verb", ["pause", "resume", "drain"])
def test_what_looks_like_a_pattern_and_is_no_queue_is_a_usage_error(queues, jobctl, verb):
    jobctl("queue", verb, "mail*").fails(2, "--glob 'mail*' takes a pattern")
    assert paused(queues) == []


@pytest.mark.parametrize("name", ["high priority", "a:b/c", "naïve", "mail*", "line\nbreak"])
def test_a_queue_of_any_name_that_is_there_can_be_named(queues, jobctl, quick, name):
    queues.sadd("queues", name)
    assert jobctl("queue", "pause", name).code == 0
    assert paused(queues) == [name]
    assert jobctl("queue", "drain", name).code == 0
    assert jobctl("queue", "resume", name).code == 0
    assert jobctl("queue", "hold", name, "--", "true").code == 0
    assert jobctl("queue", "jobs", name).code == 0
    assert paused(queues) == []


@pytest.mark.parametrize("verb", ["pause", "resume", "drain"])
def test_an_unknown_queue_is_not_found_names_near_ones_and_changes_nothing(queues, jobctl, verb):
    ran = jobctl("queue", verb, "default", "mailer")
    ran.fails(4, "there is no queue mailer", "did you mean mailers?")
    assert paused(queues) == []


def test_a_list_that_is_in_no_set_of_names_can_be_paused(raw, jobctl):
    raw.lpush("q:stray", job())
    assert jobctl("queue", "pause", "stray").code == 0
    assert paused(raw) == ["stray"]


def test_a_name_that_is_only_paused_can_be_resumed(raw, jobctl):
    raw.sadd("paused", "ghost")
    assert jobctl("queue", "resume", "ghost").code == 0
    assert paused(raw) == []


def test_who_when_and_why_are_shown_by_queue_ls_and_go_with_the_pause(queues, jobctl, monkeypatch):
    monkeypatch.setenv("USER", "ann")
    monkeypatch.setattr("jobctl.cli.connect.socket.gethostname", lambda: "ops1")
    jobctl("queue", "pause", "default", "--reason", "deploy \x1b[31m4711")
    row = rows(jobctl("queue", "ls", "-o", "json"))["default"]
    assert (row["paused_by"], row["reason"]) == ("ann@ops1", "deploy \x1b[31m4711")
    assert row["paused_at"].startswith("20")
    shown = jobctl("queue", "ls", tty=True).out
    assert "ann@ops1" in shown
    assert "\x1b[31m" not in shown
    jobctl("queue", "resume", "default")
    row = rows(jobctl("queue", "ls", "-o", "json"))["default"]
    assert (row["paused_by"], row["reason"], row["paused_at"]) == (None, None, None)


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_where_a_server_runs_that_would_not_notice_it_is_refused(
    queues, jobctl, faktory_runs, verb
):
    queues.sadd("paused", "mailers")
    jobctl("queue", verb, "default", "mailers").fails(7, "would not notice", "--faktory-url")
    assert paused(queues) == ["mailers"]
    ran = jobctl("queue", verb, "default", "mailers", "--at-restart")
    assert ran.code == 0
    assert "at its next start" in ran.err
    assert paused(queues) == (["default", "mailers"] if verb == "pause" else [])


def test_a_pause_at_restart_is_pending_until_the_server_has_started(
    queues, jobctl, report, server, url, faktory_runs
):
    with FaktoryDouble(server.socket) as faktory:
        faktory.memory.booted -= 60
        doors = ("-u", url, "--faktory-url", faktory.url)
        ran = jobctl("queue", "pause", "default", "--at-restart", *doors, "-o", "json")
        row = rows(ran)["default"]
        assert (row["paused"], row["changed"], row["pending"]) == (False, True, True)
        ran = jobctl("queue", "pause", "mailers", "--at-restart", *doors, tty=True)
        assert ran.out == "pending, paused once the server restarts: mailers\n"
        assert "queue resume --at-restart mailers" in ran.err
        row = rows(jobctl("queue", "ls", *doors, "-o", "json"))["default"]
        assert (row["paused"], row["pending"], row["problem"]) == (False, True, None)
        row = rows(jobctl("queue", "ls", "-u", url, "-o", "json"))["default"]
        assert (row["paused"], row["pending"]) == (None, True)
        assert "--faktory-url tells" in row["problem"]
        assert report("info", *doors)["paused"] == 0
        ran = jobctl("queue", "drain", "default", *doors, "--timeout", "1ms")
        assert "not paused, so new jobs may start: default" in ran.err
        row = rows(jobctl("queue", "pause", "mailers", *doors, "-o", "json"))["mailers"]
        assert (row["paused"], row["changed"], row["pending"]) == (True, True, False)
        faktory.restart()
        assert faktory.paused == {"default", "mailers"}
        found = rows(jobctl("queue", "ls", *doors, "-o", "json"))
        assert [found[name]["paused"] for name in ("default", "mailers")] == [True, True]
        assert not any(row["pending"] for row in found.values())
        ran = jobctl("queue", "resume", "default", "--at-restart", *doors, "-o", "json")
        row = rows(ran)["default"]
        assert (row["paused"], row["changed"], row["pending"]) == (True, True, True)


def test_a_pause_at_restart_that_is_taken_back_before_is_no_pause(queues, jobctl, faktory_runs):
    assert jobctl("queue", "pause", "default", "--at-restart").code == 0
    row = rows(jobctl("queue", "resume", "default", "--at-restart", "-o", "json"))["default"]
    assert (row["paused"], row["changed"], row["pending"]) == (False, True, False)


def test_a_faktory_servers_own_redis_tells_when_it_started(jobctl, special):
    url, db = special("--dbfilename", "faktory.rdb")
    db.sadd("queues", "default")
    assert jobctl("queue", "pause", "default", "--at-restart", url=url).code == 0
    note = json.loads(db.hget("jobctl:paused", "default"))
    for ahead, pending in ((60, True), (-60, False)):
        db.hset("jobctl:paused", "default", json.dumps(note | {"at": note["at"] + ahead}))
        row = rows(jobctl("queue", "ls", "-o", "json", url=url))["default"]
        assert (row["paused"], row["pending"]) == (not pending, pending)


def test_where_it_cannot_be_told_whether_a_server_runs_there_is_a_warning(queues, jobctl, url):
    with denied(queues, url, "-config") as limited:
        ran = jobctl("queue", "pause", "default", url=limited)
    assert ran.code == 0
    assert "CONFIG is denied" in ran.err
    assert paused(queues) == ["default"]


def hold(raw, name="default", ident="x", beat=None, before="0"):
    seconds, micros = raw.time()
    raw.sadd("paused", name)
    note = {"who": "ann", "host": "ops1", "at": NOW, "pid": 7, "command": ["make"], "reason": None}
    raw.hset(
        f"jobctl:hold:{name}",
        mapping={
            "v": "1", "before": before, f"lease:{ident}": json.dumps(note),
            f"beat:{ident}": seconds + micros / 1e6 if beat is None else beat,
        },
    )  # fmt: skip


def test_a_held_queue_is_not_resumed_without_force(queues, jobctl):
    hold(queues)
    ran = jobctl("queue", "resume", "default", "mailers")
    ran.fails(7, "queue default is held by ann@ops1 (pid 7)", "--force")
    assert paused(queues) == ["default"]
    ran = jobctl("queue", "resume", "default", "--force", tty=True)
    assert ran.code == 0
    assert ran.out == "resumed: default\ndefault: it is still held by ann@ops1 (pid 7)\n"
    assert paused(queues) == []


def test_dead_holders_are_flagged_and_cleared_on_request_only(queues, jobctl):
    hold(queues, "default", beat=NOW)
    hold(queues, "mailers", beat=NOW, before="1")
    hold(queues, "mail-bulk")
    listed = rows(jobctl("queue", "ls", "-o", "json"))
    assert listed["default"]["holders"] == [
        {"who": "ann", "host": "ops1", "pid": 7, "command": ["make"], "reason": None,
         "since": "2026-09-21T14:13:20Z", "dead": True},
    ]  # fmt: skip
    assert [h["dead"] for h in listed["mail-bulk"]["holders"]] == [False]
    assert "ann@ops1 (dead)" in jobctl("queue", "ls", tty=True).out
    jobctl("queue", "resume", "default").fails(7, "jobctl queue resume --stale default")
    ran = jobctl("queue", "resume", "--stale", "*", "-o", "json")
    assert ran.code == 0
    assert {name: row["paused"] for name, row in rows(ran).items()} == {
        "default": False, "mail-bulk": True, "mailers": True,
    }  # fmt: skip
    assert paused(queues) == ["mail-bulk", "mailers"]


def test_a_lease_of_another_version_is_shown_and_left_alone(queues, jobctl):
    queues.hset("jobctl:hold:default", mapping={"v": "9", "x": "y"})
    queues.sadd("paused", "default")
    row = rows(jobctl("queue", "ls", "-o", "json"))["default"]
    assert row["problem"] == "held by another version of jobctl (9)"
    jobctl("queue", "resume", "default").fails(7, "another version of jobctl")
    assert jobctl("queue", "hold", "default", "--", "true").code == 7
    assert queues.hget("jobctl:hold:default", "x") == b"y"


def test_a_thousand_queues_cost_hardly_more_round_trips_than_one(raw, jobctl):
    raw.sadd("queues", *(f"queue-{i:04d}" for i in range(1000)))

    def trips(*argv):
        ran = jobctl("queue", *argv, "--debug", "-o", "ids")
        assert ran.code == 0
        kinds = [line[:1] for line in ran.err.splitlines()]
        return sum(b == "<" != a for a, b in pairwise(kinds))

    assert trips("pause", "*") <= trips("pause", "queue-0001") + 5
    assert len(paused(raw)) == 1000
    assert trips("resume", "*") <= trips("resume", "queue-0001") + 5
    assert paused(raw) == []


def test_queues_of_both_sets_are_listed_with_who_holds_them(raw, jobctl):
    enqueue(raw, "default", job())
    hold(raw)
    header, line = jobctl("queue", "ls").out.splitlines()
    cells = dict(zip(header.split("\t"), line.split("\t"), strict=True))
    assert json.loads(cells["holders"])[0]["who"] == "ann"
