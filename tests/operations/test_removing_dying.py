"""A removal, a resume or an undo dies at any instant: every job is there exactly once."""

import contextlib

import pytest

from jobctl import connect
from jobctl.errors import Refused
from jobctl.operations.journal import OperationState
from tests.builders import enqueue, job
from tests.operations.dying import Died, dying

pytestmark = pytest.mark.usefixtures("acquainted")

NAMES = ("default", "mail", "empty", "old")
MOST = 40  # sendings; no removal of so small queues takes as many
HALF = {False: 14, True: 18}  # by then something stands aside; by wire perhaps it was told
BOTH = pytest.mark.parametrize("wired", [False, True], ids=["redis", "wire"])


@pytest.fixture
def shop(raw):
    enqueue(raw, "default", *(job(f"jid-{i:08d}") for i in range(20)))
    enqueue(raw, "mail", b"\xff\xfe odd", job("mail-00001"), b"two\nlines", job("mail-00001"), b"")
    enqueue(raw, "old", *(job(f"old-{i:08d}") for i in range(3)), form="")
    enqueue(raw, "old", job("new-00000000"))
    raw.sadd("queues", "empty")
    raw.sadd("paused", "mail", "empty")
    return raw


def state(raw):
    lists = ("q:default", "q:mail", "q:empty", "q:old", "old")
    return {key: raw.lrange(key, 0, -1) for key in lists} | {
        key: raw.smembers(key) for key in ("queues", "paused")
    }


def leftovers(raw):
    return [key for key in raw.keys("*") if b":removed:" in key or b":back:" in key]


@pytest.fixture
def open_store(url, tmp_path, request):
    def opened(wired):
        faktory = request.getfixturevalue("faktory").url if wired else None
        return connect(url, faktory_url=faktory, operations=tmp_path / "operations")

    return opened


@pytest.fixture
def workers(shop, request, monkeypatch):
    """Let workers ask for jobs again, so that the server knows the queues that come back."""
    monkeypatch.setattr("jobctl.operations.subjects.restore.QUIET", 0.0)

    def begin(wired):
        if wired:
            faktory = request.getfixturevalue("faktory")
            faktory.restart()
            shop.set("jobctl:faktory", faktory.memory.version)  # noted once, before any dies
            known = sorted(faktory.queues)
            faktory.before(
                "QUEUE PAUSE", lambda line: [faktory.memory.create(name) for name in known]
            )

    return begin


def remove(store):
    return store.remove_queues(*NAMES)


def die(monkeypatch, at, after, act):
    """Run something to the nth sending; whether it died."""
    with dying(monkeypatch, at, after=after), contextlib.suppress(Died):
        act()
        return False
    return True


@BOTH
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("goes_on", ["resume", "undo"])
def test_a_removal_dies(shop, open_store, workers, monkeypatch, wired, after, goes_on):
    before = state(shop)
    workers(wired)
    for at in range(1, MOST):
        store = open_store(wired)
        died = die(monkeypatch, at, after, lambda store=store: remove(store))
        store.close()
        with open_store(wired) as again:
            entries = again.journal.entries()
            if not entries:  # nothing was changed yet, not even a file
                assert died
                assert state(shop) == before
                continue
            entry = entries[0]
            operation = entry.header.operation
            if goes_on == "resume" and entry.state is OperationState.UNFINISHED:
                try:
                    report = again.resume(operation)
                except Refused:
                    assert state(shop) == before, at
                else:
                    assert (report.done, report.gone, report.failed) == (29, 0, 0), at
            if goes_on == "resume" and state(shop) != before:
                assert not any(state(shop).values()), at
                assert not leftovers(shop), at
            report = again.undo(operation)
            assert not report.problems, at
            assert state(shop) == before, (at, died)
            assert not leftovers(shop), at
            (again.journal.directory / f"{operation}.jsonl").unlink()
        if not died:
            return
    raise AssertionError("it never came to its end")


@BOTH
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("whole", [True, False], ids=["of the whole", "of a half"])
def test_an_undo_dies(shop, open_store, workers, monkeypatch, wired, after, whole):
    before = state(shop)
    workers(wired)
    for at in range(1, MOST):
        with open_store(wired) as store:
            if whole:
                remove(store)
            else:
                die(monkeypatch, HALF[wired], True, lambda store=store: remove(store))
        with open_store(wired) as store:
            operation = store.journal.entries()[0].header.operation
            died = die(monkeypatch, at, after, lambda store=store, op=operation: store.undo(op))
        with open_store(wired) as store:
            (store.undo if at % 2 else store.resume)(operation)
            if state(shop) != before:  # nothing was noted of an undo, so resume finished the rest
                store.undo(operation)
            assert state(shop) == before, at
            assert not leftovers(shop), at
            (store.journal.directory / f"{operation}.jsonl").unlink()
        if not died:
            return
    raise AssertionError("it never came to its end")


@BOTH
def test_a_resume_dies(shop, open_store, workers, monkeypatch, wired):
    before = state(shop)
    workers(wired)
    for at in range(1, MOST):
        with open_store(wired) as store:
            die(monkeypatch, HALF[wired], True, lambda store=store: remove(store))
        with open_store(wired) as store:
            operation = store.journal.entries()[0].header.operation
            act = lambda store=store, op=operation: store.resume(op)  # noqa: E731
            died = die(monkeypatch, at, bool(at % 2), act)
        with open_store(wired) as store:
            assert store.resume(operation).done == 29, at
            assert not any(state(shop).values()), at
            assert store.undo(operation).done == 29
            assert state(shop) == before, at
            assert not leftovers(shop), at
            (store.journal.directory / f"{operation}.jsonl").unlink()
        if not died:
            return
    raise AssertionError("it never came to its end")
