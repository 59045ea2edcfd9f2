"""``jobctl cron explain``."""

import json

import pytest

FROM = ("--from", "2026-11-28T16:00:00Z")


def test_a_schedule_is_explained_to_people(jobctl, golden, monkeypatch):
    for width in ("40", "60", "80"):
        monkeypatch.setenv("COLUMNS", width)
        ran = jobctl(
            "cron", "explain", "30 2 13 * FRI", "--tz", "America/New_York", *FROM, "-o", "table"
        )
        assert (ran.code, ran.err) == (0, "")
        golden(f"cron-explain-{width}.txt", ran.out)


def test_json_is_one_object(jobctl):
    ran = jobctl("cron", "explain", "TZ=Europe/Berlin 0 0 31 * *", *FROM, "-o", "json")
    document = json.loads(ran.out)
    assert list(document) == ["expr", "dialect", "zone", "words", "fields", "next", "warnings"]
    assert document["expr"] == "TZ=Europe/Berlin 0 0 31 * *"
    assert (document["dialect"], document["zone"]) == ("faktory", "Europe/Berlin")
    assert document["words"].endswith("of every month that has one, in Europe/Berlin")
    assert document["fields"][0] == {"field": "second", "text": None, "values": "0", "count": 1}
    assert document["fields"][3] == {
        "field": "day of month",
        "text": "31",
        "values": "31",
        "count": 1,
    }
    assert document["next"][:2] == ["2026-12-30T23:00:00Z", "2027-01-30T23:00:00Z"]
    assert len(document["next"]) == 5
    (warning,) = document["warnings"]
    assert list(warning) == ["level", "code", "message", "hint"]
    assert (warning["level"], warning["code"]) == ("warning", "not-every-month")
    assert ran.err == ""


def test_a_row_has_the_words_and_the_next_ones(jobctl):
    ran = jobctl("cron", "explain", "0 0 1 1 *", *FROM)
    header, row = ran.out.splitlines()
    assert header == "expr\twords\tnext"
    assert row.startswith("0 0 1 1 *\tat 00:00 on the 1st of January\t2027-01-01T00:00:00Z 2028-")


def test_ids_are_the_instants(jobctl):
    ran = jobctl("cron", "explain", "*/30 * * * *", *FROM, "-o", "ids")
    assert ran.out.splitlines()[:2] == ["2026-11-28T16:30:00Z", "2026-11-28T17:00:00Z"]


def test_columns_are_chosen(jobctl):
    asked = ("cron", "explain", "@daily", *FROM, "--columns", "words,zone")
    assert jobctl(*asked).out == "words\tzone\nat 00:00 every day\tUTC\n"
    assert json.loads(jobctl(*asked, "-o", "json").out) == [
        {"words": "at 00:00 every day", "zone": "UTC"}
    ]
    assert "at 00:00 every day" in jobctl(*asked, "-o", "table").out


@pytest.mark.parametrize("form", ["table", "json", "tsv", "ids"])
def test_a_schedule_that_never_fires_exits_with_8(jobctl, form):
    ran = jobctl("cron", "explain", "0 0 30 2 *", "-o", form)
    assert ran.code == 8
    assert "never fires: February has at most 29 days" in (ran.out if form == "table" else ran.err)


def test_the_error_stands_once_for_people(jobctl):
    ran = jobctl("cron", "explain", "0 0 30 2 *", "-o", "table")
    assert ran.out.startswith("never\n")
    assert "error: never fires" in ran.out
    assert "error" not in ran.err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["0", "9", "*", "*", "1"], "in quotes"),
        (["* * * * *", "--tz", "Europe/Berln"], "did you mean Europe/Berlin?"),
        (["* * * * *", "--tz", "../etc/passwd"], "is a path"),
        (["* * * * *", "--tz", ""], "--tz is empty"),
        (["* * * * *", "--from", "someday"], "--from: 'someday' is not a time"),
        (["* * * * *", "--dialect", "quartz"], "--dialect"),
        (["* * * * *", "--columns", "word"], "did you mean words?"),
        (["60 * * * *", "--dialect", "unix"], "minute: '60' is not what a crontab takes"),
    ],
)
def test_a_mistake_exits_with_2(jobctl, argv, said):
    ran = jobctl("cron", "explain", *argv)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""


def test_the_zone_is_told_where_it_matters(jobctl):
    said = "no zone is named, so read in UTC: --tz ZONE for another"
    assert said in jobctl("cron", "explain", "@daily").err
    assert said not in jobctl("cron", "explain", "@daily", "--tz", "UTC").err
    assert said not in jobctl("cron", "explain", "TZ=UTC @daily").err
    assert said not in jobctl("cron", "explain", "@every 5m").err
    assert "@every counts from now here" in jobctl("cron", "explain", "@every 5m").err


def test_a_hostile_schedule_moves_no_cursor(jobctl):
    ran = jobctl("cron", "explain", "\x1b[31m 0 * * *", "-o", "table")
    assert "\x1b" not in ran.out + ran.err


def test_a_file_is_not_explained_but_listed(jobctl, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my cron").mkdir()
    ran = jobctl("cron", "explain", "my cron")
    assert ran.code == 2
    assert ran.err.endswith("hint: it is a file: jobctl cron ls 'my cron'\n")


def test_a_hang_is_told_with_what_fires_before(jobctl):
    ran = jobctl(
        "cron", "explain", "CRON_TZ=Pacific/Apia 0 12 * * FRI", "-o", "json",
        "--from", "2011-12-20T00:00:00Z",
    )  # fmt: skip
    assert ran.code == 8
    document = json.loads(ran.out)
    assert document["next"] == ["2011-12-23T22:00:00Z"]
    assert document["warnings"][0]["code"] == "hangs"
