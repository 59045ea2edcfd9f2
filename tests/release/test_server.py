"""``working release`` with a server known: acknowledged by wire, then pushed by Redis."""

import json

import pytest

from jobctl.operations.engine import Operation
from tests.builders import enqueue, job
from tests.release.holding import MANY, acks, everything, fill, held, hold, jids, reserved
from tests.systems.double import FaktoryDouble
from tests.trouble import denied, full


def test_the_server_forgets_and_the_jobs_run_next(shop, raw, double, release):
    assert set(double.working) == {"held-0000001", "held-0000002"}
    report, said = release("--all")
    assert (report["matched"], report["done"], report["failed"]) == (2, 2, 0)
    assert report["after"] == {"working": 0, "queue:default": 2, "queue:mailers": 1}
    assert double.working == {}
    assert reserved(raw) == []
    assert jids(raw) == ["held-0000001", "queued-00001"]
    assert jids(raw, "q:mailers") == ["held-0000002"]
    assert "undo" not in said.replace("cannot be undone", "")
    pushed = json.loads(raw.lindex("q:mailers", 0))
    assert pushed.pop("enqueued_at") > "2026-09-21T14:00:01.5Z"
    assert pushed == {k: v for k, v in json.loads(shop[1])["job"].items() if k != "enqueued_at"}


def test_many_go_batch_by_batch_in_their_order(raw, double, release):
    expected = fill(raw)
    double.memory.boot()
    report, _ = release("--all")
    assert report["done"] == MANY
    assert jids(raw) == [*expected, "queued-00001"]
    assert sorted(acks(double)) == expected
    assert double.working == {}


def test_a_server_that_is_not_there_is_known_before_anything(shop, raw, jobctl, own_journal):
    url = "tcp://127.0.0.1:1"
    ran = jobctl("-u", f"unix://{raw.connection_pool.connection_kwargs['path']}",
                 "--faktory-url", url, "working", "release", "--all", "--yes")  # fmt: skip
    assert (ran.code, len(reserved(raw))) == (3, 2)
    assert not own_journal.exists() or not list(own_journal.iterdir())


def test_a_worker_that_acknowledges_meanwhile_has_done_it(shop, raw, double, release, monkeypatch):
    plain = Operation._release

    def late(self, release):
        double.memory.acknowledge("held-0000001")
        return plain(self, release)

    monkeypatch.setattr(Operation, "_release", late)
    report, _ = release("--all")
    assert (report["done"], report["gone"]) == (1, 1)
    assert acks(double) == ["held-0000002"]
    assert jids(raw) == ["queued-00001"]


def test_a_worker_that_finishes_after_our_ack_runs_it_twice_as_was_said(shop, raw, double, release):
    replies = []
    ack = 'ACK {"jid":"held-0000001"}'

    def finish(line):
        double.memory.acknowledge("held-0000001")  # ours; and then the worker's own
        replies.append(double.memory.working.get("held-0000001"))

    double.before(ack, finish)
    report, said = release("held-0000001")
    assert (report["done"], replies) == (1, [None])
    assert jids(raw) == ["held-0000001", "queued-00001"]
    assert "it then runs twice" in said


def test_what_the_server_does_not_hold_stays(shop, raw, double, release):
    hold(raw, held("behind-00001"))  # after it had booted
    report, said = release("--all", code=5)
    assert (report["done"], report["failed"], report["gone"]) == (2, 1, 0)
    assert "failed, 1: the server did not let go of it" in said
    assert reserved(raw) == ["behind-00001"]


def test_another_redis_keeps_everything(shop, raw, double, release):
    double.memory.working = {}
    report, _ = release("--all", code=1)
    assert (report["done"], report["failed"]) == (0, 2)
    assert len(reserved(raw)) == 2
    assert jids(raw) == ["queued-00001"]


def test_a_server_that_lets_only_the_worker_end_a_job_is_spoken_to_as_that_worker(
    shop, raw, server, jobctl, monkeypatch
):
    with FaktoryDouble(server.socket, owned=True) as strict:
        monkeypatch.setenv("FAKTORY_URL", strict.url)
        ran = jobctl("working", "release", "--all", "--yes", "-o", "json")
        assert strict.working == {}
        workers = [line for line in strict.commands if '"wid"' in line]
    assert (ran.code, json.loads(ran.out)["done"]) == (0, 2)
    assert len(workers) == 1  # one worker holds both
    assert reserved(raw) == []
    assert jids(raw) == ["held-0000001", "queued-00001"]


def test_an_ack_that_is_refused_leaves_the_job_where_it_is(shop, raw, double, release):
    double.answer('ACK {"jid":"held-0000001"}', b"-ERR no, not now\r\n")
    report, said = release("--all", code=5)
    assert (report["done"], report["failed"]) == (1, 1)
    assert "failed, 1: " in said
    assert "no, not now" in said
    assert reserved(raw) == ["held-0000001"]


def test_an_ack_that_is_refused_and_done_all_the_same_loses_nothing(shop, raw, double, release):
    double.answer('ACK {"jid":"held-0000001"}', b"-ERR no, not now\r\n", done=True)
    report, _ = release("held-0000001")
    assert report["done"] == 1
    assert jids(raw) == ["held-0000001", "queued-00001"]


def test_two_reservations_of_one_jid_are_told_apart(raw, double, release):
    enqueue(raw, "default", job("queued-00001"))
    hold(raw, held("held-0000001", -60), held("held-0000001", 900))
    double.memory.boot()  # it holds the last one
    report, _ = release("--all", code=5)
    assert (report["done"], report["failed"]) == (1, 1)
    assert len(acks(double)) == 1
    assert everything(raw) == ["held-0000001", "held-0000001", "queued-00001"]


@pytest.mark.parametrize("jid", [None, 42, "", ["x"]])
def test_what_has_no_jid_cannot_be_acknowledged(raw, double, release, jid):
    enqueue(raw, "default", job("queued-00001"))
    hold(raw, held(jid), held("held-0000002"))
    double.memory.working = {"held-0000002": json.loads(raw.zrange("working", 0, -1)[1])}
    report, said = release("--all", code=5)
    assert (report["done"], report["failed"]) == (1, 1)
    assert "no JID" in said


def test_a_list_of_the_wrong_type_is_known_before_the_server_is_told(shop, raw, double, release):
    raw.set("q:mailers", "a string")
    report, said = release("--all", code=5)
    assert (report["done"], report["failed"]) == (1, 1)
    assert "WRONGTYPE" in said
    assert acks(double) == ["held-0000001"]
    assert reserved(raw) == ["held-0000002"]


@pytest.mark.parametrize("command", ["rpush", "ltrim", "sadd", "zrem", "hset", "eval", "zmscore"])
def test_a_denied_command_is_known_before_the_server_is_told(
    shop, raw, double, jobctl, url, command
):
    with denied(raw, url, f"-{command}") as limited:
        doors = ("-u", limited, "--faktory-url", double.url)
        ran = jobctl(*doors, "working", "release", "--all", "--yes")
    assert ran.code in (1, 3), ran
    assert "this is a bug" not in ran.err
    assert (acks(double), len(reserved(raw))) == ([], 2)
    assert jids(raw) == ["queued-00001"]


def test_a_full_redis_takes_what_was_released(shop, raw, double, release):
    release("held-0000002")
    double.memory._count = lambda *counters: None  # a real one loses count as well
    with full(raw):
        report, _ = release("--all")
    assert report["done"] == 1
    assert jids(raw) == ["held-0000001", "queued-00001"]
