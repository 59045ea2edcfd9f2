"""Firings in buckets of wall time, and what is made of the counts."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from jobctl.cron.buckets import HOUR, MINUTE, Buckets, days_from, midnight_of
from jobctl.cron.clock import DAY, Clock
from jobctl.cron.counting import KEYS, count_firings, find_peak
from jobctl.cron.grid import BUSIEST, all_queues, by_queue, by_time, clock_changes
from jobctl.errors import UsageProblem
from tests.cron.tables import crontab, entries

CHANGES = [
    ("UTC", "2026-11-28", 24, 24),
    ("Europe/Berlin", "2026-03-29", 23, 23),
    ("Europe/Berlin", "2026-10-25", 25, 25),
    ("Asia/Kathmandu", "2026-11-28", 24, 24),
    ("Australia/Lord_Howe", "2026-04-05", 25, 24.5),
    ("Australia/Lord_Howe", "2026-10-04", 24, 23.5),
    ("America/Sao_Paulo", "2018-11-04", 23, 23),
    ("Asia/Beirut", "2022-03-27", 23, 23),
    ("America/Havana", "2024-11-03", 25, 25),
]


def start_of(zone: str, day: str) -> tuple[Clock, int]:
    clock = Clock.named(zone)
    noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=ZoneInfo(zone))
    return clock, midnight_of(clock, int(noon.timestamp()))


def buckets_of(zone: str, day: str, size: int = HOUR, days: int = 1) -> tuple[Clock, Buckets]:
    clock, start = start_of(zone, day)
    return clock, Buckets.of(clock, start, days_from(clock, start, days), size)


@pytest.mark.parametrize(("zone", "day", "count", "hours"), CHANGES)
def test_a_day_has_as_many_hours_as_its_wall_clock_shows(zone, day, count, hours):
    _, buckets = buckets_of(zone, day)
    assert buckets.count == count
    assert buckets.end - buckets.start == hours * HOUR
    for instant in (buckets.start, buckets.end - 1):
        assert datetime.fromtimestamp(instant, ZoneInfo(zone)).date().isoformat() == day
    before = datetime.fromtimestamp(buckets.start - 1, ZoneInfo(zone)).date().isoformat()
    assert before < day


@pytest.mark.parametrize("size", [HOUR, MINUTE])
@pytest.mark.parametrize(("zone", "day", "count", "hours"), CHANGES)
def test_buckets_follow_each_other_and_each_is_of_one_hour_or_minute(zone, day, count, hours, size):
    clock, buckets = buckets_of(zone, day, size)
    assert buckets.begins(0) == buckets.start
    assert buckets.ends(buckets.count - 1) == buckets.end
    walls = list(buckets.walls())
    assert len(walls) == buckets.count
    for i in range(buckets.count):
        first, last = buckets.begins(i), buckets.ends(i) - 1
        assert first <= last
        assert clock.wall(first) // size * size == walls[i] == buckets.wall(i)
        assert clock.wall(last) // size * size == walls[i]
        assert i == 0 or buckets.ends(i - 1) == first


@pytest.mark.parametrize("lead", [0, 1, 59, 60, 1799, 3599, 7 * HOUR + 1])
@pytest.mark.parametrize(("zone", "day", "count", "hours"), CHANGES)
def test_every_firing_is_counted_once_in_the_bucket_it_is_in(zone, day, count, hours, lead):
    clock, start = start_of(zone, day)
    end = days_from(clock, start + lead, 2)
    buckets = Buckets.of(clock, start + lead, end, HOUR)
    found = crontab(entries(("*/7 * * * *", 'type = "A"'), ("0 0 * * *", 'type = "B"'))).entries
    load = count_firings(found, buckets, clock)
    expected = [0] * buckets.count
    for entry in found:
        assert entry.parsed is not None
        for firing in entry.parsed.seconds(start + lead - 1, clock):
            if firing >= end:
                break
            [bucket] = [
                i for i in range(buckets.count) if buckets.begins(i) <= firing < buckets.ends(i)
            ]
            expected[bucket] += 1
    assert list(load.totals) == expected


def test_rows_come_in_order_of_time_then_queue_and_none_is_empty():
    clock, buckets = buckets_of("Europe/Berlin", "2026-11-28")
    found = crontab(
        entries(
            ("0 2 * * *", 'type = "A"\nqueue = "low"'),
            ("0,30 2 * * *", 'type = "B"'),
            ("59 23 * * *", 'type = "C"'),
        )
    ).entries
    rows = list(count_firings(found, buckets, clock).rows())
    assert all(tuple(row) == KEYS for row in rows)
    assert [tuple(row.values()) for row in rows] == [
        ("2026-11-28T01:00:00Z", "default", 2),
        ("2026-11-28T01:00:00Z", "low", 1),
        ("2026-11-28T22:00:00Z", "default", 1),
    ]


def test_an_interval_counts_from_the_start_of_the_time():
    clock, buckets = buckets_of("UTC", "2026-11-28")
    found = crontab(entries(("@every 7h", 'type = "A"'))).entries
    load = count_firings(found, buckets, clock)
    assert [i for i, count in enumerate(load.totals) if count] == [7, 14, 21]


def test_the_peak_names_the_type_that_most_of_it_is():
    clock, buckets = buckets_of("UTC", "2026-11-28")
    found = crontab(
        entries(
            ("0 2 * * *", 'type = "A"'),
            ("*/20 2 * * *", 'type = "B"'),
            ("@every 1h", 'type = "C"'),
            ("*/15 4 * * *", 'type = "D"'),
        )
    ).entries
    peak = find_peak(count_firings(found, buckets, clock), found, clock)
    assert peak is not None
    assert (peak.bucket, peak.count, peak.jobtype, peak.share) == (2, 5, "B", 3)


def test_nothing_has_no_peak():
    clock, buckets = buckets_of("UTC", "2026-11-28")
    for texts in ([], [("0 0 30 2 *", 'type = "A"')]):
        found = crontab(entries(*texts)).entries
        load = count_firings(found, buckets, clock)
        assert find_peak(load, found, clock) is None
        assert list(load.rows()) == []


def test_too_many_firings_are_refused_soon():
    clock, buckets = buckets_of("UTC", "2026-11-28", days=366)
    found = crontab(entries(("* * * * * *", 'type = "A"'))).entries
    with pytest.raises(UsageProblem, match="5,000,000"):
        count_firings(found, buckets, clock)


def test_too_many_queues_for_so_many_minutes_are_refused_before_they_take_the_memory():
    clock, buckets = buckets_of("UTC", "2026-11-28", MINUTE, days=366)
    lines = (("@daily", f'type = "A"\nqueue = "q{i}"') for i in range(100))
    found = crontab(entries(*lines)).entries
    with pytest.raises(UsageProblem, match="100 queues in 527,040 buckets"):
        count_firings(found, buckets, clock)


def test_a_schedule_that_hangs_the_server_is_named_and_the_rest_is_counted():
    clock, start = start_of("Pacific/Apia", "2011-12-29")
    buckets = Buckets.of(clock, start, days_from(clock, start, 3), HOUR)
    found = crontab(entries(("0 0 30 12 *", 'type = "A"'), ("0 5 * * *", 'type = "B"'))).entries
    load = count_firings(found, buckets, clock)
    assert [entry.number for entry, _ in load.idle] == [1]
    peak = find_peak(load, found, clock)
    assert peak is not None
    assert peak.jobtype == "B"


def test_a_grid_adds_up_what_comes_twice_and_leaves_blank_what_there_is_not():
    found = crontab(entries(("30 * * * *", 'type = "A"'))).entries
    clock, buckets = buckets_of("Europe/Berlin", "2026-10-24", days=2)
    first, second = by_time(count_firings(found, buckets, clock)).lines
    assert (first.label, second.label) == ("Sat 2026-10-24", "Sun 2026-10-25")
    assert set(first.cells) == {1}
    assert second.cells == (1, 1, 2, *[1] * 21)
    assert second.total == 25
    [(before, after)] = clock_changes(buckets)
    assert (before % DAY, after % DAY) == (3 * HOUR, 2 * HOUR)
    clock, buckets = buckets_of("Europe/Berlin", "2026-03-29")
    [line] = by_time(count_firings(found, buckets, clock)).lines
    assert line.cells == (1, 1, None, *[1] * 21)


def test_queues_come_by_their_jobs_and_idle_ones_do_not():
    clock, buckets = buckets_of("UTC", "2026-11-28")
    found = crontab(
        entries(
            ("0 2 * * *", 'type = "A"\nqueue = "b"'),
            ("0 2 * * *", 'type = "A"\nqueue = "a"'),
            ("@hourly", 'type = "A"\nqueue = "z"'),
            ("0 0 30 2 *", 'type = "A"\nqueue = "never"'),
        )
    ).entries
    load = count_firings(found, buckets, clock)
    grid = by_queue(load, None)
    assert [(line.label, line.total) for line in grid.lines] == [("z", 24), ("a", 1), ("b", 1)]
    assert (by_queue(load, 1).left_out, len(by_queue(load, 1).lines)) == (2, 1)
    assert all_queues(load).cells[:4] == (1, 1, 3, 1)


def test_of_many_hours_the_busiest_come_in_order_of_time():
    clock, buckets = buckets_of("UTC", "2026-11-28", MINUTE, days=2)
    found = crontab(
        entries(("0 * * * *", 'type = "A"'), ("*/10 20-23 * * *", 'type = "A"'))
    ).entries
    grid = by_time(count_firings(found, buckets, clock))
    assert (len(grid.lines), grid.left_out) == (BUSIEST, 48 - BUSIEST)
    labels = [line.label for line in grid.lines]
    assert labels == sorted(labels)
    assert {f"11-{day} {hour}:00" for day in (28, 29) for hour in range(20, 24)} <= set(labels)
