"""The filter flags, sorting and paging, through the command line."""

import json
import shlex

import pytest

from tests.builders import enqueue, failed, job, retry


@pytest.fixture
def ids(raw, jobctl):
    """List the JIDs that a command line selects, among a few retries and queued jobs."""
    retry(
        raw,
        failed("alpha-000001", failure={"errtype": "Net::OpenTimeout", "message": "slow"}),
        failed("beta-0000001", jobtype="Job?", queue="mailers", failure={"message": "J[1] broke"}),
        failed("gamma-000001", jobtype="JobX", queue="mailers", args=[{"jid": "alpha-000001"}]),
        failed("delta-000001", jobtype="SendEmail", args=["SendEmail", "Timeout"]),
        b"\xff not a job",
    )
    enqueue(raw, "default", *(job(f"queued-{i:05}", jobtype="AB"[i % 2]) for i in range(7)))

    def run(*argv, stdin=""):
        ran = jobctl(*argv, "-o", "ids", stdin=stdin)
        assert (ran.code, ran.err) == (0, "")
        return [line.split("-")[0] for line in ran.out.splitlines()]

    return run


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--type", "Job?"], ["beta"]),
        (["--type", "Job?", "--type", "JobX"], ["beta", "gamma"]),
        (["--jid", "alpha-00000"], []),
        (["--error", "^slow$|broke"], ["alpha", "beta"]),
        (["--error", r"J\[1\]"], ["beta"]),
        (["--match", "*Timeout*"], ["alpha", "delta"]),
        (["--match", "Timeout"], []),
        (["--match", '*"jobtype": "Job\\?"*'], ["beta"]),
        (["--older-than", "10000w"], []),
        (["--newer-than", "10000w"], ["alpha", "beta", "gamma", "delta"]),
    ],
    ids=str,
)
def test_a_filter_tests_the_field(ids, flags, expected):
    assert ids("retries", "ls", *flags) == expected


def test_ids_may_come_from_a_file_that_windows_wrote(ids, jobctl, report):
    written = b"\xef\xbb\xbfgamma-000001\r\nalpha-000001\r\n"
    assert ids("retries", "ls", "--jid", "-", stdin=written) == ["alpha", "gamma"]
    assert jobctl("status", "-", stdin=written).code == 0
    document = (
        b'\xef\xbb\xbf{"cmd":"kill","target":"retries",\r\n"filter":{"jids":["alpha-000001"]}}\r\n'
    )
    assert report("mutate", "-n", "-", stdin=document)["matched"] == 1


@pytest.mark.parametrize(
    ("stdin", "code"), [("", 2), ("\n", 2), ("a\nb\n", 2), ("alpha-000001\r\n", 0)]
)
def test_one_job_is_shown_where_stdin_names_one(ids, jobctl, stdin, code):
    ran = jobctl("retries", "show", "-", stdin=stdin)
    assert ran.code == code, ran.err
    assert code == 0 or "this takes one JID, and stdin has" in ran.err


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--limit", "0"], []),
        (["--offset", "99"], []),
        (["--reverse"], ["delta", "gamma", "beta", "alpha"]),
        (["--sort", "jid", "--limit", "3"], ["alpha", "beta", "delta"]),
        (["--sort", "jid", "--reverse"], ["gamma", "delta", "beta", "alpha"]),
        (["--queue", "mailers", "--limit", "1", "--offset", "1"], ["gamma"]),
    ],
    ids=str,
)
def test_a_page_is_cut_from_the_order(ids, argv, expected):
    assert ids("retries", "ls", *argv) == expected


def test_queue_jobs_filter_and_keep_their_positions(ids, report):
    rows = report("queue", "jobs", "default", "--type", "B")
    assert [row["position"] for row in rows] == [1, 3, 5]
    rows = report("queue", "jobs", "default", "--reverse", "--limit", "2")
    assert [(row["jid"], row["position"]) for row in rows] == [
        ("queued-00006", 6),
        ("queued-00005", 5),
    ]


PHP = r"App\Jobs\new"


@pytest.fixture
def names(raw):
    """Three jobs: two of them are one name as it is and as tsv writes it."""
    retry(
        raw,
        failed("php-00000001", jobtype=PHP, queue=r"a\b", failure={"errtype": r"App\NotFound"}),
        failed(r"php\0000002", jobtype=PHP.replace("\\", r"\\"), queue="ab"),
        failed("php-00000003", jobtype="New", queue="a\tb"),
    )


def test_what_a_pipe_prints_is_what_options_take(names, jobctl):
    for column, option in (("jobtype", "--type"), ("queue", "--queue"), ("jid", "--jid")):
        for printed in jobctl("retries", "ls", "--no-header", "--columns", column).out.splitlines():
            asked = ("retries", "ls", "-o", "ids", "--reverse")
            by_option = jobctl(*asked, option, printed).out
            assert by_option
            assert jobctl(*asked, "-w", f"{column}={printed}").out == by_option
    ids = jobctl("retries", "ls", "-o", "ids").out
    assert jobctl("retries", "ls", "--jid", "-", "-o", "ids", stdin=ids).out == ids


def test_a_value_that_reads_in_two_ways_is_looked_for_in_both(names, jobctl):
    written = PHP.replace("\\", r"\\")
    for asked in (("--type", written), ("-w", f"jobtype={written}"), ("-w", f"type={written}")):
        assert jobctl("retries", "count", *asked).out == "2\n"
    assert jobctl("retries", "count", "-w", f"jobtype!={written}").out == "1\n"
    assert jobctl("retries", "count", "-w", f"jobtype={json.dumps(written)}").out == "1\n"
    assert jobctl("retries", "count", "--type", PHP).out == "1\n"


@pytest.mark.parametrize("asked", [("--type", "{}"), ("-w", "jobtype={}"), ("-w", "jobtype!={}")])
def test_a_change_is_refused_where_there_are_jobs_of_both_readings(names, jobctl, raw, asked):
    written = PHP.replace("\\", r"\\")
    option, value = asked
    ran = jobctl("retries", "kill", option, value.format(written), "--yes")
    assert (ran.code, ran.out, raw.zcard("retries")) == (7, "", 3)
    assert "both are there; nothing was changed" in ran.err
    hint = ran.err.splitlines()[1]
    (one, _, two) = (hint[len("hint: ") :].removesuffix(" says which")).partition(" or ")
    for which in (one, two):  # each of them says which
        assert jobctl("retries", "kill", *shlex.split(which), "-n", "-o", "json").code == 0


def test_a_change_takes_the_reading_that_is_there(names, report):
    raw_jid = r"php\\0000002"  # as ids writes it
    found = report("retries", "kill", "--jid", raw_jid, "--jid", r"no\\body", "-n")
    assert (found["matched"], found["missing"]) == (1, [r"no\\body"])
