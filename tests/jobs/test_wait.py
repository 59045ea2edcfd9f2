"""Waiting for jobs, with somebody else who moves them."""

import threading
from dataclasses import dataclass, field

import pytest
import redis

from jobctl.errors import Exit, UsageProblem
from jobctl.jobs.locate import Goal, wait
from tests.builders import enqueue, failed, job, retry
from tests.recording import record_ago

JID = "job-00000001"


def queue(db):
    enqueue(db, "default", job(JID))


def leave(db):
    db.delete("q:default")


def says(state):
    """Return what writes a record of the job's."""
    return lambda db: record_ago(db, "r-1", state, provider_job_id=JID)


def both(*acts):
    return lambda db: [act(db) for act in acts]


@dataclass
class Case:
    """What there is, what others do so many seconds later, and what comes of waiting."""

    first: object
    goal: tuple[str, str]
    ends: tuple[str | None, Exit | None]  # the state then, and the problem
    later: dict[float, object] = field(default_factory=dict)
    says: str = ""


TIMED_OUT, NOT_FOUND = Exit.TIMED_OUT, Exit.NOT_FOUND
CASES = {
    "there already": Case(queue, ("enqueued", "5s"), ("enqueued", None)),
    "comes later": Case(
        None, ("enqueued,working", "10s"), ("enqueued", None), {0.4: queue}
    ),
    "gone: was found, and is nowhere any more": Case(
        queue, ("gone", "10s"), ("unknown", None), {0.4: leave}
    ),
    "between two structures it is not gone": Case(
        queue, ("gone", "3s"), ("retrying", TIMED_OUT),
        {0.3: leave, 1.0: lambda db: retry(db, failed(JID))},
    ),
    "what was never there cannot go": Case(None, ("gone", "5s"), (None, NOT_FOUND)),
    "what finished will never be dead": Case(
        queue, ("dead", "20s"), (None, NOT_FOUND), {0.2: leave}, "--wait gone"
    ),
    "time runs out": Case(
        queue, ("dead", "300ms"), ("enqueued", TIMED_OUT), says=f"{JID} is enqueued, not dead"
    ),
    "a record is waited for": Case(
        both(queue, says("started")), ("success", "10s"), ("success", None),
        {0.3: both(says("succeeded"), leave)},
    ),
    "a record is enough to know that it is gone": Case(
        says("started"), ("gone", "20s"), ("failed", None), {0.3: says("failed")}
    ),
    "not gone while it stands somewhere, whatever its record says": Case(
        both(queue, says("succeeded")), ("gone,success", "300ms"), ("enqueued", TIMED_OUT)
    ),
    "a record that ended otherwise ends it": Case(
        says("killed"), ("success", "20s"), ("killed", NOT_FOUND), says="its record says killed"
    ),
    "the record of the last try is not taken for a job on the move": Case(
        both(lambda db: retry(db, failed(JID)), says("failed")), ("failed,enqueued", "10s"),
        ("enqueued", None),
        {0.3: lambda db: db.delete("retries"), 0.9: lambda db: enqueue(db, "default", failed(JID))},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_job_is_waited_for(raw, store, server, name):
    case = CASES[name]
    if case.first:
        case.first(raw)

    def run(act):
        with redis.Redis(unix_socket_path=str(server.socket)) as client:
            act(client)

    timers = [threading.Timer(seconds, run, [act]) for seconds, act in case.later.items()]
    for timer in timers:
        timer.start()
    waited = wait(store.backend, [JID], Goal.read(*case.goal))
    for timer in timers:
        timer.join()
    state, code = case.ends
    assert (waited.problem and waited.problem.code) == code
    if state:
        assert waited.jobs[0].state == state
    if waited.problem:
        assert case.says in f"{waited.problem.message} {waited.problem.hint}"


def test_a_goal_that_does_not_exist_is_a_usage_error_with_the_near_name():
    with pytest.raises(UsageProblem) as raised:
        Goal.read("retryin", None)
    assert raised.value.hint == "did you mean retrying?"
    with pytest.raises(UsageProblem):
        Goal.read("dead", "soon")
