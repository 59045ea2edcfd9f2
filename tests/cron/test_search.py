"""The search gives what the server's own gives, which is written out in server.py."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo, available_timezones

import pytest

from jobctl.cron.clock import Clock
from jobctl.cron.schedule import Schedule
from jobctl.errors import HangingSchedule
from tests.cron.instants import Maker
from tests.cron.server import Hangs, spec, unix_of

NEW_YORK = ZoneInfo("America/New_York")
HANGS = -1
# Around changes of every kind: midnights taken, half hours, whole days, odd seconds, none.
ZONES = {
    "UTC": (1850, 2060), "America/New_York": (1880, 2060), "Europe/London": (1840, 2060),
    "Asia/Kathmandu": (1900, 2060), "Asia/Kolkata": (1850, 2060), "Asia/Beirut": (1900, 2060),
    "Africa/Cairo": (1900, 2060), "America/Havana": (1900, 2060),
    "America/Sao_Paulo": (2016, 2019), "Australia/Lord_Howe": (1980, 2060),
    "Pacific/Apia": (2009, 2013), "America/Asuncion": (1970, 2060), "Asia/Gaza": (1990, 2085),
    "Africa/Casablanca": (2000, 2090), "Europe/Dublin": (1910, 2060),
    "Antarctica/Troll": (2000, 2060), "America/Santiago": (1900, 2060),
    "Asia/Tehran": (1970, 2030), "America/St_Johns": (1980, 2060),
    "Pacific/Kwajalein": (1991, 1995), "Africa/Monrovia": (1970, 1974),
}  # fmt: skip


def taken(found: Iterator[int], count: int) -> list[int]:
    """The first so many; the last one is HANGS where the search does not come back."""
    some: list[int] = []
    try:
        some.extend(islice(found, count))
    except (HangingSchedule, Hangs):
        some.append(HANGS)
    return some


def agree(make: Maker, zone: ZoneInfo, years: tuple[int, int], count: int) -> None:
    text, start = make.schedule(), make.start(zone, years)
    ours = Schedule.parse(text).seconds(start, Clock.of(zone))
    assert taken(ours, count) == taken(spec(text).firings(start, zone), count), (text, start)


@pytest.mark.parametrize("zone", ZONES)
def test_random_schedules_fire_when_the_server_fires_them(zone):
    make = Maker(Random(f"search {zone}"))
    for count in [3, 3, 3, 25] * 48:
        agree(make, ZoneInfo(zone), ZONES[zone], count)


@pytest.mark.campaign
@pytest.mark.parametrize("zone", sorted(available_timezones()))
def test_so_do_many_more_in_every_zone(zone):
    make = Maker(Random(f"campaign {zone}"))
    for count in [5, 5, 60] * 30:
        agree(make, ZoneInfo(zone), (1850, 2090), count)


# Around New York's changes of 2012, as the server's own tests have them.
@pytest.mark.parametrize(
    ("text", "start", "fires"),
    [
        # 02:30 does not exist that day, and comes back a year later.
        ("0 30 2 11 Mar ?", "2012-03-11T00:00:00-05:00", ["2013-03-11T02:30:00-04:00"]),
        # Hourly, over the gap.
        ("0 0 * * * ?", "2012-03-11T00:00:00-05:00",
         ["2012-03-11T01:00:00-05:00", "2012-03-11T03:00:00-04:00", "2012-03-11T04:00:00-04:00"]),
        ("0 0 1 * * ?", "2012-03-11T00:00:00-05:00",
         ["2012-03-11T01:00:00-05:00", "2012-03-12T01:00:00-04:00"]),
        ("0 0 2 * * ?", "2012-03-11T00:00:00-05:00", ["2012-03-12T02:00:00-04:00"]),
        ("0 30 2 4 Nov ?", "2012-11-04T00:00:00-04:00", ["2012-11-04T02:30:00-05:00"]),
        ("0 30 1 4 Nov ?", "2012-11-04T01:45:00-04:00", ["2012-11-04T01:30:00-05:00"]),
        # Hourly, over the hour that comes twice.
        ("0 0 * * * ?", "2012-11-04T00:00:00-04:00",
         ["2012-11-04T01:00:00-04:00", "2012-11-04T01:00:00-05:00", "2012-11-04T02:00:00-05:00"]),
        ("0 0 1 * * ?", "2012-11-04T00:00:00-04:00",
         ["2012-11-04T01:00:00-04:00", "2012-11-04T01:00:00-05:00", "2012-11-05T01:00:00-05:00"]),
        ("0 0 2 * * ?", "2012-11-04T00:00:00-04:00",
         ["2012-11-04T02:00:00-05:00", "2012-11-05T02:00:00-05:00"]),
        ("0 0 3 * * ?", "2012-11-04T00:00:00-04:00",
         ["2012-11-04T03:00:00-05:00", "2012-11-05T03:00:00-05:00"]),
    ],
)  # fmt: skip
def test_around_new_yorks_changes(text, start, fires):
    found = Schedule.parse(text).seconds(unix_of(start), Clock.of(NEW_YORK))
    assert list(islice(found, len(fires))) == [unix_of(time) for time in fires]


@pytest.mark.parametrize(
    ("zone", "text", "start", "fires"),
    [
        # 2018-11-04 has no 00:00: a search that comes there stands at 23:00 before, goes an hour
        # on, and has midnight's hour behind it.
        ("America/Sao_Paulo", "0 0 * * *", "2018-11-03T00:00-03:00", "2018-11-05T00:00-02:00"),
        ("America/Sao_Paulo", "0 1 4 * *", "2018-11-01T00:00-03:00", "2018-11-04T01:00-02:00"),
        # Half an hour at 02:00: 02:00 to 02:29 do not exist.
        ("Australia/Lord_Howe", "15 2 * * *", "2023-10-01T00:00+10:30", "2023-10-02T02:15+11:00"),
        ("Australia/Lord_Howe", "45 2 * * *", "2023-10-01T00:00+10:30", "2023-10-01T02:45+11:00"),
        # The midnight of 2022-03-27 was taken, but not that of the day after.
        ("Asia/Beirut", "0 0 * * *", "2022-03-26T12:00+02:00", "2022-03-28T00:00+03:00"),
    ],
)
def test_around_changes_that_take_midnight_or_half_an_hour(zone, text, start, fires):
    clock, after = Clock.of(ZoneInfo(zone)), unix_of(start)
    found = next(Schedule.parse(text).seconds(after, clock))
    assert found == next(spec(text).firings(after, ZoneInfo(zone)))
    assert found == unix_of(fires)


def test_a_date_that_never_was_hangs_the_server():
    clock, before = Clock.named("Pacific/Apia"), unix_of("2011-12-28T00:00:00-10:00")
    with pytest.raises(HangingSchedule) as caught:
        next(Schedule.parse("0 0 31 12 *").seconds(before, clock))
    assert str(caught.value) == (
        "the server hangs: its search never gets past 2011-12-29 in Pacific/Apia"
    )


def test_a_search_that_leads_back_ends_there():
    # The clock went back from 00:01 to 23:01, and the day behind begins at its first 00:00.
    start = unix_of("2006-10-28T22:50-02:30")
    found = Schedule.parse("19 * * * */5").seconds(start, Clock.named("Canada/Newfoundland"))
    assert list(found)[-1] == unix_of("2006-10-28T23:19-03:30")


def test_a_date_no_month_of_the_schedule_has_fires_where_the_first_midnight_of_another_is_none():
    # 1977-05-01 has no 00:00: the search steps back into April, and takes May's days for it.
    zone, after = ZoneInfo("Africa/Casablanca"), unix_of("1976-08-02T00:00:00Z")
    fires = [unix_of("1977-05-31T00:00:00+01:00")]
    assert list(Schedule.parse("0 0 31 4,6 *").seconds(after, Clock.of(zone))) == fires
    assert list(spec("0 0 31 4,6 *").firings(after, zone)) == fires


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize("text", ["0 0 30 2 *", "0 0 31 4,6 *", ", 0 0 * * *", "0 , * * *"])
def test_elsewhere_it_never_fires(text, zone):
    assert not list(Schedule.parse(text).seconds(1_700_000_000, Clock.named(zone)))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize(
    ("start", "fires"),
    [
        ("2024-02-29T12:00:00Z", "2028-02-29"),
        # 2100 has no such day: 2104 is too far, until the second to begin at is in 2099.
        ("2096-03-01T00:00:00Z", None),
        ("2098-12-31T12:00:00Z", None),
        ("2099-01-01T12:00:00Z", "2104-02-29"),
    ],
)
def test_it_gives_up_five_years_after_the_start(zone, start, fires):
    clock, after = Clock.named(zone), unix_of(start)
    found = next(Schedule.parse("0 0 29 2 *").seconds(after, clock), None)
    assert found == next(spec("0 0 29 2 *").firings(after, ZoneInfo(zone)), None)
    assert found == (None if fires is None else clock.instant(unix_of(f"{fires}T00:00:00Z")))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("start", ["0002-01-02T00:00:00Z", "1582-10-01T00:00:00Z"])
@pytest.mark.parametrize("text", ["0 0 29 2 *", "0 0 * * *", "*/7 * * * * *"])
def test_before_there_were_zones_the_sun_is_their_clock(text, start, zone):
    found = Schedule.parse(text).seconds(unix_of(start), Clock.named(zone))
    there = spec(text).firings(unix_of(start), ZoneInfo(zone))
    assert taken(found, 5) == taken(there, 5)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize("text", ["0 0 1 1 *", "0 0 29 2 *", "30 12 * * *", "@every 24h"])
def test_the_year_9990_is_the_last_one(text, zone):
    start = unix_of("9987-06-01T00:00:00Z")
    *_, last = Schedule.parse(text).seconds(start, Clock.named(zone))
    assert unix_of("9988-02-01T00:00:00Z") < last < unix_of("9991-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("start", "fires"),
    [("2098-12-31T23:59:58Z", None), ("2098-12-31T23:59:59Z", "2104-02-29T00:00:00Z")],
)
def test_the_years_count_from_the_second_after_the_start(start, fires):
    found = next(Schedule.parse("0 0 29 2 *").seconds(unix_of(start), Clock.named("")), None)
    assert found == (None if fires is None else unix_of(fires))
