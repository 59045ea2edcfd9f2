"""The status records of the demo, and what the other commands make of them."""

from __future__ import annotations

from collections import Counter

import pytest

from jobctl.demo.population import lifelike
from jobctl.demo.seeding import seed
from jobctl.jobs.locate import status
from jobctl.model.jobba import MOMENTS, RecordState
from jobctl.model.jsontext import dumps
from tests.builders import NOW

MOMENT = NOW + 0.123456


@pytest.fixture(scope="module")
def shop():
    return lifelike(MOMENT)


@pytest.fixture(scope="module")
def records(shop):
    return shop.records


@pytest.fixture
def sown(store, shop, noon):
    seed(store.backend.connection, shop)
    return store


def test_there_are_a_few_dozen_in_every_state(records):
    assert 40 <= len(records) <= 60
    counts = Counter(record.states[0] for record in records)
    assert set(counts) == set(RecordState)
    assert counts[RecordState.SUCCEEDED] > 20
    assert len({record.id for record in records}) == len(records)


def test_times_follow_one_another_and_none_lies_ahead(records):
    for record in records:
        order = ("recorded_at", "queued_at", "started_at")
        ends = [name for name in MOMENTS[3:] if record.fields.get(name) is not None]
        known = [record.fields[n] for n in (*order, *ends) if record.fields.get(n) is not None]
        if not record.attempts:
            assert known == sorted(known), record
        assert all(isinstance(at, int) and at <= MOMENT * 1_000_000 for at in known), record
        assert len(ends) <= 1


def test_archived_attempts_are_numbered_and_name_themselves(records):
    tried = [record for record in records if record.attempts]
    assert tried
    for record in tried:
        assert record.fields["attempt"] == len(record.attempts)
        for number, attempt in enumerate(record.attempts):
            assert (attempt["id"], attempt["attempt"]) == (f"{record.id}:{number}", number)
            assert attempt["started_at"] < record.fields["started_at"]


def test_jobs_of_the_demo_have_their_record(sown, shop):
    seen = shop.highlights
    jids = [seen[n] for n in ("waiting", "retrying", "scheduled", "dead", "working", "stuck")]
    for job in status(sown.backend, jids):
        (record,) = job.records
        assert job.jid in (record.id, record.provider_job_id)
        assert not any("its record says" in warning for warning in job.warnings), job
    *_, stuck = status(sown.backend, jids)
    assert stuck.records[0].kill_requested
    assert any("a kill was requested" in warning for warning in stuck.warnings)


def test_one_was_restarted_by_the_gem_and_one_was_lost_with_its_worker(sown, records):
    (restarted,) = [record for record in records if len(record.states) > 1]
    (answer,) = status(sown.backend, [restarted.id])
    assert (answer.state.value, answer.records[0].attempt) == ("success", 1)
    assert [a.state for a in sown.records.attempts(answer.records[0])] == ["failed"]
    assert any("stands in the set of those failed" in warning for warning in answer.warnings)
    (lost,) = [record for record in records if record.fields["progress"] == 0.41]
    (answer,) = status(sown.backend, [str(lost.fields["provider_job_id"])])
    assert any("no worker holds the job" in warning for warning in answer.warnings)


def test_what_is_written_is_what_was_drawn_with_every_index_entry(raw, sown, records):
    for record in records:
        read = sown.records.find(record.id)
        assert read is not None
        assert {name: dumps(value) for name, value in read.values.items()} == {
            name: dumps(value) for name, value in record.fields.items()
        }
        for name in MOMENTS:
            assert raw.zscore(f"jobba:{name}", record.id) == record.fields.get(name)
        for state in RecordState:
            assert raw.sismember(f"jobba:{state}", record.id) == (state in record.states)
        for name in ("job_name", "provider_job_id"):
            value = record.fields.get(name)
            assert value is None or raw.sismember(f"jobba:{name}:{value}", record.id)
    assert raw.smembers("jobba:job_arg:acme")
    assert raw.smembers("paused") == {b"webhooks"}
