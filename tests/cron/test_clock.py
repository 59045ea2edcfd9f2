"""Wall clocks: offsets, changes, local times that are not or are twice, names of zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from jobctl.cron.clock import Clock, ClockChange, moment, whole_seconds
from tests.cron import server
from tests.cron.server import unix_of

DAY = 86400
NEW_YORK = Clock.named("America/New_York")


def span_of(year: int) -> tuple[int, int]:
    return unix_of(f"{year}-01-01T00:00Z"), unix_of(f"{year + 1}-01-01T00:00Z")


def test_the_changes_of_a_year():
    assert NEW_YORK.changes(*span_of(2024)) == [
        ClockChange(unix_of("2024-03-10T07:00Z"), -18000, -14400),
        ClockChange(unix_of("2024-11-03T06:00Z"), -14400, -18000),
    ]


def test_the_first_instant_counts_and_the_last_does_not():
    at = unix_of("2024-03-10T07:00Z")
    assert [change.at for change in NEW_YORK.changes(at, at + 1)] == [at]
    assert NEW_YORK.changes(at - 9, at) == NEW_YORK.changes(at + 1, at + 9) == []
    assert NEW_YORK.changes(at + 9, at - 9) == []


def test_a_change_between_two_years_is_found_once():
    # Kathmandu went from +5:30 to +5:45 at the midnight that began 1986.
    clock, at = Clock.named("Asia/Kathmandu"), unix_of("1985-12-31T18:30Z")
    assert clock.changes(at - 400 * DAY, at + 400 * DAY) == [ClockChange(at, 19800, 20700)]
    fixed = Clock.named("Etc/GMT-14")
    assert fixed.changes(*span_of(2024)) == []
    assert fixed.fixed


@pytest.mark.parametrize(
    "zone",
    ["America/New_York", "Europe/Dublin", "Africa/Casablanca", "Asia/Gaza", "Africa/Freetown",
     "Pacific/Apia", "Antarctica/Troll", "Europe/Riga", "Africa/Monrovia", "Pacific/Kwajalein"],
)  # fmt: skip
def test_offsets_and_changes_are_those_of_every_six_hours_of_two_centuries(zone):
    clock, info = Clock.of(ZoneInfo(zone)), ZoneInfo(zone)
    span = range(unix_of("1880-01-01T00:00Z"), unix_of("2080-01-01T00:00Z"), DAY // 4)
    read = [server.offset(at, info) for at in span]
    assert [clock.offset(at) for at in span] == read
    changes = clock.changes(span[0], span[-1])
    assert len(changes) == sum(a != b for a, b in pairwise(read))
    for change in changes:
        assert server.offset(change.at - 1, info) == change.before
        assert server.offset(change.at, info) == change.after


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        ("America/New_York", "2024-07-01T12:00", "2024-07-01T12:00-04:00"),
        # West of Greenwich, one that never is comes out before the gap's end; east, behind.
        ("America/New_York", "2024-03-10T02:30", "2024-03-10T01:30-05:00"),
        ("Europe/Berlin", "2024-03-31T02:30", "2024-03-31T03:30+02:00"),
        ("Europe/London", "2024-03-31T01:30", "2024-03-31T02:30+01:00"),
        # One that is twice, likewise: the first, the second.
        ("America/New_York", "2024-11-03T01:30", "2024-11-03T01:30-04:00"),
        ("Europe/Berlin", "2024-10-27T02:30", "2024-10-27T02:30+01:00"),
        ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-03T23:00-03:00"),
        ("Pacific/Apia", "2011-12-30T00:00", "2011-12-29T00:00-10:00"),
    ],
)
def test_local_times_are_read_as_go_reads_them(zone, wall, instant):
    clock, read = Clock.named(zone), datetime.fromisoformat(wall)
    found = clock.instant(unix_of(wall))
    assert found == unix_of(instant)
    plain = server.date(
        read.year, read.month, read.day, read.hour, read.minute, 0, ZoneInfo(zone)
    )  # fmt: skip
    assert found == plain.unix


@pytest.mark.parametrize("name", ["", "UTC"])
def test_the_empty_name_is_utc(name):
    assert Clock.named(name).zone is UTC
    assert Clock.named(name).name == "UTC"


def test_a_clock_of_a_zone_is_kept_with_what_it_has_found():
    assert Clock.named("America/New_York") is Clock.of(ZoneInfo("America/New_York"))
    assert Clock.of(UTC) is not Clock.of(UTC)


class Homemade(tzinfo):
    """Two hours ahead in summer, by the month alone, and without a name."""

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        return None if dt is None else timedelta(hours=2 if 4 <= dt.month < 10 else 0)

    def dst(self, dt: datetime | None) -> timedelta | None:
        return timedelta(0) if dt is None else self.utcoffset(dt)

    def tzname(self, dt: datetime | None) -> str | None:
        return None


@pytest.mark.parametrize(
    ("zone", "fixed", "offset"),
    [
        (UTC, True, 0),
        (timezone(timedelta(hours=5, minutes=45)), True, 20700),
        (timezone(-timedelta(seconds=30)), True, -30),
        (ZoneInfo("Asia/Tokyo"), False, 32400),
        (Homemade(), False, 7200),
    ],
)
def test_any_tzinfo_is_a_zone(zone, fixed, offset):
    clock, summer = Clock.of(zone), unix_of("2024-07-01T00:00Z")
    assert (clock.fixed, clock.offset(summer)) == (fixed, offset)
    assert clock.name
    assert moment(summer, zone).utcoffset() == timedelta(seconds=offset)


def test_instants_are_cut_to_whole_seconds_in_any_year():
    for year in (1, 1969, 2024, 9990):
        late = datetime(year, 1, 1, 0, 0, 1, 999_999, tzinfo=UTC)
        assert moment(whole_seconds(late), UTC) == late.replace(microsecond=0)
