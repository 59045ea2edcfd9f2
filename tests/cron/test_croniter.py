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
from jobctl.cron.schedule import Schedule
from tests.cron.instants import Maker

YEARS = (1970, 2085)  # croniter knows none beyond 2099


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


@pytest.mark.parametrize("seed", range(8))
def test_five_fields_in_utc(seed):
    make = Maker(Random(f"croniter {seed}"))
    for _ in range(120):
        text, start = drawn(make), make.start(ZoneInfo("UTC"), YEARS)
        ours = list(islice(Schedule.parse(text).seconds(start, Clock.named("")), 12))
        theirs = croniter(text, datetime.fromtimestamp(start, UTC), ret_type=float)
        assert ours == [theirs.get_next() for _ in ours], (text, start)
