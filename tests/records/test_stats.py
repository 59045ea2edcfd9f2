"""How long jobs waited and ran: counted by hand."""

import json

import pytest

from jobctl.errors import UsageProblem
from jobctl.model.jobba import Record
from jobctl.records.stats import MEASURES, Spans, measure, read_keys

S = 1_000_000


def made(**fields):
    flat = [part for name, value in fields.items() for part in (name, json.dumps(value))]
    return Record.read("r", [text.encode() for text in flat])


def ran(waited, took, state="succeeded", **fields):
    times = {"queued_at": 10 * S, "started_at": (10 + waited) * S}
    end = {f"{state}_at": (10 + waited + took) * S}
    return made(id="r", state=state, **({"job_name": "Send"} | times | end | fields))


def test_waiting_and_running_are_measured():
    records = [ran(waited, took) for waited, took in [(1, 10), (3, 30), (2, 20), (4, 400)]]
    (group,) = measure(records, ("job_name", "state")).groups
    assert group.row() == {
        "job_name": "Send", "state": "succeeded", "count": 4,
        "waiting_min": 1.0, "waiting_mean": 2.5, "waiting_p50": 2.0, "waiting_p95": 4.0,
        "waiting_max": 4.0, "running_min": 10.0, "running_mean": 115.0, "running_p50": 20.0,
        "running_p95": 400.0, "running_max": 400.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("count", "p50", "p95"), [(1, 1, 1), (2, 1, 2), (20, 10, 19), (21, 11, 20), (100, 50, 95)]
)
def test_a_percentile_is_a_span_that_was_measured(count, p50, p95):
    spans = Spans()
    for seconds in range(count, 0, -1):
        spans.take(0, seconds * S)
    found = spans.measures()
    assert (found["p50"], found["p95"]) == (p50, p95)


def test_microseconds_are_kept():
    spans = Spans()
    spans.take(1_700_000_001_234_567, 1_700_000_001_234_568)
    assert spans.measures()["max"] == 0.000001


@pytest.mark.parametrize(
    "record",
    [
        made(id="r", state="queued", queued_at=S),
        made(id="r", state="killed", queued_at=S, killed_at=2 * S),
        made(id="r", state="started", queued_at=None, started_at=2 * S, succeeded_at=3 * S),
        made(id="r", state="succeeded", queued_at="soon", started_at="now", succeeded_at=[]),
        made(progress=1),
    ],
)
def test_records_that_lack_the_times_are_counted_only(record):
    (group,) = measure([record], ("job_name",)).groups
    row = group.row()
    assert row.pop("count") == 1
    assert row == {"job_name": None} | {
        f"{name}_{m}": None for name in ("waiting", "running") for m in MEASURES
    }


def test_the_end_is_the_one_that_the_state_says():
    both = {"succeeded_at": 12 * S, "failed_at": 19 * S}
    (group,) = measure([ran(1, 0, "failed", **both)], ("state",)).groups
    assert group.running.measures()["max"] == 8.0


def test_negative_spans_are_left_out_and_counted():
    found = measure([ran(-1, 5), ran(2, -1), ran(2, 1)], ("job_name",))
    assert found.negative == 2
    (group,) = found.groups
    assert (group.count, len(group.waiting.seconds), len(group.running.seconds)) == (3, 2, 2)


def test_the_largest_groups_come_first_and_names_decide_between_equals():
    names = ["b", "a", "c", "c", None]
    records = [ran(1, 1, job_name=name) for name in names]
    groups = measure(records, ("job_name",)).groups
    assert [g.values["job_name"] for g in groups] == ["c", "a", "b", None]


def test_a_state_that_jobba_does_not_know_is_a_group_of_its_own():
    groups = measure([made(state="dancing"), made()], ("state",)).groups
    assert [g.values["state"] for g in groups] == ["dancing", None]


def test_what_to_group_by_is_read():
    assert read_keys("state,job_name,state") == ("state", "job_name")
    with pytest.raises(UsageProblem) as raised:
        read_keys("job_nam")
    assert raised.value.hint == "did you mean job_name?"
    for nonsense in ("", "day", "state,"):
        with pytest.raises(UsageProblem):
            read_keys(nonsense)
