"""What is written down of a command line."""

import pytest

from jobctl.cli.connect import without_passwords
from tests.builders import NOW, enqueue, failed, job, reservation, retry
from tests.cli.holds import Holder, ended, holders


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("redis://:secret@host/0", "redis://***@host/0"),
        ("--url=redis://ann:sec@ret@host/0", "--url=redis://***@host/0"),
        ("redis://host/0?db=1&password=sec/ret&x=1", "redis://host/0?db=1&password=***&x=1"),
        ("unix:///run/redis.sock?password=sec@ret", "unix:///run/redis.sock?password=***"),
        ("tcp://host?password=secret#x", "tcp://host?password=***#x"),
        ("redis://host?auth=secret", "redis://host?auth=***"),
        ("redis://host?user=secret&pass=secret", "redis://host?user=***&pass=***"),
        ("redis://secret@host", "redis://***@host"),
        ("ann@example.org", "ann@example.org"),
        ("https://example.org/a@b", "https://example.org/a@b"),
    ],
)
def test_no_password_of_a_url_is_written_down(word, shown):
    assert without_passwords(["jobctl", word]) == ("jobctl", shown)


def test_nor_is_one_of_the_command_that_a_hold_runs(raw, url, tmp_path, jobctl):
    raw.sadd("queues", "default")
    holder = Holder(url, tmp_path)
    process = holder.start("default", script=f"{holder.wait_file('end')}; : redis://:secret@host/0")
    (found,) = holders(jobctl("queue", "ls", "-o", "json").out)
    lease = raw.hgetall("jobctl:hold:default")
    holder.touch("end")
    assert ended(process)[0] == 0
    assert "redis://***@host/0" in found["command"][-1]
    assert b"secret" not in b"".join(lease.values())


OTHERS = "there, but not what the rest of the filter asks for: "


@pytest.mark.parametrize("form", ["table", "tsv"])
@pytest.mark.parametrize("how", ["--yes", "-n"])
def test_an_id_that_is_there_with_another_type_is_not_called_not_there(raw, jobctl, form, how):
    retry(raw, failed("jid-00000001"), failed("jid-00000002", jobtype="Import"), failed("jid-x"))
    argv = ("retries", "kill", "--type", "SendEmail", how, "-o", form)
    named = ("--jid", "jid-00000001", "--jid", "jid-00000002", "--jid", "nope-000001")
    ran = jobctl(*argv, *named)
    said = ran.out + ran.err
    assert ran.code == 0
    assert said.count("not there: nope-000001\n") == 1
    assert said.count(f"{OTHERS}jid-00000002\n") == 1
    ran = jobctl(*argv, "--jid", "jid-00000002")
    said = ran.out + ran.err
    assert (OTHERS in said, "not there" in said) == (True, False)


def test_nor_is_a_record(store, jobctl):
    store.records.create("a", state="started")
    argv = ("a", "b", "-w", "job_name=Other", "--yes", "-o", "tsv")
    ran = jobctl("record", "mark", "killed", *argv)
    assert (f"{OTHERS}a\n" in ran.err, "not there: b\n" in ran.err) == (True, True)


def test_the_first_few_jobs_that_failed_are_named_to_people(raw, jobctl):
    enqueue(raw, "default", job())
    retry(raw, failed("jid-00000001"), failed("jid-00000002", queue="two words"))
    ran = jobctl("retries", "requeue", "--all", "--yes", "-o", "table")
    assert (ran.code, "  failed: jid-00000002\n" in ran.out) == (5, True)
    odd = [failed(f"odd-{i:08d}", queue="two words") for i in range(12)]
    raw.zadd("working", {reservation(member): NOW + i for i, member in enumerate(odd)})
    ran = jobctl("working", "release", "--all", "--yes", "-o", "table")
    named = ", ".join(f"odd-{i:08d}" for i in range(11, 1, -1))
    assert (ran.code, f"  failed: {named} and 2 more\n" in ran.out) == (1, True)
