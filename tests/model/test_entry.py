from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.model.entry import Entry, Place
from jobctl.model.layout import SETS, Kind, QueueForm
from jobctl.systems.faktory.layout import FAKTORY
from tests.builders import NOW, failed, job, reservation

DAY = 86400
RESERVATION = {
    "wid": "worker-1",
    "reserved_at": "2026-09-21T14:10:00Z",
    "expires_at": "2026-09-21T14:40:00Z",
}


@pytest.mark.parametrize("kind", SETS)
def test_an_entry_keeps_the_exact_bytes_and_the_score(kind):
    for raw in (job() + b" ", b'{"jid":1.0,"jid":"\\u0061"}', b"\xff"):
        entry = Entry.scored(raw, NOW, kind, FAKTORY)
        assert (entry.raw, entry.score, entry.kind) == (raw, NOW, kind)
        assert entry.place == Place(kind)
        assert entry.at == "2026-09-21T14:13:20Z"


def test_an_entry_of_a_queue_has_its_place_and_no_score():
    place = Place(Kind.QUEUE, "default", 3, QueueForm.Q)
    entry = Entry.queued(job(), place, FAKTORY)
    assert (entry.place, entry.kind, entry.jid) == (place, Kind.QUEUE, "jid-00000001")
    assert (entry.score, entry.at, entry.died_at, entry.reservation) == (None, None, None, {})


def test_the_job_of_a_reservation_is_the_one_inside():
    entry = Entry.scored(reservation(failed("held"), jid="outer"), NOW, Kind.WORKING, FAKTORY)
    assert entry.jid == "held"
    assert entry.job.get("errtype") == "RuntimeError"
    assert entry.reservation == RESERVATION


def test_the_times_of_a_reservation_are_told_in_utc():
    raw = reservation(job(), reserved_at="2026-09-21T16:10:00.5+02:00", expires_at="soon")
    held = Entry.scored(raw, NOW, Kind.WORKING, FAKTORY).reservation
    assert (held["reserved_at"], held["expires_at"]) == ("2026-09-21T14:10:00.5Z", "soon")


NOTHING = {"wid": None, "reserved_at": None, "expires_at": None}


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        *((reservation(inner), RESERVATION) for inner in (b"1", b'"x"', b"null", b"[{}]", b"true")),
        (b'{"wid":"w"}', NOTHING | {"wid": "w"}),
        *((raw, NOTHING) for raw in (b"", b"x", b"[]", b"7", b'"wid"', b"\xff")),
    ],
)
def test_a_reservation_that_holds_no_job_is_malformed_and_keeps_what_it_says(raw, told):
    entry = Entry.scored(raw, NOW, Kind.WORKING, FAKTORY)
    assert (entry.job.malformed, entry.jid, entry.reservation) == (True, None, told)


@pytest.mark.parametrize("kind", [Kind.SCHEDULED, Kind.RETRIES, Kind.DEAD])
def test_outside_working_a_reservation_is_a_job_that_never_expires(kind):
    entry = Entry.scored(reservation(job("held"), jid="outer"), NOW - 600, kind, FAKTORY)
    assert (entry.jid, entry.reservation, entry.expired(NOW)) == ("outer", {}, False)
    assert (entry.died_at is None) == (kind is not Kind.DEAD)
    assert Entry.scored(reservation(job()), NOW, Kind.WORKING, FAKTORY).died_at is None


@pytest.mark.parametrize("value", [7, 1.5, True, [], ["w"], {"a": 1}])
def test_a_reservation_of_wrong_types_is_carried_as_it_is(value):
    raw = reservation(job(), wid=value, reserved_at=value, expires_at=value)
    entry = Entry.scored(raw, NOW, Kind.WORKING, FAKTORY)
    assert entry.reservation == dict.fromkeys(RESERVATION, value)
    assert entry.age(NOW) is None


@pytest.mark.parametrize(
    ("value", "jid"),
    [
        *(("x", "x"), ("", ""), (42, "42"), (1.5, "1.5"), (True, "true"), ("\ud800", "\ud800")),
        *((12345678901234567890, "12345678901234567890"), (None, None), (["x"], None), ({}, None)),
    ],
)
def test_a_jid_is_text_whatever_its_type_unless_it_is_a_list_or_object(value, jid):
    assert Entry.scored(job(value), NOW, Kind.RETRIES, FAKTORY).jid == jid


@pytest.mark.parametrize(
    ("score", "died_at", "at"),
    [
        (NOW, "2026-03-25T14:13:20Z", "2026-09-21T14:13:20Z"),
        (NOW + 0.123456, "2026-03-25T14:13:20.123456Z", "2026-09-21T14:13:20.123456Z"),
        (180 * DAY, "1970-01-01T00:00:00Z", "1970-06-30T00:00:00Z"),
        (180 * DAY - 0.25, "1969-12-31T23:59:59.75Z", "1970-06-29T23:59:59.75Z"),
        (-62135596800.0, None, None),  # Go's zero time
        (-62135596799.0, None, "0001-01-01T00:00:01Z"),
        (-62135596799.0 + 180 * DAY, "0001-01-01T00:00:01Z", "0001-06-30T00:00:01Z"),
        (float("inf"), None, None),
        (float("-inf"), None, None),
        (1e18, None, None),
    ],
)
def test_a_dead_job_died_180_days_before_its_score(score, died_at, at):
    entry = Entry.scored(b"not even a job", score, Kind.DEAD, FAKTORY)
    assert (entry.died_at, entry.at) == (died_at, at)


@given(micros=st.integers(180 * DAY * 10**6, 4 * 10**15))
def test_died_at_has_the_digits_of_the_score(micros):
    entry = Entry.scored(b"{}", micros / 10**6, Kind.DEAD, FAKTORY)
    assert entry.died_at.partition(".")[2] == entry.at.partition(".")[2]
    assert entry.age(micros / 10**6) == pytest.approx(180 * DAY, abs=1e-5)


def test_an_age_is_from_the_time_its_structure_counts_from():
    queued = Entry.queued(job(), Place(Kind.QUEUE, "default", 0), FAKTORY)
    assert queued.age(NOW) == pytest.approx(798.5)  # enqueued_at
    ages = {
        Kind.SCHEDULED: 799.876543211,  # created_at
        Kind.RETRIES: 500,  # failed_at
        Kind.DEAD: 180 * DAY,  # died_at
    }
    for kind, age in ages.items():
        assert Entry.scored(failed(), NOW, kind, FAKTORY).age(NOW) == pytest.approx(age)
    held = Entry.scored(reservation(job()), NOW + 1000, Kind.WORKING, FAKTORY)
    assert held.age(NOW) == 200  # reserved_at


@pytest.mark.parametrize("kind", [Kind.SCHEDULED, Kind.RETRIES, Kind.WORKING])
@pytest.mark.parametrize(
    "raw",
    [
        b"{}", b"x", job(created_at="soon"), job(created_at=5),
        job(created_at="0001-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_without_its_time_an_entry_has_no_age(kind, raw):
    assert Entry.scored(raw, NOW, kind, FAKTORY).age(NOW) is None


def test_an_age_may_lie_ahead():
    raw = job(enqueued_at="2026-09-21T14:13:30Z")
    assert Entry.queued(raw, Place(Kind.QUEUE, "default", 0), FAKTORY).age(NOW) == -10


@pytest.mark.parametrize(
    ("score", "written", "expired"),
    [
        (NOW - 1, "2026-09-21T14:13:19.25Z", True),
        (NOW + 1, "2026-09-21T14:13:21.25Z", False),
        (NOW + 600, "2026-09-21T14:10:00Z", False),  # extended
        (NOW - 600, "2026-09-21T14:40:00Z", True),
        (NOW - 600, None, True),
        (NOW - 600, "soon", True),
        (float("inf"), "2026-09-21T14:10:00Z", True),
        (float("inf"), "2026-09-21T14:40:00Z", False),
        (float("-inf"), None, False),
    ],
)
def test_a_reservation_expires_by_its_score(score, written, expired):
    entry = Entry.scored(reservation(job(), expires_at=written), score, Kind.WORKING, FAKTORY)
    assert entry.expired(NOW) is expired
    assert entry.reservation["expires_at"] == written
