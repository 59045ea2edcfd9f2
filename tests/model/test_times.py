from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.errors import UsageProblem
from jobctl.model.times import Instant, epoch, parse_duration, parse_moment, parse_rate, score_time
from jobctl.systems.faktory.layout import utc as in_utc

FORMS = [
    ("2026-09-21T14:13:20Z", "2026-09-21T14:13:20Z"),
    ("2026-09-21T14:13:20.123456789Z", "2026-09-21T14:13:20.123456789Z"),
    ("2026-09-21T14:13:20.100Z", "2026-09-21T14:13:20.100Z"),
    ("2026-09-21T14:13:20.12345678901234567890Z", "2026-09-21T14:13:20.12345678901234567890Z"),
    ("2026-09-21t14:13:20z", "2026-09-21T14:13:20Z"),
    ("2026-09-21 14:13:20Z", "2026-09-21T14:13:20Z"),
    ("2026-09-21T14:13:20.5+02:00", "2026-09-21T12:13:20.5Z"),
    ("2026-09-21T14:13:20-0330", "2026-09-21T17:43:20Z"),
    ("2026-09-21T14:13:20-00:00", "2026-09-21T14:13:20Z"),
    ("2026-12-31T23:59:59.9-23:59", "2027-01-01T23:58:59.9Z"),
    ("2024-02-29T00:00:00+23:59", "2024-02-28T00:01:00Z"),
    ("0001-01-01T00:00:00.5Z", "0001-01-01T00:00:00.5Z"),
    ("1969-12-31T23:59:59.25Z", "1969-12-31T23:59:59.25Z"),
    ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
]
NO_TIMES = [
    "", "now", "1790000000", "2026-09-21", "2026-09-21T14:13:20", "2026-09-21T14:13Z",
    "2026-09-21T14:13:20.Z", "2026-09-21T14:13:20,5Z", "2026-09-21T14:13:20 Z",
    " 2026-09-21T14:13:20Z", "2026-09-21T14:13:20Z\n", "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-09-21T24:00:00Z",
    "2026-09-21T14:60:00Z",
    "2016-12-31T23:59:60Z",  # a leap second: Go, which writes these times, has none either
    "2026-09-21T14:13:20+24:00", "2026-09-21T14:13:20+05:60", "2026-09-21T14:13:20+05",
    "0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
    "12026-09-21T14:13:20Z", "٢٠٢٦-09-21T14:13:20Z",
]  # fmt: skip
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0)
)
DIGITS = st.text("0123456789", max_size=12)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59)
SCORES = st.one_of(
    st.floats(-62135596799, 253402300799),
    st.integers(-62135596799, 253402300799).map(float),
    st.floats(0, 4e9).map(lambda x: round(x, 6)),
).filter(lambda x: x == 0 or abs(x) > 1e-9)


def written(moment, digits, offset):
    fraction = f".{digits}" if digits else ""
    zone = moment.replace(tzinfo=timezone(timedelta(minutes=offset))).isoformat()[19:]
    return moment.isoformat() + fraction + zone


def exact(instant):
    return instant.seconds + Fraction(Decimal(f"0.{instant.digits or 0}"))


@pytest.mark.parametrize(("text", "utc"), FORMS)
def test_a_time_in_any_form_is_told_in_utc_with_its_digits(text, utc):
    assert Instant.parse(text) is not None
    assert in_utc(text) == utc


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_stays_as_it_is(text):
    assert Instant.parse(text) is None
    assert in_utc(text) == text
    assert epoch(text) is None


@pytest.mark.parametrize("value", [None, 0, 1790000000.5, True, [], {"a": 1}, "\ud800"])
def test_what_is_no_text_is_no_time(value):
    assert in_utc(value) is value
    assert epoch(value) is None


@given(moment=MOMENTS, digits=DIGITS, offset=OFFSETS)
def test_offsets_are_added_and_digits_kept(moment, digits, offset):
    instant = Instant.parse(written(moment, digits, offset))
    assert instant is not None
    utc = (moment - timedelta(minutes=offset)).replace(tzinfo=UTC)
    assert instant == Instant(int(utc.timestamp()), digits)
    assert instant.rfc3339() == written(utc.replace(tzinfo=None), digits, 0)[:-6] + "Z"
    assert Instant.parse(instant.rfc3339()) == instant


@given(pairs=st.lists(st.tuples(st.integers(-3, 3), DIGITS), min_size=2, max_size=6))
def test_instants_order_by_time(pairs):
    instants = sorted(Instant(seconds, digits) for seconds, digits in pairs)
    assert instants == sorted(instants, key=exact)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("2026-09-21T14:13:20.25Z", 1790000000.25),
        ("1969-12-31T23:59:59.75Z", -0.25),
        ("1969-12-31T23:59:59Z", -1.0),
        ("0001-01-01T00:00:01Z", -62135596799.0),
    ],
)
def test_a_time_is_so_many_unix_seconds(text, seconds):
    assert epoch(text) == seconds


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"), (-0.0, "1970-01-01T00:00:00Z"),
        (1790000000.0, "2026-09-21T14:13:20Z"),
        (1790000000.1234567, "2026-09-21T14:13:20.1234567Z"),
        (1e-7, "1970-01-01T00:00:00.0000001Z"), (-0.5, "1969-12-31T23:59:59.5Z"),
        (-1.0, "1969-12-31T23:59:59Z"), (-1.25, "1969-12-31T23:59:58.75Z"),
        (-62135596799.5, "0001-01-01T00:00:00.5Z"), (-62135596800.0, None),
        (253402300799.5, "9999-12-31T23:59:59.5Z"), (253402300800.0, None), (-62135596801.0, None),
        (1.79e18, None), (float("inf"), None), (float("-inf"), None), (float("nan"), None),
    ],
)  # fmt: skip
def test_a_score_is_told_as_a_time_if_it_is_one(score, text):
    assert score_time(score) == text


@given(score=SCORES)
def test_a_score_keeps_all_its_digits(score):
    instant = Instant.of_epoch(score)
    assert instant is not None
    assert exact(instant) == Fraction(Decimal(repr(score)))
    assert instant.epoch() == pytest.approx(score, rel=1e-15)
    assert Instant.parse(instant.rfc3339()) == instant


def test_a_moment_later_or_earlier_keeps_the_digits_or_is_no_time():
    assert Instant(10, "5").later(-20) == Instant(-10, "5")
    assert Instant(253402300799, "9").later(1) is None
    assert Instant(-62135596799).later(-1) is None


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z", "0001-01-01T00:53:00+00:53"]
)
def test_the_zero_time_of_go_is_no_time(text):
    assert in_utc(text) is None
    assert epoch(text) is None


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-09-21T14:13:20.123456789Z", Instant(1790000000, "123456789")),
        ("1790000000", Instant(1790000000)), ("001790000000.50", Instant(1790000000, "5")),
        ("0", Instant(0)), ("253402300799", Instant(253402300799)),
        ("1790000000000001", Instant(1790000000, "000001")),
        ("253402300799999999", Instant(253402300799, "999999")), ("+2h", Instant(7210)),
        ("-1.5s", Instant(8, "5")), ("-52000w", Instant(10 - 52000 * 604800)),
    ],
)  # fmt: skip
def test_a_moment_is_read_exactly(text, instant):
    assert parse_moment(text, 10.0) == instant


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("253402300800", "milliseconds? 253402300 are the seconds"),
        ("1796000123000", "milliseconds? 1796000123 are the seconds"),
        ("1796000123000000000", "nanoseconds? 1796000123 are the seconds"),
        ("9" * 5000, "times look like"),
        ("10000-01-01T00:00:00Z", "times look like"),
        ("0001-01-01T00:00:00Z", "times look like"),
        ("+999999999w", "52w"),
        ("-1790000000", "durations look like"),
    ],
)
def test_what_is_no_time_of_the_years_there_are_is_refused(text, hint):
    with pytest.raises(UsageProblem) as problem:
        parse_moment(text, 1.79e9)
    assert hint in str(problem.value.hint)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90), ("15m", 900), ("2h", 7200), ("3d", 259200), ("12w", 7257600), ("1h30m", 5400),
        ("1.5h", 5400), ("250ms", 0.25), ("1m1s1ms", 61.001), ("0s", 0), ("007s", 7),
    ],
)  # fmt: skip
def test_a_duration_is_so_many_seconds(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        *("", "5", "s", "1y", "1M", "-5s", "+5s", "1h 30m", " 1h", "1h ", "1,5h", "1e3s", ".5h"),
        *("1.h", "infs", "nans", "٣s", "1h\n", "1hx", "x1h", "9" * 400 + "v", "27000" * 20),
    ],
)
def test_what_is_no_duration_is_a_usage_error_that_shows_the_forms(text):
    with pytest.raises(UsageProblem, match="is not a duration") as problem:
        parse_duration(text)
    assert "90s, 15m, 2h, 3d, 12w" in problem.value.hint


@pytest.mark.parametrize(
    ("text", "back", "ahead"),
    [
        ("2026-09-21", "2026-09-21", "2026-09-21"), ("0001-01-02", "0001-01-02", "0001-01-02"),
        ("9999-12-31", "9999-12-31", "9999-12-31"), ("today", "2026-09-21", "2026-09-21"),
        ("Yesterday", "2026-09-20", "2026-09-20"), ("tomorrow", "2026-09-22", "2026-09-22"),
        ("monday", "2026-09-21", "2026-09-28"), ("TUESDAY", "2026-09-15", "2026-09-22"),
        ("sunday", "2026-09-20", "2026-09-27"),
    ],
)  # fmt: skip
def test_a_day_is_when_it_begins_in_utc(text: str, back: str, ahead: str) -> None:
    for clock in ("00:00:00", "12:30:00", "23:59:59.9"):
        now = epoch(f"2026-09-21T{clock}Z")  # a Monday
        assert now is not None
        assert parse_moment(text, now) == Instant.parse(f"{back}T00:00:00Z")
        assert parse_moment(text, now, ahead=True) == Instant.parse(f"{ahead}T00:00:00Z")


@pytest.mark.parametrize("text", ["2026-02-30", "2026-9-1", "someday", "mon", "0000-01-01", ""])
def test_what_is_no_day_is_no_time(text: str) -> None:
    with pytest.raises(UsageProblem):
        parse_moment(text, 0.0)


@pytest.mark.parametrize("text", ["999999999w", "9" * 400 + "w", "27000d" * 20])
def test_a_duration_is_no_longer_than_1000_years(text):
    with pytest.raises(UsageProblem, match="is longer than 1,000 years"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0/s", "-1/s", "x", "9" * 400 + "/s"])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(UsageProblem, match="is not a rate"):
        parse_rate(text)
