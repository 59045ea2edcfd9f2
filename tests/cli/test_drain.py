"""``jobctl queue drain``: idle means idle, and what is paused stays so."""

import json
import threading
import time

from tests.builders import enqueue, job, reservation


def reserve(raw, jid="held-0000001", **fields):
    member = reservation(job(jid, **fields))
    raw.zadd("working", {member: time.time() + 1800})
    return member


def later(seconds, act):
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


def test_idle_is_three_seconds_without_a_reservation_counted_from_the_pause(queues, jobctl):
    begun = time.monotonic()
    ran = jobctl("queue", "drain", "default", "--pause", "-o", "json")
    took = time.monotonic() - begun
    assert ran.code == 0
    assert 3.0 <= took < 4.5
    found = json.loads(ran.out)
    assert found | {"seconds": 3} == {
        "queues": ["default"], "idle": True, "running": [], "waiting": 0, "seconds": 3,
        "expired": 0,
    }  # fmt: skip
    assert queues.sismember("paused", "default")


def test_a_job_that_comes_and_goes_meanwhile_begins_them_anew(queues, jobctl, quick, monkeypatch):
    monkeypatch.setattr("jobctl.queues.draining.QUIET", 1.0)

    def come_and_go():
        member = reserve(queues)
        time.sleep(0.3)
        queues.zrem("working", member)

    begun = time.monotonic()
    timer = later(0.5, come_and_go)
    assert jobctl("queue", "drain", "default", "--pause").code == 0
    timer.join()
    assert time.monotonic() - begun >= 1.7


def test_it_waits_for_the_jobs_of_these_queues_alone(queues, jobctl, quick):
    reserve(queues, queue="mailers")
    assert jobctl("queue", "drain", "default", "--pause").code == 0
    member = reserve(queues)
    timer = later(0.5, lambda: queues.zrem("working", member))
    begun = time.monotonic()
    assert jobctl("queue", "drain", "default").code == 0
    timer.join()
    assert time.monotonic() - begun >= 0.8


def test_a_job_that_names_no_queue_is_of_the_default_one(queues, jobctl, quick):
    queues.zadd("working", {reservation(job("held-0000001", queue=None)): time.time() + 9})
    assert jobctl("queue", "drain", "default", "--pause", "--timeout", "600ms").code == 6


def test_when_time_is_up_the_queues_stay_paused_and_the_way_back_is_shown(queues, jobctl, quick):
    reserve(queues, "held-0000001")
    reserve(queues, "held-0000002", jobtype="Import")
    ran = jobctl("queue", "drain", "default", "--pause", "--timeout", "500ms")
    assert ran.code == 6
    assert "error: not idle after 0.5 s: 2 jobs run: held-0000001 SendEmail, " in ran.err
    assert "hint: paused still; resume: jobctl queue resume default" in ran.err
    assert queues.sismember("paused", "default")
    header, line = ran.out.splitlines()
    assert (header, line.split("\t")[1]) == (
        "queues\tidle\trunning\twaiting\tseconds\texpired",
        "false",
    )


def test_a_reservation_that_has_expired_is_told_and_need_not_be_waited_for(queues, jobctl, quick):
    member = reserve(queues)
    queues.zadd("working", {member: 1_790_000_000})
    argv = ("queue", "drain", "default", "--pause", "--timeout", "500ms")
    ran = jobctl(*argv)
    assert ran.code == 6
    assert (
        "1 reservation has expired (held-0000001, at 2026-09-21T14:13:20Z): a worker is gone, or "
        "late; give jobs back: jobctl working release --stuck; or do not wait for them: "
        "--ignore-expired\n"
    ) in ran.err
    assert "1 job runs: held-0000001 SendEmail; 1 of these reservations has expired" in ran.err
    ran = jobctl(*argv, "--ignore-expired", "-o", "json")
    assert (ran.code, json.loads(ran.out)["expired"]) == (0, 1)
    assert "has expired" in ran.err
    reserve(queues, "held-0000002")
    ran = jobctl(*argv, "--ignore-expired", "-o", "json")
    assert (ran.code, len(json.loads(ran.out)["running"])) == (6, 1)
    queues.zrem("working", member)
    assert "expired" not in jobctl(*argv).err


def test_a_hold_need_not_wait_for_what_has_expired_either(queues, jobctl, quick):
    queues.zadd("working", {reservation(job("held-0000001")): 1_790_000_000})
    ran = jobctl("queue", "hold", "default", "--drain", "500ms", "--", "true")
    assert (ran.code, "jobctl working release --stuck" in ran.err) == (6, True)
    ran = jobctl("queue", "hold", "default", "--drain", "5s", "--ignore-expired", "--", "true")
    assert ran.code == 0


def test_a_queue_that_somebody_else_paused_is_not_offered_to_be_resumed(queues, jobctl, quick):
    reserve(queues)
    queues.sadd("paused", "default")
    for argv in ((), ("--pause",)):
        ran = jobctl("queue", "drain", "default", "--timeout", "400ms", *argv)
        assert (ran.code, "resume" in ran.err) == (6, False)
    ran = jobctl("queue", "drain", "default", "mailers", "--pause", "--timeout", "400ms")
    assert "resume: jobctl queue resume mailers\n" in ran.err


def test_with_empty_it_also_waits_for_the_last_job(queues, jobctl, quick):
    enqueue(queues, "default", job("one-1"), job("two-2"))
    assert jobctl("queue", "drain", "default", "--empty", "--timeout", "600ms").code == 6
    timer = later(0.5, lambda: queues.delete("q:default"))
    assert jobctl("queue", "drain", "default", "--empty", "--timeout", "9s").code == 0
    timer.join()


def test_old_lists_that_no_worker_reads_hold_nothing_up(queues, jobctl, quick):
    enqueue(queues, "default", job("old-1"), form="")
    enqueue(queues, "mailers", job("new-1"))
    assert jobctl("queue", "drain", "default", "--empty", "--timeout", "5s").code == 0
    queues.delete("q:mailers")  # a server of 1.9 then
    assert jobctl("queue", "drain", "default", "--empty", "--timeout", "600ms").code == 6


def test_it_warns_where_it_may_never_end(queues, jobctl, quick):
    ran = jobctl("queue", "drain", "default", "mailers")
    assert "not paused, so new jobs may start: default, mailers" in ran.err
    enqueue(queues, "default", job("one-1"))
    ran = jobctl("queue", "drain", "default", "--pause", "--empty", "--timeout", "500ms")
    assert ran.code == 6
    assert "paused with jobs in them" in ran.err


def test_members_that_are_no_job_hold_nothing_up(queues, jobctl, quick):
    queues.zadd("working", {b"\xff{": 1, b"[]": 2, b'{"job":7}': 3})
    assert jobctl("queue", "drain", "default", "--pause", "--timeout", "5s").code == 0


def test_many_queues_are_waited_for_together(raw, jobctl, quick):
    raw.sadd("queues", *(f"queue-{i:04d}" for i in range(1000)))
    member = reserve(raw, queue="queue-0500")
    assert jobctl("queue", "drain", "*", "--pause", "--timeout", "600ms").code == 6
    raw.zrem("working", member)
    assert jobctl("queue", "drain", "*", "--empty", "--timeout", "9s").code == 0


def test_a_lost_redis_is_told_and_the_queues_are_said_to_stay_paused(queues, jobctl):
    reserve(queues)

    def cut():
        me = queues.client_id()
        for client in queues.client_list():
            if int(client["id"]) != me:
                queues.client_kill_filter(client["id"])

    timer = later(0.6, cut)
    ran = jobctl("queue", "drain", "default", "--pause")
    timer.join()
    assert ran.code == 3
    assert "hint: paused still; resume: jobctl queue resume default" in ran.err
