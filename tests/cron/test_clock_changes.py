"""What clock changes do to schedules, compared with the wall clock, instant by instant."""

from random import Random

import pytest

from jobctl.cron.clock import DAY, Clock, date_of, midnight
from jobctl.cron.lint import lint
from jobctl.cron.schedule import Schedule

NOW = 1_701_187_200  # 2023-11-28T16:00:00Z: past changes, which no new law takes back
NEW_YORK = "America/New_York"


def found(text, zone, now=NOW):
    return {finding.code: finding for finding in lint(Schedule.parse(text), now, Clock.named(zone))}


@pytest.mark.parametrize(
    ("text", "zone", "code", "message"),
    [
        (
            "30 2 * * *",
            NEW_YORK,
            "skipped-time",
            "2024-03-10 02:30 does not exist in America/New_York: it does not fire that day",
        ),
        (
            "*/10 2,4 * * *",
            NEW_YORK,
            "skipped-time",
            "2024-03-10 02:00 to 02:50 do not exist in America/New_York: it does not fire then",
        ),
        (
            "30 1 * * *",
            NEW_YORK,
            "doubled-time",
            "2024-11-03 01:30 comes twice in America/New_York: fires at 05:30Z and 06:30Z",
        ),
        (
            "15,45 1 * * *",
            NEW_YORK,
            "doubled-time",
            "2024-11-03 01:15 and 01:45 come twice in America/New_York: "
            "fires twice, first at 05:15Z and 06:15Z",
        ),
        (
            "0 0 * * *",
            "Asia/Beirut",
            "skipped-time",
            "2024-03-31 00:00 does not exist in Asia/Beirut: it does not fire that day",
        ),
        (
            "0 5 * * SUN",
            "Asia/Beirut",
            "missed-firing",
            "the server misses 2024-03-31 05:00 in Asia/Beirut: "
            "its search is led astray by the clock change of 2024-03-31",
        ),
        (
            "* * * * SUN",
            "Asia/Beirut",
            "missed-firing",
            "the server misses 2024-03-31 01:00 to 23:59 in Asia/Beirut: "
            "its search is led astray by the clock change of 2024-03-31",
        ),
        (
            "* 3 * * *",
            "Australia/Lord_Howe",
            "missed-firing",
            "the server misses 2024-04-07 03:00 to 03:29 in Australia/Lord_Howe: "
            "its search is led astray by the clock change of 2024-04-07",
        ),
    ],
)
def test_what_is_said_of_a_clock_change(text, zone, code, message):
    assert message in [d.message for d in lint(Schedule.parse(text), NOW, Clock.named(zone))]
    assert found(text, zone)[code].hint is not None


def test_the_zone_in_front_is_the_one_that_counts():
    assert "skipped-time" in found("CRON_TZ=America/New_York 30 2 * * *", "UTC")
    assert not found("CRON_TZ=UTC 30 2 * * *", NEW_YORK)


@pytest.mark.parametrize("text", ["*/5 * * * *", "0 * * * *", "0 0-6 * * *", "10,25,40 * * * *"])
def test_who_fires_on_both_sides_of_a_change_at_the_usual_pace_is_not_nagged(text):
    assert not found(text, NEW_YORK)


@pytest.mark.parametrize("text", ["0 */2 * * *", "30 2-4 * * *", "30 2 8-14 3 *"])
def test_who_does_not_is_told(text):
    assert "skipped-time" in found(text, NEW_YORK)


def test_only_the_changes_of_the_year_to_come_count():
    march = midnight(2024, 3, 10) + 12 * 3600
    assert date_of(march).isoformat() == "2024-03-10"
    assert "2025-03-09" in found("30 2 * * *", NEW_YORK, march)["skipped-time"].message


def named(fields, clock, start, end):
    """Return the wall time of each instant that matches: each minute is looked at."""
    days = {}
    walls = {}
    for at in range(start - start % 60, end, 60):
        wall = clock.wall(at)
        day = wall // DAY
        if day not in days:
            today = date_of(wall)
            days[day] = today.month in fields.month.values and fields.day_matches(today)
        if (
            days[day]
            and wall % DAY // 3600 in fields.hour.values
            and wall % 3600 // 60 in fields.minute.values
            and start <= at < end
        ):
            walls[at] = wall
    return walls


def a_schedule(dice):
    def field(least, most, star):
        if dice.random() < star:
            return dice.choice(["*", "*", "*/2", "*/5"])
        return ",".join(str(dice.randint(least, most)) for _ in range(dice.choice([1, 1, 2, 3])))

    hour = dice.choice([field(0, 3, 0.2), field(0, 23, 0.3)])
    month = "*" if dice.random() < 0.7 else field(1, 12, 0)
    return " ".join([field(0, 59, 0.1), hour, field(1, 31, 0.7), month, field(0, 6, 0.6)])


@pytest.mark.parametrize(
    ("zone", "year", "month"),
    [
        ("Asia/Beirut", 2024, 3),
        ("Asia/Beirut", 2024, 10),
        ("Africa/Cairo", 2024, 4),
        ("America/Havana", 2024, 3),
        ("America/Havana", 2024, 11),
        ("Australia/Lord_Howe", 2024, 4),
        ("Australia/Lord_Howe", 2024, 10),
        ("America/New_York", 2024, 3),
        ("Europe/London", 2024, 10),
        ("America/Sao_Paulo", 2018, 11),
        ("Asia/Tehran", 2021, 3),
        ("Asia/Amman", 2020, 3),
    ],
)
def test_whatever_differs_from_the_wall_clock_is_told_and_nothing_else(zone, year, month):
    clock = Clock.named(zone)
    (change,) = [
        each
        for each in clock.changes(midnight(year, 1, 1), midnight(year, 12, 31))
        if date_of(each.at + each.before).month == month
    ]
    start, end = change.at - 6 * DAY, change.at + 12 * DAY
    dice = Random(f"{zone} {month}")
    for _ in range(25):
        schedule = Schedule.parse(a_schedule(dice))
        if schedule.plan.impossible:
            continue
        walls = named(schedule.plan, clock, start, end)
        given = set()
        for at in schedule.seconds(start - 20 * DAY, clock):
            if at >= end:
                break
            given.add(at)
        given = {at for at in given if at >= start}
        missed = set(walls.values()) - {walls[at] for at in given if at in walls}
        odd = {at for at in given if at not in walls}
        told = {finding.code for finding in lint(schedule, change.at - 20 * DAY, clock)
                if str(date_of(change.at + change.before)) in finding.message
                or str(date_of(change.at + change.after)) in finding.message}  # fmt: skip
        assert ("missed-firing" in told) == bool(missed), schedule.text
        assert ("odd-firing" in told) == bool(odd), schedule.text
