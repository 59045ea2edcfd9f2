"""Waiting for jobs, with somebody else who moves them."""

import threading

import pytest

from jobctl.errors import Exit, UsageProblem
from jobctl.jobs.wait import Goal, wait
from tests.builders import enqueue, failed, job, retry
from tests.recording import record_ago


@pytest.fixture
def soon(server):
    """Do something to Redis a moment from now, as another program would."""
    import redis

    timers = []

    def arrange(seconds, act):
        def run():
            with redis.Redis(unix_socket_path=str(server.socket)) as client:
                act(client)

        timer = threading.Timer(seconds, run)
        timers.append(timer)
        timer.start()

    yield arrange
    for timer in timers:
        timer.join()


def test_a_state_that_is_there_already_needs_no_waiting(raw, store):
    enqueue(raw, "default", job("here-0000001"))
    assert wait(store.backend, ["here-0000001"], Goal.read("enqueued", "5s")).problem is None


def test_a_job_that_comes_later_is_waited_for(store, raw, soon):
    soon(0.4, lambda client: enqueue(client, "default", job("late-0000001")))
    waited = wait(store.backend, ["late-0000001"], Goal.read("enqueued,working", "10s"))
    assert waited.problem is None
    assert waited.jobs[0].state == "enqueued"


def test_gone_means_was_found_and_is_nowhere_any_more(store, raw, soon):
    enqueue(raw, "default", job("going-000001"))
    soon(0.4, lambda client: client.delete("q:default"))
    waited = wait(store.backend, ["going-000001"], Goal.read("gone", "10s"))
    assert waited.problem is None


def test_a_job_between_two_structures_is_not_gone(store, raw, soon):
    member = job("moving-00001")
    enqueue(raw, "default", member)
    soon(0.3, lambda client: client.delete("q:default"))
    soon(1.0, lambda client: retry(client, failed("moving-00001")))
    waited = wait(store.backend, ["moving-00001"], Goal.read("gone", "3s"))
    assert waited.problem is not None
    assert waited.problem.code is Exit.TIMED_OUT
    assert waited.jobs[0].state == "retrying"


def test_what_was_never_there_cannot_go(store):
    problem = wait(store.backend, ["never-000001"], Goal.read("gone", "5s")).problem
    assert problem is not None
    assert problem.code is Exit.NOT_FOUND


def test_a_job_that_finished_will_never_be_dead(store, raw, soon):
    enqueue(raw, "default", job("going-000001"))
    soon(0.2, lambda client: client.delete("q:default"))
    problem = wait(store.backend, ["going-000001"], Goal.read("dead", "20s")).problem
    assert problem is not None
    assert problem.code is Exit.NOT_FOUND
    assert "--wait gone" in (problem.hint or "")


def test_time_runs_out_and_says_where_the_job_is(store, raw):
    enqueue(raw, "default", job("stays-000001"))
    problem = wait(store.backend, ["stays-000001"], Goal.read("dead", "300ms")).problem
    assert problem is not None
    assert problem.code is Exit.TIMED_OUT
    assert "stays-000001 is enqueued, not dead" in problem.message


def test_a_goal_that_does_not_exist_is_a_usage_error_with_the_near_name():
    with pytest.raises(UsageProblem) as raised:
        Goal.read("retryin", None)
    assert raised.value.hint == "did you mean retrying?"
    with pytest.raises(UsageProblem):
        Goal.read("dead", "soon")


def test_a_record_may_be_what_is_waited_for(raw, store, soon):
    enqueue(raw, "default", job("done-0000001"))
    record_ago(raw, "r-1", "started", provider_job_id="done-0000001")

    def finish(client):
        record_ago(client, "r-1", "succeeded", provider_job_id="done-0000001")
        client.delete("q:default")

    soon(0.3, finish)
    waited = wait(store.backend, ["done-0000001"], Goal.read("success", "10s"))
    assert waited.problem is None
    assert waited.jobs[0].state == "success"


def test_a_record_is_enough_to_know_that_a_job_is_gone(raw, store, soon):
    record_ago(raw, "done-0000001", "started")
    soon(0.3, lambda client: record_ago(client, "done-0000001", "failed"))
    waited = wait(store.backend, ["done-0000001"], Goal.read("gone", "20s"))
    assert waited.problem is None
    assert waited.jobs[0].state == "failed"


def test_gone_is_not_what_still_stands_in_a_structure_whatever_its_record_says(raw, store):
    enqueue(raw, "default", job("stays-000001"))
    record_ago(raw, "stays-000001", "succeeded")
    problem = wait(store.backend, ["stays-000001"], Goal.read("gone,success", "300ms")).problem
    assert problem is not None
    assert problem.code is Exit.TIMED_OUT


def test_a_record_that_ended_otherwise_ends_the_wait(raw, store):
    record_ago(raw, "done-0000001", "killed")
    problem = wait(store.backend, ["done-0000001"], Goal.read("success", "20s")).problem
    assert problem is not None
    assert "its record says killed" in problem.message


def test_the_record_of_the_last_try_is_not_taken_for_a_job_on_the_move(raw, store, soon):
    retry(raw, failed("moving-00001"))
    record_ago(raw, "moving-00001", "failed")
    soon(0.3, lambda client: client.delete("retries"))
    soon(0.9, lambda client: enqueue(client, "default", failed("moving-00001")))
    waited = wait(store.backend, ["moving-00001"], Goal.read("failed,enqueued", "10s"))
    assert waited.jobs[0].state == "enqueued"
