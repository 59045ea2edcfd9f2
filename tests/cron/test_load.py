"""Firings in buckets of wall time, and what is made of the counts."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from jobctl.cron.clock import DAY, Clock
from jobctl.cron.load import (
    COUNT_KEYS,
    HOUR,
    MINUTE,
    Line,
    Load,
    Peak,
    all_queues,
    count_firings,
    days_from,
    heat_lines,
    midnight_of,
)
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


def load_of(
    zone: str, day: str, *lines: tuple[str, str], size: int = HOUR, days: int = 1, lead: int = 0
) -> Load:
    clock, start = start_of(zone, day)
    end = days_from(clock, start + lead, days)
    return count_firings(crontab(entries(*lines)).entries, clock, start + lead, end, size)


@pytest.mark.parametrize(("zone", "day", "count", "hours"), CHANGES)
def test_a_day_has_as_many_hours_as_its_wall_clock_shows(zone, day, count, hours):
    load = load_of(zone, day)
    assert len(load.starts) == count
    assert load.end - load.starts[0] == hours * HOUR
    for instant in (load.starts[0], load.end - 1):
        assert datetime.fromtimestamp(instant, ZoneInfo(zone)).date().isoformat() == day
    before = datetime.fromtimestamp(load.starts[0] - 1, ZoneInfo(zone)).date().isoformat()
    assert before < day


@pytest.mark.parametrize("size", [HOUR, MINUTE])
@pytest.mark.parametrize(("zone", "day", "count", "hours"), CHANGES)
def test_each_is_of_one_hour_or_minute_of_the_wall_clock(zone, day, count, hours, size):
    load = load_of(zone, day, size=size)
    for start, end in pairwise([*load.starts, load.end]):
        assert start < end
        assert load.clock.wall(start) // size == load.clock.wall(end - 1) // size


@pytest.mark.parametrize("lead", [0, 1, 59, 60, 1799, 3599, 7 * HOUR + 1])
@pytest.mark.parametrize(("zone", "day", "count", "hours"), CHANGES)
def test_every_firing_is_counted_once_in_the_hour_it_is_in(zone, day, count, hours, lead):
    lines = (("*/7 * * * *", 'type = "A"'), ("0 0 * * *", 'type = "B"'))
    load = load_of(zone, day, *lines, days=2, lead=lead)
    expected = [0] * len(load.starts)
    for entry in crontab(entries(*lines)).entries:
        assert entry.parsed is not None
        for firing in entry.parsed.seconds(load.starts[0] - 1, load.clock):
            if firing >= load.end:
                break
            spans = enumerate(pairwise([*load.starts, load.end]))
            [hour] = [i for i, (start, end) in spans if start <= firing < end]
            expected[hour] += 1
    assert list(load.counts()) == expected


def test_rows_come_in_order_of_time_then_queue_and_none_is_empty():
    load = load_of(
        "Europe/Berlin",
        "2026-11-28",
        ("0 2 * * *", 'type = "A"\nqueue = "low"'),
        ("0,30 2 * * *", 'type = "B"'),
        ("59 23 * * *", 'type = "C"'),
    )
    rows = list(load.rows())
    assert all(tuple(row) == COUNT_KEYS for row in rows)
    assert [tuple(row.values()) for row in rows] == [
        ("2026-11-28T01:00:00Z", "default", 2),
        ("2026-11-28T01:00:00Z", "low", 1),
        ("2026-11-28T22:00:00Z", "default", 1),
    ]


def test_an_interval_counts_from_the_start_of_the_time():
    load = load_of("UTC", "2026-11-28", ("@every 7h", 'type = "A"'))
    assert [i for i, count in enumerate(load.counts()) if count] == [7, 14, 21]


def test_the_peak_names_the_type_that_most_of_it_is():
    load = load_of(
        "UTC",
        "2026-11-28",
        ("0 2 * * *", 'type = "A"'),
        ("*/20 2 * * *", 'type = "B"'),
        ("@every 1h", 'type = "C"'),
        ("*/15 4 * * *", 'type = "D"'),
    )
    assert load.peak() == Peak(load.starts[2], 5, "B", 3)


def test_nothing_has_no_peak():
    for lines in ([], [("0 0 30 2 *", 'type = "A"')]):
        load = load_of("UTC", "2026-11-28", *lines)
        assert load.peak() is None
        assert list(load.rows()) == []


def test_too_many_firings_are_refused_soon():
    with pytest.raises(UsageProblem, match="5,000,000"):
        load_of("UTC", "2026-11-28", ("* * * * * *", 'type = "A"'), days=366)


def test_too_many_kinds_for_so_many_minutes_are_refused_before_they_take_the_memory():
    lines = (("@daily", f'type = "A"\nqueue = "q{i}"') for i in range(100))
    with pytest.raises(UsageProblem, match="100 kinds of jobs in 527,040 buckets"):
        load_of("UTC", "2026-11-28", *lines, size=MINUTE, days=366)


def test_a_schedule_that_hangs_the_server_is_named_and_the_rest_is_counted():
    lines = (("0 0 30 12 *", 'type = "A"'), ("0 5 * * *", 'type = "B"'))
    load = load_of("Pacific/Apia", "2011-12-29", *lines, days=3)
    assert [entry.number for entry, _ in load.idle] == [1]
    peak = load.peak()
    assert peak is not None
    assert peak.jobtype == "B"


def test_a_row_adds_up_what_comes_twice_and_leaves_blank_what_there_is_not():
    half_past = ("30 * * * *", 'type = "A"')
    [line] = heat_lines(load_of("Europe/Berlin", "2026-10-24", half_past, days=2))
    assert line.cells == (2, 2, 3, *[2] * 21)
    load = load_of("Europe/Berlin", "2026-03-29", half_past)
    assert heat_lines(load) == [Line("default", (1, 1, None, *[1] * 21), 23)]
    [(before, after)] = load.clock_changes()
    assert (before % DAY, after % DAY) == (2 * HOUR, 3 * HOUR)


def test_queues_come_by_their_jobs_and_idle_ones_do_not():
    load = load_of(
        "UTC",
        "2026-11-28",
        ("0 2 * * *", 'type = "A"\nqueue = "b"'),
        ("0 2 * * *", 'type = "A"\nqueue = "a"'),
        ("@hourly", 'type = "A"\nqueue = "z"'),
        ("0 0 30 2 *", 'type = "A"\nqueue = "never"'),
    )
    assert [(line.label, line.total) for line in heat_lines(load)] == [
        ("z", 24),
        ("a", 1),
        ("b", 1),
    ]
    assert all_queues(load).cells[:4] == (1, 1, 3, 1)
