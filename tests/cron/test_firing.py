"""When an entry fires next, and when it fired last."""

from __future__ import annotations

from datetime import datetime

import pytest

from jobctl.cron.clock import Clock
from jobctl.cron.firing import LISTING_KEYS, last_firing, listing_row
from jobctl.cron.schedule import Schedule
from tests.cron.tables import crontab, entries


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


NOW = at("2026-11-28T16:02:03Z")


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
@pytest.mark.parametrize(
    "text",
    ["* * * * * *", "*/7 * * * *", "3,9 30 9 * * *", "0 22 * * MON-FRI", "15 3 1 * *", "@yearly",
     "* * * 2 11 *", "30 2 * 3,11 *"],
)  # fmt: skip
def test_the_last_firing_is_the_last_of_all_that_were_not_after_now(text, zone):
    schedule, local = Schedule.parse(text), Clock.named(zone)
    found = last_firing(schedule, NOW, local)
    assert found is not None
    near = firings_until(schedule, found - 1, NOW, local)
    assert near == [found]


def firings_until(schedule: Schedule, start: int, end: int, local: Clock) -> list[int]:
    found = []
    for each in schedule.seconds(start, local):
        if each > end:
            break
        found.append(each)
    return found


@pytest.mark.parametrize(
    ("text", "now", "last"),
    [
        ("2 16 * * *", "2026-11-28T16:02:00Z", "2026-11-28T16:02:00Z"),
        ("2 16 * * *", "2026-11-28T16:01:59Z", "2026-11-27T16:02:00Z"),
        ("0 0 29 2 *", "2026-11-28T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("0 0 31 12 *", "2026-11-28T00:00:00Z", "2025-12-31T00:00:00Z"),
    ],
)
def test_the_second_of_now_counts_and_years_are_looked_back(text, now, last):
    assert last_firing(Schedule.parse(text), at(now), Clock.named("UTC")) == at(last)


@pytest.mark.parametrize("text", ["@every 90s", "0 0 30 2 *"])
def test_what_counts_from_the_servers_start_or_never_fires_has_no_last_firing(text):
    assert last_firing(Schedule.parse(text), NOW, Clock.named("UTC")) is None


def test_a_row_has_every_key_and_its_times_in_utc():
    [entry] = crontab(entries(("CRON_TZ=Europe/Berlin 30 9 * * *", 'type = "A"'))).entries
    row = listing_row(entry, NOW, Clock.named("UTC"), None)
    assert tuple(row) == LISTING_KEYS
    assert (row["next"], row["last"]) == ("2026-11-29T08:30:00Z", "2026-11-28T08:30:00Z")
    assert (row["queue"], row["problem"]) == ("default", None)


def test_what_never_fires_has_a_problem_and_what_is_wrong_already_keeps_its_own():
    [entry] = crontab(entries(("0 0 30 2 *", 'type = "A"'))).entries
    assert listing_row(entry, NOW, Clock.named("UTC"), None)["problem"] == "never fires"
    assert listing_row(entry, NOW, Clock.named("UTC"), "odd")["problem"] == "odd"


def test_a_search_that_never_ends_is_a_problem():
    [entry] = crontab(entries(("0 0 30 12 *", 'type = "A"'))).entries
    row = listing_row(entry, at("2011-12-20T00:00:00Z"), Clock.named("Pacific/Apia"), None)
    assert (row["next"], row["last"]) == (None, None)
    assert str(row["problem"]).startswith("the server hangs")
