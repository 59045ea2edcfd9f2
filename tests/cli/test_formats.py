"""What programs read: every format, exactly."""

import csv
import io
import json
import subprocess
import sys

import pytest

from tests.builders import NOW, enqueue, failed, retry, small_shop


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
    header = "jid\tjobtype\tqueue\tdied_at\terrtype\tmessage\tclass\tmalformed\n"
    assert jobctl("dead", "ls", "-o", "tsv").out == header
    assert jobctl("dead", "ls", "-o", "tsv", "--no-header").out == ""


def test_a_pipe_gets_tsv_with_the_columns_of_the_table_and_whole_values(raw, jobctl):
    retry(raw, failed("retry-000001", failure={"message": "tab\there, back\\slash\nand line\r"}))
    header, line = jobctl("retries", "ls").out.splitlines()
    assert header.split("\t") == [
        "jid",
        "jobtype",
        "queue",
        "at",
        "retry_count",
        "errtype",
        "message",
        "class",
        "malformed",
    ]
    assert line.split("\t") == [
        "retry-000001", "SendEmail", "default", "2026-09-21T14:13:20Z", "0", "RuntimeError",
        "tab\\there, back\\\\slash\\nand line\\r", "SendEmail", "",
    ]  # fmt: skip


def test_csv_quotes_what_it_must_and_reads_back_exactly(raw, jobctl):
    message = 'comma, "quote"\nnew line\x1b[31m'
    retry(raw, failed("retry-000001", failure={"message": message}))
    rows = list(csv.DictReader(io.StringIO(jobctl("retries", "ls", "-o", "csv").out, newline="")))
    assert rows[0]["message"] == message


def test_numbers_beyond_64_bits_are_printed_as_they_stood(raw, jobctl):
    member = b'{"jid":"big-00000001","args":[123456789012345678901234567890,1e400,0.10],"retry":3}'
    retry(raw, member)
    out = jobctl("retries", "ls", "-o", "jsonl").out
    assert '"args":[123456789012345678901234567890,1e400,0.10]' in out


def test_ids_are_what_other_commands_take_whatever_is_in_them(raw, jobctl):
    odd = [
        "plain",
        "with space",
        'quo"te',
        "back\\slash",
        "tab\tnew\nline\r",
        "glob*[a]?",
        "Zoë-日本",
    ]
    retry(raw, *(failed(jid) for jid in odd))
    ids = jobctl("retries", "ls", "-o", "ids").out
    assert len(ids.splitlines()) == len(odd)
    found = jobctl("status", "-", "-o", "json", stdin=ids)
    assert [(a["jid"], a["state"]) for a in json.loads(found.out)] == [(j, "retrying") for j in odd]
    assert found.code == 0


def test_columns_choose_what_csv_tsv_and_json_show(raw, jobctl):
    small_shop(raw)
    assert jobctl("dead", "ls", "--columns", "jid,remaining").out == (
        "jid\tremaining\ndied-0000001\t0\n"
    )
    assert json.loads(jobctl("dead", "ls", "--columns", "jid", "-o", "json").out) == [
        {"jid": "died-0000001"}
    ]


def test_raw_bytes_are_exact(raw, jobctl, url):
    member = b'{ "jid" : "ugly-0000001",\t"args":[1.0,1e5, "\\u0041\xc3\xab"], "a":1,"a":2}'
    raw.zadd("dead", {member: NOW})
    ran = subprocess.run(
        [sys.executable, "-m", "jobctl", "-u", url, "dead", "show", "ugly-0000001", "--raw"],
        capture_output=True,
        check=True,
    )
    assert ran.stdout == member


def test_count_prints_the_bare_number(raw, jobctl):
    small_shop(raw)
    assert jobctl("retries", "count").out == "3\n"
    assert jobctl("retries", "count", "-o", "json").out == '{"count": 3}\n'
    assert jobctl("retries", "count", "--malformed").out == "1\n"
    assert jobctl("scheduled", "count", "--type", "Nope").out == "0\n"


def test_a_reader_that_has_seen_enough_is_no_failure(raw, jobctl, url):
    retry(raw, *(failed(f"jid-{i:08}") for i in range(20_000)))
    command = f"{sys.executable} -m jobctl -u '{url}' retries ls -o jsonl | head -n 1 | wc -l"
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "1", "")


def test_a_full_disk_is_one_clear_error(url):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        ran = subprocess.run(
            [sys.executable, "-m", "jobctl", "-u", url, "retries", "ls"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stderr == "error: cannot write the output: No space left on device\n"


def test_a_jid_with_a_lone_surrogate_goes_round(raw, jobctl, url):
    retry(raw, b'{"jid":"odd-\\ud800-jid","args":[]}')
    command = f"{sys.executable} -m jobctl"
    line = f"{command} retries ls -o ids | tee /dev/stderr | {command} status - -o json"
    ran = subprocess.run(
        ["bash", "-c", line], env={"JOBCTL_URL": url}, capture_output=True, check=False
    )
    assert ran.stderr == b"odd-\xed\xa0\x80-jid\n"
    assert json.loads(ran.stdout)[0]["state"] == "retrying"


@pytest.mark.parametrize("target", ["| true", "> /dev/full"])
def test_an_error_keeps_its_code_when_nobody_reads_stdout(url, tmp_path, target):
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
