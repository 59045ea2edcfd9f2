"""``working release`` by Redis alone: where no server runs."""

import json
import os
import shlex
import subprocess

import pytest
import redis

from jobctl import Guards, connect
from jobctl.embedded.launch import binary
from tests.builders import NOW, enqueue, failed, job, reservation, retry
from tests.embedded.servers import until
from tests.release.holding import held, hold, jids, reserved
from tests.trouble import denied

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


@pytest.mark.parametrize(
    ("argv", "counts", "left"),
    [
        ("held-0000001 held-0000002 --type Import", (1, 1, 0, ["held-0000001"]), "13"),
        ("--stuck", (1, 1, 0, []), "23"),
        ("--stuck 20m", (2, 2, 0, []), "3"),
        ("--all --limit 2", (3, 2, 1, []), "3"),
    ],
)
def test_those_that_all_filters_leave_are_released(shop, raw, report, argv, counts, left):
    retry(raw, failed("held-0000001"))  # it is no business of a release
    found = report("working", "release", *argv.split(), "--yes")
    assert tuple(found[key] for key in ("matched", "done", "skipped", "missing")) == counts
    assert reserved(raw) == [f"held-000000{number}" for number in left]
    assert raw.zcard("retries") == 1


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        ("working release --all held-0000001", 2, "contradict"),
        ("working release --all --yes --max 2", 7, "more than --max 2"),
        ("working release --all --yes --plan p", 2, "--plan"),
        ("working release --all --yes --no-undo", 2, "--no-undo"),
        ("working release '' --yes", 2, "a JID is empty"),
        ("--faktory-url tcp://127.0.0.1:1 working release --all --yes", 2, "needs the Redis"),
        ("retries release --all --yes", 2, ""),
        ("working kill --all --yes", 2, ""),
    ],
)
def test_what_is_refused_changes_nothing(shop, raw, jobctl, argv, code, says):
    ran = jobctl(*shlex.split(argv))
    assert (ran.code, says in ran.err) == (code, True), ran.err
    assert len(reserved(raw)) == 3


@pytest.mark.parametrize("form", ["bare", None])
def test_where_no_list_tells_the_form_it_must_be_said(raw, jobctl, form):
    """A job without a queue goes to the default one."""
    raw.sadd("queues", "default")
    hold(raw, held("held-0000001", queue=None))
    ran = jobctl("working", "release", "--all", "--yes", *(("--layout", form) if form else ()))
    if form:
        assert (ran.code, jids(raw, "default")) == (0, ["held-0000001"])
    else:
        assert (ran.code, "--layout" in ran.err) == (7, True)
        assert reserved(raw) == ["held-0000001"]


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


def test_a_running_server_is_seen_by_its_library_and_it_is_refused(shop, raw, seen, jobctl):
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
    with denied(raw, url, "-config") as limited:
        ran = jobctl("-u", limited, "working", "release", "--all", "--yes")
    assert (ran.code, len(reserved(raw))) == (7, 3)
    assert "cannot be told" in ran.err
    assert "CONFIG GET" in ran.err


def test_the_library_releases(raw, url, tmp_path):
    enqueue(raw, "default", job("queued-00001"))
    raw.zadd("working", {reservation(job("held-0000001")): NOW})
    with connect(url, operations=tmp_path) as store:
        report = store.working.release("jid=held-0000001", guards=Guards(expect=1))
    assert (report.done, report.moved) == (1, {"working": -1, "queue:default": 1})
