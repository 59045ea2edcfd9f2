"""``jobctl status`` of jobs that have status records, as programs and people see it."""

import json

import pytest

from tests.builders import NOW, enqueue, failed, job, reservation, retry
from tests.recording import record_ago
from tests.trouble import denied

WIDTHS = [60, 80, 200]


def finished(raw):
    """A job of which only its record is left."""
    record_ago(
        raw, "import-42", "succeeded", job_name="ImportCustomers", progress=1.0, attempt=1,
        job_args={"user": "u-1", "file": "customers.csv"}, provider_job_id="job-00000001",
        errors=["boom", {"code": 4, "why": "\x1b[31mred\x1b[0m"}], data={"rows": 120},
    )  # fmt: skip


def running(raw):
    """A job that runs, and that somebody wants to end."""
    held = reservation(job("job-00000002"))
    raw.zadd("working", {held: NOW + 1600})
    record_ago(
        raw, "job-00000002", "started", ago=300, job_name="SendEmail", progress=0.375,
        kill_requested_at=-90,
    )  # fmt: skip


def several(raw):
    """A job with a record for each of its tries, that is tried again."""
    retry(raw, failed("job-00000003", count=3), at=NOW + 90)
    for i in range(5):
        record_ago(
            raw, f"try-{i}", "failed", ago=5000 - i * 900, job_name="SendEmail",
            provider_job_id="job-00000003", errors=[f"refused {i}"],
        )  # fmt: skip


STORIES = {"job-00000001": finished, "job-00000002": running, "job-00000003": several}


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("jid", STORIES)
def test_the_story_of_a_record_fits_its_terminal(raw, jobctl, golden, monkeypatch, jid, width):
    STORIES[jid](raw)
    monkeypatch.setenv("COLUMNS", str(width))
    ran = jobctl("status", jid, "--color", "never", tty=True)
    lines = ran.out.splitlines()
    assert all(len(line) <= width for line in lines)
    golden(f"story-record-{jid}-{width}.txt", "\n".join([*lines, f"-- exit {ran.code}", ran.err]))


def test_what_is_not_found_has_no_record_either(jobctl):
    ran = jobctl("status", "no-such-job")
    assert (ran.code, "no status record tells of it" in ran.err) == (4, True)


def test_records_that_may_not_be_read_are_not_said_to_be_missing(raw, jobctl, url):
    keys = ("~queues", "~paused", "~scheduled", "~retries", "~working", "~dead")
    with denied(raw, url, keys=keys) as narrow:
        ran = jobctl("status", "r-1", "-u", narrow)
    assert ran.code == 4
    assert "its status records may not be read" in ran.err


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (
            "SADD jobba:failed r-1",
            "record r-1 says succeeded, and stands in the set of those failed",
        ),
        ("SET jobba:killed what?", "the key jobba:killed holds a string"),
    ],
)
def test_who_may_only_read_is_told_of_records_all_the_same(raw, jobctl, url, odd, said):
    record_ago(raw, "r-1", "succeeded")
    raw.execute_command(*odd.split())
    with denied(raw, url, "-@all", "+@read") as reader:
        ran = jobctl("status", "r-1", "-u", reader, "-o", "json")
    answer = json.loads(ran.out)
    assert (ran.code, answer["state"], len(answer["records"])) == (0, "success", 1)
    assert [warning[: len(said)] for warning in answer["warnings"]] == [said]


def test_the_namespace_of_the_records_can_be_named(raw, jobctl):
    record_ago(raw, "r-1", "failed", namespace="shop")
    assert jobctl("status", "r-1").code == 4
    ran = jobctl("status", "r-1", "--records-namespace", "shop", "-o", "json")
    assert json.loads(ran.out)["state"] == "failed"


def test_a_record_that_cannot_be_read_is_named_where_nothing_else_is_found(raw, jobctl):
    raw.set("jobba:id:r-1", "what?")
    ran = jobctl("status", "r-1", "-o", "json")
    assert ran.code == 4
    assert "jobba:id:r-1 could not be read" in json.loads(ran.err)["message"]


def test_contradictions_are_told_on_stderr_of_several_jobs(raw, jobctl):
    enqueue(raw, "default", job("a"), job("b"))
    record_ago(raw, "a", "succeeded")
    ran = jobctl("status", "a", "b", tty=True)
    assert ran.code == 0
    told = "its record says succeeded, but the job is in queue default: it will run again"
    assert f"a: {told}\n" in ran.err
    assert "b: " not in ran.err


def test_odd_values_are_shown_as_text_that_does_nothing(raw, jobctl):
    fields = {
        "id": '"r-1"', "state": '"\\u001b[31mdancing"', "progress": '"NaN"', "job_name": '""',
        "errors": '[{"x":"\\u202e"}]', "data": "[" * 90_000, "recorded_at": "-1e30",
        "attempt": "3", "job_args": '{"\\u001b[0m":"[bold]x[/bold]"}',
    }  # fmt: skip
    raw.hset("jobba:id:r-1", mapping=fields)
    ran = jobctl("status", "r-1", "--color", "never", tty=True)
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
    assert "[bold]x[/bold]" in ran.out
    assert "90,000 characters" in ran.out
    raw.hset("jobba:id:r-1", "progress", "7")
    assert "7, which is no progress" in jobctl("status", "r-1", tty=True).out


def test_watching_and_waiting_know_the_record(raw, jobctl):
    finished(raw)
    ran = jobctl("status", "job-00000001", "--wait", "success", "--timeout", "5s", "-o", "json")
    assert (ran.code, json.loads(ran.out)["state"]) == (0, "success")
