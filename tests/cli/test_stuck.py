"""``--stuck``: reservations that have expired, or that are older than they should be."""

import pytest

from tests.builders import NOW, job, reservation
from tests.release.holding import held, hold

EARLY, LATE = "2026-09-21T14:10:00Z", "2026-09-21T14:40:00Z"


@pytest.fixture
def ids(jobctl):
    def run(*argv, code=0):
        ran = jobctl("working", "ls", *argv, "-o", "ids")
        assert ran.code == code, ran.err
        return ran.out.split()

    return run


@pytest.fixture
def shop(raw):
    raw.lpush("q:default", job("queued-00001"))
    raw.sadd("queues", "default")
    hold(
        raw,
        held("expired-0001", -60),
        held("old-00000001", 60, queue="mailers"),
        held("new-00000001", 1700),
    )


@pytest.mark.parametrize(
    ("argv", "found"),
    [
        (("--stuck",), ["expired-0001"]),
        (("--stuck=20m",), ["expired-0001", "old-00000001"]),
        (("--stuck", "20m"), ["expired-0001", "old-00000001"]),
        (("--stuck", "1s", "--stuck"), ["expired-0001", "old-00000001", "new-00000001"]),
        (("--stuck=20m", "--queue", "mailers"), ["old-00000001"]),
        (("--queue", "mailers", "--stuck"), []),
        (("--stuck", "--jid", "old-00000001"), []),
        (("--stuck", "-w", "queue=mailers"), []),
    ],
    ids=" ".join,
)
def test_stuck_is_a_filter_like_the_others(shop, ids, argv, found):
    assert ids(*argv) == found


def test_stuck_counts(shop, jobctl):
    assert jobctl("working", "count", "--stuck").out == "1\n"
    assert jobctl("working", "count", "--stuck", "20m").out == "2\n"


def test_the_word_behind_stuck_is_an_argument_unless_it_is_a_duration(shop, report):
    found = report("working", "release", "--stuck", "expired-0001", "-n")
    assert (found["matched"], found["missing"]) == (1, [])
    found = report("working", "release", "--stuck", "20m", "new-00000001", "-n")
    assert (found["matched"], found["missing"]) == (0, ["new-00000001"])


def test_an_extended_reservation_goes_by_its_score(raw, noon, ids, jobctl):
    raw.zadd("working", {reservation(job("extended-001"), expires_at=EARLY): NOW + 600})
    raw.zadd("working", {reservation(job("shortened-01"), expires_at=LATE): NOW - 600})
    assert ids("--stuck") == ["shortened-01"]
    assert "has expired" not in jobctl("status", "extended-001", "-o", "json").out
    assert "has expired" in jobctl("status", "shortened-01", "-o", "json").out


@pytest.mark.parametrize(("expires_at", "stuck"), [(EARLY, True), (LATE, False), ("soon", False)])
def test_where_the_score_is_no_time_what_was_written_counts(raw, noon, ids, expires_at, stuck):
    raw.zadd("working", {reservation(job("odd-00000001"), expires_at=expires_at): "inf"})
    assert ids("--stuck") == (["odd-00000001"] if stuck else [])


def test_what_is_no_reservation_of_a_job_is_not_stuck_but_malformed(raw, noon, ids, jobctl):
    raw.zadd("working", {b'{"wid":"w"}': NOW - 600, b"nonsense": NOW - 600})
    assert ids("--stuck=1s") == []
    assert jobctl("working", "count", "--malformed").out == "2\n"


def test_an_expired_one_is_seen(shop, jobctl):
    ran = jobctl("working", "ls", "--color", "always", tty=True)
    assert "\x1b[1;31m1m ago" in ran.out
    assert ran.out.count("\x1b[1;31m") == 1
