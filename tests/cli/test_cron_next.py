"""``jobctl cron next`` of a schedule."""

import json
import signal
import subprocess
import sys

import pytest

FROM = ("--from", "2026-11-28T16:00:00Z")
APIA = "CRON_TZ=Pacific/Apia 0 12 * * FRI"


def instants(ran):
    return json.loads(ran.out)["next"]


def test_five_are_given_where_nobody_says_how_many(jobctl):
    ran = jobctl("cron", "next", "30 9 * * MON-FRI", *FROM, "-o", "json")
    assert json.loads(ran.out) == {
        "expr": "30 9 * * MON-FRI",
        "next": [f"2026-{day}T09:30:00Z" for day in ("11-30", "12-01", "12-02", "12-03", "12-04")],
    }
    assert ran.err == "no zone is named, so read in UTC: --tz ZONE for another\n"


def test_people_see_the_zone_and_how_far_away(jobctl, golden):
    argv = ("cron", "next", "30 9 * * MON-FRI", "--tz", "Europe/Berlin", *FROM, "-o", "table")
    golden("cron-next.txt", jobctl(*argv).out)


def test_from_now_on_the_distance_is_from_now(jobctl):
    header = jobctl("cron", "next", "@hourly", "-o", "table").out.splitlines()[0]
    assert header.split() == ["fires", "day", "in"]


def test_rows_and_ids_are_instants(jobctl):
    asked = ("cron", "next", "*/20 * * * *", *FROM, "--count", "2")
    assert jobctl(*asked).out == "at\n2026-11-28T16:20:00Z\n2026-11-28T16:40:00Z\n"
    assert jobctl(*asked, "-o", "csv", "--no-header").out.splitlines()[0] == "2026-11-28T16:20:00Z"
    assert jobctl(*asked, "-o", "ids").out == "2026-11-28T16:20:00Z\n2026-11-28T16:40:00Z\n"
    assert jobctl(*asked, "-o", "jsonl").out.splitlines()[0] == '{"at":"2026-11-28T16:20:00Z"}'


def test_until_ends_it_and_its_own_second_counts(jobctl):
    ran = jobctl(
        "cron", "next", "0 * * * *", *FROM, "--until", "2026-11-28T19:00:00Z", "-o", "json"
    )
    assert instants(ran) == [f"2026-11-28T{hour}:00:00Z" for hour in (17, 18, 19)]


def test_until_takes_all_there_are_and_count_bounds_them(jobctl):
    until = ("--until", "2026-11-29T16:00:00Z")
    assert len(instants(jobctl("cron", "next", "* * * * *", *FROM, *until, "-o", "json"))) == 1440
    asked = ("cron", "next", "* * * * *", *FROM, *until, "--count", "7", "-o", "json")
    assert len(instants(jobctl(*asked))) == 7


def test_an_end_that_is_too_early_is_refused_and_a_plus_explained(jobctl):
    ran = jobctl("cron", "next", "@daily", "--from", "2999-01-01T00:00:00Z", "--until", "+7d")
    assert ran.code == 2
    assert ran.err == (
        "error: --until is before --from\n"
        "hint: +7d counts from now, not from --from; give a time: 2026-09-21T14:00:00Z\n"
    )
    ran = jobctl("cron", "next", "@daily", "--until", "-1h")
    assert ran.err == "error: --until is before now\nhint: a later time: +2h\n"


def test_a_count_may_be_more_than_there_ever_are(jobctl):
    until = ("--until", "2026-11-30T16:00:00Z")
    asked = ("cron", "next", "@daily", *FROM, *until, "--count", "9" * 30)
    assert len(instants(jobctl(*asked, "-o", "json"))) == 2


def test_of_a_long_schedule_what_is_around_the_mistake_is_shown(jobctl):
    ran = jobctl("cron", "next", f"{'5,' * 500}x,{'6,' * 500}6 * * * *")
    _, typed, caret, _ = ran.err.splitlines()
    assert len(typed) < 210
    assert typed.startswith("  …5,")
    assert typed.endswith("6,…")
    assert typed[caret.index("^")] == "x"


def test_a_long_table_on_a_terminal_is_cut(jobctl):
    ran = jobctl("cron", "next", "* * * * *", *FROM, "--until", "2026-11-28T18:00:00Z", tty=True)
    assert len(ran.out.splitlines()) == 52
    assert "70 more: --count N, or -o wide" in ran.err


@pytest.mark.parametrize("text", ["2026-11-28T16:29:59.999999999Z", "1795883399.5", "1795883399"])
def test_a_fraction_begins_with_the_next_whole_second(jobctl, text):
    ran = jobctl("cron", "next", "30 16 * * *", "--from", text, "--count", "1", "-o", "ids")
    assert ran.out == "2026-11-28T16:30:00Z\n"


@pytest.mark.parametrize(
    ("form", "out"),
    [("json", '{\n  "expr": "0 0 30 2 *",\n  "next": []\n}\n'), ("tsv", "at\n"), ("table", "")],
)
def test_one_that_never_fires_is_an_error(jobctl, form, out):
    ran = jobctl("cron", "next", "0 0 30 2 *", "-o", form)
    assert (ran.code, ran.out) == (8, out)
    assert "never fires: February has at most 29 days" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_where_it_ends_it_is_told(jobctl):
    asked = ("cron", "next", "0 0 29 2 *", "--from", "2090-01-01T00:00:00Z", "--tz", "UTC")
    ran = jobctl(*asked, "-o", "ids")
    assert (ran.code, ran.out) == (0, "2092-02-29T00:00:00Z\n2096-02-29T00:00:00Z\n")
    assert ran.err == "it does not fire any more after that\n"


@pytest.mark.parametrize("form", ["json", "tsv", "table"])
def test_a_hang_comes_after_what_fires_before(jobctl, form):
    ran = jobctl("cron", "next", APIA, "--from", "2011-12-20T00:00:00Z", "-o", form)
    assert ran.code == 8
    assert "2011-12-23" in ran.out
    assert "the server hangs" in ran.err
    if form == "json":
        assert json.loads(ran.out)["next"] == ["2011-12-23T22:00:00Z"]


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["@daily", "--until", "-1h"], 2, "--until is before now"),
        (["@daily", *FROM, "--until", "2020-01-01T00:00:00Z"], 2, "--until is before --from"),
        (["@daily", "--until", "soon"], 2, "--until: 'soon' is not a time"),
        (["@daily", "--count", "-1"], 2, "--count"),
        (["@daily", "--from", "0001-01-01T00:00:01Z"], 2, "from the year 2 to 9990"),
        (["@daily", "--from", "1790000000000"], 2, "--from: 1790000000000 is no time"),
        (["@daily", "--from", "9" * 400], 2, "is no time of the years 1 to 9999"),
        (["@daily", "--columns", "when"], 2, "there is no field 'when'"),
        (["no/such/thing"], 4,
         "no/such/thing: there is no such file or directory\nhint: a schedule"),
        (["cron.tml"], 4, "cron.tml: there is no such file or directory"),
        (["*/5"], 2, "1 field, the server takes 5 or 6"),
        (["@every5.5m"], 2, "not a descriptor"),
        (["missing.toml"], 4, "missing.toml"),
        ([], 2, "Missing argument"),
    ],
)  # fmt: skip
def test_mistakes(jobctl, argv, code, said):
    ran = jobctl("cron", "next", *argv)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def piped(*argv):
    return subprocess.Popen(
        [sys.executable, "-m", "jobctl", "cron", "next", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("form", ["tsv", "json", "ids"])
def test_who_reads_only_the_first_lines_does_not_wait_for_the_rest(form):
    with piped("* * * * * *", "--until", "+3650d", "-o", form) as running:
        first = running.stdout.readline()
        running.stdout.close()
        assert first
        assert running.wait(20) == 0
        assert running.stderr.read() == ""


def test_an_interrupt_ends_it():
    with piped("* * * * * *", "--until", "+3650d") as running:
        for _ in range(5000):
            assert running.stdout.readline()
        running.send_signal(signal.SIGINT)
        rest, said = running.communicate(timeout=20)
        assert running.returncode == 130
        *whole, _ = rest.split("\n")  # a pipe that is full takes a part of the last one
        assert whole
        assert all(line.endswith("Z") for line in whole)
        assert said == ""


def test_none_at_all_are_an_empty_list(jobctl):
    ran = jobctl("cron", "next", "@daily", "--count", "0", "-o", "json")
    assert (ran.code, instants(ran)) == (0, [])
