"""One firing after the other: `next` goes on where it was, and nobody can tell."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from jobctl.cron.schedule import Schedule

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TEXTS = ["*/7 * * * *", "30 2 * * *", "0 0 29 2 *", "@every 90s", "0 9 * * MON-FRI"]


def chain(schedule, start, count):
    """Ask a schedule, once for each, for one firing after the other."""
    found = [start]
    while len(found) <= count:
        found.append(schedule.next(found[-1]))
    return found[1:]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("zone", [UTC, BERLIN, ZoneInfo("America/New_York")])
def test_a_chain_is_what_fresh_schedules_answer(text, zone):
    start = NOON.astimezone(zone)
    once = chain(Schedule.parse(text), start, 15)
    assert once == [Schedule.parse(text).next(at) for at in (start, *once[:-1])]
    assert once == list(islice(Schedule.parse(text).firings(start), 15))


def test_who_jumps_back_or_ahead_is_answered_from_there():
    schedule = Schedule.parse("*/7 * * * *")
    first = schedule.next(NOON)
    assert schedule.next(NOON) == first
    assert schedule.next(NOON + timedelta(days=1)) == first + timedelta(days=1)
    assert schedule.next(first) == first + timedelta(minutes=7)
    assert schedule.next(first - timedelta(seconds=1)) == first


def test_two_zones_asked_in_turn_do_not_disturb_each_other():
    schedule = Schedule.parse("30 2 * * *")
    here, there = NOON, NOON.astimezone(BERLIN)
    for day in range(1, 5):
        here, there = schedule.next(here), schedule.next(there)
        assert (here.hour, here.tzinfo, here.day) == (2, UTC, 7 + day)
        assert (there.hour, there.tzinfo, there.day) == (2, BERLIN, 7 + day)


def test_what_has_been_asked_is_equal_and_can_be_copied_and_pickled():
    schedule = Schedule.parse("*/7 * * * *")
    first = schedule.next(NOON)
    for other in (copy.deepcopy(schedule), pickle.loads(pickle.dumps(schedule))):
        assert other == schedule
        assert other.next(first) == first + timedelta(minutes=7)
    assert schedule == Schedule.parse("*/7 * * * *")


def test_threads_that_share_a_schedule_get_each_their_own_chain():
    schedule = Schedule.parse("*/7 * * * *")
    expected = chain(Schedule.parse("*/7 * * * *"), NOON, 400)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(chain, schedule, NOON, 400) for _ in range(8)]
        assert all(one.result() == expected for one in asked)
