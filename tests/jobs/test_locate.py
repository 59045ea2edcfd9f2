"""Looking for jobs that move, hide, or are there twice."""

import pytest

from jobctl.jobs.locate import status
from jobctl.model.layout import Kind
from jobctl.redis.sets import SortedSet
from tests.builders import NOW, enqueue, failed, job, reservation, retry


@pytest.fixture
def meanwhile(monkeypatch):
    """Do something once, at the moment when a look reaches a set."""

    def arrange(kind, act):
        find, done = SortedSet.find, []

        def moving(self, jids, *, damaged=False):
            if self.kind is kind and not done:
                done.append(act())
            return find(self, jids, damaged=damaged)

        monkeypatch.setattr(SortedSet, "find", moving)

    return arrange


def states(store, *jids):
    return [answer.state.value for answer in status(store.backend, jids)]


def test_a_worker_decides_before_a_queue_and_a_queue_before_retries(raw, store):
    twice = failed("twice-000001")
    retry(raw, twice)
    enqueue(raw, "default", twice)
    assert states(store, "twice-000001") == ["enqueued"]
    raw.zadd("working", {reservation(twice): NOW})
    (answer,) = status(store.backend, ["twice-000001"])
    assert answer.state == "working"
    assert [entry.kind for entry in answer.entries] == [Kind.WORKING, Kind.QUEUE, Kind.RETRIES]
    assert any("3 places" in warning for warning in answer.warnings)


def test_a_job_that_goes_back_behind_the_look_is_not_missed(raw, store, meanwhile):
    member = failed("mover-000001")
    retry(raw, member)

    def enqueue_it():
        raw.zrem("retries", member)
        enqueue(raw, "default", member)

    meanwhile(Kind.RETRIES, enqueue_it)
    assert states(store, "mover-000001") == ["enqueued"]


def test_a_job_that_goes_ahead_of_the_look_is_not_in_two_places(raw, store, meanwhile):
    member = job("mover-000001")
    enqueue(raw, "default", member)

    def reserve_it():
        raw.rpop("q:default")
        raw.zadd("working", {reservation(member): NOW})

    meanwhile(Kind.WORKING, reserve_it)
    (answer,) = status(store.backend, ["mover-000001"])
    assert answer.state == "working"
    assert len(answer.entries) == 1
    assert not any("places" in warning for warning in answer.warnings)


def test_both_forms_of_lists_are_looked_into(raw, store):
    enqueue(raw, "default", job("new-form"))
    enqueue(raw, "default", job("old-form"), form="")
    assert states(store, "new-form", "old-form") == ["enqueued", "enqueued"]
    (answer,) = status(store.backend, ["old-form"])
    (warning,) = answer.warnings
    assert "servers from 1.10 on read q:default only" in warning
    assert "jobctl queue adopt default" in warning


def test_a_list_whose_queue_nobody_knows_is_looked_into_before_saying_nowhere(raw, store):
    raw.lpush("q:forgotten", job("hidden-00001"))
    raw.lpush("somebody-elses-list", "hidden-00001")
    (answer,) = status(store.backend, ["hidden-00001"])
    assert answer.state == "enqueued"
    assert any("not in the set of queues" in warning for warning in answer.warnings)


def test_a_key_of_another_type_does_not_hide_the_rest(raw, store):
    raw.set("dead", "what?")
    raw.set("queues", "what?")
    raw.lpush("q:default", job("queued-00001"))
    retry(raw, failed("retry-000001"))
    answers = status(store.backend, ["retry-000001", "queued-00001"])
    assert [answer.state.value for answer in answers] == ["retrying", "enqueued"]
    assert any("dead holds a string" in warning for warning in answers[0].warnings)


def test_an_expired_reservation_and_an_overdue_retry_are_warned_of(raw, store):
    raw.zadd("working", {reservation(job("stuck-000001")): NOW - 1_000_000_000})
    retry(raw, failed("late-0000001"), at=1000.0)
    stuck, late = status(store.backend, ["stuck-000001", "late-0000001"])
    assert any("due" in warning for warning in late.warnings)
    assert stuck.state == "working"


def test_a_jid_that_is_a_number_is_found_by_its_digits(raw, store):
    raw.lpush("q:default", b'{"jid":42,"args":[]}')
    raw.sadd("queues", "default")
    assert states(store, "42", "4") == ["enqueued", "unknown"]


@pytest.mark.parametrize("spelled", [r"\u006aid-0000\u0041", r"j\u0069d-0000A", "jid-0000A"])
def test_a_jid_is_found_however_json_spells_it(raw, store, spelled):
    member = b'{"jid" : "' + spelled.encode() + b'", "args":[]}'
    retry(raw, member)
    enqueue(raw, "default", member)
    assert states(store, "jid-0000A") == ["enqueued"]
    raw.delete("q:default")
    assert states(store, "jid-0000A") == ["retrying"]
    assert states(store, "jid-0000A", "another-jid") == ["retrying", "unknown"]
