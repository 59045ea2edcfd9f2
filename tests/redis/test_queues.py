"""Queues: names, lists in both of Faktory's forms, and what is odd about them."""

from __future__ import annotations

import pytest

from jobctl import Store
from jobctl.errors import WrongType
from jobctl.model.layout import QueueForm
from jobctl.model.queue import Queue
from jobctl.redis import queues as module
from tests.builders import enqueue, job
from tests.everything import put

Q, BARE = QueueForm.Q, QueueForm.BARE


def told(queues: list[Queue]) -> list[tuple[str, QueueForm | None, int]]:
    return [(queue.name, queue.form, queue.size) for queue in queues]


def test_each_form_of_list_is_told_by_looking(raw, store: Store) -> None:
    enqueue(raw, "new", job("a"), job("b"))
    enqueue(raw, "old", job("c"), form="")
    assert told(store.queues.named()) == [("new", Q, 2), ("old", BARE, 1)]
    assert [queue.key for queue in store.queues.named()] == [b"q:new", b"old"]


def test_a_name_with_lists_of_both_forms_is_two_queues(raw, store: Store) -> None:
    enqueue(raw, "both", job("new"))
    enqueue(raw, "both", job("old-1"), job("old-2"), form="")
    found = store.queues.named()
    assert told(found) == [("both", Q, 1), ("both", BARE, 2)]
    jobs = {e.jid: e.place.form for queue in found for e in store.queues.jobs(queue).walk()}
    assert jobs == {"new": Q, "old-1": BARE, "old-2": BARE}
    assert [e.place.form for e in store.queues.find(found, ["old-2"])] == [BARE]


def test_a_queue_called_like_the_key_of_another_is_kept_apart(raw, store: Store) -> None:
    enqueue(raw, "x", job("a"))
    enqueue(raw, "q:x", job("b"))
    # The list q:x is that of x: no old server would have made a queue q:x.
    assert told(store.queues.named()) == [("q:x", Q, 1), ("x", Q, 1)]


def test_a_name_without_a_list_is_an_empty_queue(raw, store: Store) -> None:
    raw.sadd("queues", "idle")
    (queue,) = store.queues.named()
    assert told([queue]) == [("idle", None, 0)]
    assert (queue.key, queue.wrong_type, queue.registered, queue.paused) == (
        None, None, True, False,
    )  # fmt: skip
    assert store.queues.names() == ["idle"]


def test_a_paused_queue_is_paused_also_when_nobody_registered_it(raw, store: Store) -> None:
    enqueue(raw, "default", job("a"))
    raw.sadd("paused", "default", "ghost")
    raw.lpush("q:ghost", job("b"))
    states = {q.name: (q.registered, q.paused, q.size) for q in store.queues.named()}
    assert states == {"default": (True, True, 1), "ghost": (False, True, 1)}


def test_a_list_without_a_name_is_a_stray_when_it_holds_jobs(raw, store: Store) -> None:
    enqueue(raw, "default", job("a"))
    raw.lpush("q:lost", job("b"), job("c"))
    raw.lpush("lost-too", job("d"))
    raw.lpush("somebody:else", job("e"))  # no name a Faktory would accept
    raw.lpush("log", "a line", "another")
    raw.lpush("numbers", "1")
    raw.set("string", job("f"))
    named = store.queues.named()
    strays = sorted(store.queues.strays(named), key=lambda q: q.name)
    assert told(strays) == [("lost", Q, 2), ("lost-too", BARE, 1)]
    assert not any(q.registered or q.paused for q in strays)
    assert [e.jid for e in store.queues.find(strays, ["b", "d", "a"])] == ["b", "d"]


def test_strays_are_not_looked_for_in_a_large_keyspace(raw, store: Store, monkeypatch) -> None:
    raw.lpush("q:lost", job("b"))
    raw.set("another", "key")
    assert len(store.queues.strays([])) == 1
    monkeypatch.setattr(module, "STRAY_SEARCH", 1)
    assert store.queues.strays([]) == []


def test_strays_are_found_among_thousands_of_other_keys(raw, store: Store) -> None:
    raw.mset({f"cache:{i}": i for i in range(5000)})
    for i in range(30):
        raw.lpush(f"q:stray-{i:02}", job("a"))
    assert sorted(q.name for q in store.queues.strays([])) == [f"stray-{i:02}" for i in range(30)]


@pytest.mark.parametrize("kind", ["string", "hash", "zset", "set", "stream"])
def test_a_list_of_another_type_is_told_with_the_queue(raw, store: Store, kind: str) -> None:
    enqueue(raw, "good", job("a"))
    raw.sadd("queues", "bad", "bare")
    for key in ("q:bad", "bare"):
        put(raw, kind, key)
    found = {queue.name: queue for queue in store.queues.named()}
    assert (found["bad"].wrong_type, found["bad"].key, found["bad"].size) == (kind, None, 0)
    # A key called as the queue is may be anybody's.
    assert (found["bare"].wrong_type, found["bare"].key) == (None, None)
    assert found["good"].size == 1
    assert [e.jid for e in store.queues.find(found.values(), ["a", "x"])] == ["a"]


def test_names_of_any_bytes_survive_the_way_there_and_back(raw, store: Store) -> None:
    names = [
        b"\xff\xfe", b"a b", b"new\nline", b"", b"\x00", "ünï".encode(), b"q:", b"*", b"x" * 500,
    ]  # fmt: skip
    for i, name in enumerate(names):
        raw.sadd("queues", name)
        raw.lpush(b"q:" + name, job(f"jid-{i}"))
    found = store.queues.named()
    forms = {(module.encode_name(queue.name), queue.form) for queue in found}
    assert {(name, Q) for name in names} <= forms
    wanted = [f"jid-{i}" for i in range(len(names))]
    places = {e.jid: module.encode_name(e.place.queue) for e in store.queues.find(found, wanted)
              if e.place.form is Q}  # fmt: skip
    assert [places[jid] for jid in wanted] == names


@pytest.mark.parametrize("key", ["queues", "paused"])
def test_a_set_of_names_that_is_no_set_holds_no_names(raw, store: Store, key: str) -> None:
    enqueue(raw, "default", job("a"))
    raw.delete(key)
    raw.set(key, "x")
    assert [q.name for q in store.queues.named()] == (["default"] if key == "paused" else [])
    if key == "queues":
        with pytest.raises(WrongType, match="the key queues of"):
            store.queues.names()
        assert [q.name for q in store.queues.strays([])] == ["default"]
