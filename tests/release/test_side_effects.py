"""What an ACK does beside ending a reservation: batches count, unique locks are freed."""

import json
import time

import pytest

from jobctl import connect
from jobctl.model.jsontext import inside
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.verbs import Change, Guards, Verb
from jobctl.operations.begin import begin
from jobctl.operations.request import Request, Watch
from jobctl.systems.faktory.go_json import lock_key
from tests.release.holding import acks, held, hold, jids, reserved
from tests.systems.double import FaktoryDouble
from tests.trouble import denied

UNIQUE = {"unique_for": 3600, "unique_until": "success"}
BATCHES = [{"bid": "b-1"}, {"_bid": "b-1", "_cb": "success"}]


def unique(raw, jid="held-0000009", *, value=None, ttl=3600_000, **fields):
    """Reserve a unique job, with its lock; return the lock's key."""
    member = held(jid, custom=UNIQUE, **fields)
    hold(raw, member)
    key = lock_key(inside(member, ("job",)))
    raw.set(key, value or jid, px=ttl)
    return key


@pytest.mark.parametrize("custom", BATCHES, ids=["member", "callback"])
@pytest.mark.parametrize("how", ["--yes", "-n"])
def test_a_job_of_a_batch_is_refused(shop, raw, url, double, jobctl, custom, how):
    hold(raw, held("batch-000001", custom=custom))
    ran = jobctl("working", "release", "--all", how, "-u", url, "--faktory-url", double.url)
    assert ran.code == 7, ran
    assert "1 of the 3 jobs are in a batch (b-1)" in ran.err
    assert "--break-batch" in ran.err
    assert (acks(double), len(reserved(raw))) == ([], 3)


def test_the_hint_leaves_the_batches_out(shop, raw, double, release):
    hold(raw, *(held(f"batch-00000{i}", custom=custom) for i, custom in enumerate(BATCHES)))
    error, _ = release("--all", code=7)
    expression = error["hint"].split("'")[1]
    report, _ = release("-w", expression)
    assert report["done"] == 2
    assert reserved(raw) == ["batch-000000", "batch-000001"]


def test_break_batch_accepts_it(shop, raw, double, release):
    hold(raw, held("batch-000001", custom=BATCHES[0]))
    double.memory.boot()
    report, _ = release("--all", "--break-batch")
    assert (report["done"], reserved(raw)) == (3, [])


def test_without_a_server_there_is_no_ack(raw, jobctl):
    hold(raw, held("batch-000001", custom=BATCHES[0]))
    raw.sadd("queues", "default")
    ran = jobctl("working", "release", "--all", "--yes", "--layout", "q")
    assert ran.code == 0, ran
    assert jids(raw) == ["batch-000001"]


def test_a_plan_that_was_made_without_a_server_is_checked_once_there_is_one(
    raw, url, server, double, jobctl, tmp_path
):
    hold(raw, held("batch-000001", custom=BATCHES[0]))
    raw.sadd("queues", "default")
    plan = tmp_path / "plan"
    with connect(url, layout=QueueForm.Q) as store:
        everything = Guards(everything=True)
        change = Change(Verb.RELEASE, front=True)
        begin(store.backend, Request(Kind.WORKING, change, guards=everything, plan=plan), Watch())
    with FaktoryDouble(f"unix://{server.socket}?db=7") as other:
        for faktory, words in ((double, "in a batch (b-1)"), (other, "but another Redis")):
            ran = jobctl("apply", str(plan), "--yes", "-u", url, "--faktory-url", faktory.url)
            assert (ran.code, words in ran.err) == (7, True), ran
            assert (acks(faktory), reserved(raw)) == ([], ["batch-000001"])


@pytest.mark.parametrize("ttl", [3600_000, None], ids=["hour", "forever"])
def test_the_lock_of_a_unique_job_stays(shop, raw, double, release, ttl):
    key = unique(raw, ttl=ttl)
    double.memory.boot()
    report, said = release("--all")
    assert (report["done"], reserved(raw)) == (3, [])
    assert raw.get(key) == b"held-0000009"
    assert raw.pttl(key) == -1 if ttl is None else 3590_000 < raw.pttl(key) <= 3600_000
    assert "lock" not in said


def test_the_lock_of_a_job_that_stays_reserved_after_its_ack_stays(shop, raw, double, release):
    key = unique(raw)
    double.memory.boot()
    ((member, score),) = [(m, s) for m, s in raw.zrange("working", 0, -1, withscores=True)
                          if b"held-0000009" in m]  # fmt: skip
    raw.zadd("working", {member: score + 60})  # where the server does not look for it
    report, _ = release("held-0000009", code=1)
    assert (report["failed"], "held-0000009" in reserved(raw)) == (1, True)
    assert raw.get(key) == b"held-0000009"


def test_a_lock_that_another_job_had_before_stays_its(shop, raw, double, release):
    key = unique(raw, value="other-000001")
    double.memory.boot()
    _, said = release("--all")
    assert (raw.get(key), "lock" in said) == (b"other-000001", False)


def test_a_lock_that_is_taken_meanwhile_is_told(shop, raw, double, release, monkeypatch):
    key = unique(raw)
    double.memory.boot()
    plain = double.memory.acknowledge

    def acknowledge(jid):
        plain(jid)
        raw.set(key, "quick-000001", nx=True, ex=60)

    monkeypatch.setattr(double.memory, "acknowledge", acknowledge)
    report, said = release("held-0000009")
    assert report["done"] == 1
    assert raw.get(key) == b"quick-000001"
    assert ("another job took the unique lock meanwhile, so that both may run, of: held-0000009 "
            "(by quick-000001)") in said  # fmt: skip


def test_a_lock_that_ends_meanwhile_is_not_put_back(shop, raw, double, release, monkeypatch):
    key = unique(raw, ttl=300)
    double.memory.boot()
    double.before("ACK", lambda line: time.sleep(0.3))
    report, _ = release("held-0000009")
    assert (report["done"], raw.exists(key)) == (1, 0)


def test_two_unique_jobs_of_one_lock_are_both_released(shop, raw, double, release):
    key = unique(raw, "held-0000008")
    assert unique(raw, "held-0000009", value="held-0000008") == key
    double.memory.boot()
    report, said = release("--all")
    assert (report["done"], "lock" in said) == (4, False)
    assert raw.get(key) == b"held-0000008"


def test_a_lock_that_may_not_be_read_leaves_its_job_where_it_is(shop, raw, double, jobctl, url):
    key = unique(raw)
    double.memory.boot()
    with denied(raw, url, "-pttl") as limited:
        doors = ("-u", limited, "--faktory-url", double.url)
        ran = jobctl(*doors, "working", "release", "--all", "--yes", "-o", "json")
    report = json.loads(ran.out)
    assert (ran.code, report["done"], report["failed"]) == (5, 2, 1), ran
    assert (reserved(raw), raw.get(key)) == (["held-0000009"], b"held-0000009")


def test_a_lock_that_may_not_be_written_is_a_problem(shop, raw, double, jobctl, url):
    unique(raw)
    double.memory.boot()
    raw.set("jobctl:server", "abc")
    with denied(raw, url, "-set") as limited:
        doors = ("-u", limited, "--faktory-url", double.url)
        ran = jobctl(*doors, "working", "release", "--all", "--yes", "-o", "json")
    assert (ran.code, json.loads(ran.out)["done"]) == (5, 3), ran
    assert "1 unique lock could not be put back: " in ran.err


def test_a_resume_puts_the_lock_back_that_was_noted(shop, raw, double, release, resume):
    key = unique(raw)
    double.memory.boot()
    double.hang_up('ACK {"jid":"held-0000009"}', done=True, times=1)
    release("held-0000009", code=3)
    assert (raw.exists(key), reserved(raw)) == (0, ["held-0000001", "held-0000002"])
    report, _ = resume()
    assert report["done"] == 1
    assert raw.get(key) == b"held-0000009"
    assert 3590_000 < raw.pttl(key) <= 3600_000
