"""Operators, workers, producers and a scheduler at once: every job ends in exactly one place."""

import contextlib
import json
import random
import time

import pytest

from jobctl import Guards, Where, connect
from jobctl.redis.operations import Operations
from tests.builders import job
from tests.campaign.crashing import Shop
from tests.campaign.stocks import HeldByServer, Jobs, Queues
from tests.campaign.test_crashes import SCENARIOS, Scenario, resume, undo

STOCK = Jobs(3000)
RELEASE = SCENARIOS["release by wire"]
BIG = Scenario(Queues(30_000), ("queue", "remove", "big", "--confirm", "big"), (0.25, 0.6))


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path)
    made.start()
    made.fill(STOCK)
    yield made
    made.stop()


def some(default, many=200):
    """A few seeds always, the rest in a campaign."""
    return [
        pytest.param(seed, marks=pytest.mark.campaign if seed >= default else ())
        for seed in range(many)
    ]


def push_due(db):
    """Move due jobs to their queue as Faktory's scheduler does."""
    for raw in db.zrange("scheduled", "-inf", time.time(), byscore=True, offset=0, num=20):
        if db.zrem("scheduled", raw):
            db.lpush("q:default", raw)


def pusher(key, jobs):
    """Push jobs, one each time."""

    def push(db):
        with contextlib.suppress(StopIteration):
            db.lpush(key, next(jobs))

    return push


def test_counts_are_conserved(shop):
    commands = [
        ("retries", "requeue", "--all", "--yes", "--rate", "6000/s", "--layout", "q", "-o", "json"),
        ("retries", "kill", "-w", "jid~[02468]$", "--yes", "--rate", "6000/s", "-o", "json"),
        ("retries", "requeue", "-w", "jid~[159]$", "--spread", "1s", "--yes", "-o", "json"),
    ]
    with shop.meanwhile(shop.work("q:default"), shop.work("q:default"), push_due):
        processes = [shop.begin(*argv) for argv in commands]
        ran = [process.communicate() for process in processes]
    assert all(out for out, _ in ran), ran
    reports = [json.loads(out) for out, _ in ran]
    for report in reports:
        counts = sum(report[key] for key in ("done", "gone", "failed", "skipped"))
        assert report["matched"] == counts
    assert sum(report["done"] for report in reports) >= STOCK.count
    with shop.client() as db:
        STOCK.check(db, "traffic", shop.popped)


def test_undo_of_a_requeue_while_others_push_and_workers_pop(shop):
    operation = shop.run("retries", "requeue", "--all", "--yes")["operation"]
    new = iter([b'{"jid":"new-%06d"}' % i for i in range(1000)])
    with shop.meanwhile(shop.work("q:default"), pusher("q:default", new)):
        report = shop.run("undo", operation, "--yes")
        pushed = 1000 - sum(1 for _ in new)
    with shop.client() as db:
        found = STOCK.census(db, shop.popped)
        assert db.zcard("retries") == report["done"]
    assert set(found.values()) == {1}
    assert len(found) == STOCK.count + 1 + pushed
    assert pushed > 100
    assert report["done"] + report["gone"] == report["matched"] == STOCK.count


def test_a_dead_clients_last_batch_may_run_late(shop, monkeypatch):
    sent = []
    plain = Operations.each

    def noted(self, commands):
        def noting():
            for command in commands:
                sent.append(command)
                yield command

        return plain(self, noting())

    monkeypatch.setattr(Operations, "each", noted)
    with connect(shop.url, operations=shop.directory) as store, shop.client() as db:
        store.retries.requeue(Where(), guards=Guards(everything=True))
        shop.popped += [db.rpop("q:default") for _ in range(10)]
        for command in sent:
            list(plain(store.backend.operations, iter([command])))
        STOCK.check(db, "late", shop.popped)


@pytest.mark.parametrize("seed", some(3))
def test_a_removal_is_killed_among_pushes_and_workers(shop, seed):
    rng = random.Random(seed)
    shop.fill(Queues())
    new = iter([job(f"new-{i:08d}") for i in range(4000)])
    with shop.meanwhile(shop.work("q:big"), pusher("q:big", new)):
        shop.kill_after(rng.uniform(*BIG.dies), *BIG.argv)
        begun = shop.begun()
        if begun is not None and begun[1] == "unfinished" and rng.random() < 0.5:
            shop.run("resume", begun[0], "--yes", codes=(0, 7))
        undo(shop, BIG, rng, seed)
        pushed = 4000 - sum(1 for _ in new)
    with shop.client() as db:
        assert not db.keys("jobctl:op:*:*"), seed
        found = STOCK.census(db, shop.popped)
        small = sum(db.llen(f"q:{name}") for name in ("small", "bare"))
    assert len(found) == BIG.stock.count + small + pushed, seed
    assert set(found.values()) == {1}, (seed, found.most_common(2))


@pytest.mark.parametrize("seed", some(2))
def test_a_faktory_server_is_restarted_in_the_middle_of_a_release(shop, seed):
    shop.fill(RELEASE.stock)
    with shop.server(RELEASE.stock) as double, shop.client() as db:
        process = shop.begin(*RELEASE.argv)
        time.sleep(random.Random(seed).uniform(0.3, 0.9))
        double.restart()
        _, err = process.communicate()
        assert process.returncode in (0, 3), err
        resume(shop, RELEASE, seed)
        Jobs(RELEASE.stock.count).check(db, seed)


@pytest.mark.parametrize("seed", some(2))
def test_workers_go_on_while_their_jobs_are_released(shop, seed):
    stock = HeldByServer()
    shop.fill(stock)
    mine = random.Random(seed).sample([f"jid-{i:08d}" for i in range(stock.count)], 200)
    with shop.server(stock) as double:
        process = shop.begin(*RELEASE.argv, "-o", "json")
        for jid in mine:  # they finish what they hold, as long as they hold it
            time.sleep(0.002)
            with double.memory.lock:
                double.memory.acknowledge(jid)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert report["done"] + report["gone"] == report["matched"] <= stock.count
    with shop.client() as db:
        found = stock.census(db)
    assert len(found) == report["done"] + 1
    assert set(found.values()) == {1}
