"""jobctl cron load: how many jobs fire when, by queue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cron.tables import ON

DAY = ("--from", "2026-11-28T00:00:00Z")
SCHEDULES = [
    ("0 2 * * *", "NightlyReport", "reports"),
    ("0 2 * * *", "NightlyReport", "reports"),
    ("0 2 * * *", "Close", "billing-exports-eu-west"),
    ("*/20 1-4 * * *", "Close", "billing-exports-eu-west"),
    ("0 2 * * *", "Sweep", "default"),
    ("*/15 6-18 * * MON-SAT", "SendDigest", "mailers"),
    ("@hourly", "Ping", "default"),
    ("7 9 * * *", "SendDigest", "mailers"),
]


def write(name: str, schedules: list[tuple[str, str, str]]) -> str:
    """Write a file of entries, and return its name."""
    made = (
        f'[[cron]]\nschedule = "{schedule}"\n[cron.job]\ntype = "{jobtype}"\nqueue = "{queue}"\n'
        for schedule, jobtype, queue in schedules
    )
    Path(name).write_text(ON + "".join(made))
    return name


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("cron.toml", SCHEDULES)
    return tmp_path


@pytest.fixture
def seen(jobctl, golden, monkeypatch):
    """Compare what people see at a width, and return it."""

    def look(name: str, width: int, *argv: str) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        ran = jobctl("cron", "load", "cron.toml", *argv, "--color", "never", tty=True)
        assert ran.code == 0
        assert all(len(line) <= width for line in ran.out.splitlines() if line[:5] != "peak:")
        golden(f"cron-load-{name}-{width}.txt", ran.out + ran.err)
        return ran.out

    return look


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_day_is_a_row_for_each_queue(seen, width):
    assert "peak: 8 jobs at 2026-11-28T02:00Z, 4 of them Close\n" in seen("day", width, *DAY)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_several_days_are_added_up(seen, width):
    argv = ("--from", "2026-10-24T12:00:00Z", "--days", "3", "--tz", "Europe/Berlin")
    out = seen("days", width, *argv)
    assert "2026-10-25 03:00: the clock goes back to 02:00; what comes" in out


@pytest.mark.parametrize("width", [60, 80, 200])
def test_minutes_of_all_hours_are_added_up(seen, width):
    seen("minute", width, *DAY, "--per", "minute")


def test_shades_read_without_colour_and_have_one(jobctl):
    plain = jobctl("cron", "load", "cron.toml", *DAY, "--color", "never", tty=True).out
    assert all(glyph in plain for glyph in "·░▒▓█")
    coloured = jobctl("cron", "load", "cron.toml", *DAY, tty=True).out
    assert coloured != plain
    assert "\x1b[95m█" in coloured


def test_programs_get_a_row_for_each_bucket_with_jobs(jobctl):
    ran = jobctl("cron", "load", "cron.toml", *DAY, "--queue", "reports", "-o", "json")
    assert ran.code == 0
    assert json.loads(ran.out) == [{"at": "2026-11-28T02:00:00Z", "queue": "reports", "count": 2}]
    ran = jobctl("cron", "load", "cron.toml", *DAY, "--per", "minute")
    lines = ran.out.splitlines()
    assert lines[0] == "at\tqueue\tcount"
    assert "2026-11-28T01:20:00Z\tbilling-exports-eu-west\t1" in lines
    assert sum(int(line.split("\t")[2]) for line in lines[1:]) == 93
    assert ran.err == "counted in UTC: --tz ZONE for another\n"


def test_without_a_time_it_is_today_from_midnight_on(jobctl):
    out = jobctl("cron", "load", "cron.toml", "--queue", "default", "-o", "jsonl").out
    hours = [json.loads(line)["at"][11:] for line in out.splitlines()]
    assert hours == [f"{hour:02}:00:00Z" for hour in range(24)]


def test_a_queue_that_no_entry_knows_is_said(jobctl):
    ran = jobctl("cron", "load", "cron.toml", *DAY, "--queue", "mailer", tty=True)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == (
        "no entry makes jobs in mailer\nhint: did you mean mailers?\n"
        "nothing fires in this time\ncounted in UTC: --tz ZONE for another\n"
    )


def test_many_queues_are_cut_on_a_terminal_only(jobctl):
    write("many.toml", [("0 2 * * *", "A", f"q{i:03}") for i in range(60)])
    ran = jobctl("cron", "load", "many.toml", *DAY, tty=True)
    assert ran.out.count("\nq0") == 50
    assert "10 more queues: -o wide, or --queue\n" in ran.err
    assert jobctl("cron", "load", "many.toml", *DAY, "-o", "wide", tty=True).out.count("\nq0") == 60


def test_a_few_large_counts_do_not_hide_the_small_ones(jobctl):
    write(
        "skew.toml", [("* * * * * *", "A", "x"), *[("0 3 * * *", "B", f"q{i}") for i in range(40)]]
    )
    out = jobctl("cron", "load", "skew.toml", *DAY, "--color", "never", tty=True).out
    scale = next(line for line in out.splitlines() if line.startswith("· 0"))
    assert scale.endswith("3,600  jobs an hour")


def test_entries_that_are_wrong_are_said_and_the_rest_is_counted(jobctl):
    write("bad.toml", [("61 * * * *", "Bad", "x"), ("0 2 * * *", "A", "x")])
    ran = jobctl("cron", "load", "bad.toml", *DAY, "-o", "json")
    assert ran.code == 8
    assert [row["count"] for row in json.loads(ran.out)] == [1]
    said = "bad.toml:4: minute: 61 is above 59"
    assert json.loads(ran.err.splitlines()[0]) == {
        "code": 8,
        "message": said,
        "hint": "the server takes 0-59",
    }
    in_tsv = jobctl("cron", "load", "bad.toml", *DAY)
    assert f"error: {said}\nhint: the server takes 0-59\n" in in_tsv.err


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["-o", "ids"], 2, "counts have no ids"),
        (["--days", "0"], 2, "--days"),
        (["--days", "367"], 2, "--days"),
        (["--per", "day"], 2, "--per"),
        (["--queue", ""], 2, "--queue is empty"),
        (["--columns", "at,queu"], 2, "did you mean queue?"),
    ],
)
def test_what_makes_no_sense_is_refused(jobctl, argv, code, said):
    ran = jobctl("cron", "load", "cron.toml", *argv)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_too_much_to_count_is_refused(jobctl):
    write("second.toml", [("* * * * * *", "A", "x")])
    ran = jobctl("cron", "load", "second.toml", "--days", "366")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith("hint: fewer --days, or one --queue\n")


def test_an_entry_that_never_fires_is_told_and_the_rest_is_counted(jobctl):
    write("odd.toml", [("0 0 30 2 *", "Never", "low"), ("0 5 * * *", "Close", "default")])
    ran = jobctl("cron", "load", "odd.toml", *DAY, "-o", "csv", "--no-header")
    assert (ran.code, ran.out) == (8, "2026-11-28T05:00:00Z,default,1\n")
    assert ran.err.splitlines()[-1] == "error: odd.toml:3: never fires"


def test_a_peak_of_many_types_names_none_of_them(jobctl):
    write("each.toml", [("0 2 * * *", jobtype, "x") for jobtype in ("A", "B", "C")])
    ran = jobctl("cron", "load", "each.toml", *DAY, "-o", "table")
    assert "peak: 3 jobs at 2026-11-28T02:00Z\n" in ran.out
