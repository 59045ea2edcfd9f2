"""Where both dialects read alike, croniter finds the same firings."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter

from jobctl.cron.clock import Clock
from jobctl.cron.schedule import Dialect, Schedule
from tests.cron.instants import DAY, Maker
from tests.cron.server import offset

YEARS = (1970, 2085)  # croniter knows none beyond 2099
CLOSE = 400 * DAY


def alike(text: str) -> bool:
    """Tell whether croniter reads a schedule as the server does."""
    if "?" in text:  # croniter takes it for the two fields of days only, and never in a list
        return False
    if any(low == high for low, high in re.findall(r"(\d+)-(\d+)", text)):  # goes all round there
        return False
    # A star with a step of 1 is a star here, and there all days of a restricted field.
    return "*/1" not in re.split("[ ,]", text)


def drawn(make: Maker) -> str:
    return next(text for text in iter(lambda: make.schedule(seconds=0), "") if alike(text))


def calm(zone: ZoneInfo, start: int, end: int) -> bool:
    """Tell whether the clock stays as it is; croniter moves what falls into a gap."""
    return len({offset(day, zone) for day in range(start - 40 * DAY, end + 3 * DAY, DAY)}) == 1


@pytest.mark.parametrize("seed", range(8))
def test_five_fields_in_utc(seed):
    make = Maker(Random(f"croniter {seed}"))
    for _ in range(120):
        text, start = drawn(make), make.start(ZoneInfo("UTC"), YEARS)
        ours = list(islice(Schedule.parse(text).seconds(start, Clock.named("")), 12))
        theirs = croniter(text, datetime.fromtimestamp(start, UTC), ret_type=float)
        assert ours == [theirs.get_next() for _ in ours], (text, start)


@pytest.mark.parametrize(
    "name", ["America/New_York", "Europe/London", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Beirut"]
)
def test_five_fields_away_from_clock_changes(name):
    zone, compared = ZoneInfo(name), 0
    make = Maker(Random(f"croniter {name}"))
    while compared < 400:
        text, start = drawn(make), make.start(zone, YEARS)
        found = Schedule.parse(text).seconds(start, Clock.of(zone))
        ours = [at for at in islice(found, 8) if at < start + CLOSE]
        if not ours or not calm(zone, start, ours[-1]):
            continue
        theirs = croniter(text, datetime.fromtimestamp(start, zone), ret_type=float)
        assert ours == [theirs.get_next() for _ in ours], (text, start)
        compared += len(ours)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0 0 5-5 * *", "a range of one goes all round"),
        ("0 0 */1 * MON", "a star with a step of 1 is a star, and both must match"),
    ],
)
def test_where_they_differ_each_has_its_own_dialect(text, why):
    start, utc = 1_700_000_000, Clock.named("")
    ours, theirs = (
        list(islice(Schedule.parse(text, dialect=dialect).seconds(start, utc), 9))
        for dialect in Dialect
    )
    assert ours != theirs, why


def test_seconds_come_first_for_the_server_and_last_in_a_crontab():
    start, utc = 1_700_000_000, Clock.named("")
    ours = Schedule.parse("7 8 9 * * *").seconds(start, utc)
    theirs = Schedule.parse("8 9 * * * 7", dialect=Dialect.UNIX).seconds(start, utc)
    assert list(islice(ours, 5)) == list(islice(theirs, 5))
