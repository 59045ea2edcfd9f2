"""Entries of one type and queue that fire at one instant are found, with the first such."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobctl.cron import firing
from jobctl.cron.clock import Clock
from jobctl.cron.firing import same_instants
from jobctl.cron.schedule import Schedule
from tests.cron.tables import crontab, entries

NOW = int(datetime(2026, 9, 21, 14, 30, 5, tzinfo=UTC).timestamp())
UTC_CLOCK = Clock.named("UTC")


def clashes(*lines: tuple[str, str]) -> list[tuple[int, int, str]]:
    """Return the numbers of the entries that meet, and when."""
    found = same_instants(crontab(entries(*lines)).entries, NOW, UTC_CLOCK)
    return [(entry.number, other.number, when) for entry, other, when in found]


def pair(one: str, other: str) -> list[tuple[int, int, str]]:
    return clashes((one, "type = 'A'\nretry = 1"), (other, "type = 'A'\nretry = 2"))


@pytest.mark.parametrize(
    ("one", "other", "when"),
    [
        ("0 * * * *", "0 9 * * *", "2026-09-22T09:00:00Z"),
        ("* * * * * *", "0 0 1 1 *", None),  # of each the first 10,000 firings are compared
        ("0 * * * *", "0 0 1 1 *", "2027-01-01T00:00:00Z"),
        ("*/7 * * * *", "*/11 * * * *", "2026-09-21T15:00:00Z"),
        ("30 14 * * *", "30 14 * * *", "2026-09-22T14:30:00Z"),
        ("0 0 29 2 *", "0 0 * * *", None),  # not within a year
        ("0 9 * * MON", "0 9 1 * *", "2027-02-01T09:00:00Z"),
        ("15 9 * * *", "CRON_TZ=Asia/Kathmandu 0 15 * * *", "2026-09-22T09:15:00Z"),
        ("0 9 * * *", "1 9 * * *", None),
        ("5 0 9 * * *", "0 9 * * *", None),
        ("0 9 * 1 *", "0 9 * 2 *", None),
        ("0 0 31 2 *", "* * * * *", None),
        ("@every 90s", "@every 1m", "180 seconds after the server's start"),
        ("@every 1s", "@every 1s", "1 second after the server's start"),
        ("@every 90s", "* * * * * *", None),  # depends on when the server starts
    ],
)
def test_the_first_instant_of_a_pair_is_found(one, other, when):
    assert pair(one, other) == ([(2, 1, when)] if when else [])


def test_other_types_and_queues_do_not_meet():
    assert (
        clashes(
            ("0 * * * *", "type = 'A'"),
            ("0 * * * *", "type = 'B'"),
            ("0 * * * *", "type = 'A'\nqueue = 'x'"),
        )
        == []
    )


def test_no_queue_is_the_default_one():
    lines = (("0 * * * *", "type = 'A'"), ("0 * * * *", "type = 'A'\nqueue = 'default'\nretry = 1"))
    assert clashes(*lines) == [(2, 1, "2026-09-21T15:00:00Z")]


def test_an_entry_that_is_there_twice_is_not_said_to_meet_itself():
    assert clashes(("0 * * * *", "type = 'A'"), ("0 * * * *", "type = 'A'")) == []


def test_entries_that_are_no_jobs_or_have_no_schedule_do_not_meet():
    assert clashes(("0 * * *", "type = 'A'"), ("0 * * * *", "retry = 1"), ("@daily", "x = 1")) == []


FIELD = st.sampled_from(["*", "*/2", "*/7", "0", "30", "5-20", "1,15,40"])


@settings(max_examples=60, deadline=None)
@given(FIELD, FIELD, FIELD, FIELD, st.sampled_from(["*", "MON", "6"]))
def test_the_instant_is_the_first_that_both_have(minute, hour, its_minute, its_hour, weekday):
    hours = {"30": "3", "1,15,40": "1,15", "5-20": "5-20"}
    one = f"{minute} {hours.get(hour, hour)} * * *"
    other = f"{its_minute} {hours.get(its_hour, its_hour)} * * {weekday}"
    far = NOW + 30 * 86400
    mine, theirs = (set(_until(Schedule.parse(text), far)) for text in (one, other))
    both = mine & theirs
    first = datetime.fromtimestamp(min(both), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if both else None
    assert pair(one, other) == ([(2, 1, first)] if first else [])


def _until(schedule: Schedule, far: int) -> list[int]:
    found = []
    for at in schedule.seconds(NOW, UTC_CLOCK):
        if at > far:
            break
        found.append(at)
    return found


def test_no_more_firings_are_looked_at_than_there_is_time_for(monkeypatch):
    pair = [("0 12 * * *", "type = 'A'"), ("0 12 * * MON", "type = 'A'")]
    assert len(clashes(*pair)) == 1
    monkeypatch.setattr(firing, "_ALL_FIRINGS", 366)
    assert clashes(*pair) == []


def test_of_thousands_of_entries_that_never_meet_none_is_told():
    lines = [
        (f"{i % 60} {i // 60 % 24} {1 + i // 1440} * *", f"type = 'A'\nargs = [{i}]")
        for i in range(2000)
    ]
    assert clashes(*lines) == []
