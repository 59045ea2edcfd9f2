"""Looking for jobs that have status records."""

import json

import pytest

from jobctl import connect
from jobctl.jobs.locate import status
from jobctl.model.jobba import ROW_KEYS, RecordState
from jobctl.redis.record_reading import MOST_OF_A_JOB, RecordsByJid
from tests.builders import NOW, enqueue, failed, job, reservation
from tests.recording import record_ago

pytestmark = pytest.mark.usefixtures("noon")
JID = "job-00000001"


def answer(store, jid=JID):
    (found,) = status(store.backend, [jid])
    return found


def warnings(store, jid=JID):
    return answer(store, jid).warnings


def put(raw, place, *, tried=False):
    """Put the job into a place; `tried`: it failed there before."""
    member = failed(JID) if tried else job(JID)
    if place == "queue":
        enqueue(raw, "default", member)
    elif place == "working":
        raw.zadd("working", {reservation(member): NOW + 1600})
    elif place == "working just now":
        held = reservation(member, reserved_at="2026-09-21T14:13:19Z")
        raw.zadd("working", {held: NOW + 1799})
    elif place is not None:
        raw.zadd(place, {member: NOW + 90})


@pytest.mark.parametrize(
    ("state", "canonical"),
    [("unqueued", "unqueued"), ("queued", "enqueued"), ("started", "working"),
     ("succeeded", "success"), ("failed", "failed"), ("killed", "killed"), ("unknown", "unknown")],
)  # fmt: skip
def test_a_job_in_no_structure_has_the_state_of_its_record(raw, store, state, canonical):
    record_ago(raw, JID, state)
    found = answer(store)
    assert (found.found, found.entries, found.state.value) == (True, (), canonical)
    (row,) = found.rows()
    assert (row["jid"], row["state"], row["place"]) == (JID, canonical, None)


def test_a_place_decides_before_a_record(raw, store):
    record_ago(raw, "r-1", "failed", provider_job_id=JID)
    put(raw, "retries", tried=True)
    assert answer(store).state == "retrying"
    assert [row["place"] for row in answer(store).rows()] == ["retries"]


def test_records_are_joined_by_their_id_and_by_provider_job_id_newest_first(raw, store):
    record_ago(raw, "old", "failed", ago=9000, provider_job_id=JID)
    record_ago(raw, "new", "started", ago=10, provider_job_id=JID)
    record_ago(raw, JID, "succeeded", ago=500)
    record_ago(raw, "another", "failed", ago=1, provider_job_id="another-job")
    document = answer(store).document()
    assert [row["id"] for row in document["records"]] == ["new", JID, "old"]
    assert all(list(row) == list(ROW_KEYS) for row in document["records"])
    assert document["state"] == "working"
    assert any("it has 3 records: new, " in text for text in document["warnings"])


def test_a_provider_job_id_that_is_a_number_is_found_by_its_digits(raw, store):
    record_ago(raw, "r-1", "queued", ago=5, provider_job_id=42)
    assert [r.id for r in answer(store, "42").records] == ["r-1"]
    assert not answer(store, "4").found


def test_ids_of_any_bytes_are_looked_for(raw, store):
    record_ago(raw, "a b:ü", "succeeded")
    raw.hset(b"jobba:id:\xff\xfe", mapping={"id": '"x"', "state": '"failed"'})
    assert answer(store, "a b:ü").state == "success"
    assert answer(store, "\udcff\udcfe").state == "failed"
    assert not answer(store, "\ud800 alone").found


def test_another_namespace_is_another_world(raw, url):
    record_ago(raw, JID, "succeeded", namespace="ours:jobs")
    with connect(url, records_namespace="ours:jobs") as store:
        assert answer(store).state == "success"
    with connect(url) as store:
        assert not answer(store).found


@pytest.mark.parametrize(
    ("place", "state", "more"),
    [
        (None, "succeeded", {}), (None, "failed", {}),
        (None, "killed", {"kill_requested_at": -5000}), (None, "unqueued", {"ago": 30}),
        (None, "queued", {"ago": 30}), ("queue", "queued", {}), ("queue", "unqueued", {}),
        ("scheduled", "unqueued", {}), ("scheduled", "queued", {}), ("working", "started", {}),
        ("working", "queued", {}), ("working", "started", {"kill_requested_at": -2}),
        ("working", "succeeded", {"ago": 30}), ("working just now", "succeeded", {}),
        ("working just now", "failed", {}),
    ],
)  # fmt: skip
def test_the_ordinary_course_of_a_job_is_no_warning(raw, store, place, state, more):
    put(raw, place)
    record_ago(raw, "r-1", state, provider_job_id=JID, **more)
    assert warnings(store) == ()


@pytest.mark.parametrize("place", ["retries", "queue", "working", "dead"])
@pytest.mark.parametrize("state", ["failed", "started"])
def test_a_job_that_is_tried_again_has_failed_or_started_before(raw, store, place, state):
    put(raw, place, tried=True)
    record_ago(raw, "r-1", state, provider_job_id=JID)
    if (place, state) == ("dead", "started"):
        assert "its record says started, but the job is dead" in warnings(store)[0]
    else:
        assert warnings(store) == ()


@pytest.mark.parametrize(
    ("place", "state", "more", "said"),
    [
        ("queue", "succeeded", {}, "its record says succeeded, but the job is in queue default: "
         "it will run again"),
        ("retries", "succeeded", {}, "its record says succeeded, but the job is in retries"),
        ("scheduled", "failed", {}, "its record says failed, but the job is in scheduled"),
        ("working", "succeeded", {}, "its record says succeeded, but a worker still holds the job"),
        ("working", "killed", {}, "its record says killed, but a worker still holds the job"),
        ("dead", "succeeded", {}, "its record says succeeded, but the job is dead"),
        ("queue", "killed", {}, "its record says killed, but the job is in queue default"),
        (None, "started", {}, "its record says started, but no worker holds the job: it is in no "
         "structure"),
        ("queue", "started", {}, "its record says started, but no worker holds the job: it is in "
         "queue default"),
        (None, "queued", {}, "its record says queued, but the job is in no structure"),
        (None, "unqueued", {}, "its record says unqueued, and the job is in no structure"),
        ("queue", "queued", {"kill_requested_at": -1}, "a kill was requested, but the job waits"),
        ("working", "started", {"kill_requested_at": -90}, "a kill was requested, but a worker "
         "still runs the job"),
    ],
)  # fmt: skip
def test_where_record_and_queue_contradict_is_said(raw, store, place, state, more, said):
    put(raw, place)
    record_ago(raw, "r-1", state, provider_job_id=JID, **more)
    (warning,) = warnings(store)
    assert warning.startswith(said)


def test_a_record_whose_job_has_another_id_is_not_compared_with_the_places_of_its_own(raw, store):
    record_ago(raw, "r-1", "started", provider_job_id="elsewhere")
    assert answer(store, "r-1").state == "working"
    assert warnings(store, "r-1") == ()


def test_what_changes_between_two_looks_is_no_contradiction(raw, store, monkeypatch):
    record_ago(raw, "r-1", "started", provider_job_id=JID)
    of, looks = RecordsByJid.of, []

    def meanwhile(self, jids):
        found = of(self, jids)
        if not looks:  # the worker ends it after the record was read
            record_ago(raw, "r-1", "succeeded", provider_job_id=JID)
            raw.srem("jobba:started", "r-1")
        looks.append(jids)
        return found

    monkeypatch.setattr(RecordsByJid, "of", meanwhile)
    found = answer(store)
    assert (found.state.value, found.warnings) == ("success", ())
    assert len(looks) == 2


def test_an_id_that_a_restart_by_the_gem_left_in_another_set_is_told_of(raw, store):
    put(raw, "working")
    record_ago(raw, JID, "started", attempt=1)
    raw.sadd("jobba:failed", JID)
    (warning,) = warnings(store)
    assert warning.startswith(f"record {JID} says started, and stands in the set of those failed")
    assert "gem" in warning
    raw.srem("jobba:started", JID)
    assert any("queries by state miss it" in text for text in warnings(store))


def test_an_archived_attempt_says_what_it_is_and_nothing_of_now(raw, store):
    record_ago(raw, "r-1", "succeeded", attempt=1)
    raw.hset("jobba:id:r-1:0", mapping={"id": '"r-1:0"', "state": '"started"', "attempt": "0"})
    (warning,) = warnings(store, "r-1:0")
    assert warning == "record r-1:0 is attempt 0 of r-1, put aside when that was restarted"
    assert warnings(store, "r-1") == ()


def test_a_stub_and_orphans_and_strangers_of_the_index_are_told_of(raw, store):
    raw.hset(f"jobba:id:{JID}", mapping={"progress": "0.5"})
    raw.sadd(f"jobba:provider_job_id:{JID}", "gone-1", "gone-2", "moved")
    record_ago(raw, "moved", "succeeded", provider_job_id="another")
    found = answer(store)
    assert [r.id for r in found.records] == [JID]
    assert found.state == "unknown"
    stub, orphans, strangers = found.warnings
    assert stub == f"record {JID} has no id: a write after its deletion brought it back"
    assert orphans.endswith("records that are gone: gone-1, gone-2")
    assert strangers.endswith("records that do not name it: moved")


def test_orphans_alone_are_no_record(raw, store):
    raw.sadd(f"jobba:provider_job_id:{JID}", "gone-1")
    found = answer(store)
    assert not found.found
    assert len(found.warnings) == 1


def test_keys_of_another_type_are_told_of_and_stop_nothing(raw, store):
    put(raw, "queue")
    raw.set(f"jobba:id:{JID}", "what?")
    raw.set(f"jobba:provider_job_id:{JID}", "what?")
    found = answer(store)
    assert found.state == "enqueued"
    assert found.warnings == (
        f"the key jobba:id:{JID} holds a string: nobody can look into it",
        f"the key jobba:provider_job_id:{JID} holds a string: nobody can look into it",
    )
    record_ago(raw, "r-2", "succeeded")
    raw.delete("jobba:failed")
    raw.set("jobba:failed", "what?")
    found = answer(store, "r-2")
    assert found.state == "success"
    assert found.warnings == ("the key jobba:failed holds a string: nobody can look into it",)


def test_odd_fields_break_nothing(raw, store):
    odd = {
        "id": "7", "state": "null", "progress": "1" * 40, "errors": '"boom"', "attempt": '"x"',
        "recorded_at": "null", "queued_at": '"soon"', "job_args": "[1]", "data": "no json",
        "provider_job_id": "null", b"\xff": b"\xff",
    }  # fmt: skip
    raw.hset(f"jobba:id:{JID}", mapping=odd)
    assert json.dumps(answer(store).document(), default=str)
    raw.hset(f"jobba:id:{JID}", "state", '"dancing"')
    assert "has no state" in warnings(store)[0]


def test_a_user_who_may_not_see_the_records_gets_the_places(raw, store, url):
    put(raw, "queue")
    record_ago(raw, JID, "queued")
    raw.acl_setuser(
        "faktory", enabled=True, nopass=True, categories=["+@all"],
        keys=["q:*", "default", "queues", "paused", "scheduled", "retries", "working", "dead"],
    )  # fmt: skip
    try:
        with connect(url.replace("unix://", "unix://faktory:x@")) as narrow:
            found = answer(narrow)
            assert found.state == "enqueued"
            assert any("not all of its records could be read" in text for text in found.warnings)
            assert found.denied
    finally:
        raw.acl_deluser("faktory")


def test_very_many_records_of_one_job_are_read_up_to_a_bound(raw, store):
    ids = [f"r-{i:05}" for i in range(MOST_OF_A_JOB + 1200)]
    raw.sadd(f"jobba:provider_job_id:{JID}", *ids)
    with raw.pipeline() as pipe:
        for ident in ids:
            pipe.hset(
                f"jobba:id:{ident}", mapping={"id": f'"{ident}"', "provider_job_id": f'"{JID}"'}
            )
        pipe.execute()
    found = answer(store)
    assert MOST_OF_A_JOB <= len(found.records) < len(ids)
    assert any("only these were read" in text for text in found.warnings)


def test_many_jobs_are_asked_for_at_once_and_only_read(raw, store):
    for i in range(0, 1200, 7):
        record_ago(raw, f"r-{i}", RecordState.SUCCEEDED.value, provider_job_id=f"job-{i}")
    before = raw.info("persistence")["rdb_changes_since_last_save"]
    found = status(store.backend, [f"job-{i}" for i in range(1200)])
    assert [f.jid for f in found if f.found] == [f"job-{i}" for i in range(0, 1200, 7)]
    assert raw.info("persistence")["rdb_changes_since_last_save"] == before
