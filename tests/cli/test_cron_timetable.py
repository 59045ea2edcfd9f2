"""``jobctl cron next`` of files."""

import json

import pytest

FROM = ("--from", "2026-11-28T16:00:00Z")
PULSE = """
[cron_plugin]
enabled = true

[[cron]]
schedule = "*/5 * * * *"
  [cron.job]
  type = "Pulse"
  queue = "fast"

[[cron]]
schedule = "CRON_TZ=America/New_York 10 11 * * *"
  [cron.job]
  type = "Nightly"

[[cron]]
schedule = "@every 7m"
  [cron.job]
  type = "Beat"
"""
WRONG = """
[[cron]]
schedule = "0 0 * * 7"
  [cron.job]
  type = "Refused"

[[cron]]
schedule = "0 0 30 2 *"
  [cron.job]
  type = "Never"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(PULSE)
    return tmp_path


def test_a_file_is_one_timetable_in_order_of_time(jobctl, folder):
    ran = jobctl("cron", "next", "a.toml", *FROM, "--count", "6", "-o", "json")
    rows = json.loads(ran.out)
    assert [list(row) for row in rows] == [
        ["at", "file", "line", "schedule", "jobtype", "queue"]
    ] * 6
    assert [(row["at"][11:16], row["jobtype"], row["line"]) for row in rows] == [
        ("16:05", "Pulse", 5),
        ("16:07", "Beat", 16),
        ("16:10", "Pulse", 5),
        ("16:10", "Nightly", 11),
        ("16:14", "Beat", 16),
        ("16:15", "Pulse", 5),
    ]
    assert rows[0]["queue"] == "fast"
    assert rows[1]["queue"] == "default"
    assert "@every counts from --from here" in ran.err
    assert "read in UTC" in ran.err


def test_people_see_it_in_one_zone(jobctl, folder, golden, monkeypatch):
    for width in ("60", "80", "100"):
        monkeypatch.setenv("COLUMNS", width)
        ran = jobctl("cron", "next", "a.toml", *FROM, "--tz", "Europe/Berlin", "-o", "table")
        golden(f"cron-timetable-{width}.txt", ran.out)


def test_a_directory_is_its_files_together(jobctl, folder):
    (folder / "b.toml").write_text('[[cron]]\nschedule = "* * * * *"\n[cron.job]\ntype = "B"\n')
    ran = jobctl("cron", "next", ".", *FROM, "--count", "2")
    files = [line.split("\t")[1] for line in ran.out.splitlines()[1:]]
    assert [file.rpartition("/")[2] for file in files] == ["b.toml", "b.toml"]
    assert "b.toml" in jobctl("cron", "next", ".", *FROM, "-o", "table").out


def test_stdin_is_a_file_too(jobctl):
    ran = jobctl("cron", "next", "-", *FROM, "--count", "1", stdin=PULSE)
    assert ran.out.splitlines()[1].startswith("2026-11-28T16:05:00Z\t-\t5\t")


def test_what_the_server_refuses_is_left_out_and_told(jobctl, folder):
    (folder / "b.toml").write_text(WRONG)
    ran = jobctl("cron", "next", ".", *FROM, "--count", "3")
    assert ran.code == 8
    assert len(ran.out.splitlines()) == 4
    assert "b.toml:3: day of week: 7 is above 6" in ran.err
    assert "b.toml:7: never fires" in ran.err


def test_a_file_that_is_no_toml_has_no_timetable(jobctl, folder):
    (folder / "c.toml").write_text("= nonsense")
    ran = jobctl("cron", "next", "c.toml", "-o", "json")
    assert (ran.code, ran.out) == (8, "[]\n")
    assert "c.toml:1" in ran.err


def test_a_hang_leaves_the_other_entries(jobctl, folder):
    text = PULSE.replace("*/5 * * * *", "CRON_TZ=Pacific/Apia 0 12 * * FRI")
    (folder / "d.toml").write_text(text)
    ran = jobctl("cron", "next", "d.toml", "--from", "2011-12-23T21:00:00Z", "--count", "20")
    assert ran.code == 8
    assert ran.out.count("Pulse") == 1
    assert ran.out.count("Beat") == 19
    assert "d.toml:5: the server hangs" in ran.err


def test_a_file_has_one_dialect(jobctl, folder):
    ran = jobctl("cron", "next", "a.toml", "--dialect", "unix")
    assert (ran.code, ran.out) == (2, "")
    assert "a file is read as the server reads it" in ran.err


def test_columns_are_chosen(jobctl, folder):
    asked = ("cron", "next", "a.toml", *FROM, "--count", "1", "--columns")
    assert jobctl(*asked, "jobtype,at").out == "jobtype\tat\nPulse\t2026-11-28T16:05:00Z\n"
    assert "fires" in jobctl(*asked, "fires,later", "-o", "table").out
    assert jobctl(*asked, "jobtyp").code == 2
