"""``jobctl record show``: one record and its attempts, odd ones too."""

from __future__ import annotations

import json

import pytest

from tests.builders import NOW
from tests.recording import START, record

MINUTE = 60_000_000
AT = int(NOW * 1_000_000)


@pytest.fixture
def retold(raw):
    """A record on its third attempt, the second of which is lost."""
    record(raw, "a", state="failed", attempt=2, progress=0.375, job_name="Import",
           job_args={"user": "u-1", "file": "/tmp/\x1b[31m"}, provider_job_id="8f3a",
           recorded_at=AT - 90 * MINUTE, queued_at=AT - 80 * MINUTE, started_at=AT - 70 * MINUTE,
           failed_at=AT - 60 * MINUTE - 654_321, kill_requested_at=AT - 65 * MINUTE,
           errors=["boom", {"code": 4}], data={"rows": 12, "of": [1, None]})  # fmt: skip
    raw.hset("jobba:id:a:0", mapping={
        "id": '"a:0"', "state": '"failed"', "attempt": "0", "errors": '["the first"]',
        "recorded_at": str(AT - 90 * MINUTE),
    })  # fmt: skip


def test_people_get_the_story(retold, noon, jobctl, golden):
    golden("record-show.txt", jobctl("record", "show", "a", tty=True).out)


@pytest.mark.parametrize(
    ("progress", "shown"), [(0, "0%"), (0.29, "29%"), (0.57, "57%"), (0.999, "99%"), (1.0, "100%")]
)
def test_a_progress_is_in_whole_percent_and_100_is_all_of_it(raw, jobctl, progress, shown):
    record(raw, "a", progress=progress, provider_job_id="jid-1")
    for argv in (("record", "show", "a"), ("status", "jid-1"), ("query",)):
        assert f" {shown}" in jobctl(*argv, "-o", "table").out, argv


def test_what_happened_at_one_time_is_told_in_the_order_of_states(jobctl):
    jobctl("record", "create", "a", "--state", "queued")
    story = jobctl("record", "show", "a", "-o", "table").out
    assert story.index("recorded") < story.index("queued", story.index("timeline"))


def test_an_attempt_is_shown_by_its_own_id(retold, report):
    assert report("record", "show", "a:0")["id"] == "a:0"


@pytest.mark.parametrize(
    "fields",
    [
        {"progress": "0.5"},
        {"id": '"a"', "state": '"melted"', "errors": "42", "job_args": "[1]"},
        {"id": '"b"', "state": '"failed"', "progress": "-9223372036854775808", "attempt": "1.5"},
        {"state": "null", "recorded_at": "null", "started_at": "1e300", "failed_at": '"x"'},
        {"state": "broken", "errors": '["\udcff"]', "data": "[" * 50},
        {"progress": '"\\u001b[31mred"', "job_name": "42", "provider_job_id": "{}"},
        {"attempt": "3", "state": '"started"', "progress": "true"},
        {"attempt": "true", "progress": "1" * 400},
        {"state": '"failed"', "errors": json.dumps([f"e{i}" for i in range(30)])},
    ],
    ids=str,
)  # fmt: skip
def test_odd_data_is_shown_in_every_format(raw, jobctl, report, fields):
    mapping = {k: v.encode("utf-8", "surrogateescape") for k, v in fields.items()}
    raw.hset("jobba:id:a", mapping=mapping)
    for fmt in ("table", "wide", "json", "jsonl", "csv", "tsv", "ids"):
        ran = jobctl("record", "show", "a", "-o", fmt)
        assert (ran.code, ran.err) == (0, ""), fmt
        if fmt in ("table", "wide"):
            assert "\x1b" not in ran.out
    assert report("record", "show", "a")["id"] == "a"


def test_a_megabyte_is_cut_for_people_and_whole_for_programs(raw, jobctl, report):
    record(raw, "a", data={"text": "x" * 1_000_000}, errors=["y" * 1_000_000])
    shown = jobctl("record", "show", "a", "-o", "table").out
    assert len(shown) < 30_000
    assert "whole with -o json" in shown
    row = report("record", "show", "a")
    assert (len(row["data"]["text"]), len(row["errors"][0])) == (1_000_000, 1_000_000)


def test_an_attempt_whose_key_is_another_records_is_counted_no_less(raw, report):
    record(raw, "a", attempt=1)
    record(raw, "a:0", recorded_at=START)
    assert len(report("record", "show", "a")["attempts"]) == 1
