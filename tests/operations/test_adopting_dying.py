"""An adoption, its resume or its undo dies at any instant: every job is there exactly once."""

import contextlib

import pytest

from jobctl import connect
from jobctl.errors import Refused
from jobctl.operations.journal import OperationState
from tests.builders import enqueue, job
from tests.operations.dying import Died, dying

MOST = 40  # sendings; no adoption of so small lists takes as many
HALVES = (18, 22, 24)  # sendings; by then lists stand aside, or some of their jobs have moved


@pytest.fixture
def shop(raw):
    enqueue(raw, "default", *(job(f"old-{i:08d}") for i in range(1200)), form="")
    enqueue(raw, "default", job("new-00000001"))
    enqueue(raw, "mail", b"\xff\xfe odd", b"", b"two\nlines", form="")
    return raw


@pytest.fixture
def opened(url, tmp_path):
    return lambda: connect(url, operations=tmp_path / "operations")


def state(raw):
    return {key: raw.lrange(key, 0, -1) for key in ("default", "q:default", "mail", "q:mail")} | {
        "queues": raw.smembers("queues")
    }


def leftovers(raw):
    return [key for key in raw.keys("*") if b":removed:" in key or b":back:" in key]


def die(monkeypatch, at, after, act):
    with dying(monkeypatch, at, after=after), contextlib.suppress(Died):
        act()
        return False
    return True


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("goes_on", ["resume", "undo"])
def test_an_adoption_dies(shop, opened, monkeypatch, after, goes_on):
    before = state(shop)
    whole = {**before, "default": [], "mail": [], "q:mail": before["mail"]}
    whole["q:default"] = before["q:default"] + before["default"]
    for at in range(1, MOST):
        with opened() as store:
            died = die(monkeypatch, at, after, lambda store=store: store.adopt_queues("*"))
        with opened() as again:
            entries = again.journal.entries()
            if not entries:
                assert (died, state(shop)) == (True, before)
                continue
            operation = entries[0].header.operation
            if goes_on == "resume" and entries[0].state is OperationState.UNFINISHED:
                try:
                    report = again.resume(operation)
                except Refused:
                    assert state(shop) == before, at
                else:
                    assert (report.done, report.gone, state(shop)) == (1203, 0, whole), at
            report = again.undo(operation)
            assert (report.gone, report.failed) == (0, 0), at
            assert (state(shop), leftovers(shop)) == (before, []), at
            (again.journal.directory / f"{operation}.jsonl").unlink()
        if not died:
            return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("half", [*HALVES, MOST])
def test_an_undo_dies(shop, opened, monkeypatch, after, half):
    before = state(shop)
    for at in range(1, MOST):
        with opened() as store:
            die(monkeypatch, half, True, lambda store=store: store.adopt_queues("*"))
        with opened() as store:
            operation = store.journal.entries()[0].header.operation
            died = die(monkeypatch, at, after, lambda store=store, op=operation: store.undo(op))
        with opened() as store:
            report = store.undo(operation)
            assert (state(shop), leftovers(shop)) == (before, []), at
            assert (report.done, report.gone) in ((report.matched, 0), (0, 0)), at
            (store.journal.directory / f"{operation}.jsonl").unlink()
        if not died:
            return
    raise AssertionError("it never came to its end")
