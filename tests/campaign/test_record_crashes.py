"""A record is there whole or not at all: whoever dies, whenever."""

import contextlib
import json
import random
import subprocess

import pytest

from tests.campaign.crashing import Shop
from tests.campaign.test_crashes import newest, runs
from tests.everything import contents
from tests.recording import START

RECORDS = 3000
SLOWLY = ("--rate", "9000/s")  # so that there is time to die in the middle
INDEXES = 5  # entries that lead to each record


class RecordShop(Shop):
    """A private server full of records."""

    def fill(self, jobs=RECORDS):
        """Begin anew with so many records that succeeded."""
        with self.client() as db:
            db.flushdb()
            pipe = db.pipeline(transaction=False)
            for i in range(jobs):
                ident, at = f"record-{i:06d}", START + i * 7919 % jobs
                fields = {
                    "id": ident, "state": "succeeded", "progress": 1.0, "errors": [], "attempt": 1,
                    "job_name": f"Job{i % 5}", "recorded_at": at, "succeeded_at": at + 5,
                }  # fmt: skip
                pipe.hset(
                    f"jobba:id:{ident}", mapping={k: json.dumps(v) for k, v in fields.items()}
                )
                pipe.hset(f"jobba:id:{ident}:0", "id", json.dumps(f"{ident}:0"))
                pipe.sadd("jobba:succeeded", ident)
                pipe.sadd(f"jobba:job_name:Job{i % 5}", ident)
                pipe.zadd("jobba:recorded_at", {ident: at})
                pipe.zadd("jobba:succeeded_at", {ident: at + 5})
            pipe.execute()
            self.full = contents(db)

    def check(self, jobs=RECORDS, note=""):
        """Check that each record is there whole, with all its entries, or not at all."""
        with self.client() as db:
            pipe = db.pipeline(transaction=False)
            for i in range(jobs):
                ident = f"record-{i:06d}"
                pipe.exists(f"jobba:id:{ident}", f"jobba:id:{ident}:0")
                pipe.sismember("jobba:succeeded", ident)
                pipe.sismember(f"jobba:job_name:Job{i % 5}", ident)
                pipe.zscore("jobba:recorded_at", ident)
                pipe.zscore("jobba:succeeded_at", ident)
            found = pipe.execute()
        for start in range(0, len(found), INDEXES):
            one = found[start : start + INDEXES]
            there = [n == 2 for n in one[:1]] + [bool(entry) for entry in one[1:]]
            assert all(there) or not any(one), (note, start // INDEXES, one)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = RecordShop(tmp_path_factory.mktemp("records"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def fresh_shop(tmp_path):
    made = RecordShop(tmp_path)
    made.start()
    yield made
    made.stop()


def finish(shop, before):
    """Resume what was stopped; return the report, if it changed anything."""
    latest = shop.latest()
    if latest is None or latest["operation"] == before or latest["state"] == "done":
        return None
    return shop.run("resume", latest["operation"], "--yes", codes=(0, 7))


@pytest.mark.parametrize("seed", runs(6))
def test_jobctl_is_killed_while_it_deletes(shop, seed):
    rng = random.Random(seed)
    shop.fill()
    before = newest(shop)
    shop.kill_after(rng.uniform(0.35, 1.0), "record", "delete", "--all", "--yes", *SLOWLY)
    shop.check(note=(seed, "before resume"))
    report = finish(shop, before)
    if report is not None:
        assert (report["matched"], report["done"], report["gone"]) == (RECORDS, RECORDS, 0), seed
        assert report["after"]["records"] == 0
    latest = shop.latest()
    if latest and latest["operation"] != before and latest["state"] == "done":
        with shop.client() as db:
            assert contents(db) == {}
        assert shop.run("undo", latest["operation"], "--yes")["done"] == RECORDS
    with shop.client() as db:
        assert contents(db) == shop.full, seed


@pytest.mark.parametrize("seed", runs(4))
def test_an_undo_of_a_deletion_is_killed(shop, seed):
    rng = random.Random(seed)
    shop.fill()
    operation = shop.run("record", "delete", "--all", "--yes")["operation"]
    shop.kill_after(rng.uniform(0.2, 0.5), "undo", operation, "--yes")
    shop.check(note=(seed, "in the middle"))
    begun = shop.run("journal", "show", operation)["state"] == "undoing"
    shop.run(rng.choice(["undo", "resume"]) if begun else "undo", operation, "--yes")
    with shop.client() as db:
        assert contents(db) == shop.full, seed


@pytest.mark.parametrize("seed", runs(4))
def test_jobctl_is_killed_while_it_marks(shop, seed):
    rng = random.Random(seed)
    shop.fill()
    before = newest(shop)
    shop.kill_after(rng.uniform(0.35, 0.9), "record", "mark", "killed", "--all", "--yes", *SLOWLY)
    report = finish(shop, before)
    if report is not None:
        assert (report["done"], report["gone"]) == (RECORDS, 0), seed
        with shop.client() as db:
            assert (db.scard("jobba:killed"), db.scard("jobba:succeeded")) == (RECORDS, 0)


@pytest.mark.parametrize("seed", runs(3))
def test_the_server_is_killed_and_has_forgotten_its_last_moments(fresh_shop, seed):
    shop = fresh_shop
    rng = random.Random(seed)
    shop.fill()
    remembered, before = shop.log_size(), newest(shop)
    process = shop.begin("record", "delete", "--all", "--yes", *SLOWLY)
    with contextlib.suppress(subprocess.TimeoutExpired):  # it is in the middle
        process.wait(timeout=rng.uniform(0.4, 1.2))
    shop.kill_server()
    _, err = process.communicate()
    assert process.returncode in (0, 3), err
    shop.forget(rng.randint(remembered, shop.log_size()))
    shop.start()
    shop.check(note=(seed, "before resume"))
    latest = shop.latest()
    if latest is not None and latest["operation"] != before:
        report = shop.run("resume", latest["operation"], "--yes", codes=(0, 7))
        if report is not None:
            assert (report["done"], report["gone"]) == (RECORDS, 0), seed
            assert shop.run("undo", latest["operation"], "--yes")["done"] == RECORDS
    with shop.client() as db:
        assert contents(db) == shop.full, seed
