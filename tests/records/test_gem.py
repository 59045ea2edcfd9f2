"""What jobctl writes and what the gem writes are the same bytes, and each reads the other's.

Where they differ on purpose, a test says so: its name begins with ``differs``.
"""

import json

import pytest

from tests.records.gem import STATES, Gem
from tests.records.model import dump

FIRST = 1_790_000_000_000_000


@pytest.fixture
def gem(raw):
    ticks = iter(range(FIRST, FIRST + 10_000))
    return Gem(raw, lambda: next(ticks))


def told(writer, status):
    """Let a job have a long life. `writer` has the changes, `status` their first argument."""
    writer.set_job_name(*status, "Import:Käse 日本")
    writer.set_job_args(*status, {"user": "gid://app/User/42", "empty": "", 'odd "key"': "a:b"})
    writer.set_provider_job_id(*status, 42)
    writer.set_progress(*status, 3, 8)
    writer.set_progress(*status, 1)
    writer.add_error(*status, 'tab\t, quote " and / slash')
    writer.add_error(*status, {"code": 4, "nested": [1.5, None, True, "\u0001"]})
    writer.save(*status, {"rows": [1, 2.25, "é"], "none": None})
    writer.request_kill(*status)
    writer.request_kill(*status)
    writer.set_provider_job_id(*status, "pj:1")
    writer.set_job_args(*status, {"user": "u-2"})


def by_rank(found):
    """Replace every time by its place among all times, and forget what lives how long."""
    found = {key: value for key, value in found.items() if key != b"ttl"}
    fields = [v for value in found.values() if isinstance(value, dict) for v in value.values()]
    times = sorted({int(v) for v in fields if _is_time(v)})
    return {
        key: {k: times.index(int(v)) if _is_time(v) else v for k, v in value.items()}
        if isinstance(value, dict)
        else value
        for key, value in found.items()
    }


def _is_time(value):
    text = str(int(value)) if isinstance(value, float) else value.decode()
    return text.isdigit() and len(text) == 16


LIFE = ("queued", "started", "started", "killed", "failed", "succeeded")


def test_a_whole_life_leaves_the_same_bytes(raw, store, gem):
    status = gem.create("a")
    told(status, ())
    for state in LIFE:
        status.enter(state)
        status = gem.find("a")
    by_gem = by_rank(dump(raw))
    raw.flushdb()
    store.records.create("a")
    told(store.records, ("a",))
    for state in LIFE:
        store.records.mark("a", state)
    assert by_rank(dump(raw)) == by_gem


@pytest.mark.parametrize("state", [state for state in STATES if state != "started"])
def test_differs_a_state_that_is_entered_again_keeps_its_first_time(raw, store, gem, state):
    moment = "recorded_at" if state in ("unqueued", "unknown") else f"{state}_at"
    other = "killed" if state == "queued" else "queued"

    def times():
        return int(raw.hget("jobba:id:a", moment)), raw.zscore(f"jobba:{moment}", "a")

    gem.create("a").enter(state)
    first, _ = times()
    gem.find("a").enter(state)  # from itself: nothing happens
    assert times() == (first, first)
    gem.find("a").enter(other)
    gem.find("a").enter(state)
    again, _ = times()
    assert again > first
    assert times() == (again, again)
    store.records.mark("a", other)
    store.records.mark("a", state)
    assert times() == (again, again)


@pytest.mark.parametrize("old", ["failed", "succeeded", "killed", "queued"])
def test_differs_a_restart_leaves_the_set_of_the_old_state(raw, store, gem, old):
    for state in ("started", old, "started"):
        (gem.find("a") or gem.create("a")).enter(state)
    assert gem.where(state=old) == gem.where(state="started") == ["a"]
    for state in ("started", old, "started"):
        if store.records.find("b") is None:
            store.records.create("b")
        store.records.mark("b", state)
    assert (gem.where(state=old), gem.where(state="started")) == (["a"], ["a", "b"])
    assert store.records.count(f"state={old}") == 0


def test_differs_a_limit_of_nothing_is_nothing(store, gem):
    for ident in "abc":
        gem.create(ident).set_job_name("Import")
    two = {"state": "unqueued", "job_name": "Import"}
    assert gem.where(**two, limit=0) == gem.where(**two) == ["a", "b", "c"]
    assert gem.where(**two, limit=0, offset=1) == gem.where(state="unqueued", limit=0) == []
    assert list(store.records.where("state=unqueued", "job_name=Import", limit=0)) == []
    assert gem.where(**two, limit=2, offset=1) == ["b", "c"]


def test_differs_ids_come_once_and_only_of_records(store, gem):
    for ident in "ab":
        gem.create(ident)
    asked = ["b", "nobody", "a", "b"]
    assert gem.where(id=asked) == asked
    assert gem.count(id=asked) == 4
    assert [status.id for status in gem.all(id=asked)] == ["b", "a", "b"]
    assert [record.id for record in store.records.where("id=b,nobody,a,b")] == ["b", "a"]
    assert store.records.count("id=b,nobody,a,b") == 2


def test_differs_a_count_is_one_of_records(raw, store, gem):
    gem.create("a").enter("queued")
    gem.create("gone").enter("queued")
    raw.delete("jobba:id:gone")
    for clauses, words in (
        ({"state": "queued"}, ["state=queued"]),
        ({"state": ["queued", "failed"]}, ["state=queued,failed"]),
        ({"state": "incomplete", "recorded_at": (0, None)}, ["state=incomplete", "recorded_at>=0"]),
        ({}, []),
    ):
        assert store.records.count(*words, index=True) == gem.count(**clauses) == 2
        assert store.records.count(*words) == 1
    assert len(gem.all(state="queued")) == 1


def test_differs_looking_makes_no_record(raw, store, gem):
    assert store.records.find("nobody") is None
    assert gem.find("nobody") is None
    assert not raw.exists("jobba:id:nobody")
    assert gem.find_always("nobody").state == "unknown"
    assert raw.smembers("jobba:unknown") == {b"nobody"}


def test_differs_a_write_gives_no_time_to_live(raw, store, gem):
    gem.create("a").set_progress(0.5)
    assert raw.ttl("jobba:id:a") > 2_000_000_000
    store.records.create("b")
    store.records.set_progress("b", 0.5)
    assert raw.ttl("jobba:id:b") == -1


@pytest.mark.parametrize("state", STATES)
def test_the_gem_reads_what_jobctl_wrote(raw, store, gem, state):
    store.records.create("a")
    told(store.records, ("a",))
    ours = store.records.mark("a", "queued")
    ours = store.records.mark("a", state)
    theirs = gem.find("a")
    for name, value in theirs.values.items():
        assert ours.values[name] == value, name
    assert theirs.state == state
    assert gem.where(state=state, job_name="Import:Käse 日本", job_arg="u-2") == ["a"]
    assert gem.where(recorded_at=(ours.microseconds("recorded_at"), None)) == ["a"]


def test_the_gem_restarts_and_deletes_what_jobctl_wrote(raw, store, gem):
    store.records.create("a")
    told(store.records, ("a",))
    for state in ("queued", "started", "failed", "started"):
        store.records.mark("a", state)
    gem.find("a").enter("failed")
    gem.find("a").enter("started")
    assert [record.id for record in store.records.attempts(store.records.find("a"))] == [
        "a:0",
        "a:1",
    ]
    assert [prior.id for prior in gem.find("a").prior_attempts()] == ["a:0", "a:1"]
    gem.find("a").delete(force=True)
    assert dump(raw) == {b"ttl": set()}


def test_jobctl_reads_changes_and_deletes_what_the_gem_wrote(raw, store, gem):
    told(gem.create("a"), ())
    for state in ("queued", "started", "failed", "started"):
        gem.find("a").enter(state)
    record = store.records.find("a")
    assert (record.state, record.attempt, record.progress) == ("started", 1, 0)
    assert [one.id for one in store.records.attempts(record)] == ["a:0"]
    assert store.records.attempts(record)[0].errors[1]["code"] == 4
    assert raw.smismember("jobba:failed", ["a"]) == [1]  # left there by the gem
    assert store.records.count("state=failed") == 0
    assert store.records.count("state=started", "job_arg=u-2", 'provider_job_id="pj:1"') == 1
    store.records.mark("a", "succeeded")
    assert raw.smismember("jobba:failed", ["a"]) == [0]
    store.records.delete("a")
    assert dump(raw) == {b"ttl": set()}


def test_a_time_to_live_that_the_gem_set_stays_whatever_jobctl_does(raw, store, gem):
    told(gem.create("a"), ())
    left = raw.ttl("jobba:id:a")
    told(store.records, ("a",))
    for state in ("queued", "started", "failed", "started"):
        store.records.mark("a", state)
    assert left - 60 <= raw.ttl("jobba:id:a") <= left + 1
    assert left - 60 <= raw.ttl("jobba:id:a:0") <= left + 1


def test_both_give_the_same_ids_in_the_gems_order(raw, store, gem, jobctl):
    for number, ident in enumerate(("b", "Zoë", "a:0", "10", "9", "B")):
        status = gem.create(ident)
        status.set_job_name("Import" if number % 2 else "Export")
        status.enter(("queued", "failed", "succeeded")[number % 3])
    asked = {"state": "completed", "job_name": ["Import", "Export"], "recorded_at": (FIRST, None)}
    theirs = gem.where(**asked)
    words = ("state=completed", "job_name=Import,Export", f"recorded_at>={FIRST}")
    assert [record.id for record in store.records.where(*words, sort="id")] == theirs
    conditions = [part for word in words for part in ("-w", word)]
    rows = json.loads(jobctl("query", *conditions, "--sort", "id", "-o", "json").out)
    assert [row["id"] for row in rows] == theirs == ["9", "B", "Zoë", "a:0"]
