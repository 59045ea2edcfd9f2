"""Releases that are killed: in working or in its queue, every job is somewhere, and once."""

import json
import random
import time
from collections import Counter

import pytest

from tests.builders import enqueue, job
from tests.campaign.crashing import Shop
from tests.campaign.test_crashes import runs
from tests.release.holding import held, hold
from tests.systems.double import FaktoryDouble

JOBS = 600
RELEASE = ("working", "release", "--all", "--yes")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Shop(tmp_path_factory.mktemp("release"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def members(shop):
    """Begin anew with so many reservations and a job that waits."""
    with shop.client() as db:
        db.flushdb()
        enqueue(db, "default", job("already-there"))
        return hold(db, *(held(f"jid-{i:08d}", i) for i in range(JOBS)))


@pytest.fixture
def double(shop, members, monkeypatch):
    """A server that takes a little time for each job, so that there is time to die."""
    with FaktoryDouble(shop.socket) as running:
        running.before("ACK", lambda line: time.sleep(0.0005))
        monkeypatch.setenv("FAKTORY_URL", running.url)
        yield running


def census(shop):
    with shop.client() as db:
        found = Counter(json.loads(raw)["job"]["jid"] for raw in db.zrange("working", 0, -1))
        found.update(json.loads(raw)["jid"] for raw in db.lrange("q:default", 0, -1))
        return found


def check(shop, note):
    found = census(shop)
    expected = {f"jid-{i:08d}" for i in range(JOBS)} | {"already-there"}
    assert found.keys() == expected, (note, "lost", sorted(expected - found.keys())[:5])
    assert set(found.values()) == {1}, (note, "twice", found.most_common(3))


def begun(shop, before):
    """Return the operation that was begun since, if there is one that can be resumed."""
    latest = shop.latest()
    return None if latest is None or latest["operation"] == before else latest["operation"]


def newest(shop):
    latest = shop.latest()
    return latest["operation"] if latest else None


def finish(shop, operation, note):
    """Resume, and check that every job was released once, to the front and in order."""
    if operation is None:
        return
    report = shop.run("resume", operation, "--yes", codes=(0, 7))  # 7: killed while it chose
    if report is not None:
        assert (report["done"], report["gone"], report["failed"]) == (JOBS, 0, 0), note
        with shop.client() as db:
            ran = [json.loads(raw)["jid"] for raw in db.lrange("q:default", 0, -1)][::-1]
        assert ran == [*(f"jid-{i:08d}" for i in range(JOBS)), "already-there"], note


@pytest.mark.parametrize("seed", runs(8))
def test_jobctl_is_killed_between_the_server_and_redis(shop, double, seed):
    rng = random.Random(seed)
    before = newest(shop)
    shop.kill_after(rng.uniform(0.25, 1.1), *RELEASE)
    for _ in range(rng.choice([0, 0, 1, 2])):  # and killed while it resumes
        operation = begun(shop, before)
        if operation is not None:
            shop.kill_after(rng.uniform(0.2, 0.7), "resume", operation, "--yes")
    finish(shop, begun(shop, before), seed)
    check(shop, seed)


@pytest.mark.parametrize("seed", runs(3))
def test_the_server_is_restarted_in_the_middle(shop, double, seed):
    rng = random.Random(seed)
    before = newest(shop)
    process = shop.begin(*RELEASE)
    time.sleep(rng.uniform(0.3, 0.9))
    double.restart()
    _, err = process.communicate()
    assert process.returncode in (0, 3), err
    finish(shop, begun(shop, before), seed)
    check(shop, seed)


@pytest.mark.parametrize("seed", runs(3))
def test_jobctl_is_killed_where_there_is_no_server(shop, members, seed):
    rng = random.Random(seed)
    before = newest(shop)
    shop.kill_after(rng.uniform(0.2, 0.45), *RELEASE)
    check(shop, (seed, "before resume"))
    finish(shop, begun(shop, before), seed)
    check(shop, seed)


@pytest.mark.parametrize("seed", runs(2))
def test_workers_go_on_meanwhile(shop, double, seed):
    rng = random.Random(seed)
    jids = [f"jid-{i:08d}" for i in range(JOBS)]
    mine = rng.sample(jids, 200)
    process = shop.begin(*RELEASE, "-o", "json")
    for jid in mine:  # they finish what they hold, as long as they hold it
        time.sleep(0.002)
        with double.memory.lock:
            double.memory.acknowledge(jid)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert report["done"] + report["gone"] == report["matched"] <= JOBS
    found = census(shop)
    assert len(found) == report["done"] + 1
    assert set(found.values()) == {1}
