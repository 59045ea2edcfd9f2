"""A record as its hash says, odd ones included."""

from __future__ import annotations

import pytest

from jobctl.model.jobba import (
    ROW_KEYS,
    Record,
    RecordLayout,
    RecordState,
    decode,
    encode,
    moment_text,
)


def flat(**fields: str) -> list[bytes]:
    return [word.encode() for pair in fields.items() for word in pair]


def test_a_row_has_every_key_in_order_and_times_in_utc() -> None:
    record = Record.read(
        "a", flat(id='"a"', state='"failed"', progress="0.375", attempt="1",
                  recorded_at="1700000001234567", kill_requested_at="1700000001000000",
                  errors='["boom",{"code":4}]', provider_job_id="42", job_args='{"user":"u-1"}')
    )  # fmt: skip
    row = record.row()
    assert list(row) == list(ROW_KEYS)
    assert (row["recorded_at"], row["kill_requested_at"], row["queued_at"]) == (
        "2023-11-14T22:13:21.234567Z",
        "2023-11-14T22:13:21Z",
        None,
    )
    assert (row["state"], row["provider_job_id"], row["errors"]) == (
        "failed", 42, ["boom", {"code": 4}],
    )  # fmt: skip
    assert (record.completed, record.attempt, record.provider_job_id) == (True, 1, "42")
    assert all(row[key] == record.listed(key) for key in ROW_KEYS)


def test_a_record_goes_by_its_key_whatever_its_hash_says() -> None:
    assert Record.read("a", flat(id='"b"')).row()["id"] == "a"


def test_a_record_without_id_or_state_is_a_stub() -> None:
    for fields in ({"progress": "1"}, {"id": '"a"'}, {"state": '"failed"'}):
        assert Record.read("a", flat(**fields)).stub
    assert not Record.read("a", flat(id='"a"', state='"killed"')).stub


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("NaN", "NaN"),
        ("", ""),
        ("1,2", "1,2"),
        ("[1", "[1"),
        ("boom", "boom"),
        ("179769313486231570000000000000000000000", "179769313486231570000000000000000000000"),
    ],
)
def test_what_is_no_json_is_carried_as_text_and_harms_no_other_field(text, value) -> None:
    record = Record.read("a", flat(state='"failed"', progress=text, attempt="3"))
    assert str(record.progress) == str(value)
    assert (record.state, record.attempt) == (RecordState.FAILED, 3)


def test_halves_of_json_in_two_fields_do_not_become_one_value() -> None:
    record = Record.read("a", flat(progress="[1", data="2]", attempt="0"))
    assert (record.progress, record.data) == ("[1", "2]")
    record = Record.read("a", flat(progress="1,2", data="", attempt="0"))
    assert (record.progress, record.data) == ("1,2", "")


def test_bytes_that_are_no_text_are_carried() -> None:
    record = Record.read("a", [b"job_name", b"\xff\xfe", b"state", b'"killed"'])
    assert encode(record.job_name or "") == b"\xff\xfe"
    assert encode(decode(b"id\xff:x")) == b"id\xff:x"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1700000001234567", "2023-11-14T22:13:21.234567Z"),
        ("1700000001000000.0", "2023-11-14T22:13:21Z"), ("0", "1970-01-01T00:00:00Z"),
        ("-1", "1969-12-31T23:59:59.999999Z"), ("null", None), ('"soon"', "soon"), ("true", True),
        ("999999999999999999", 999999999999999999),
    ],
)  # fmt: skip
def test_times_are_microseconds_and_what_is_none_stays_as_it_is(value, shown) -> None:
    assert Record.read("a", flat(queued_at=value)).row()["queued_at"] == shown


def test_microseconds_outside_the_years_have_no_text() -> None:
    assert moment_text(10**18) is None


@pytest.mark.parametrize(
    ("state", "moment"),
    [
        ("unqueued", "recorded_at"),
        ("unknown", "recorded_at"),
        ("queued", "queued_at"),
        ("killed", "killed_at"),
    ],
)
def test_each_state_has_its_time(state, moment) -> None:
    assert RecordState(state).moment == moment


def test_keys_hold_names_as_they_are() -> None:
    layout = RecordLayout("jobs")
    assert layout.record("a:0") == layout.attempt("a", 0) == b"jobs:id:a:0"
    assert layout.job_arg("") == b"jobs:job_arg:"
    assert layout.job_name("Import: ünï") == "jobs:job_name:Import: ünï".encode()
    assert layout.state(RecordState.FAILED) == b"jobs:failed"
