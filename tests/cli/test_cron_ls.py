"""jobctl cron ls: entries in words, with their next and last firings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobctl.cron.firing import LISTING_KEYS
from tests.cron.tables import ON

NOW = ("--from", "2026-11-28T16:00:00Z")
MAIL = (
    ON
    + """
[[cron]]
schedule = "30 9 * * MON-FRI"
[cron.job]
type = "SendDigest"
queue = "mailers"

[[cron]]
schedule = "CRON_TZ=America/New_York 0 18 1 * *"
[cron.job]
type = "Invoices"
queue = "billing-exports-eu-west"

[[cron]]
schedule = "@every 1h30m"
[cron.job]
type = "Sweep"

[[cron]]
schedule = "*/5 * * * *"
[cron.job]
type = "Ping"
queue = "low"
"""
)
BAD = """
[[cron]]
schedule = "61 * * * *"
[cron.job]
type = "Bad"

[[cron]]
schedule = "0 0 30 2 *"
[cron.job]
type = "Never"
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("mail.toml").write_text(MAIL)
    return tmp_path


@pytest.mark.parametrize("width", [60, 80, 200])
def test_people_see_a_table_that_fits(jobctl, golden, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    ran = jobctl("cron", "ls", "mail.toml", *NOW, "--color", "never", tty=True)
    assert ran.code == 0
    assert all(len(line) <= width for line in ran.out.splitlines())
    golden(f"cron-ls-{width}.txt", ran.out + ran.err)


def test_programs_get_every_key_and_times_in_utc(jobctl):
    ran = jobctl("cron", "ls", "mail.toml", *NOW, "-o", "json")
    rows = json.loads(ran.out)
    assert all(tuple(row) == LISTING_KEYS for row in rows)
    assert rows[1] == {
        "file": "mail.toml",
        "line": 10,
        "entry": 2,
        "schedule": "CRON_TZ=America/New_York 0 18 1 * *",
        "words": rows[1]["words"],
        "jobtype": "Invoices",
        "queue": "billing-exports-eu-west",
        "next": "2026-12-01T23:00:00Z",
        "last": "2026-11-01T23:00:00Z",
        "problem": None,
    }
    assert [row["last"] for row in rows] == [
        "2026-11-27T09:30:00Z",
        "2026-11-01T23:00:00Z",
        None,
        "2026-11-28T16:00:00Z",
    ]
    assert rows[2]["next"] == "2026-11-28T17:30:00Z"
    assert ran.err == (
        "no zone is named, so read in UTC: --tz ZONE for another\n"
        "@every counts from --from here; on the server, from its start\n"
    )


def test_a_pipe_gets_all_columns_and_ids_are_places(jobctl):
    out = jobctl("cron", "ls", "mail.toml", *NOW).out.splitlines()
    assert out[0].split("\t") == list(LISTING_KEYS)
    assert len(out) == 5
    out = jobctl("cron", "ls", "mail.toml", "-o", "ids").out
    assert out == "mail.toml:4\nmail.toml:10\nmail.toml:16\nmail.toml:21\n"


@pytest.mark.parametrize(
    ("argv", "lines"),
    [
        (["--sort", "next"], [21, 16, 4, 10]),
        (["--sort", "next", "--reverse"], [10, 4, 16, 21]),
        (["--sort", "last"], [10, 4, 21, 16]),
        (["--reverse", "--limit", "2"], [21, 16]),
        (["--limit", "2", "--offset", "1"], [10, 16]),
        (["--limit", "0"], []),
    ],
)
def test_rows_are_sorted_and_cut_as_in_other_listings(jobctl, argv, lines):
    ran = jobctl("cron", "ls", "mail.toml", *NOW, "-o", "jsonl", *argv)
    assert [json.loads(line)["line"] for line in ran.out.splitlines()] == lines


def test_what_is_wrong_is_listed_with_what_is_known_and_said(jobctl):
    Path("bad.toml").write_text(MAIL + BAD)
    ran = jobctl("cron", "ls", "bad.toml", *NOW, "-o", "json")
    assert ran.code == 8
    *_, bad, never = json.loads(ran.out)
    assert (bad["jobtype"], bad["words"], bad["next"]) == ("Bad", None, None)
    assert bad["problem"] == "minute: 61 is above 59"
    assert (never["problem"], never["last"]) == ("never fires", None)
    told = [json.loads(line) for line in ran.err.splitlines() if line.startswith("{")]
    assert [each["message"] for each in told] == [
        "bad.toml:28: minute: 61 is above 59",
        "bad.toml:32: never fires",
    ]
    in_tsv = jobctl("cron", "ls", "bad.toml", *NOW)
    assert "error: bad.toml:28: minute: 61 is above 59\nhint: " in in_tsv.err
    assert "error: bad.toml:32: never fires\n" in in_tsv.err


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("[[cron", 8, "error: odd.toml:1: "),
        ("", 0, "nothing there"),
        ("\x00", 8, "NUL"),
        (MAIL.replace("true", "false"), 0, "warning: odd.toml:2: the plugin is off: no entry runs"),
        (MAIL.removeprefix(ON), 0, "read as Faktory Enterprise reads it"),
    ],
)
def test_what_no_entry_comes_of_is_said(jobctl, text, code, said):
    Path("odd.toml").write_text(text)
    ran = jobctl("cron", "ls", "odd.toml", tty=True)
    assert ran.code == code
    assert said in ran.err


def test_several_files_are_told_apart_and_stdin_is_one(jobctl):
    Path("conf.d").mkdir()
    Path("conf.d", "a.toml").write_text(MAIL)
    Path("conf.d", "b.toml").write_text('[[cron]]\nschedule = "@daily"\n[cron.job]\ntype = "B"\n')
    ran = jobctl("cron", "ls", ".", *NOW, "--color", "never", tty=True)
    assert ran.out.splitlines()[0].split()[:2] == ["file", "line"]
    rows = json.loads(jobctl("cron", "ls", ".", "-", *NOW, "-o", "json", stdin=MAIL).out)
    assert [row["file"] for row in rows] == ["conf.d/a.toml"] * 4 + ["conf.d/b.toml"] + ["-"] * 4
    assert rows[4]["entry"] == 5


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        ([], 2, "Missing argument"),
        (["no.toml"], 4, "no.toml"),
        (["mail.toml", "--sort", "nxt"], 2, "did you mean next?"),
        (["mail.toml", "--columns", "nxt"], 2, "did you mean next?"),
    ],
)
def test_what_makes_no_sense_is_refused(jobctl, argv, code, said):
    ran = jobctl("cron", "ls", *argv)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_a_long_table_on_a_terminal_is_cut(jobctl):
    entry = '[[cron]]\nschedule = "@daily"\n[cron.job]\ntype = "A%d"\n'
    Path("long.toml").write_text(ON + "".join(entry % i for i in range(60)))
    ran = jobctl("cron", "ls", "long.toml", tty=True)
    assert len(ran.out.splitlines()) == 52
    assert "10 more: --limit\n" in ran.err
    assert len(jobctl("cron", "ls", "long.toml", "--limit", "60", tty=True).out.splitlines()) == 62


def test_an_error_of_a_job_is_one_too(jobctl):
    Path("queue.toml").write_text(MAIL.replace('"low"', '"l w"'))
    ran = jobctl("cron", "ls", "queue.toml", *NOW, "-o", "json")
    assert ran.code == 8
    assert "no name of a queue" in json.loads(ran.out)[3]["problem"]
    assert json.loads(ran.out)[3]["next"] == "2026-11-28T16:05:00Z"
