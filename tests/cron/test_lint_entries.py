"""What only time tells is said of each entry, where it stands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jobctl.cron.clock import Clock
from jobctl.cron.crontab import verdict
from tests.cron.tables import ON, crontab, job, told

NOW = int(datetime(2026, 9, 21, 14, 30, tzinfo=UTC).timestamp())
BERLIN = Clock.named("Europe/Berlin")


def findings_of(*schedules: str, now: int = NOW, local: Clock = BERLIN):
    text = ON + "".join(job(f"retry = {i}", schedule=text) for i, text in enumerate(schedules))
    return crontab(text, now=now, local=local)


@pytest.mark.parametrize(
    ("schedule", "level", "code", "column"),
    [
        ('"0 0 30 2 *"', "error", "never-fires", 17),
        ("'CRON_TZ=UTC 0 0 30 2 *'", "error", "never-fires", 29),
        ('"0 0 30 \\u0032 *"', "error", "never-fires", 12),
        ('"""0 0 30 2 *"""', "error", "never-fires", 12),
        ('"0 0 31 * *"', "warning", "not-every-month", 17),
        ('"* * * * * *"', "warning", "every-second", 13),
        ('"30 2 * * *"', "warning", "skipped-time", None),
        ('"1,,2 * * * *"', "warning", "empty-entry", None),
    ],
)
def test_a_doubt_stands_where_its_character_does(schedule, level, code, column):
    found = findings_of(schedule)
    assert (level, code) in [(each.level.value, each.code) for each in found.findings]
    if column is not None:
        assert (level, code, 4, column) in told(found)
    assert {each.entry for each in found.findings} == {1}


def test_findings_of_both_kinds_are_in_order_of_place():
    found = findings_of('"0 0 30 2 *"', '"0 7 * * 7"', '"0 0 31 * *"')
    lines = [each.line for each in found.findings]
    assert lines == sorted(line for line in lines if line is not None)
    assert {each.code for each in found.findings} >= {
        "never-fires",
        "bad-schedule",
        "not-every-month",
    }


def test_a_clash_stands_at_the_second_entry_and_names_the_first():
    (found,) = findings_of('"0 9 * * *"', '"*/30 9 * * *"').findings
    assert (found.code, found.entry, found.line) == ("same-instant", 2, 9)
    assert "entry 1 in line 3" in found.message
    assert "2026-09-22T07:00:00Z" in found.message


def test_a_schedule_that_hangs_the_server_is_in_the_verdict():
    now = int(datetime(2011, 12, 1, tzinfo=UTC).timestamp())
    found = findings_of('"0 9 30 12 *"', now=now, local=Clock.named("Pacific/Apia"))
    assert "hangs" in [each.code for each in found.findings]
    assert verdict(found) == "the server starts, and hangs as soon as it looks for the next firing"


def test_the_same_schedule_is_doubted_at_each_of_its_entries():
    found = findings_of('"0 0 30 2 *"', '"0 0 30 2 *"')
    assert [each.entry for each in found.findings if each.code == "never-fires"] == [1, 2]
