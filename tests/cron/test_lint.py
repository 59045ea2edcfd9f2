"""What may not be meant about a schedule."""

import pytest

from jobctl.cron.clock import Clock
from jobctl.cron.finding import Level
from jobctl.cron.lint import lint
from jobctl.cron.schedule import Dialect, Schedule

NOW = 1_795_881_600  # 2026-11-28T16:00:00Z


EITHER = "no schedule says both at once: write * for one, and let the job itself check that one"
RESTART = "@hourly, @daily and fields fire at times of the day, whenever it was started"


def found(text, zone="UTC", now=NOW, dialect=Dialect.FAKTORY):
    return lint(Schedule.parse(text, dialect=dialect), now, Clock.named(zone))


def codes(text, zone="UTC", now=NOW):
    return [finding.code for finding in found(text, zone, now)]


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("0 0 30 2 *", "never fires: February has at most 29 days", 4),
        ("0 0 30,31 FEB *", "never fires: February has at most 29 days", 4),
        ("TZ=UTC 0 0 31 4,6 *", "never fires: April and June have at most 30 days", 11),
        (", * * * *", "never fires: the list of minute is empty", 0),
        ("0 * , * * *", "never fires: the list of hour is empty", 4),
        ("* * * , *", "never fires: the list of month is empty", 6),
        ("0 0 , * *", "never fires: the list of day of month is empty", 4),
        ("0 0 * * ,", "never fires: the list of day of week is empty", 8),
    ],
)
def test_a_schedule_that_never_fires_says_why_and_where(text, message, position):
    first, *rest = found(text)
    assert (first.level, first.code, first.message, first.column) == (
        Level.ERROR,
        "never-fires",
        message,
        position + 1,
    )
    assert {finding.code for finding in rest} <= {"empty-entry"}


def test_the_29th_of_february_never_fires_where_the_server_gives_up_before():
    (finding,) = found("0 0 29 2 *", now=3_981_312_000)  # 2096-03-01
    assert finding.message == "never fires: none within 5 years; the server gives up then"


def test_a_date_that_the_clock_leaves_out_hangs_the_server():
    now = 1_322_697_600  # 2011-12-01
    (finding,) = found("0 12 30 12 *", "Pacific/Apia", now)
    assert (finding.level, finding.code) == (Level.ERROR, "hangs")
    assert "2011-12-29 in Pacific/Apia" in finding.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", []),
        ("30 9 * * MON-FRI", []),
        ("0 0 1-31 * *", []),
        ("0 0 1-31 * 0-6", []),
        ("0 0 *,13 * FRI", []),
        ("1,,2 * * * *", ["empty-entry"]),
        ("*-5/3 * * * *", ["ignored"]),
        ("05 * * * *", []),
        ("@every 1ms", ["raised", "every-second"]),
        ("@every 1500ms", ["cut", "every-second"]),
        ("@every 2s", []),
        ("@every 59m", []),
        ("@every 1h", ["every-restart"]),
        ("* * * * * *", ["every-second"]),
        ("*/2 * * * * *", ["every-second"]),
        ("*/3 * * * * *", []),
        ("* 9 * * *", ["every-minute"]),
        ("0 * 9,21 * * *", ["every-minute"]),
        ("* 9-17 * * *", []),
        ("* */2 * * *", []),
        ("* * * * MON", []),
        ("*/45 * * * *", ["uneven-step"]),
        ("5 */13 * * *", ["uneven-step"]),
        ("*/30 * * * *", []),
        ("*/40 9-17 * * *", []),
        ("*/7 * * * *", []),
        ("0 0 31 * *", ["not-every-month"]),
        ("0 0 29 * *", ["not-every-month"]),
        ("0 0 29 2 *", ["not-every-month"]),
        ("0 0 31 1,3 *", []),
        ("0 0 15,31 * *", []),
        ("0 0 31 * MON", ["either-day"]),
        ("0 0 13 * FRI", ["either-day"]),
        ("0 0 1-31 * MON", ["either-day"]),
        ("0 0 13 * 0-6", ["either-day"]),
        ("0 0 */2 * */2", ["either-day"]),
        ("0 0 30 2 MON", ["either-day"]),
        ("0 15 10 ? * 2-6", ["other-dialect"]),
        ("0 9 ? * 1", ["other-dialect"]),
        ("0 15 10 ? * MON-FRI", []),
        ("0 0 4 * * ?", []),
        ("0 10 * * ? *", ["other-dialect"]),
    ],
)
def test_which_findings_a_schedule_has(text, expected):
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "0 0 13 * FRI",
            "fires on the 13th of every month, or on Fridays: "
            "without a star in one of them either day suffices",
            EITHER,
        ),
        (
            "0 0 1-31 * MON",
            "fires every day: without a star in one of them either day suffices",
            EITHER,
        ),
        (
            "0 0 30 * *",
            "does not fire in February: no day 30 there",
            "days 1 to 28 are in every month",
        ),
        (
            "* 9 * * *",
            "fires 60 times an hour: at every minute of the hour 9",
            "once: 0 9 * * *",
        ),
        (
            "CRON_TZ=UTC * 9,21 * * *",
            "fires 60 times an hour: at every minute of the hours 9 and 21",
            "once: CRON_TZ=UTC 0 9,21 * * *",
        ),
        (
            "*/45 * * * *",
            "each hour starts over: after 45 minutes it fires 15 later",
            "@every 45m is every 45 minutes, counted from the server's start",
        ),
        (
            "0 0 29 2 *",
            "does not fire in February (but in leap years): no day 29 there",
            "days 1 to 28 are in every month",
        ),
        (
            "TZ=UTC * 30 9 * * *",
            "fires every second: of six fields the first is the second",
            "once a minute: TZ=UTC 0 30 9 * * *",
        ),
        (
            "0 15 10 ? * 2-6",
            "fires Tuesday to Saturday: days of the week are numbered from 0 on",
            "in Quartz, where ? is from, Sunday is 1; here it is 0: name the days, SUN to SAT",
        ),
        (
            "0 10 * * ? *",
            "? is the month: in other dialects only days have it",
            "six fields are seconds first, the weekday last; AWS has the year there",
        ),
        (
            "@every 24h",
            "counts anew whenever the server starts or reloads: it may come late, or never",
            RESTART,
        ),
    ],
)
def test_what_is_said(text, message, hint):
    (finding,) = found(text)
    assert (finding.level, finding.message, finding.hint) == (Level.WARNING, message, hint)


def test_the_hint_against_every_second_is_a_schedule_that_has_no_finding():
    (finding,) = found("CRON_TZ=Europe/Berlin * 30 9 * * *")
    assert codes(finding.hint.removeprefix("once a minute: ")) == []


def test_a_crontabs_line_is_only_asked_whether_it_fires():
    assert found("0 0 13 * 5", dialect=Dialect.UNIX) == []
    (finding,) = found("0 0 30 2 *", dialect=Dialect.UNIX)
    assert finding.message == "never fires: February has at most 29 days"
    (finding,) = found("0 0 1 1 * 0 2020", dialect=Dialect.UNIX)
    assert finding.code == "never-fires"
