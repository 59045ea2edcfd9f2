"""``jobctl record delete|cleanup|mark|request-kill``: the guards, the file, the words."""

import re

import pytest

from tests.everything import contents
from tests.recording import START, record

DELETE = ("record", "delete")


@pytest.fixture
def shop(raw):
    """Two that completed, one that did not."""
    record(raw, "one", state="succeeded", job_name="Import", recorded_at=START)
    record(raw, "two", state="failed", job_name="Import", recorded_at=START + 1)
    record(raw, "three", state="started", job_name="Export", recorded_at=START + 2)
    return raw


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("one",), "there is no terminal"),
        (("--all", "--yes"), "1 of 3 that match are not completed"),
        (("three", "--yes"), "1 of 1 that match are not completed"),
        (("-w", "state=completed", "--expect", "3", "--yes"), "2 matched, 3 were expected"),
        (("-w", "state=completed", "--max", "1", "--dry-run"), "more than --max 1"),
    ],
)
def test_what_is_refused_changes_nothing(shop, jobctl, argv, said):
    before = contents(shop)
    jobctl(*DELETE, *argv).fails(7, said)
    assert contents(shop) == before
    assert jobctl("journal", "ls", "-o", "ids").out == ""


def test_a_dry_run_shows_histogram_and_sample_and_changes_nothing(
    shop, jobctl, report, golden, url, noon
):
    before = contents(shop)
    ran = jobctl(*DELETE, "--all", "--force", "--dry-run", "--color", "never", tty=True)
    assert ran.code == 0
    golden("record_delete_dry_run.txt", ran.out.replace(url, "URL"))
    assert contents(shop) == before
    found = report(*DELETE, "--all", "--force", "-n")
    assert (found["matched"], found["dry_run"], found["operation"]) == (3, True, None)


def test_the_report_tells_what_changed_and_how_to_undo_it(shop, jobctl, golden):
    ran = jobctl(*DELETE, "-w", "state=completed", "--yes", "--color", "never", tty=True)
    golden("record_delete.txt", ran.out)
    operation = re.search(r"undo: jobctl undo (\w+)", ran.err)[1]
    back = jobctl("undo", operation, "--yes", "--color", "never", tty=True)
    golden("record_delete_undo.txt", back.out)


def test_the_journal_names_the_records(shop, report, jobctl):
    operation = report(*DELETE, "-w", "state=completed", "--yes")["operation"]
    rows = report("journal", "show", operation, "--jobs")
    assert [(row["id"], row["state"], row["job_name"], row["outcome"]) for row in rows] == [
        ("one", "succeeded", "Import", "done"), ("two", "failed", "Import", "done"),
    ]  # fmt: skip
    assert jobctl("journal", "show", operation, "--jobs", "-o", "ids").out == "one\ntwo\n"
    assert report("journal", "show", operation)["filter"] == "-w state=completed"


def test_a_plan_is_applied_to_exactly_its_records_and_says_what_drifted(
    shop, report, jobctl, tmp_path
):
    plan = tmp_path / "plan.jsonl"
    assert report(*DELETE, "-w", "state=completed", "--plan", str(plan))["dry_run"]
    assert shop.zcard("jobba:recorded_at") == 3
    shop.hset("jobba:id:two", "data", "1")
    record(shop, "four", state="succeeded")
    shown = jobctl("apply", str(plan), "--dry-run", "-o", "table")
    assert "1 of them were changed since" in shown.out
    found = report("apply", str(plan), "--yes")
    assert (found["matched"], found["done"], found["gone"]) == (2, 1, 1)
    assert shop.zrange("jobba:recorded_at", 0, -1) == [b"four", b"two", b"three"]


def test_the_file_is_private_and_says_whose_records_they_are(shop, report, jobctl, own_journal):
    record(shop, "mine", prefix=b"mine:", state="failed")
    found = report(*DELETE, "mine", "--records-namespace", "mine", "--yes")
    file = own_journal / f"{found['operation']}.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    refused = jobctl("undo", found["operation"], "--records-namespace", "other", "--yes")
    assert (refused.code, shop.exists("mine:id:mine")) == (7, 0)
    assert "is of the records of mine, not of other" in refused.err
    assert report("undo", found["operation"], "--yes")["done"] == 1
    assert shop.exists("mine:id:mine")


def test_a_rate_holds_for_records_too(shop, report):
    found = report("record", "mark", "unknown", "--all", "--rate", "1000/s", "--yes")
    assert found["done"] == 3


def test_a_name_that_reads_in_two_ways_is_looked_for_in_both_and_not_deleted(shop, jobctl):
    for ident, name in (("php-1", r"App\new"), ("php-2", r"App\\new")):
        record(shop, ident, state="succeeded", job_name=name, recorded_at=START)
    asked = ("-w", r"job_name=App\\new")
    assert jobctl("query", *asked, "--count").out == "2\n"
    jobctl(*DELETE, *asked, "--yes").fails(7, "both are there; nothing was changed")
    shop.delete("jobba/php-2")
    assert jobctl("query", "-w", r'job_name="App\\new"', "--count").out == "1\n"


def test_an_expression_without_an_end_names_the_record(shop, jobctl):
    record(shop, "long", state="failed", job_name="a" * 40 + "!", recorded_at=START)
    for argv in (("query",), ("query", "--count"), (*DELETE, "--yes")):
        ran = jobctl(*argv, "-w", 'job_name~"(a|a)+$"')
        ran.fails(2, "(a|a)+$ takes longer than 100 ms on one text of record long")


def test_a_key_of_another_type_is_told_of_once_and_left(shop, jobctl):
    shop.set("jobba:id:odd", "x")
    shop.sadd("jobba:failed", "odd")
    shop.zadd("jobba:recorded_at", {"odd": START})
    told = "left out: the key jobba:id:odd holds another type than a record"
    old = ("cleanup", "--older-than", "1h")
    for argv in (
        (*old, "-n"), (*old, "-n", "-o", "json"), (*old, "--yes"), (*old, "--yes"), (*old, "-n"),
        ("delete", "odd", "--yes"), ("delete", "odd", "-n"),
    ):  # fmt: skip
        ran = jobctl("record", *argv)
        assert (ran.code, (ran.out + ran.err).count(told)) == (0, 1), (argv, ran)
        assert "not there" not in ran.out + ran.err
    assert shop.zscore("jobba:recorded_at", "odd") == START
    assert shop.get("jobba:id:odd") == b"x"
