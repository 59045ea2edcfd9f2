"""Many records enter a state, or are asked for their end, as one operation."""

import json

import pytest

from jobctl import Watch, connect
from jobctl.errors import WrongType
from tests.everything import contents
from tests.recording import START, record
from tests.trouble import Meddler


@pytest.fixture
def store(url, tmp_path):
    with connect(url, operations=tmp_path / "operations") as opened:
        yield opened


def values(raw, ident):
    return {k.decode(): json.loads(v) for k, v in raw.hgetall(f"jobba:id:{ident}").items()}


def test_each_is_marked_as_one_alone_would_be(raw, store):
    names = ("queued", "started", "succeeded", "unknown")
    for state in names:
        record(raw, f"many-{state}", state=state, started_at=START)
        record(raw, f"one-{state}", state=state, started_at=START)
    for state in ("failed", "started", "unknown", "succeeded"):
        report = store.records.mark_all("id=" + ",".join(f"many-{name}" for name in names), state)
        assert (report.matched, report.done) == (4, 4)
        for name in names:
            store.records.mark(f"one-{name}", state)
    for name in names:
        many, one = values(raw, f"many-{name}"), values(raw, f"one-{name}")
        assert many.keys() == one.keys()
        same = {"state", "progress", "attempt", "recorded_at", "errors"}
        assert {k: many[k] for k in same} == {k: one[k] for k in same}
        assert {k for k in contents(raw) if b"many-" in k} == {
            k.replace(b"one-", b"many-") for k in contents(raw) if b"one-" in k
        }
    assert raw.smembers("jobba:succeeded") == {
        f"{many}-{name}".encode() for many in ("many", "one") for name in names
    }


def test_a_restart_does_not_write_over_another_record(raw, store):
    record(raw, "a", state="started", started_at=START)
    record(raw, "a:0", state="succeeded")
    report = store.records.mark_all("state=started", "started")
    assert (report.done, report.failed, report.failed_jids) == (0, 1, ("a",))
    assert list(report.reasons) == ["another record is where its attempt would be put"]
    assert store.records.find("a").attempt == 0


def test_who_is_in_another_state_by_now_is_gone(raw, store):
    for ident in ("a", "b", "c"):
        record(raw, ident, state="started", started_at=START)
    meddler = Meddler(lambda: (store.records.mark("a", "succeeded"), raw.delete("jobba:id:b")))
    report = store.records.mark_all("state=started", "failed", watch=meddler)
    assert (report.matched, report.done, report.gone) == (3, 1, 2)
    assert store.records.find("a").state == "succeeded"
    assert store.records.find("b") is None


@pytest.mark.parametrize("verb", ["mark", "request-kill"])
def test_who_was_restarted_by_now_is_gone(raw, store, verb):
    for ident in ("a", "b"):
        record(raw, ident, state="started", started_at=START)
    meddler = Meddler(lambda: store.records.mark("a", "started"))
    if verb == "mark":
        report = store.records.mark_all("state=started", "killed", watch=meddler)
    else:
        report = store.records.request_kill_all("state=started", watch=meddler)
    assert (report.matched, report.done, report.gone) == (2, 1, 1)
    again = store.records.find("a")
    assert (again.state, again.attempt, again.kill_requested) == ("started", 1, False)


def test_who_restarts_while_others_are_chosen_is_tested_by_its_new_time(raw, store):
    for ident in ("a", "b"):
        record(raw, ident, state="started", started_at=START)

    class Meanwhile(Watch):
        def choosing(self, looked, total, found):
            if not looked:
                store.records.mark("a", "started")

    query = f"state=started and started_at<={START}"
    report = store.records.mark_all(query, "killed", watch=Meanwhile())
    assert (report.matched, report.done, raw.smembers("jobba:killed")) == (1, 1, {b"b"})


def test_the_first_request_for_the_end_stays(raw, store):
    record(raw, "a", state="started", kill_requested_at=START)
    record(raw, "b", state="started")
    record(raw, "c", state="failed")
    report = store.records.request_kill_all("state=started")
    assert (report.action, report.done) == ("request-kill", 2)
    assert store.records.find("a").microseconds("kill_requested_at") == START
    assert store.records.kill_requested("b")
    assert not store.records.kill_requested("c")


def test_an_index_of_another_type_refuses_and_nothing_changes(raw, store):
    record(raw, "a", state="started")
    raw.set("jobba:killed_at", "x")
    before = contents(raw)
    with pytest.raises(WrongType, match="killed_at"):
        store.records.mark_all("state=started", "killed")
    assert contents(raw) == before
