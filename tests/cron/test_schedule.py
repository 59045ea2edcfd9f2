"""Whole schedules: prefixes, descriptors, intervals, and what the library answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from jobctl.cron.fields import Fields
from jobctl.cron.schedule import Every, Schedule
from jobctl.errors import BadSchedule, UnknownZone, UsageProblem

NEW_YORK = ZoneInfo("America/New_York")
KOLKATA = ZoneInfo("Asia/Kolkata")
NOON = datetime(2024, 6, 15, 12, tzinfo=UTC)  # a Saturday
FIVE = "five fields: minute hour day month weekday"
EVERY = "write @every, exactly one blank, and a duration: @every 90s"
PREFIX = "a zone goes in front, in capitals and without a blank: "
ALL = "one of: @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, @every 1h"


@pytest.mark.parametrize(
    ("word", "fields"),
    [
        ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"), ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prefix", ["", "TZ=UTC ", "CRON_TZ=Asia/Kolkata \u3000", "TZ=  "])
def test_descriptors_are_six_fields(word, fields, prefix):
    found, plain = Schedule.parse(f"{prefix}{word}"), Schedule.parse(f"{prefix}{fields}")
    assert isinstance(found.plan, Fields)
    assert isinstance(plain.plan, Fields)
    assert list(found.plan) == list(plain.plan)
    assert found.plan.starts == (None,) * 6
    assert list(islice(found.firings(NOON), 20)) == list(islice(plain.firings(NOON), 20))


@pytest.mark.parametrize(
    ("duration", "seconds", "note"),
    [
        ("90s", 90, None),
        ("1h30m", 5400, None),
        ("1s", 1, None),
        ("1.0s", 1, None),
        ("1.9s", 1, ("cut", "fractions of a second are cut: 1s")),
        ("1m0.001s", 60, ("cut", "fractions of a second are cut: 60s")),
        ("999ms", 1, ("raised", "less than a second is read as 1s")),
        ("0", 1, ("raised", "less than a second is read as 1s")),
        ("-5h", 1, ("raised", "less than a second is read as 1s")),
        ("-0.5s", 1, ("raised", "less than a second is read as 1s")),
        ("2562047h47m16.854775807s", 9223372036, ("cut", "fractions of a second are cut: "
                                                         "9223372036s")),
        ("-2562047h47m16.854775808s", 1, ("raised", "less than a second is read as 1s")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prefix", ["", "TZ=UTC   "])
def test_an_interval_is_whole_seconds_and_one_at_least(duration, seconds, note, prefix):
    plan = Schedule.parse(f"{prefix}@every {duration}").plan
    assert isinstance(plan, Every)
    assert plan.seconds == seconds
    found = [(each.code, each.message, each.position) for each in plan.notes]
    assert found == ([] if note is None else [(*note, len(f"{prefix}@every "))])


def test_an_interval_counts_from_the_whole_second_of_the_start():
    late = NOON + timedelta(seconds=1, microseconds=999_999)
    found = Schedule.parse("@every 90s").firings(late)
    assert list(islice(found, 3)) == [NOON + timedelta(seconds=s) for s in (91, 181, 271)]


@pytest.mark.parametrize(
    ("text", "zone", "fires"),
    [
        ("30 9 * * *", None, "2024-06-15T13:30Z"),
        ("TZ=Local 30 9 * * *", "Local", "2024-06-15T13:30Z"),
        ("TZ= 30 9 * * *", "", "2024-06-16T09:30Z"),
        ("TZ=UTC 30 9 * * *", "UTC", "2024-06-16T09:30Z"),
        ("CRON_TZ=Asia/Kolkata 30 9 * * *", "Asia/Kolkata", "2024-06-16T04:00Z"),
        ("TZ=Asia/Kolkata \t\u3000 30 9 * * *\u2003", "Asia/Kolkata", "2024-06-16T04:00Z"),
    ],
)
def test_the_zone_in_front_and_without_one_that_of_the_start(text, zone, fires):
    schedule = Schedule.parse(text)
    assert schedule.zone == zone
    found = schedule.next(NOON.astimezone(NEW_YORK))
    assert found == datetime.fromisoformat(fires)
    assert found.tzinfo is NEW_YORK


@pytest.mark.parametrize(
    ("text", "message", "hint", "at"),
    [
        ("TZ=UTC", "nothing stands behind the zone: the server crashes on it",
         "write TZ=Europe/Berlin, one blank, and the schedule", 6),
        ("CRON_TZ=", "nothing stands behind the zone: the server crashes on it",
         "write CRON_TZ=Europe/Berlin, one blank, and the schedule", 8),
        ("TZ=UTC ", "the schedule is empty", f"{FIVE}; or @daily", 7),
        ("TZ=Mars * * * * *", "there is no time zone 'Mars'",
         "zones look like Europe/Berlin, or UTC", 3),
        ("TZ=local * * * * *", "there is no time zone 'local'",
         "did you mean Local? it is the server's own zone", 3),
        ("TZ=UTC\t* * * * *", "there is no time zone 'UTC\\t*'",
         "zones look like Europe/Berlin, or UTC", 3),
        ("CRON_TZ=../UTC * * * * *", "'../UTC' is a path, not a time zone",
         "zones look like Europe/Berlin", 8),
        ("TZ=UTC * * 99 * *", "day of month: 99 is above 31", "the server takes 1-31", 11),
        (" TZ=UTC * * * * *", "second: 'TZ=UTC' is not a number", f"{PREFIX}TZ=..", 1),
        ("tz=UTC * * * * *", "second: 'tz=UTC' is not a number", f"{PREFIX}TZ=..", 0),
        ("CRONTZ=UTC * * * * *", "second: 'CRONTZ=UTC' is not a number", f"{PREFIX}CRON_TZ=..", 0),
        ("TZ=UTC TZ=UTC * * * * *", "second: 'TZ=UTC' is not a number", "the server takes 0-59", 7),
        ("@daily ", "'@daily ' is not a descriptor",
         "write @daily: lower case, no blanks around it", 0),
        ("TZ=UTC @Hourly", "'@Hourly' is not a descriptor",
         "write @hourly: lower case, no blanks around it", 7),
        (" @daily", "1 field, the server takes 5 or 6",
         "a descriptor is the whole text: no blanks around it", 7),
        ("@dayly", "'@dayly' is not a descriptor", "did you mean @daily?", 0),
        ("@reboot", "'@reboot' is not a descriptor", ALL, 0),
        ("@", "'@' is not a descriptor", ALL, 0),
        ("@every", "'@every' is not a descriptor", EVERY, 0),
        ("@Every 1h", "'@Every 1h' is not a descriptor", EVERY, 0),
        ("@every\t1h", "'@every\\t1h' is not a descriptor", EVERY, 0),
        ("TZ=UTC @every 1d", "'d' is not a unit",
         "Go's durations know no days or weeks: 24h, 168h", 15),
    ],
)  # fmt: skip
def test_what_the_server_refuses_and_where(text, message, hint, at):
    with pytest.raises(BadSchedule) as caught:
        Schedule.parse(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.at == (text, at)
    assert isinstance(caught.value, UnknownZone) is ("zone" in message and "stands" not in message)


def test_what_never_fires_has_no_next():
    for text in ("0 0 30 2 *", ", * * * *", "0 0 31 4,6 ?"):
        assert Schedule.parse(text).next(NOON) is None
        assert list(Schedule.parse(text).between(NOON, NOON.replace(year=9000))) == []


def test_between_is_without_its_start_and_with_its_end():
    daily = Schedule.parse("@daily")
    start, end = datetime(2024, 6, 1, tzinfo=UTC), datetime(2024, 6, 4, tzinfo=UTC)
    assert [found.day for found in daily.between(start, end)] == [2, 3, 4]
    assert [found.day for found in daily.between(start, end - timedelta(microseconds=1))] == [2, 3]
    assert list(daily.between(end, start)) == []
    assert list(daily.between(start, start)) == []


def test_between_ends_by_the_instant_where_the_hour_comes_twice():
    start = datetime(2024, 11, 3, 1, 0, tzinfo=NEW_YORK)
    end = datetime(2024, 11, 3, 1, 45, tzinfo=NEW_YORK)
    half = Schedule.parse("30 * * * *")
    assert [found.fold for found in half.between(start, end)] == [0]
    assert [found.fold for found in half.between(start, end.replace(fold=1))] == [0, 1]
    other = end.astimezone(KOLKATA)
    assert [found.tzinfo for found in half.between(start, other)] == [NEW_YORK]


class Vague(tzinfo):
    """A zone that does not say its offset: such a time is a naive one."""

    def utcoffset(self, dt):
        return None


@pytest.mark.parametrize("naive", [datetime(2024, 6, 15, 12), NOON.replace(tzinfo=Vague())])
def test_a_time_without_a_zone_is_refused_at_once(naive):
    daily = Schedule.parse("@daily")
    for ask in (daily.firings, daily.next, lambda time: daily.between(time, NOON),
                lambda time: daily.between(NOON, time)):  # fmt: skip
        with pytest.raises(UsageProblem, match="has no zone"):
            ask(naive)


@pytest.mark.parametrize("year", [1, 9991, 9999])
@pytest.mark.parametrize("text", ["@daily", "@every 1h"])
def test_years_out_of_bounds_are_refused_at_once(text, year):
    with pytest.raises(UsageProblem, match="known from the year 2 to 9990"):
        Schedule.parse(text).firings(datetime(year, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize("zone", [UTC, NEW_YORK, KOLKATA, ZoneInfo("Africa/Abidjan")])
@pytest.mark.parametrize("year", [2, 9990])
def test_years_on_the_bounds_are_not(year, zone):
    after = datetime(year, 1, 2, 0, 0, 0, 999_999, tzinfo=zone)
    assert Schedule.parse("* * * * * *").next(after) == after + timedelta(microseconds=1)
