"""On a clock that changes by whole hours, and never at midnight, the server misses nothing.

There a schedule fires at exactly those instants whose time on the wall clock its fields let
through: what a change skips does not fire, what comes twice fires twice. So every second, or
minute, of a span is tried here. New York and London have been such zones ever since they have had
zones; Kathmandu and Kolkata have not changed for decades. Where a change takes a midnight, or part
of an hour, the server itself misses firings (test_search.py).
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

import pytest

from jobctl.cron.schedule import Schedule
from tests.cron.instants import Maker
from tests.cron.server import Spec, spec, unix_of

HOUR, DAY = 3600, 86400
CHANGES = {
    "America/New_York": ("2024-03-10T07:00Z", "2024-11-03T06:00Z"),
    "Europe/London": ("2024-03-31T01:00Z", "2024-10-27T01:00Z"),
    "Asia/Kathmandu": ("2024-02-28T12:00Z", "2024-12-31T12:00Z"),  # ends of months, then
    "Asia/Kolkata": ("2024-02-28T12:00Z", "2024-12-31T12:00Z"),
}
AROUND = [(zone, change) for zone, both in CHANGES.items() for change in both]


@cache
def walls(zone: str, start: int, end: int, step: int) -> list[tuple[int, ...]]:
    """Every instant of a span, behind its start and with its end, and what the clock reads."""
    return [(at, *wall(at, ZoneInfo(zone))) for at in range(start + step, end + 1, step)]


def wall(at: int, zone: ZoneInfo) -> tuple[int, ...]:
    read = datetime.fromtimestamp(at, zone)
    return read.second, read.minute, read.hour, read.day, read.month, read.isoweekday() % 7


def fitting(fields: Spec, read: list[tuple[int, ...]]) -> list[int]:
    """The instants whose seconds, minutes and so on the fields let through."""
    seconds, minutes, hours, days, months, weekdays = fields.sets
    star = fields.dom_star or fields.dow_star
    return [
        at
        for at, second, minute, hour, day, month, weekday in read
        if minute in minutes and second in seconds and hour in hours and month in months
        if (all if star else any)((day in days, weekday in weekdays))
    ]


def check(text: str, zone: str, span: tuple[int, int], step: int) -> int:
    fits = fitting(spec(text), walls(zone, *span, step))
    start, end = (datetime.fromtimestamp(at, ZoneInfo(zone)) for at in span)
    found = Schedule.parse(text).between(start, end)
    assert [int(time.timestamp()) for time in found] == fits, text
    return len(fits)


@pytest.mark.parametrize(("zone", "change"), AROUND)
def test_no_second_is_missed_and_none_is_wrong(zone, change):
    make, at = Maker(Random(f"seconds {zone} {change}")), unix_of(change)
    fired = 0
    for _ in range(20):
        fired += check(make.schedule(seconds=1), zone, (at - 5 * HOUR, at + 5 * HOUR), 1)
    assert fired > 20


@pytest.mark.parametrize(("zone", "change"), AROUND)
def test_no_minute_is_missed_and_none_is_wrong(zone, change):
    make, at = Maker(Random(f"minutes {zone} {change}")), unix_of(change)
    span = (at - 12 * DAY, at + 9 * DAY)
    assert sum(check(make.schedule(seconds=0), zone, span, 60) for _ in range(30)) > 100
