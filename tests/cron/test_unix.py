"""The unix dialect is croniter's own reading of a crontab's line."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from jobctl.cron.schedule import Dialect, Schedule
from jobctl.cron.unix import CrontabLine
from jobctl.errors import BadSchedule

NOON = datetime(2024, 6, 15, 12, tzinfo=UTC)  # a Saturday


def line(text: str) -> Schedule:
    return Schedule.parse(text, dialect=Dialect.UNIX)


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("0 9 * * 7", ["2024-06-16T09:00Z", "2024-06-23T09:00Z"]),
        ("0 9 * * * 30", ["2024-06-16T09:00:30Z", "2024-06-17T09:00:30Z"]),  # seconds last
        ("0 0 L * *", ["2024-06-30T00:00Z", "2024-07-31T00:00Z"]),
        ("0 0 * * 1#2", ["2024-07-08T00:00Z", "2024-08-12T00:00Z"]),
        ("@daily", ["2024-06-16T00:00Z", "2024-06-17T00:00Z"]),
        ("0 0 1 1 * 0 2025,2026", ["2025-01-01T00:00Z", "2026-01-01T00:00Z"]),
    ],
)
def test_what_a_crontab_means(text, fires):
    assert isinstance(line(text).plan, CrontabLine)
    found = list(islice(line(text).firings(NOON), 2))
    assert found == [datetime.fromisoformat(time) for time in fires]


def test_the_firings_end_where_croniter_finds_no_more():
    assert len(list(line("0 0 1 1 * 0 2025-2027").firings(NOON))) == 3
    assert line("0 0 1 1 * 0 2020").next(NOON) is None
    assert line("0 0 * * *").next(datetime(9990, 12, 30, tzinfo=UTC)) is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@every 90s", "not a crontab's descriptor"),
        ("TZ=UTC * * * * *", "a crontab's line has no zone in front"),
        ("61 * * * *", "minute: '61' is not what a crontab takes"),
        ("H * * * *", "minute: 'H' is not what a crontab takes"),  # a hash of a name it has not
        ("R * * * *", "R stands for a time at random: nobody knows when it fires"),
        ("0 r(1-5) * * *", "R stands for a time at random: nobody knows when it fires"),
        ("x" * 9999 + " * * * *", "minute: 'xxxx"),
    ],
)
def test_what_it_refuses(text, said):
    with pytest.raises(BadSchedule) as caught:
        line(text)
    assert caught.value.message.startswith(said)
    assert len(caught.value.message) < 240
    assert "\n" not in caught.value.message
    assert caught.value.at == (text, 0)


@pytest.mark.parametrize(
    ("text", "said", "at"),
    [
        ("", "0 fields, a crontab's line has 5", 0),
        ("daily", "1 field, a crontab's line has 5", 5),
        ("* * * *", "4 fields, a crontab's line has 5", 7),
        ("0 0 * * * 30 2027 x", "8 fields, a crontab's line has 5", 19),
        ("0 24 * * *", "hour: '24' is not what a crontab takes", 2),
        ("0 0 32 * *", "day of month: '32' is not what a crontab takes", 4),
        ("0 0 * * 8", "day of week: '8' is not what a crontab takes", 8),
        ("0 0 * * * 60", "second: '60' is not what a crontab takes", 10),
        ("0 0 * * * 0 1900", "year: '1900' is not what a crontab takes", 12),
    ],
)
def test_where_it_refuses(text, said, at):
    with pytest.raises(BadSchedule) as caught:
        line(text)
    assert (caught.value.message, caught.value.at) == (said, (text, at))
    assert caught.value.hint is not None
