"""Queries on records: what an index answers, and what the record itself."""

from __future__ import annotations

import json

import pytest

from jobctl.errors import BadFilter
from jobctl.model.jobba import Record, RecordState, SetClause, TimeClause
from jobctl.records.query import Query
from tests.records.asking import Example

NOW = 1_790_000_000.0
MICRO = 1_790_000_000_000_000
MIDNIGHT, DAY = 1_789_948_800_000_000, 86_400_000_000  # of that Monday


def clauses(*texts: str):
    return Query.parse(*texts).split(NOW).clauses


def rest(*texts: str) -> list[str]:
    return [str(test) for test in Query.parse(*texts).split(NOW).rest]


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("state=failed", SetClause("state", ("failed",))),
        ("state=completed", SetClause("state", ("succeeded", "failed"))),
        ("state=incomplete", SetClause("state", ("unqueued", "queued", "started", "killed"))),
        ("state=working,success", SetClause("state", ("started", "succeeded"))),
        (
            "state!=completed,unknown",
            SetClause("state", ("unqueued", "queued", "started", "killed")),
        ),
        ("job_name=SendEmail,Retryer", SetClause("job_name", ("SendEmail", "Retryer"))),
        ("type=SendEmail", SetClause("job_name", ("SendEmail",))),
        ('job_name=""', SetClause("job_name", ("",))),
        ("job_arg=42", SetClause("job_arg", ("42",))),
        ("provider_job_id=42", SetClause("provider_job_id", ("42",))),
        ('id=b,a,"x y"', SetClause("id", ("b", "a", "x y"))),
        ("recorded_at>=-2h", TimeClause("recorded_at", low=MICRO - 7_200_000_000)),
        ("recorded_at>-2h", TimeClause("recorded_at", low=MICRO - 7_199_999_999)),
        ("failed_at<1790000000", TimeClause("failed_at", high=MICRO - 1)),
        ("failed_at<=1790000000000000", TimeClause("failed_at", high=MICRO)),
        (
            "killed_at=2026-09-21T14:13:20.5Z",
            TimeClause("killed_at", MICRO + 500_000, MICRO + 500_000),
        ),
        ("queued_at>=2026-09-21T14:13:20.0000001Z", TimeClause("queued_at", low=MICRO + 1)),
        ("queued_at<2026-09-21T14:13:20.0000001Z", TimeClause("queued_at", high=MICRO)),
        ("recorded_at>=today", TimeClause("recorded_at", low=MIDNIGHT)),
        ("recorded_at<Sunday", TimeClause("recorded_at", high=MIDNIGHT - DAY - 1)),
        ("failed_at=2026-09-21", TimeClause("failed_at", MIDNIGHT, MIDNIGHT + DAY - 1)),
    ],
)
def test_what_an_index_answers_in_full(text, clause) -> None:
    assert clauses(text) == (clause,)
    assert rest(text) == []


def test_ranges_of_one_time_become_one_span() -> None:
    found = clauses("recorded_at>=1789000000 and recorded_at<1790000000", "recorded_at>1789500000")
    assert found == (TimeClause("recorded_at", 1_789_500_000_000_001, MICRO - 1),)


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("job_args.user=u-1", SetClause("job_arg", ("u-1",))),
        ('provider_job_id="42"', SetClause("provider_job_id", ("42",))),
        ("age>2h", TimeClause("recorded_at", high=MICRO - 7_200_000_000 + 1)),
    ],
)
def test_what_an_index_narrows_is_tested_on_the_record_too(text, clause) -> None:
    assert clauses(text) == (clause,)
    assert rest(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "job_name~Send", "progress>=0.5", "state=failed or job_name=A", "not (state=failed)",
        "data.code=4", "errors[0].code=4", "failed_at=null", "job_name!=A", "kill_requested_at>-1d",
        "job_arg=1.50", "recorded_at=1,2", "state=null", "error~boom",
    ],
)  # fmt: skip
def test_what_no_index_knows_is_left_to_the_record(text) -> None:
    assert clauses(text) == ()
    assert rest(text) == [str(Query.parse(text))]


def test_the_records_own_state_decides() -> None:
    found = Query.parse("state=completed", "state!=failed").split(NOW)
    assert found.states == {RecordState.SUCCEEDED}
    assert found.keeps(Record("a", {"state": "succeeded"}), NOW)
    assert not found.keeps(Record("a", {"state": "started"}), NOW)
    assert not found.keeps(Record("a", {}), NOW)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("state=completed", True), ("state=failed", True), ("not (state=incomplete)", True),
        ("state=success", False), ("job_arg=u-1 and job_args.user=u-1", True),
        ("job_arg!=u-1", False), ("error~Timeout", True), ("errors[1].code=4", True),
        ("age>1d and age<2w", True), ("recorded_at<-1d", True), ("succeeded_at=null", True),
        ("data.rows>=9", True), ("progress<0.5", True),
    ],
)  # fmt: skip
def test_a_loaded_record_is_tested(text, holds) -> None:
    record = Record("a", {
        "state": "failed", "progress": 0.25, "recorded_at": MICRO - 3 * 86_400_000_000,
        "job_args": {"user": "u-1", "n": "2"}, "errors": ["Net::Timeout", {"code": 4}],
        "data": {"rows": 10},
    })  # fmt: skip
    assert Query.parse(text).holds(record, NOW) is holds


@pytest.mark.parametrize(
    ("text", "message", "hint", "at"),
    [
        ("state=fialed", "-w: no record is ever 'fialed'", "did you mean failed?", 6),
        ("state=a,b", "-w: no record is ever 'a'", "the states are ", 6),
        ("jobname=A", "-w: records have no field 'jobname'", "did you mean job_name?", 0),
        ("queue=A", "-w: records have no field 'queue'", "", 0),
        ("recorded_at=soon", "-w: 'soon' is not a time", "times look like", 12),
        ("recorded_at>soon", "-w: 'soon' is not a time", "times look like", 12),
        ("state==failed", "-w: == is no operator", "a single =", 5),
    ],
)
def test_mistakes_are_shown_with_their_place(text, message, hint, at) -> None:
    with pytest.raises(BadFilter) as raised:
        Query.parse(text)
    assert raised.value.message.startswith(message)
    assert hint in (raised.value.hint or "")
    assert raised.value.at == (text, at)


def test_a_query_can_be_typed_again() -> None:
    query = Query.parse("state=failed and job_name=A", "progress>0 or data.x=1")
    assert str(query) == "state=failed and job_name=A and (progress>0 or data.x=1)"
    assert str(Query.parse(str(query))) == str(query)
    assert bool(query)
    assert not Query()


def read(found) -> Record:
    """Return the record of a hash."""
    flat = []
    for name, value in found.items():
        flat += [name.encode(), json.dumps(value, ensure_ascii=False).encode()]
    return Record.read(found["id"], flat)


def indexed(clause, found) -> bool:
    """Tell whether the indexes that the layout describes hold the record, in a clause's."""
    if isinstance(clause, TimeClause):
        score = found.get(clause.field)
        low = float("-inf") if clause.low is None else clause.low
        high = float("inf") if clause.high is None else clause.high
        return score is not None and low <= score <= high
    if clause.field == "job_arg":
        return bool(set(found.get("job_args", {}).values()) & set(clause.values))
    value = found.get(clause.field)
    return value is not None and str(value) in clause.values


def test_a_record_meets_a_query_when_it_is_in_the_indexes_and_meets_the_rest() -> None:
    met = 0
    for seed in range(3000):
        example = Example(seed)
        query = Query.parse(*example.query())
        split = query.split(NOW)
        for found in (example.record() for _ in range(6)):
            record = read(found)
            chosen = all(indexed(clause, found) for clause in split.clauses)
            holds = query.holds(record, NOW)
            assert holds == (chosen and split.keeps(record, NOW)), (seed, str(query), found)
            met += holds
    assert met > 1000
