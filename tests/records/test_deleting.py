"""Records are deleted whole, and come back as they were."""

import pytest

from jobctl import Guards, connect
from jobctl.errors import NotFound, Refused
from jobctl.records.query import Query, RecordWhere
from tests.everything import contents, put
from tests.recording import START, orphan, record
from tests.trouble import Meddler

DONE = {"state": "succeeded"}


@pytest.fixture
def store(url, tmp_path):
    with connect(url, operations=tmp_path / "operations") as opened:
        yield opened


def test_the_ledger_counts_every_structure_that_changed(raw, store):
    record(raw, "a", **DONE)
    record(raw, "b", state="failed")
    raw.sadd("jobba:started", "b")
    record(raw, "c")
    report = store.records.delete_all("state=completed")
    assert report.before == {
        "records": 3, "records:started": 1, "records:succeeded": 1, "records:failed": 1,
    }  # fmt: skip
    assert report.after == {
        "records": 1, "records:started": 0, "records:succeeded": 0, "records:failed": 0,
    }  # fmt: skip
    assert set(report.others.values()) == {0}
    back = store.undo(report.operation)
    assert back.after == report.before
    assert set(back.others.values()) == {0}


def test_what_is_not_completed_is_refused_and_nothing_changes(raw, store):
    record(raw, "done", **DONE)
    record(raw, "running", state="started")
    raw.hset("jobba:id:stub", "progress", "0.5")
    before = contents(raw)
    with pytest.raises(Refused, match="2 of 3 that match are not completed") as refused:
        store.records.delete_all(RecordWhere(ids=("done", "running", "stub")))
    assert "--force" in refused.value.hint
    with pytest.raises(Refused, match="1 of 2 that match are not completed"):
        store.records.delete_all("", guards=Guards(everything=True, dry_run=True))
    assert contents(raw) == before
    assert not list(store.journal.entries())


def test_ids_and_a_query_must_both_hold(raw, store):
    for ident in ("a", "b", "c"):
        record(raw, ident, job_name="Import" if ident != "b" else "Export", **DONE)
    orphan(raw, "gone", "succeeded")
    where = RecordWhere(("a", "b", "gone", "nobody"), Query.parse("job_name=Import"))
    report = store.records.delete_all(where)
    assert (report.done, report.missing) == (1, ("b", "gone", "nobody"))
    assert store.records.find("b") is not None


def test_what_changed_after_it_was_chosen_is_gone_and_stays(raw, store):
    for ident in ("changed", "grown", "deleted", "same"):
        record(raw, ident, **DONE)
    report = store.records.delete_all("state=succeeded", watch=Meddler(lambda: meddle(raw)))
    assert (report.matched, report.done, report.gone) == (4, 1, 3)
    assert raw.hget("jobba:id:changed", "progress") == b"0.25"
    assert raw.sismember("jobba:succeeded", "changed")
    assert raw.hget("jobba:id:grown", "data") == b"1"
    assert raw.zscore("jobba:recorded_at", "deleted") == START
    assert store.records.find("same") is None


def meddle(raw):
    raw.hset("jobba:id:changed", "progress", "0.25")
    raw.hset("jobba:id:grown", "data", "1")
    raw.delete("jobba:id:deleted")


def test_an_undo_leaves_alone_what_was_made_anew_meanwhile(raw, store):
    for ident in ("a", "b"):
        record(raw, ident, job_name="Old", **DONE)
    report = store.records.delete_all("state=succeeded")
    record(raw, "a", job_name="New", state="failed")
    back = store.undo(report.operation)
    assert (back.matched, back.done, back.gone, back.missing) == (2, 1, 1, ("a",))
    assert raw.smembers("jobba:job_name:Old") == {b"b"}
    assert raw.smembers("jobba:succeeded") == {b"b"}
    assert store.records.find("a").job_name == "New"


def test_an_undo_is_done_once(raw, store):
    record(raw, "a", **DONE)
    operation = store.records.delete_all("state=succeeded").operation
    assert store.undo(operation).done == 1
    store.records.delete("a")
    assert store.undo(operation).matched == 0
    assert contents(raw) == {}


def test_a_cleanup_goes_past_orphans_and_takes_them_along(raw, store):
    now = int(store.server.now() * 1_000_000)
    week = 7 * 86400 * 1_000_000
    record(raw, "old", recorded_at=now - 13 * week, **DONE)
    record(raw, "old-failed", recorded_at=now - 13 * week, state="failed")
    record(raw, "old-running", recorded_at=now - 13 * week, state="started")
    record(raw, "young", recorded_at=now - 11 * week, **DONE)
    orphan(raw, "orphan", "succeeded", "recorded_at", at=now - 13 * week)
    orphan(raw, "orphan-running", "started", "recorded_at", at=now - 13 * week)
    before = contents(raw)
    report = store.records.cleanup("12w")
    assert (report.action, report.done) == ("delete", 3)
    assert raw.zrange("jobba:recorded_at", 0, -1) == [b"old-running", b"orphan-running", b"young"]
    store.undo(report.operation)
    assert contents(raw) == before
    assert store.records.cleanup("12w", force=True).done == 5
    assert raw.zrange("jobba:recorded_at", 0, -1) == [b"young"]


def test_another_namespace_is_another_matter(raw, url, tmp_path):
    record(raw, "a", prefix=b"mine:", **DONE)
    record(raw, "a", **DONE)
    before = contents(raw)
    with connect(url, operations=tmp_path / "o", records_namespace="mine") as store:
        operation = store.records.delete_all("state=succeeded").operation
        assert {key.split(b":")[0] for key in contents(raw)} == {b"jobba"}
    with connect(url, operations=tmp_path / "o") as store:  # the file says which namespace
        assert store.undo(operation).done == 1
    assert contents(raw) == before


def test_one_record_is_deleted_at_once(raw, store):
    record(raw, "a", job_name="Import", **DONE)
    record(raw, "b", state="started")
    orphan(raw, "c", "failed", "failed_at")
    store.records.delete("a")
    with pytest.raises(Refused, match="b is not completed: it is started"):
        store.records.delete("b")
    store.records.delete("b", force=True)
    store.records.delete("c")
    assert contents(raw) == {}
    assert not list(raw.scan_iter("jobctl:op:*"))
    with pytest.raises(NotFound, match="no record a"):
        store.records.delete("a")


def test_records_with_many_arguments_go_in_small_batches(raw, store, monkeypatch):
    sets = [f"{i}-{j}" for i in range(12) for j in range(500)]
    for i in range(12):
        args = {f"k{j}": value for j, value in enumerate(sets[500 * i : 500 * (i + 1)])}
        record(raw, f"a{i}", state="succeeded", job_args=args)
    before, keys = contents(raw), []
    send = store.backend.connection._send

    def measured(commands):
        keys.extend(command[2] for command in commands if command[0] == "EVAL")
        send(commands)

    monkeypatch.setattr(store.backend.connection, "_send", measured)
    report = store.records.delete_all("state=succeeded")
    assert (report.done, max(keys) < 2200) == (12, True)
    assert store.undo(report.operation).done == 12
    assert contents(raw) == before


@pytest.mark.parametrize("kind", ["set", "list", "zset", "string"])
def test_a_key_of_another_type_harms_nothing_but_itself(raw, store, kind):
    record(raw, "a", attempt=1, **DONE)
    record(raw, "b", **DONE)
    for key in ("jobba:id:odd", "jobba:id:a:0"):
        put(raw, kind, key)
    orphan(raw, "odd", "succeeded", "recorded_at", "succeeded_at")
    told = ("left out: the key jobba:id:odd holds another type than a record",)
    for change in (
        lambda: store.records.request_kill_all("state=succeeded"),
        lambda: store.records.mark_all("state=succeeded", "failed"),
        lambda: store.records.delete_all(RecordWhere(ids=("odd", "a"))),
        lambda: store.records.cleanup("1h"),
    ):
        report = change()
        assert (report.done, report.failed, report.notes) == (report.matched, 0, told)
        assert report.matched >= 1
    assert {k: v for k, v in contents(raw).items() if not k.startswith(b"jobba:id:")} == {
        b"jobba:succeeded": {b"odd"},
        b"jobba:recorded_at": {b"odd": START},
        b"jobba:succeeded_at": {b"odd": START},
    }
    assert raw.exists("jobba:id:odd", "jobba:id:a:0") == 2
    with pytest.raises(NotFound) as refused:
        store.records.delete("odd")
    assert refused.value.hint == told[0]


def test_what_became_of_another_type_meanwhile_is_gone(raw, store):
    record(raw, "a", **DONE)
    record(raw, "b", **DONE)
    replaced = Meddler(lambda: (raw.delete("jobba:id:a"), raw.set("jobba:id:a", "x")))
    report = store.records.delete_all("state=succeeded", watch=replaced)
    assert (report.done, report.gone, report.failed) == (1, 1, 0)
    assert raw.get("jobba:id:a") == b"x"
