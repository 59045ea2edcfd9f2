"""What programs read: every format, exactly."""

import csv
import io
import json
import subprocess
import sys

import pytest

from tests.builders import enqueue, failed, retry, small_shop


def test_a_report_and_every_other_document_is_one_line_of_jsonl(raw, jobctl):
    small_shop(raw)
    killed = json.loads(
        jobctl("retries", "kill", "--limit", "1", "--all", "--yes", "-o", "jsonl").out
    )
    for argv in (
        ("retries", "kill", "--all", "--dry-run"),
        ("undo", killed["operation"], "--yes"),
        ("journal", "show", killed["operation"]),
        ("retries", "ls", "-w", "jobtype=SendEmail", "--explain"),
        ("dead", "show", "died-0000001"),
        ("query", "--explain"),
        ("info",),
        ("cron", "explain", "@daily"),
    ):
        ran = jobctl(*argv, "-o", "jsonl")
        assert ran.out.count("\n") == 1, (argv, ran)
        assert isinstance(json.loads(ran.out), dict)


@pytest.mark.parametrize("fmt", ["csv", "tsv"])
def test_the_last_column_tells_what_is_malformed(raw, jobctl, fmt):
    retry(raw, failed("fine-000001"), b"not json at all")
    enqueue(raw, "default", b"neither")
    for argv in (("retries", "ls"), ("queue", "jobs", "default"), ("retries", "ls", "--malformed")):
        header, *rows = jobctl(*argv, "-o", fmt).out.splitlines()
        mark = "," if fmt == "csv" else "\t"
        assert header.split(mark)[-1] == "malformed"
        told = [row.rsplit(mark, 1)[-1] for row in rows]
        assert told.count("malformed") == 1
        assert set(told) <= {"malformed", ""}


def test_an_empty_listing_is_an_empty_document(jobctl):
    assert jobctl("dead", "ls", "-o", "json").out == "[]\n"
    assert jobctl("dead", "ls", "-o", "jsonl").out == ""
    assert jobctl("dead", "ls", "-o", "ids").out == ""
    assert jobctl("dead", "count", "-o", "json").out == '{"count": 0}\n'
    header = "jid\tjobtype\tqueue\tdied_at\terrtype\tmessage\tclass\tmalformed\n"
    assert jobctl("dead", "ls", "-o", "tsv").out == header
    assert jobctl("dead", "ls", "-o", "tsv", "--no-header").out == ""


def test_a_pipe_gets_tsv_with_the_columns_of_the_table_and_whole_values(raw, jobctl):
    retry(raw, failed("retry-000001", failure={"message": "tab\there, back\\slash\nand line\r"}))
    header, line = jobctl("retries", "ls").out.splitlines()
    assert header.split("\t") == [
        "jid", "jobtype", "queue", "at", "retry_count", "errtype", "message", "class", "malformed",
    ]  # fmt: skip
    assert line.split("\t") == [
        "retry-000001", "SendEmail", "default", "2026-09-21T14:13:20Z", "0", "RuntimeError",
        "tab\\there, back\\\\slash\\nand line\\r", "SendEmail", "",
    ]  # fmt: skip


def test_csv_quotes_what_it_must_and_reads_back_exactly(raw, jobctl):
    message = 'comma, "quote"\nnew line\x1b[31m'
    retry(raw, failed("retry-000001", failure={"message": message}))
    rows = list(csv.DictReader(io.StringIO(jobctl("retries", "ls", "-o", "csv").out, newline="")))
    assert rows[0]["message"] == message


def test_columns_choose_what_csv_tsv_and_json_show(raw, jobctl, report):
    small_shop(raw)
    assert jobctl("dead", "ls", "--columns", "jid,remaining").out == (
        "jid\tremaining\ndied-0000001\t0\n"
    )
    assert report("dead", "ls", "--columns", "jid") == [{"jid": "died-0000001"}]


def test_a_full_disk_is_one_clear_error(url):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        ran = subprocess.run(
            [sys.executable, "-m", "jobctl", "-u", url, "retries", "ls"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stderr == "error: cannot write the output: No space left on device\n"


def test_a_jid_with_a_lone_surrogate_goes_round(raw, url):
    retry(raw, b'{"jid":"odd-\\ud800-jid","args":[]}')
    command = f"{sys.executable} -m jobctl"
    line = f"{command} retries ls -o ids | tee /dev/stderr | {command} status - -o json"
    ran = subprocess.run(
        ["bash", "-c", line], env={"JOBCTL_URL": url}, capture_output=True, check=False
    )
    assert ran.stderr == b"odd-\xed\xa0\x80-jid\n"
    assert json.loads(ran.stdout)[0]["state"] == "retrying"


@pytest.mark.parametrize("target", ["| true", "> /dev/full"])
def test_an_error_keeps_its_code_when_nobody_reads_stdout(tmp_path, target):
    line = (
        f"{sys.executable} -m jobctl server status --dir {tmp_path} -o tsv {target}; "
        "echo ${PIPESTATUS[0]}"
    )
    ran = subprocess.run(["bash", "-c", line], env={}, capture_output=True, text=True, check=True)
    assert ran.stdout == "4\n"
    assert "Exception ignored" not in ran.stderr


def test_talk_never_reaches_stdout_even_where_stderr_is_closed(raw, url):
    small_shop(raw)
    line = f"{sys.executable} -m jobctl --debug -u {url} queue jobs default -o jsonl 2>&-"
    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert [json.loads(row)["position"] for row in ran.stdout.splitlines()] == [0, 1]
