import json

from tests.builders import NOW, enqueue, failed, job, reservation, retry


def test_a_job_in_a_queue_is_enqueued_and_position_counts_from_what_runs_next(raw, jobctl):
    enqueue(raw, "default", job("first"), job("second"), job("third"))
    ran = jobctl("status", "third", "-o", "json")
    answer = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert answer["state"] == "enqueued"
    assert answer["places"] == [{"place": "queue", "queue": "default", "position": 2}]
    assert answer["job"]["jid"] == "third"


def test_a_reserved_job_is_found_inside_its_reservation(raw, jobctl):
    raw.zadd("working", {reservation(job("held")): NOW})
    answer = json.loads(jobctl("status", "held", "-o", "json").out)
    assert answer["state"] == "working"
    assert answer["places"] == [
        {
            "place": "working",
            "wid": "worker-1",
            "reserved_at": "2026-09-21T14:10:00Z",
            "expires_at": "2026-09-21T14:40:00Z",
        }
    ]


def test_a_substring_of_a_jid_is_not_the_jid(raw, jobctl):
    retry(raw, failed("jid-00000001", args=[{"jid": "jid-0000"}]))
    ran = jobctl("status", "jid-0000", "-o", "json")
    assert ran.code == 4
    assert json.loads(ran.out)["state"] == "unknown"
    assert json.loads(ran.err)["code"] == 4
