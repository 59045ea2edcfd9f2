"""Queues are removed and come back, whoever dies, whenever: each job exactly once, in order."""

import contextlib
import json
import random
import threading
from collections import Counter

import pytest

from tests.builders import job
from tests.campaign.crashing import Shop
from tests.campaign.test_crashes import newest, runs
from tests.systems.double import FaktoryDouble

JOBS = 30_000
NAMES = ("big", "small", "bare")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Shop(tmp_path_factory.mktemp("shop"))
    made.start()
    yield made
    made.stop()


def fill(shop):
    """Begin anew with three queues, one of them paused, one in both forms."""
    shop.popped.clear()
    with shop.client() as db:
        db.flushdb()
        db.sadd("queues", *NAMES)
        db.sadd("paused", "small")
        for start in range(0, JOBS, 1000):
            db.lpush("q:big", *(job(f"jid-{i:08d}") for i in range(start, start + 1000)))
        db.lpush("q:small", *(job(f"small-{i:05d}") for i in range(20)))
        db.lpush("q:bare", *(job(f"bare-{i:06d}") for i in range(700)))
        db.lpush("bare", *(job(f"older-{i:05d}") for i in range(700)))
        db.waitaof(1, 0, 10_000)  # what it begins with is on the disk


def state(shop):
    """Return the queues; the jobs that a server is to learn of them by are about to come back."""
    with shop.client() as db:
        lists = {key: db.lrange(key, 0, -1) for key in ("q:big", "q:small", "q:bare", "bare")}
        for member in map(json.loads, db.zrange("scheduled", 0, -1)):
            lists[f"q:{member['queue']}"].insert(0, job(member["jid"]))
        return lists | {key: db.smembers(key) for key in ("queues", "paused")}


def begun(shop, before):
    """Return the operation that was begun and its state; None where there is none."""
    latest = shop.latest()
    if latest is None or latest["operation"] == before:
        return None
    return latest["operation"], latest["state"]


def put_back(shop, rng, operation):
    """Undo it, perhaps in two goes."""
    if rng.random() < 0.5:
        shop.kill_after(rng.uniform(0.15, 0.5), "undo", operation, "--yes")
    shop.run("undo", operation, "--yes")


def leftovers(shop):
    with shop.client() as db:
        return db.keys("jobctl:op:*:*")


@pytest.mark.parametrize("wired", [False, True], ids=["redis", "wire"])
@pytest.mark.parametrize("seed", runs(4))
def test_a_removal_is_killed(shop, wired, seed):
    rng = random.Random(seed)
    fill(shop)
    full, before = state(shop), newest(shop)
    with FaktoryDouble(shop.socket) as faktory:
        faktory.before("QUEUE PAUSE", lambda line: faktory.memory.create("small"))
        doors = ("-u", shop.url, "--faktory-url", faktory.url) if wired else ()
        argv = ("queue", "remove", *NAMES, "--confirm", " ".join(NAMES), *doors)
        shop.kill_after(rng.uniform(0.25, 0.6), *argv)
        operation = begun(shop, before)
        if operation is None:
            assert state(shop) == full, seed
            return
        name, how = operation
        if how == "unfinished" and rng.random() < 0.5:
            report = shop.run("resume", name, "--yes", codes=(0, 7))
            if report is None:
                assert state(shop) == full, seed
            else:
                assert (report["done"], report["gone"]) == (JOBS + 1420, 0), seed
                assert not any(state(shop).values()), seed
        put_back(shop, rng, name)
        assert state(shop) == full, (seed, how)
        assert not leftovers(shop), seed


@contextlib.contextmanager
def traffic(shop):
    """Push four thousand jobs to a queue while a worker takes them: those are in `popped`."""
    done = threading.Event()

    def work():
        with shop.client() as db:
            while not done.is_set():
                found = db.brpop("q:big", timeout=0.02)
                if found:
                    shop.popped.append(found[1])

    def push():
        with shop.client() as db:
            for i in range(4000):
                db.lpush("q:big", job(f"new-{i:08d}"))
                done.wait(0.0001)

    threads = [threading.Thread(target=work), threading.Thread(target=push)]
    for thread in threads:
        thread.start()
    yield
    threads[1].join()
    done.set()
    threads[0].join()


@pytest.mark.parametrize("seed", runs(3))
def test_a_removal_is_killed_among_pushes_and_workers(shop, seed):
    rng = random.Random(seed)
    fill(shop)
    before = newest(shop)
    with traffic(shop):
        shop.kill_after(rng.uniform(0.25, 0.6), "queue", "remove", "big", "--confirm", "big")
        operation = begun(shop, before)
        if operation is not None and operation[1] == "unfinished" and rng.random() < 0.5:
            shop.run("resume", operation[0], "--yes", codes=(0, 7))
        if operation is not None:
            put_back(shop, rng, operation[0])
    assert not leftovers(shop), seed
    with shop.client() as db:
        members = [*shop.popped, *db.lrange("q:big", 0, -1)]
    found = Counter(json.loads(raw)["jid"] for raw in members)
    assert len(found) == JOBS + 4000, seed
    assert set(found.values()) == {1}, (seed, found.most_common(2))


@pytest.mark.parametrize("seed", runs(2))
def test_the_server_is_killed_and_has_forgotten_its_last_moments(tmp_path, seed):
    shop = Shop(tmp_path)
    shop.start()
    try:
        rng = random.Random(seed)
        fill(shop)
        full, remembered = state(shop), shop.log_size()
        process = shop.begin("queue", "remove", *NAMES, "--confirm", " ".join(NAMES))
        threading.Event().wait(rng.uniform(0.3, 0.9))
        shop.kill_server()
        process.communicate()
        shop.forget(rng.randint(remembered, shop.log_size()))
        shop.start()
        latest = shop.latest()
        if latest is not None:
            if rng.random() < 0.5:
                shop.run("resume", latest["operation"], "--yes", codes=(0, 7))
            shop.run("undo", latest["operation"], "--yes", codes=(0, 7))
        assert state(shop) == full, seed
        assert not leftovers(shop), seed
    finally:
        shop.stop()
