"""Every change against a plain model: run, or broken off anywhere and resumed or undone.

A scenario is a subject and a verb, how many members there are, the call at which the process dies
and how it goes on. The model says in plain Python what must be in Redis afterwards. A failing
example is printed by hypothesis, and runs again by its seed: ``--hypothesis-seed``.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobctl import Guards, Store, Where, connect
from jobctl.errors import Refused
from jobctl.model.report import Report
from tests.builders import NOW, enqueue, failed, job, reservation
from tests.operations.dying import Died, dying
from tests.recording import START, record

ALL = Guards(everything=True)
Keyspace = dict[str, Any]


def members(count: int, make: Callable[[str], bytes] = failed) -> list[bytes]:
    """Return so many jobs of two queues, in the order of their scores."""
    return [make(f"jid-{i:08d}") for i in range(count)]


def fill(raw: redis.Redis, kind: str, jobs: list[bytes]) -> None:
    raw.flushdb()
    enqueue(raw, "default", job("waits-000001"))
    if jobs:
        raw.zadd(kind, {raw_job: NOW + i // 2 for i, raw_job in enumerate(jobs)})


def keyspace(raw: redis.Redis) -> Keyspace:
    """Return all that is in Redis, but for what jobctl keeps there for itself."""
    found: Keyspace = {}
    for key in sorted(raw.scan_iter()):
        name = key.decode()
        if name.startswith("jobctl:") and ":removed:" not in name:
            continue
        kind = raw.type(key)
        if kind == b"zset":
            found[name] = raw.zrange(key, 0, -1, withscores=True)
        elif kind == b"list":
            found[name] = raw.lrange(key, 0, -1)
        elif kind == b"set":
            found[name] = raw.smembers(key)
        else:
            found[name] = raw.hgetall(key)
    return found


def unstamped(raw_job: bytes) -> Any:
    """Return a job without the moment at which it was enqueued."""
    payload = json.loads(raw_job)
    return {key: value for key, value in payload.items() if key != "enqueued_at"}


def plain(found: Keyspace) -> Keyspace:
    """Return a keyspace as models compare it: the order of scores and lists, no stamps."""
    return {
        name: [raw_job for raw_job, _ in value]
        if name in ("retries", "scheduled", "dead", "working")
        else [unstamped(raw_job) for raw_job in value]
        if isinstance(value, list) and name.startswith(("q:", "default", "mail"))
        else value
        for name, value in found.items()
        if value
    }


def moved(before: Keyspace, source: str, target: str | None = None) -> Keyspace:
    """Model: all members leave their set, for another one where there is a target."""
    after = dict(before)
    gone = after.pop(source, [])
    if target is not None and gone:
        after[target] = sorted(after.get(target, []), key=lambda pair: pair[1]) + gone
    return plain(after)


def queued(before: Keyspace, source: str, *, front: bool) -> Keyspace:
    """Model: all jobs leave their set for the list of their queue, the first runs first."""
    after = dict(before)
    gone = [raw_job for raw_job, _ in after.pop(source, [])]
    if source == "working":
        gone = [json.dumps(json.loads(raw_job)["job"]).encode() for raw_job in gone]
    waiting = after.get("q:default", [])
    after["q:default"] = waiting + gone[::-1] if front else gone[::-1] + waiting
    return plain(after)


@dataclass(frozen=True)
class Subject:
    """A subject and a verb: how to fill Redis, what to do, and what must come of it."""

    fill: Callable[[redis.Redis, int], None]
    act: Callable[[Store], Report]
    model: Callable[[Keyspace], Keyspace]
    undoable: bool = True


def in_set(kind: str) -> Callable[[redis.Redis, int], None]:
    return lambda raw, count: fill(raw, kind, members(count))


def reserved(raw: redis.Redis, count: int) -> None:
    fill(raw, "working", [reservation(raw_job) for raw_job in members(count, job)])


def queues(raw: redis.Redis, count: int, form: str) -> None:
    raw.flushdb()
    enqueue(raw, "default", *members(count, job), form=form)
    enqueue(raw, "mail", job("mail-000001"), form="q:")


def records(raw: redis.Redis, count: int) -> None:
    raw.flushdb()
    record(raw, "stays", state="started", recorded_at=START - 9, job_name="Import")
    for i in range(count):
        record(
            raw, f"r-{i}", state="failed", recorded_at=START + i, job_name="Import",
            job_args={"a": i % 3}, failed_at=START + 5, provider_job_id=f"jid-{i}",
        )  # fmt: skip


def removed(before: Keyspace) -> Keyspace:
    after = {name: value for name, value in before.items() if name != "q:default"}
    after["queues"] = before["queues"] - {b"default"}
    return plain(after)


def adopted(before: Keyspace) -> Keyspace:
    after = {name: value for name, value in before.items() if name != "default"}
    if before.get("default"):
        after["q:default"] = before["default"]
    return plain(after)


def without_failed(before: Keyspace) -> Keyspace:
    gone = before.get("jobba:failed", set())
    after: Keyspace = {}
    for name, value in before.items():
        if name.startswith("jobba:id:") and name.removeprefix("jobba:id:").encode() in gone:
            continue
        if isinstance(value, list):
            value = [pair for pair in value if pair[0] not in gone]
        elif isinstance(value, set):
            value = value - gone
        if value:
            after[name] = value
    return after


SUBJECTS = {
    "kill": Subject(
        in_set("retries"),
        lambda store: store.retries.kill(Where(), guards=ALL),
        lambda before: moved(before, "retries", "dead"),
    ),
    "discard": Subject(
        in_set("dead"),
        lambda store: store.dead.discard(Where(), guards=ALL),
        lambda before: moved(before, "dead"),
    ),
    "clear": Subject(
        in_set("scheduled"),
        lambda store: store.scheduled.clear(),
        lambda before: moved(before, "scheduled"),
    ),
    "requeue": Subject(
        in_set("retries"),
        lambda store: store.retries.requeue(Where(), guards=ALL),
        lambda before: queued(before, "retries", front=False),
    ),
    "requeue to the front": Subject(
        in_set("dead"),
        lambda store: store.dead.requeue(Where(), front=True, guards=ALL),
        lambda before: queued(before, "dead", front=True),
    ),
    "requeue later": Subject(
        in_set("retries"),
        lambda store: store.retries.requeue(Where(), delay=60.0, guards=ALL),
        lambda before: moved(before, "retries", "scheduled"),
    ),
    "reschedule": Subject(
        in_set("scheduled"),
        lambda store: store.scheduled.reschedule(Where(), spread=60.0, guards=ALL),
        plain,
    ),
    "release": Subject(
        reserved,
        lambda store: store.working.release(Where(), guards=ALL),
        lambda before: queued(before, "working", front=True),
        undoable=False,
    ),
    "remove": Subject(
        lambda raw, count: queues(raw, count, "q:"),
        lambda store: store.remove_queues("default"),
        removed,
    ),
    "adopt": Subject(
        lambda raw, count: queues(raw, count, ""),
        lambda store: store.adopt_queues("default"),
        adopted,
    ),
    "delete": Subject(
        records, lambda store: store.records.delete_all("state=failed"), without_failed
    ),
}


@contextlib.contextmanager
def opened(url: str, journal: Path) -> Iterator[Store]:
    with connect(url, operations=journal) as store:
        yield store


def check(
    raw: redis.Redis,
    url: str,
    journal: Path,
    name: str,
    count: int,
    at: int,
    after: bool,
    undo: bool,
) -> None:
    """Run a scenario to its end, and compare what is in Redis with the model."""
    subject = SUBJECTS[name]
    subject.fill(raw, count)
    before = keyspace(raw)
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.suppress(Died),
        opened(url, journal) as store,
        dying(patch, at, after=after),
    ):
        subject.act(store)
    with opened(url, journal) as store:
        entries = store.journal.entries()
        if not entries:  # it died before its file was there
            assert keyspace(raw) == before
            return
        operation = entries[0].header.operation
        if undo and subject.undoable:
            store.undo(operation)
            assert keyspace(raw) == before
            return
        try:
            store.resume(operation)
        except Refused:  # nothing was changed by then
            assert keyspace(raw) == before
        else:
            assert plain(keyspace(raw)) == subject.model(before)
        if subject.undoable:
            store.undo(operation)
            assert keyspace(raw) == before


SCENARIOS = {
    "name": st.sampled_from(sorted(SUBJECTS)),
    "count": st.sampled_from([0, 1, 2, 7, 700]),
    "at": st.integers(1, 30),
    "after": st.booleans(),
    "undo": st.booleans(),
}
MANY = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=60, **MANY)
@given(**SCENARIOS)
def test_changes_follow_the_model_wherever_they_are_broken_off(
    raw, url, tmp_path_factory, name, count, at, after, undo
):
    check(raw, url, tmp_path_factory.mktemp("journal"), name, count, at, after, undo)


@pytest.mark.campaign
@settings(max_examples=3000, **MANY)
@given(**SCENARIOS)
def test_changes_follow_the_model_in_a_campaign(
    raw, url, tmp_path_factory, name, count, at, after, undo
):
    check(raw, url, tmp_path_factory.mktemp("journal"), name, count, at, after, undo)
