"""``working release`` by Redis alone: where no server runs."""

import json
import os
import subprocess

import pytest
import redis

from jobctl.embedded.launch import binary
from tests.builders import NOW, enqueue, failed, job, reservation, retry
from tests.embedded.servers import until
from tests.release.holding import held, hold, jids, reserved

MOMENT = b"2026-09-21T14:13:20Z"


@pytest.fixture
def shop(raw):
    """Three reservations, the first to expire first, and a job that waits."""
    enqueue(raw, "default", job("queued-00001"))
    return hold(
        raw,
        held("held-0000001", -60),
        held("held-0000002", 60, queue="mailers", jobtype="Import"),
        held("held-0000003", 900),
    )


def test_jobs_go_to_the_front_the_first_to_expire_runs_first(shop, raw, report):
    found = report("working", "release", "--all", "--yes", "--reason", "host 7 died")
    assert {k: found[k] for k in ("action", "target", "matched", "done", "reason")} == {
        "action": "release", "target": "working", "matched": 3, "done": 3, "reason": "host 7 died",
    }  # fmt: skip
    assert found["before"] == {"working": 3, "queue:default": 1, "queue:mailers": 0}
    assert found["after"] == {"working": 0, "queue:default": 3, "queue:mailers": 1}
    assert jids(raw) == ["held-0000001", "held-0000003", "queued-00001"]
    assert jids(raw, "q:mailers") == ["held-0000002"]
    assert raw.smembers("queues") == {b"default", b"mailers"}
    assert raw.zcard("working") == 0


@pytest.mark.parametrize(
    "inner",
    [
        failed("jid-00000001", count=3, args=["<b>", "\u2028ü"]),
        b'{"jid":"jid-00000001","enqueued_at":"x","args":[12345678901234567890,1.0e3,"\\u003c"]}',
        b'{ "enqueued_at" : "2026-09-21T14:00Z" ,\t"jid":"another","jid":"jid-00000001" }',
        b'{"args":[{"job":{"job":1}}],"jid":"jid-00000001","queue":"default"}',
    ],
)
@pytest.mark.parametrize(
    "outer",
    [
        b'{"job":%b,"wid":"w","expires_at":"2026-09-21T14:40:00Z"}',
        b'{"wid":"{\\"job\\":1}", "job" : %b , "since":{"job":2}}',
        b'{"job":{"jid":"another"},"j\\u006fb":%b}',
    ],
)
def test_the_inner_jobs_bytes_stay_but_for_enqueued_at(raw, noon, report, inner, outer):
    enqueue(raw, "default", job("queued-00001"))
    raw.zadd("working", {outer % inner: NOW})
    report("working", "release", "jid-00000001", "--yes")
    (pushed, _) = raw.lrange("q:default", 0, -1)[::-1]
    before = json.loads(inner).get("enqueued_at")
    if before is None:
        assert pushed == inner[:-1] + b',"enqueued_at":"%b"}' % MOMENT
    else:
        assert pushed == inner.replace(b'"%b"' % before.encode(), b'"%b"' % MOMENT)


def test_jids_and_filters_must_all_hold(shop, raw, report):
    found = report("working", "release", "held-0000001", "held-0000002", "--type", "Import", "-y")
    assert (found["matched"], found["done"], found["missing"]) == (1, 1, ["held-0000001"])
    assert reserved(raw) == ["held-0000001", "held-0000003"]


def test_stuck_ones_are_released(shop, raw, report):
    assert report("working", "release", "--stuck", "--yes")["done"] == 1
    assert reserved(raw) == ["held-0000002", "held-0000003"]
    assert report("working", "release", "--stuck", "20m", "--yes")["done"] == 1
    assert reserved(raw) == ["held-0000003"]


def test_jids_are_read_from_stdin(shop, report):
    found = report("working", "release", "-", "--yes", stdin="held-0000003\nnobody-0001\n")
    assert (found["done"], found["missing"]) == (1, ["nobody-0001"])
    assert report("working", "release", "-", "--yes", stdin="")["matched"] == 0


def test_nothing_there_is_no_failure(shop, raw, jobctl):
    ran = jobctl("working", "release", "nobody-0001", "--yes")
    assert (ran.code, "nothing matched in working" in ran.err) == (0, True)
    assert len(reserved(raw)) == 3


def test_limit_takes_those_that_expire_first(shop, raw, report):
    found = report("working", "release", "--all", "--limit", "2", "--yes")
    assert (found["matched"], found["done"], found["skipped"]) == (3, 2, 1)
    assert reserved(raw) == ["held-0000003"]


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        ((), 2, "--all means every job"),
        (("--all", "held-0000001"), 2, "contradict"),
        (("--all",), 7, "confirmation required"),
        (("--all", "--yes", "--expect", "4"), 7, "3 matched, 4 were expected"),
        (("--all", "--yes", "--max", "2"), 7, "more than --max 2"),
        (("--all", "--yes", "--plan", "p"), 2, "--plan"),
        (("--all", "--yes", "--no-undo"), 2, "--no-undo"),
        (("", "--yes"), 2, "a JID is empty"),
    ],
)
def test_guards_are_held(shop, raw, jobctl, argv, code, says):
    ran = jobctl("working", "release", *argv)
    assert ran.code == code, ran.err
    assert says in ran.err
    assert len(reserved(raw)) == 3


def test_a_dry_run_changes_nothing_and_says_what_it_would(shop, raw, jobctl, own_journal):
    ran = jobctl("working", "release", "--all", "--dry-run", "-o", "table")
    assert ran.code == 0
    assert "3 jobs" in ran.out
    assert "runs twice" in ran.out
    assert "cannot be undone" in ran.out
    assert len(reserved(raw)) == 3
    assert not own_journal.exists()


def test_a_release_is_kept_and_says_what_it_was_and_cannot_be_undone(shop, raw, jobctl, report):
    ran = jobctl("working", "release", "--stuck=20m", "held-0000001", "--yes", "-o", "json")
    assert "jobctl undo" not in ran.err
    assert "may still run one of them" in ran.err
    operation = json.loads(ran.out)["operation"]
    shown = report("journal", "show", operation)
    assert (shown["filter"], shown["state"]) == ("held-0000001 --stuck=20m", "done")
    (job_shown,) = report("journal", "show", operation, "--jobs")
    assert (job_shown["jid"], job_shown["outcome"]) == ("held-0000001", "done")
    for argv in (("undo", operation), ("undo", operation, "--yes"), ("undo", operation, "-n")):
        ran = jobctl(*argv)
        assert (ran.code, "cannot be undone" in ran.err) == (7, True)
    assert report("resume", operation, "--yes")["done"] == 1
    assert jids(raw)[0] == "held-0000001"


def test_what_holds_no_job_stays_and_is_told(raw, report, jobctl):
    enqueue(raw, "default", job("queued-00001"))
    hold(raw, held("held-0000001"), held("held-0000002", queue="no name"))
    raw.zadd("working", {b'{"wid":"w"}': NOW, b"nonsense": NOW, b'{"job":[1]}': NOW})
    ran = jobctl("working", "release", "--all", "--yes", "-o", "json")
    found = json.loads(ran.out)
    assert (ran.code, found["done"], found["failed"]) == (5, 1, 4)
    assert "failed, 3: there is no job inside" in ran.err
    assert "failed, 1: no queue can be called 'no name'" in ran.err
    assert raw.zcard("working") == 4
    assert report("working", "release", "--malformed", "--yes", code=1)["failed"] == 3


def test_a_job_without_a_queue_goes_to_the_default_one(raw, report):
    raw.sadd("queues", "default")
    hold(raw, held("held-0000001", queue=None))
    report("working", "release", "--all", "--yes", "--layout", "bare")
    assert jids(raw, "default") == ["held-0000001"]


def test_where_no_list_tells_the_form_it_is_refused(raw, jobctl):
    hold(raw, held("held-0000001"))
    ran = jobctl("working", "release", "--all", "--yes")
    assert (ran.code, "--layout" in ran.err) == (7, True)
    assert reserved(raw) == ["held-0000001"]


def test_it_works_on_working_alone_and_other_verbs_do_not(shop, jobctl):
    assert jobctl("retries", "release", "--all", "--yes").code == 2
    assert jobctl("working", "kill", "--all", "--yes").code == 2


def test_what_is_in_retries_too_is_no_business_of_it(shop, raw, report):
    retry(raw, failed("held-0000001"))
    assert report("working", "release", "held-0000001", "--yes")["done"] == 1
    assert raw.zcard("retries") == 1


def test_a_running_server_is_seen_by_its_library_and_it_is_refused(shop, raw, server, jobctl):
    with redis.Redis(unix_socket_path=str(server.socket)) as other:
        other.execute_command("CLIENT", "SETINFO", "LIB-NAME", "go-redis")
        for argv in (("--yes",), ("--dry-run",)):
            ran = jobctl("working", "release", "--all", *argv)
            assert ran.code == 7
            assert "a Faktory server runs on" in ran.err
            assert "--faktory-url" in ran.err
    assert len(reserved(raw)) == 3


def test_a_redis_that_faktory_started_is_known_by_its_file(jobctl, tmp_path):
    socket = tmp_path / "s"
    options = {"--port": "0", "--unixsocket": str(socket), "--dbfilename": "faktory.rdb"}
    program = binary(os.environ)
    command = [program, "--save", "", *(word for pair in options.items() for word in pair)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        until(socket.exists)
        try:
            with redis.Redis(unix_socket_path=str(socket)) as db:
                hold(db, held("held-0000001"))
                ran = jobctl("-u", f"unix://{socket}", "working", "release", "--all", "--yes")
                assert (ran.code, reserved(db)) == (7, ["held-0000001"])
        finally:
            process.kill()
    assert "a Faktory server runs on" in ran.err


def test_where_it_cannot_be_told_it_is_refused(shop, raw, jobctl, url):
    raw.execute_command("ACL", "SETUSER", "clerk", "reset", "on", ">pw", "~*", "+@all", "-config")
    limited = url.replace("unix://", "unix://clerk:pw@")
    try:
        ran = jobctl("-u", limited, "working", "release", "--all", "--yes")
    finally:
        raw.acl_deluser("clerk")
    assert (ran.code, len(reserved(raw))) == (7, 3)
    assert "cannot be told" in ran.err
    assert "CONFIG GET" in ran.err


def test_with_a_server_alone_it_says_what_is_missing(jobctl):
    ran = jobctl("--faktory-url", "tcp://127.0.0.1:1", "working", "release", "--all", "--yes")
    assert (ran.code, "needs the Redis" in ran.err) == (2, True)


def test_the_library_releases(raw, url, tmp_path):
    from jobctl import Guards, connect

    enqueue(raw, "default", job("queued-00001"))
    raw.zadd("working", {reservation(job("held-0000001")): NOW})
    with connect(url, operations=tmp_path) as store:
        report = store.working.release("jid=held-0000001", guards=Guards(expect=1))
    assert (report.done, report.moved) == (1, {"working": -1, "queue:default": 1})
