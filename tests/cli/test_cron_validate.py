"""jobctl cron validate: what the server would say of a file, before it does."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from jobctl.cron.finding import FINDING_KEYS
from tests.cron.tables import ON, job
from tests.cron.test_checks import README


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a directory of its own, so that names are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def conf(directory: Path, **files: str) -> str:
    """Write a configuration directory, and return its name."""
    (directory / "conf.d").mkdir()
    for name, text in files.items():
        (directory / "conf.d" / f"{name}.toml").write_text(text)
    return "."


def plain(jobctl, *argv: str) -> list[str]:
    """Return the lines that people see, without colours."""
    return jobctl("cron", "validate", *argv, "--color", "never", tty=True).out.splitlines()


def test_people_see_each_finding_with_its_line_a_caret_and_a_hint(here, jobctl):
    ran = jobctl("cron", "validate", conf(here, readme=README), "--color", "never", tty=True)
    assert ran.code == 8
    assert ran.out == (
        "conf.d/readme.toml:13:25: error: 8 fields, the server takes 5 or 6 [bad-schedule]\n"
        '  schedule = "3 * * * * * * *" # quartz format\n'
        "                          ^\n"
        "  hint: five fields: minute hour day month weekday; six with the seconds first; the eight"
        " in the\n"
        "  plugin's own README are refused\n"
        "\n"
        "conf.d/readme.toml:21:12: warning: jobs is not read [unknown-key]\n"
        "  [[cron.jobs.args]]\n"
        "         ^\n"
        "  hint: did you mean job?\n"
        "\n"
    )
    assert ran.err == (
        "1 error, 1 warning in 2 entries of 1 file; the server does not start; a reload leaves "
        "running only the entry before it\n"
    )


def test_where_all_is_well_one_line_says_so(here, jobctl):
    directory = conf(here, a=ON, b=job(schedule='"5 9 * * *"'), c=job(schedule='"7 9 * * *"'))
    ran = jobctl("cron", "validate", directory, tty=True)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "2 entries of 3 files: the server accepts them\n"


def test_json_is_one_array_and_nothing_else(here, jobctl):
    ran = jobctl("cron", "validate", conf(here, a=ON + job("retry = 'x'")), "-o", "json")
    assert ran.code == 8
    assert json.loads(ran.out) == [
        {
            "file": "conf.d/a.toml",
            "line": 7,
            "column": 9,
            "entry": 1,
            "level": "error",
            "code": "wrong-type",
            "message": "retry must be an integer, not a string",
            "hint": None,
        }
    ]
    assert ran.err.startswith("1 error in 1 entry of 1 file; ")


def test_every_format_works(here, jobctl):
    conf(here, a=ON + job("x = 1", "retry = 'x'"))
    outs = {
        fmt: jobctl("cron", "validate", ".", "-o", fmt).out
        for fmt in ("wide", "jsonl", "csv", "tsv", "ids")
    }
    assert [json.loads(line)["code"] for line in outs["jsonl"].splitlines()] == [
        "unknown-key",
        "wrong-type",
    ]
    assert [row["line"] for row in csv.DictReader(io.StringIO(outs["csv"]))] == ["7", "8"]
    assert outs["ids"] == "conf.d/a.toml:7\nconf.d/a.toml:8\n"
    assert outs["wide"].splitlines()[0].split() == list(FINDING_KEYS)
    assert "hint:" not in outs["wide"]


def test_columns_can_be_chosen(here, jobctl):
    conf(here, a=ON + job("x = 1"))
    ran = jobctl("cron", "validate", ".", "--columns", "code,line", "--no-header")
    assert ran.out == "unknown-key\t7\n"
    ran = jobctl("cron", "validate", ".", "--columns", "code,line", "--color", "never", tty=True)
    assert [line.split() for line in ran.out.splitlines()[::2]] == [
        ["code", "line"],
        ["unknown-key", "7"],
    ]
    ran = jobctl("cron", "validate", ".", "--columns", "kode")
    assert (ran.code, "did you mean code?" in ran.err) == (2, True)


def test_warnings_fail_only_where_strict(here, jobctl):
    conf(here, a=ON + job("x = 1"))
    assert jobctl("cron", "validate", ".").code == 0
    assert jobctl("cron", "validate", ".", "--strict").code == 8
    (here / "conf.d" / "a.toml").write_text(ON + job())
    assert jobctl("cron", "validate", ".", "--strict").code == 0


def test_each_file_named_is_a_document_by_itself(here, jobctl):
    conf(here, a=ON + job(schedule='"0 7 * * 7"'), b=ON + job())
    ran = jobctl("cron", "validate", "conf.d/a.toml", "conf.d/b.toml", "-o", "ids")
    assert ran.out == "conf.d/a.toml:4\n"
    assert ran.err.splitlines() == [
        "1 error in 2 entries of 2 files",
        "conf.d/a.toml: the server does not start; a reload leaves no entry running",
    ]
    ran = jobctl("cron", "validate", "conf.d", "-o", "ids")
    assert ran.out == "conf.d/b.toml:1\n"
    assert ran.err.startswith("1 error in 2 files; the server does not start; a reload keeps")


def test_stdin_is_read_for_a_dash(jobctl):
    ran = jobctl("cron", "validate", "-", "-o", "jsonl", stdin=ON + job("retry = 'x'"))
    assert json.loads(ran.out)["file"] == "-"
    assert jobctl("cron", "validate", "-", stdin=ON + job()).code == 0


def test_a_file_that_the_server_passes_over_is_a_warning(here, jobctl):
    (here / "conf.d").write_text(ON + job())
    ran = jobctl("cron", "validate", "conf.d", "-o", "jsonl")
    assert ran.code == 0
    assert json.loads(ran.out)["code"] == "not-toml-name"
    (here / "conf.d").unlink()
    conf(here, a=ON + job())
    (here / "conf.d" / "cron.tml").write_text(job())
    ran = jobctl("cron", "validate", ".", "--columns", "file,code", "--no-header")
    assert ran.out == "conf.d/cron.tml\tnot-toml-name\n"
    assert jobctl("cron", "validate", ".", "--strict").code == 8


def test_enterprise_has_files_of_its_own(here, jobctl):
    conf(here, cron=job("reserve_for = 4000", "[cron.job.custom]", "expires_in = 60"))
    ran = jobctl("cron", "validate", ".", "-o", "jsonl")
    assert (ran.code, json.loads(ran.out)["code"]) == (0, "flavour")
    assert ran.err == "1 warning in 1 entry of 1 file; Faktory Enterprise runs 1 entry\n"
    ran = jobctl("cron", "validate", ".", "--flavour", "enterprise", "--strict")
    assert ran.code == 0
    ran = jobctl("cron", "validate", ".", "--flavour", "plugin", "--columns", "code", "--no-header")
    assert (ran.code, ran.out.split()) == (8, ["plugin-off", "bad-expiry"])
    assert jobctl("cron", "ls", ".", "--flavour", "plugin").code == 8


def test_schedules_are_checked_for_themselves(jobctl):
    ran = jobctl("cron", "validate", "-e", "30 9 * * 7", "-e", "@daily", "-o", "json")
    assert ran.code == 8
    (row,) = json.loads(ran.out)
    assert (row["file"], row["line"], row["column"], row["entry"]) == (None, None, 10, None)
    assert (row["level"], row["code"]) == ("error", "bad-schedule")
    assert ran.err == "1 error in 2 schedules\n"
    ran = jobctl("cron", "validate", "-e", "30 9 * * 7", "--color", "never", tty=True)
    assert ran.out.splitlines()[:3] == [
        "error: day of week: 7 is above 6 [bad-schedule]",
        "  30 9 * * 7",
        "           ^",
    ]
    ran = jobctl("cron", "validate", "-e", "@daily")
    assert (ran.code, ran.err) == (0, "1 schedule: the server accepts it\n")


def test_nobody_knows_the_place_of_a_schedule_as_an_id(jobctl):
    assert jobctl("cron", "validate", "-e", "x", "-o", "ids").out == ""


def test_a_schedule_in_the_place_of_a_file_is_recognised(jobctl):
    ran = jobctl("cron", "validate", "0 9 * * 1")
    assert (ran.code, ran.err.splitlines()[1]) == (
        4,
        "hint: is it a schedule? jobctl cron explain '0 9 * * 1'",
    )
    ran = jobctl("cron", "validate", "-e", "0", "9", "*", "*", "1")
    assert (ran.code, ran.err.splitlines()[1]) == (
        2,
        "hint: a schedule is one word for the shell: in quotes, -e '30 9 * * MON-FRI'",
    )


@pytest.mark.parametrize("argv", [(), ("x.toml", "-e", "@daily"), ("",)])
def test_a_line_that_makes_no_sense_is_a_usage_error(here, jobctl, argv):
    ran = jobctl("cron", "validate", *argv)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")


def test_what_is_missing_is_not_found(here, jobctl):
    ran = jobctl("cron", "validate", "nowhere.toml")
    assert (ran.code, ran.err) == (4, "error: nowhere.toml: there is no such file or directory\n")
    (here / "conf.d").mkdir()
    ran = jobctl("cron", "validate", ".")
    assert (ran.code, "conf.d: there is no *.toml in it" in ran.err) == (4, True)


def test_one_of_several_that_cannot_be_read_is_a_finding(here, jobctl):
    conf(here, a=ON + job("x = 1"))
    (here / "loop.toml").symlink_to("loop.toml")
    ran = jobctl("cron", "validate", "loop.toml", "nowhere.toml", ".", "-o", "json")
    assert ran.code == 8
    assert [(row["file"], row["code"], row["line"]) for row in json.loads(ran.out)] == [
        ("loop.toml", "unreadable", None),
        ("nowhere.toml", "unreadable", None),
        ("conf.d/a.toml", "unknown-key", 7),
    ]
    assert ran.err == ("2 errors, 1 warning in 1 entry of 1 file; 2 files could not be read\n")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "no-entries"),
        (b"\0\0\0", "nul-byte"),
        (b"\x7fELF\x02\x01\x01\xff", "not-utf-8"),
        (b"[[cron]]\n" * 20_000, "missing-job"),
        (b"x = " + b"[" * 200_000, "toml"),
        (b"x" * 1_000_000, "toml"),
        (b"cron = " + b"9" * 5000, "toml"),
    ],
)
def test_odd_files_get_findings_and_no_traceback(here, jobctl, raw, code):
    (here / "odd.toml").write_bytes(raw)
    for tty in (True, False):
        ran = jobctl("cron", "validate", "odd.toml", tty=tty)
        assert ran.code in (0, 8)
        assert code in ran.out
        assert "bug" not in ran.err
        assert max(map(len, ran.out.splitlines())) < 1000


def test_nothing_in_a_file_moves_the_cursor(here, jobctl):
    text = ON + job("retry = '\x1b]0;evil\x07'", '"\\u001b[31m" = 1', "queue = '\u202eevil'")
    (here / "a.toml").write_text(
        text.replace("\x1b", "\\u001b").replace("\x07", "").replace("'", '"')
    )
    ran = jobctl("cron", "validate", "a.toml", tty=True)
    assert ran.code == 8
    assert '\x1b[31m"' not in ran.out
    assert "\u202e" not in ran.out
    (here / "b.toml").write_text("a = '\x1b[31m'")
    ran = jobctl("cron", "validate", "b.toml", "--color", "never", tty=True)
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_a_long_line_is_cut_around_the_caret(here, jobctl, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    many = " ".join(f"漢{i}" for i in range(200))
    (here / "a.toml").write_text(ON + job(f"custom.'{many}' = nan # {many}"))
    lines = plain(jobctl, "a.toml")
    caret = next(line for line in lines if line.strip() == "^")
    source = lines[lines.index(caret) - 1]
    assert max(map(len, lines)) <= columns
    cells = [cell for char in source for cell in ([char] if char != "漢" else [char, ""])]
    assert len(cells) <= columns
    assert "".join(cells[caret.index("^") :]).startswith("nan")


def test_a_tab_does_not_move_the_caret(here, jobctl):
    (here / "a.toml").write_text(ON + job("\tretry\t=\t'x'"))
    lines = plain(jobctl, "a.toml")
    assert lines[1][lines[2].index("^") :] == "'x'"


def test_a_terminal_is_not_flooded(here, jobctl):
    (here / "a.toml").write_text(ON + job(*(f"x{i} = 1" for i in range(120))))
    ran = jobctl("cron", "validate", "a.toml", tty=True)
    assert ran.out.count("[unknown-key]") == 50
    assert ran.err.startswith("70 more: -o wide\n120 warnings in 1 entry")
    assert jobctl("cron", "validate", "a.toml", "-o", "jsonl").out.count("unknown-key") == 120


def test_levels_have_colours(here, jobctl):
    (here / "a.toml").write_text(ON + job("retry = 'x'", "x = 1"))
    ran = jobctl("cron", "validate", "a.toml", tty=True)
    assert "\x1b[1;31merror: " in ran.out
    assert "\x1b[1;33mwarning: " in ran.out


def test_the_zone_decides_who_meets_whom(here, jobctl):
    text = ON + job("retry = 1", schedule='"0 9 * * *"')
    text += job("retry = 2", schedule='"TZ=Europe/Berlin 0 9 * * *"')
    conf(here, a=text)
    assert "same-instant" not in jobctl("cron", "validate", ".").out
    ran = jobctl("cron", "validate", ".", "--tz", "Europe/Paris")
    assert "same-instant" in ran.out
    ran = jobctl("cron", "validate", ".", "--tz", "Europe/Pariss")
    assert (ran.code, "did you mean Europe/Paris?" in ran.err) == (2, True)
