"""What servers, disks and scans do on a bad day."""

import json
import resource
import subprocess
import sys

import pytest

from jobctl import Guards, Watch, Where, connect
from jobctl.errors import JobctlError
from jobctl.redis.sets import SortedSet
from tests.builders import NOW, enqueue, failed, job, retry
from tests.everything import contents
from tests.trouble import Meddler, full, replica

ALL = Guards(everything=True)
VERBS = {
    "kill": lambda jobs: jobs.kill(Where(), guards=ALL),
    "discard": lambda jobs: jobs.discard(Where(), guards=ALL),
    "requeue": lambda jobs: jobs.requeue(Where(), guards=ALL),
    "requeue --in": lambda jobs: jobs.requeue(Where(), delay=60.0, guards=ALL),
    "reschedule": lambda jobs: jobs.reschedule(Where(), delay=60.0, guards=ALL),
}


@pytest.fixture
def members(raw, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    found = [failed(f"jid-{i:08d}") for i in range(5)]
    retry(raw, *found)
    enqueue(raw, "default", job("queued-00001"))
    return found


@pytest.fixture
def opened(members, url, tmp_path):
    with connect(url, operations=tmp_path / "operations") as store:
        yield store


@pytest.mark.parametrize("verb", VERBS)
def test_a_read_only_replica_refuses_and_nothing_changes(opened, raw, verb):
    before = contents(raw)
    with replica(raw), pytest.raises(JobctlError, match=r"READONLY|replica"):
        VERBS[verb](opened.retries)
    assert contents(raw) == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_full_server_loses_nothing(opened, raw, verb):
    VERBS["reschedule"](opened.retries)  # the database has its identity by now
    with full(raw):
        report = VERBS[verb](opened.retries)
    assert report.done + report.failed == 5
    assert report.done == 5 or verb != "discard"  # it frees memory
    jids = [json.loads(m)["jid"] for m in raw.zrange("retries", 0, -1)]
    assert len(jids) == (5 if verb == "reschedule" else 5 - report.done)


@pytest.mark.parametrize(("verb", "key"), [("kill", "dead"), ("requeue --in", "scheduled")])
def test_a_target_of_the_wrong_type_fails_every_job_where_it_was(opened, raw, verb, key):
    raw.set(key, "a string")
    before = raw.zrange("retries", 0, -1, withscores=True)
    report = VERBS[verb](opened.retries)
    assert (report.failed, report.done, report.exit) == (5, 0, 1)
    assert any("WRONGTYPE" in reason or "another type" in reason for reason in report.reasons)
    assert raw.zrange("retries", 0, -1, withscores=True) == before
    raw.delete(key)
    again = opened.resume(report.operation)  # once the key is put right, it goes on
    assert (again.done, again.failed) == (5, 0)


def test_a_member_that_zscan_gives_twice_is_chosen_once(opened, raw, monkeypatch):
    plain = SortedSet.members

    def stuttering(self, pattern):
        for reply in plain(self, pattern):
            yield reply
            yield reply

    monkeypatch.setattr(SortedSet, "members", stuttering)
    report = VERBS["requeue"](opened.retries)
    assert (report.matched, report.done, report.gone) == (5, 5, 0)
    assert raw.llen("q:default") == 6


def test_a_growing_set_is_scanned_without_repeats(opened, raw):
    for start in range(0, 20_000, 1000):
        raw.zadd("retries", {failed(f"more-{i:07d}"): i for i in range(start, start + 1000)})

    class Pusher(Watch):
        grown = 0

        def choosing(self, looked, total, matched):
            if self.grown < 20_000:  # the table grows, and is rehashed, under the scan
                some = range(self.grown, self.grown + 2000)
                raw.zadd("retries", {failed(f"new-{i:08d}", jobtype="New"): i for i in some})
                self.grown += 2000

    report = opened.retries.kill("type=SendEmail", watch=Pusher())
    assert (report.matched, report.done, report.gone) == (20_005, 20_005, 0)
    assert raw.zcard("dead") == 20_005


def test_a_member_that_changes_before_it_is_moved_is_gone(opened, raw, members):
    def retried():
        raw.zrem("retries", members[0])
        raw.zadd("retries", {failed("jid-00000000", count=1): NOW})

    report = opened.retries.kill(Where(), guards=ALL, watch=Meddler(retried))
    assert (report.matched, report.done, report.gone) == (5, 4, 1)
    assert raw.zrange("retries", 0, -1) == [failed("jid-00000000", count=1)]


def test_a_member_that_gets_another_time_before_it_is_moved_is_moved(opened, raw, members):
    report = opened.retries.kill(
        Where(), guards=ALL, watch=Meddler(lambda: raw.zadd("retries", {members[0]: NOW + 99}))
    )
    assert (report.done, report.gone) == (5, 0)


def test_a_full_disk_is_known_before_anything_moves(members, raw, url, tmp_path):
    raw.zadd("retries", {failed(f"more-{i:07d}"): i for i in range(2000)})
    before = contents(raw)
    ran = subprocess.run(
        [sys.executable, "-m", "jobctl", "-u", url, "retries", "discard", "--all", "--yes"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "cannot write the operation's file" in ran.stderr
    assert contents(raw) == before
    assert not list((tmp_path / "jobctl" / "operations").iterdir())


def test_a_journal_that_cannot_be_written_is_known_before_anything_moves(opened, raw, tmp_path):
    (tmp_path / "operations").write_text("a file, no directory")
    before = contents(raw)
    with pytest.raises(JobctlError, match="cannot make the operation's file"):
        VERBS["kill"](opened.retries)
    assert contents(raw) == before
