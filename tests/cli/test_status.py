import json

from tests.builders import NOW, enqueue, failed, job, retry


def test_a_malformed_member_that_holds_the_jid_is_told_of(raw, jobctl):
    raw.zadd("retries", {b'{"jid":"cut-off-0001","jobtype":"Se': NOW})
    raw.lpush("q:default", b'{"jid":"cut-off-0002","args":[NaN]}')
    raw.sadd("queues", "default")
    ran = jobctl("status", "cut-off-0001", "-o", "json")
    assert ran.code == 4
    assert json.loads(ran.out)["state"] == "unknown"
    assert "a malformed member of retries" in json.loads(ran.out)["warnings"][0]
    assert json.loads(ran.err)["hint"] == "look at it: jobctl retries ls --malformed"
    hint = json.loads(jobctl("status", "cut-off-0002", "-o", "json").err)["hint"]
    assert hint == "look at it: jobctl queue jobs default --malformed"
    listed = jobctl("retries", "ls", "--malformed").out.splitlines()
    assert listed[0] == "at\traw\traw_b64\tmalformed"
    assert listed[1].split("\t")[1] == '{"jid":"cut-off-0001","jobtype":"Se'


def test_a_failure_of_an_odd_form_is_not_called_never_failed(raw, jobctl):
    retry(raw, failed("odd-00000001", failure="boom"), failed("odd-00000002", count=10**25))
    for jid in ("odd-00000001", "odd-00000002"):
        story = jobctl("status", jid, "-o", "table").out
        assert "never failed" not in story
        assert "does not say how often" in story


def test_ten_megabytes_do_not_flood_a_terminal(raw, jobctl):
    huge = "E" * 10_000_000
    retry(raw, failed("big-00000001", failure={"message": huge, "errtype": huge}, args=[huge]))
    assert len(jobctl("status", "big-00000001", tty=True).out) < 30_000


def test_a_job_in_a_list_that_newer_servers_do_not_read_will_not_run(raw, jobctl):
    enqueue(raw, "default", job("old-00000001"), form="")
    enqueue(raw, "default", job("new-00000001"))
    story = jobctl("status", "old-00000001", "-o", "table").out
    assert "will not run: servers from 1.10 on do not read this list" in story
