from __future__ import annotations

import pytest

from jobctl.model.entry import Job
from jobctl.model.jsontext import Number, dig, read_object
from jobctl.systems.faktory.layout import FAKTORY
from tests.builders import failed, job

FIELDS = [
    *("jid", "jobtype", "queue", "args", "created_at", "enqueued_at", "retry"),
    *("retry_count", "remaining", "failed_at", "errtype", "message"),
]
NO_OBJECTS = [b"", b"x", b"[]", b'[{"jid":"x"}]', b"7", b'"jid"', b"null", b"true", b"\xff", b"{"]


@pytest.mark.parametrize("raw", NO_OBJECTS)
def test_what_is_no_object_is_malformed_and_says_nothing(raw):
    malformed = Job.decode(raw, FAKTORY)
    assert malformed.malformed
    assert read_object(raw) is None
    for field in FIELDS:
        assert (malformed.get(field), malformed.text(field)) == (None, None)
        assert (malformed.word(field), malformed.listed(field)) == (None, None)
    assert malformed.retries_used is None
    assert malformed.retries_allowed == 25


def test_an_empty_object_is_a_job_that_says_nothing():
    assert not Job.decode(b"{}", FAKTORY).malformed
    assert [Job.decode(b"{}", FAKTORY).get(field) for field in FIELDS] == [None] * len(FIELDS)


def test_fields_of_the_failure_are_read_through_the_layout():
    decoded = Job.decode(failed(count=4, errtype="not this one"), FAKTORY)
    assert decoded.get("retry_count") == 4
    assert decoded.get("errtype") == "RuntimeError"
    assert decoded.get("failed_at") == "2026-09-21T14:05:00Z"


@pytest.mark.parametrize(
    ("value", "text", "word"),
    [
        ("x", "x", "x"), ("", "", ""), (7, "7", "7"), (False, "false", "false"),
        (1.5, "1.5", "1.5"), (12345678901234567890, "12345678901234567890", "12345678901234567890"),
        (None, None, None), ([1, "é"], '[1,"é"]', None), ({}, "{}", None),
    ],
)  # fmt: skip
def test_a_field_is_text_whatever_its_type_and_a_word_unless_it_holds_others(value, text, word):
    decoded = Job.decode(job(jobtype=value), FAKTORY)
    assert decoded.text("jobtype") == text
    assert decoded.word("jobtype") == word


def test_only_times_are_told_anew():
    stamp = "2026-09-21T16:00:00+02:00"
    decoded = Job.decode(
        failed(jobtype=stamp, created_at=stamp, failure={"message": stamp}), FAKTORY
    )
    assert decoded.listed("created_at") == "2026-09-21T14:00:00Z"
    assert decoded.get("created_at") == stamp
    assert decoded.listed("jobtype") == decoded.listed("message") == stamp


@pytest.mark.parametrize(("retry", "allowed"), [(0, 0), (-1, -1), (3, 3), (True, 25), ("3", 25)])
def test_a_job_may_be_retried_as_often_as_it_says_else_25_times(retry, allowed):
    assert Job.decode(job(retry=retry), FAKTORY).retries_allowed == allowed
    assert Job.decode(job(retry=None), FAKTORY).retries_allowed == 25
    assert Job.decode(job(retry=1.5), FAKTORY).retries_allowed == 25


@pytest.mark.parametrize(
    ("count", "used"), [(0, 0), (7, 7), (True, None), ("7", None), (None, None), ([], None)]
)
def test_a_job_was_retried_as_often_as_its_failure_says(count, used):
    assert Job.decode(failed(failure={"retry_count": count}), FAKTORY).retries_used == used
    assert Job.decode(job(), FAKTORY).retries_used is None


@pytest.mark.parametrize(
    ("path", "found"),
    [((), {"a": {"b": [1]}}), (("a", "b"), [1]), (("a", "x"), None), (("a", "b", "c"), None)],
)
def test_digging_ends_where_there_is_no_object(path, found):
    assert dig({"a": {"b": [1]}}, path) == found


def test_a_long_number_stays_what_it_is():
    assert Job.decode(b'{"jid":12345678901234567890}', FAKTORY).get("jid") == Number(
        "12345678901234567890"
    )
