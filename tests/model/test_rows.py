from __future__ import annotations

import base64
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.model.entry import Entry, Place, listing_keys, listing_row, raw_keys
from jobctl.model.jsontext import Number, loads
from jobctl.model.layout import JOB_KINDS, Kind
from jobctl.model.rows import sort_key
from jobctl.systems.faktory.layout import FAKTORY
from tests.builders import NOW, failed, job, reservation

COMMON = [
    *("jid", "jobtype", "queue", "args", "at", "created_at", "enqueued_at", "retry"),
    *("retry_count", "remaining", "failed_at", "errtype", "message", "class", "malformed"),
]
MORE = {
    Kind.SCHEDULED: [],
    Kind.QUEUE: ["position"],
    Kind.WORKING: ["wid", "reserved_at", "expires_at"],
    Kind.RETRIES: [],
    Kind.DEAD: ["died_at", "purge_at"],
}
TIMES = ["created_at", "enqueued_at", "failed_at"]
JUNK = [b"", b"x", b"[1, 2]", b"7", b'"text"', b"null", b"\xff\xfe", b"{}", b'{"failure":[]}']
JSON = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(), inner)),
    max_leaves=4,
)


def entry_in(kind, raw, score=NOW):
    if kind is Kind.QUEUE:
        return Entry.queued(raw, Place(kind, "default", 3), FAKTORY)
    return Entry.scored(raw, score, kind, FAKTORY)


@pytest.mark.parametrize("kind", JOB_KINDS)
def test_every_key_of_the_contract_is_there_in_order(kind):
    assert list(listing_keys(kind)) == COMMON + MORE[kind]
    for raw in (job(), failed(), reservation(job()), b"{}", b'{"job":{}}'):
        row = listing_row(entry_in(kind, raw))
        extra = ["raw", "raw_b64"] if row["malformed"] else []
        assert list(row) == COMMON + MORE[kind] + extra


@pytest.mark.parametrize("kind", JOB_KINDS)
@pytest.mark.parametrize("raw", JUNK)
def test_every_key_is_there_whatever_the_member_is(kind, raw):
    row = listing_row(entry_in(kind, raw))
    assert set(row) >= {*COMMON, *MORE[kind]}
    told = {key for key, value in row.items() if value is not None}
    assert told <= {"malformed", "at", "position", "died_at", "purge_at", "raw", "raw_b64"}


@pytest.mark.parametrize("kind", [Kind.SCHEDULED, Kind.WORKING, Kind.RETRIES, Kind.DEAD])
def test_at_is_the_score_and_never_a_time_of_the_payload(kind):
    raw = job(at="2001-01-01T00:00:00Z")
    assert listing_row(entry_in(kind, raw, NOW + 0.5))["at"] == "2026-09-21T14:13:20.5Z"
    assert listing_row(entry_in(kind, raw, float("inf")))["at"] is None


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, "SendEmail"),
        ({"jobtype": 7}, 7),
        ({"jobtype": "Wrapper", "custom": {"wrapped": "Report"}}, "Report"),
        ({"jobtype": "Wrapper", "args": [{"job_class": "Report"}]}, "Report"),
        ({"custom": {"wrapped": "Report"}, "args": [{"job_class": "Other"}]}, "Report"),
        ({"custom": {"wrapped": ""}, "args": ["job_class"]}, "SendEmail"),
        ({"custom": ["wrapped"], "args": {"job_class": "Report"}}, "SendEmail"),
        ({"custom": {"wrapped": {"a": 1}}, "args": [{"job_class": None}]}, "SendEmail"),
    ],
    ids=str,
)
def test_the_class_is_what_activejob_wraps_else_the_jobtype(fields, found):
    assert listing_row(entry_in(Kind.RETRIES, failed(**fields)))["class"] == found
    assert listing_row(entry_in(Kind.WORKING, reservation(job(**fields))))["class"] == found


@given(field=st.sampled_from(sorted({*COMMON} - {"at", "class", "malformed", *TIMES})), value=JSON)
def test_a_value_of_any_type_is_carried_as_it_is(field, value):
    inside = field in ("retry_count", "remaining", "errtype", "message")
    raw = json.dumps({"failure": {field: value}} if inside else {field: value}).encode()
    assert listing_row(entry_in(Kind.RETRIES, raw))[field] == value
    held = listing_row(entry_in(Kind.WORKING, b'{"job":' + raw + b"}"))
    assert (held[field], held["malformed"]) == (value, False)


@pytest.mark.parametrize("field", TIMES)
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("2026-09-21T16:00:00.120+02:00", "2026-09-21T14:00:00.120Z"),
        ("2026-02-30T00:00:00Z", "2026-02-30T00:00:00Z"), ("", ""), (1790000000, 1790000000),
        (["2026-09-21T16:00:00+02:00"], ["2026-09-21T16:00:00+02:00"]), (False, False),
    ],
)  # fmt: skip
def test_a_time_is_told_in_utc_and_what_is_none_as_it_is(field, value, told):
    raw = failed(failure={"failed_at": value}) if field == "failed_at" else job(**{field: value})
    assert listing_row(entry_in(Kind.RETRIES, raw))[field] == told


@pytest.mark.parametrize("failure", ["text", 7, ["errtype"], True])
def test_a_failure_that_is_no_object_tells_nothing(failure):
    row = listing_row(entry_in(Kind.RETRIES, job(failure=failure)))
    for key in ("retry_count", "remaining", "failed_at", "errtype", "message"):
        assert row[key] is None
    assert not row["malformed"]


@pytest.mark.parametrize("kind", JOB_KINDS)
@pytest.mark.parametrize("raw", [b"", b"not json", b"[1]", b'"\xc3\xa9"', b"\x00\x1b[31m"])
def test_a_malformed_member_shows_its_text(kind, raw):
    row = listing_row(entry_in(kind, raw))
    assert row["malformed"] is True
    assert (row["raw"], row["raw_b64"]) == (raw.decode(), None)


@pytest.mark.parametrize("kind", JOB_KINDS)
def test_a_malformed_member_that_is_no_text_shows_its_bytes(kind):
    row = listing_row(entry_in(kind, b"\xff\x00{}"))
    assert (row["raw"], row["raw_b64"]) == (None, "/wB7fQ==")


@given(raw=st.binary(max_size=8))
def test_the_exact_bytes_come_back_from_one_of_the_two(raw):
    keys = raw_keys(raw)
    text, coded = keys["raw"], keys["raw_b64"]
    assert (text is None) != (coded is None)
    assert (base64.b64decode(coded) if text is None else text.encode()) == raw


IN_ORDER = [
    Number("-1e99999999999999999999"), Number("-1e400"), Number("-12345678901234567891"), -5,
    Number("-0.1234567890123456789"), 0, Number("1e-400"), 0.1, 7, Number("9007199254740992.5"),
    9007199254740993, Number("99999999999999999999"), Number("100000000000000000000"), 1e300,
    Number("1e400"), Number("9" * 402), Number("1e99999999999999999999"), "0001-01-01T00:00:01Z",
    "2026-09-21T14:00:00+02:00", "2026-09-21T12:00:00.09Z", "2026-09-21T12:00:00.1Z",
    "2026-09-21T13:00:00Z", "", "10", "2026-02-30T00:00:00Z", "9", "a", "é", "\ud800", False, True,
    [2], [], {"a": 1},
]  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=20).map(str),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
    max_leaves=5,
)


@given(values=st.permutations(IN_ORDER))
def test_numbers_come_by_value_then_times_then_text_then_the_rest(values):
    assert sorted(values, key=sort_key) == IN_ORDER


@given(texts=st.lists(NUMBERS, min_size=2, max_size=8))
def test_numbers_of_any_length_come_by_value(texts):
    values = [loads(text.encode()) for text in texts]
    ordered = [Decimal(str(value)) for value in sorted(values, key=sort_key)]
    assert ordered == sorted(ordered)


@given(values=st.lists(VALUES, max_size=10), rolled=st.randoms(use_true_random=False))
def test_values_of_any_types_come_in_one_order_however_they_were_shuffled(values, rolled):
    ordered = [sort_key(value) for value in sorted(values, key=sort_key)]
    rolled.shuffle(values)
    assert ordered == [sort_key(value) for value in sorted(values, key=sort_key)]


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (True, "true"), ("1", 1), ([], "[]")])
def test_what_differs_has_a_different_key(one, other):
    assert sort_key(one) != sort_key(other)
