"""``jobctl record stats``: how long jobs waited and ran."""

import json

import pytest

from jobctl.records.stats import MEASURES
from tests.recording import record_ago

KEYS = [f"{name}_{measure}" for name in ("waiting", "running") for measure in MEASURES]


@pytest.fixture
def shop(raw):
    """Two jobs that are quick, and slow ones of which one failed."""
    for i, (waited, took) in enumerate([(1, 10), (3, 30), (2, 20)]):
        times = {"queued_at": -900, "started_at": waited - 900, "succeeded_at": waited + took - 900}
        record_ago(raw, f"mail-{i}", "succeeded", job_name="SendEmail", **times)
    slow = {"queued_at": -9000, "started_at": -8999.5, "failed_at": -2000}
    record_ago(raw, "import-0", "failed", job_name="Import::Customers", ago=9000, **slow)
    record_ago(raw, "import-1", "queued", job_name="Import::Customers", queued_at=-5)
    record_ago(
        raw, "import-2", "started", job_name="Import::Customers", queued_at=-5, started_at=-6
    )
    raw.sadd("jobba:failed", "import-2")  # as the gem leaves it at a restart


def test_rows_hold_numbers_of_seconds(jobctl, shop):
    ran = jobctl("record", "stats", "-o", "json")
    rows = json.loads(ran.out)
    assert ran.code == 0
    assert [(row["job_name"], row["state"], row["count"]) for row in rows] == [
        ("SendEmail", "succeeded", 3), ("Import::Customers", "failed", 1),
        ("Import::Customers", "queued", 1), ("Import::Customers", "started", 1),
    ]  # fmt: skip
    assert all(list(row) == ["job_name", "state", "count", *KEYS] for row in rows)
    assert [rows[0][key] for key in KEYS] == [1, 2, 2, 3, 3, 10, 20, 20, 30, 30]
    assert (rows[1]["waiting_max"], rows[1]["running_max"]) == (0.5, 6999.5)
    assert [rows[2][key] for key in KEYS] == [None] * 10
    assert ran.err == "1 negative time is left out: the clocks that wrote them differ\n"


def test_only_the_largest_groups_when_asked(jobctl, shop):
    ran = jobctl("record", "stats", "--limit", "1", "-o", "jsonl")
    assert json.loads(ran.out)["count"] == 3
    assert "3 more groups, 3 records" in ran.err


def test_columns_can_be_chosen(jobctl, shop):
    ran = jobctl("record", "stats", "--columns", "job_name,running_p95", "-o", "csv")
    assert ran.out.splitlines()[:2] == ["job_name,running_p95", "SendEmail,30.0"]
    table = jobctl("record", "stats", "--columns", "count,run p95", "-o", "table").out
    assert table.splitlines()[0].split() == ["count", "run", "p95"]


def test_the_library_measures_too(store, shop):
    first, second = store.records.durations("state=succeeded,failed", by=["job_name"]).groups
    assert (first.values, first.count) == ({"job_name": "SendEmail"}, 3)
    assert second.running.measures()["max"] == 6999.5


@pytest.mark.usefixtures("noon", "shop")
@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_fits_a_terminal(jobctl, golden, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    ran = jobctl("record", "stats", "--color", "never", tty=True)
    lines = ran.out.splitlines()
    assert all(len(line) <= width for line in lines)
    golden(f"record-stats-{width}.txt", "\n".join([*lines, f"-- exit {ran.code}", ran.err]))
