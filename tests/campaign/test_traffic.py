"""Two operators, workers and a scheduler at once: every job ends in exactly one place."""

import json
import threading
import time

import pytest

from jobctl import connect
from tests.campaign.crashing import Shop

JOBS = 3000


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path)
    made.start()
    made.fill(JOBS)
    yield made
    made.stop()


def work(shop, done):
    """Take jobs as workers do."""
    with shop.client() as db:
        while not done.is_set():
            found = db.brpop("q:default", timeout=0.05)
            if found:
                shop.popped.append(found[1])


def push_due(shop, done):
    """Move due jobs to their queue as Faktory's scheduler does."""
    with shop.client() as db:
        while not done.is_set():
            for raw in db.zrange("scheduled", "-inf", time.time(), byscore=True, offset=0, num=20):
                if db.zrem("scheduled", raw):
                    db.lpush("q:default", raw)


def test_counts_are_conserved(shop):
    done = threading.Event()
    threads = [threading.Thread(target=f, args=(shop, done)) for f in (work, work, push_due)]
    for thread in threads:
        thread.start()
    commands = [
        ("retries", "requeue", "--all", "--yes", "--rate", "6000/s", "--layout", "q", "-o", "json"),
        ("retries", "kill", "-w", "jid~[02468]$", "--yes", "--rate", "6000/s", "-o", "json"),
        ("retries", "requeue", "-w", "jid~[159]$", "--spread", "1s", "--yes", "-o", "json"),
    ]
    processes = [shop.begin(*argv) for argv in commands]
    ran = [process.communicate() for process in processes]
    done.set()
    for thread in threads:
        thread.join()
    assert all(out for out, _ in ran), ran
    reports = [json.loads(out) for out, _ in ran]
    for report in reports:
        counts = sum(report[key] for key in ("done", "gone", "failed", "skipped"))
        assert report["matched"] == counts
    assert sum(report["done"] for report in reports) >= JOBS
    shop.check(JOBS)


def test_undo_of_a_requeue_while_others_push_and_workers_pop(shop):
    operation = shop.run("retries", "requeue", "--all", "--yes")["operation"]
    done = threading.Event()
    worker = threading.Thread(target=work, args=(shop, done))

    def push():
        with shop.client() as db:
            for i in range(1000):
                db.lpush("q:default", b'{"jid":"new-%06d"}' % i)

    pusher = threading.Thread(target=push)
    worker.start()
    pusher.start()
    report = shop.run("undo", operation, "--yes")
    pusher.join()
    done.set()
    worker.join()
    found = shop.census()
    assert set(found.values()) == {1}
    assert len(found) == JOBS + 1 + 1000
    with shop.client() as db:
        assert db.zcard("retries") == report["done"]
    assert report["done"] + report["gone"] == report["matched"] == JOBS


def test_a_dead_clients_last_batch_may_run_late(shop, monkeypatch):
    from jobctl import Guards, Where
    from jobctl.redis.operations import Operations

    sent = []
    plain = Operations.each

    def noted(self, commands):
        def noting():
            for command in commands:
                sent.append(command)
                yield command

        return plain(self, noting())

    monkeypatch.setattr(Operations, "each", noted)
    with connect(shop.url, operations=shop.directory) as store:
        store.retries.requeue(Where(), guards=Guards(everything=True))
        with shop.client() as db:
            shop.popped += [db.rpop("q:default") for _ in range(10)]
        for command in sent:
            list(plain(store.backend.operations, iter([command])))
    shop.check(JOBS)
