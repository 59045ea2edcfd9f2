"""The one table of states, and that nothing else says otherwise."""

import json
import re
from pathlib import Path

import pytest

from jobctl.model.jobba import GROUPS, RecordState
from jobctl.model.status import OF_RECORDS, TABLE, State
from jobctl.records.query import STATE_WORDS

DOCS = Path(__file__).parent.parent.parent / "docs"
NOBODY = "redis://127.0.0.1:1/0"
# As the contract has it: state, Faktory's tracking, Jobba, rethinkdb-job-queue.
CONTRACT = [
    ("unqueued", None, "unqueued", "created"),
    ("scheduled", None, None, None),
    ("enqueued", "enqueued", "queued", "added"),
    ("working", "working", "started", "active"),
    ("retrying", "failed", None, "failed"),
    ("success", "success", "succeeded", "completed"),
    ("failed", None, "failed", None),
    ("killed", None, "killed", "cancelled"),
    ("dead", "dead", None, "terminated"),
    ("unknown", "unknown", "unknown", None),
]


def test_the_table_is_that_of_the_contract_and_has_every_state():
    assert [(r.state, r.faktory, r.jobba, r.rethinkdb) for r in TABLE] == CONTRACT
    assert {row.state for row in TABLE} == set(State)
    assert all(row.meaning for row in TABLE)


def test_every_state_of_a_record_has_a_state_of_a_job():
    assert set(OF_RECORDS) == set(RecordState)
    assert {state: OF_RECORDS[state] for state in (RecordState.QUEUED, RecordState.STARTED)} == {
        RecordState.QUEUED: State.ENQUEUED,
        RecordState.STARTED: State.WORKING,
    }


def test_filters_on_records_take_the_words_of_the_table():
    taken = {*RecordState, *GROUPS, *(state.value for state in OF_RECORDS.values())}
    assert set(STATE_WORDS) == taken
    assert all(STATE_WORDS[canonical] == (word,) for word, canonical in OF_RECORDS.items())


def test_no_page_says_otherwise():
    """Tables of states in docs/ name what this one names."""
    ours = {str(row.state): (row.faktory, row.jobba, row.rethinkdb) for row in TABLE}
    for page in DOCS.glob("*.md"):
        for line in page.read_text().splitlines():
            cells = [cell.strip(" `") for cell in line.strip("|").split("|")]
            if len(cells) >= 4 and cells[0] in ours and re.fullmatch(r"[\w-]+", cells[1]):
                said = tuple(None if cell == "-" else cell for cell in cells[1:4])
                assert said == ours[cells[0]], f"{page.name}: {line}"


def test_it_needs_no_redis(jobctl):
    ran = jobctl("states", "-o", "json", url=NOBODY)
    assert (ran.code, ran.err) == (0, "")
    rows = json.loads(ran.out)
    assert list(rows[0]) == ["state", "faktory", "jobba", "rethinkdb", "meaning"]
    assert [tuple(row.values())[:4] for row in rows] == CONTRACT


def test_every_output_has_it(jobctl):
    assert jobctl("states", "-o", "csv", "--columns", "state,jobba").out.splitlines()[:2] == [
        "state,jobba", "unqueued,unqueued",
    ]  # fmt: skip
    assert len(jobctl("states", "-o", "jsonl").out.splitlines()) == len(CONTRACT)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_fits_a_terminal(jobctl, golden, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    ran = jobctl("states", "--color", "never", tty=True)
    lines = ran.out.splitlines()
    assert all(len(line) <= width for line in lines)
    assert all(row.meaning in ran.out for row in TABLE)
    golden(f"states-{width}.txt", "\n".join([*lines, ran.err]))
