"""Never lost, never twice: whoever dies, whenever."""

import contextlib
import random
import subprocess

import pytest

from tests.campaign.crashing import JOBS, Shop

VERBS = {
    "kill": ("retries", "kill", "--all", "--yes"),
    "requeue": ("retries", "requeue", "--all", "--yes"),
    "requeue --in": ("retries", "requeue", "--all", "--in", "1h", "--reset-retries", "--yes"),
    "reschedule": ("retries", "reschedule", "--all", "--spread", "1h", "--yes"),
}
SLOWLY = ("--rate", "12000/s")  # so that there is time to die in the middle


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Shop(tmp_path_factory.mktemp("shop"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def fresh_shop(tmp_path):
    made = Shop(tmp_path)
    made.start()
    yield made
    made.stop()


def runs(default):
    """A few runs always, two hundred in a campaign; each is a seed."""
    return [
        pytest.param(seed, marks=pytest.mark.campaign if seed >= default else ())
        for seed in range(200)
    ]


def finish(shop, before):
    """Resume what was stopped, or do it for the first time; return the report, if there is one."""
    latest = shop.latest()
    if latest is None or latest["operation"] == before or latest["state"] == "done":
        return None
    if latest["state"] == "undone":
        return None
    codes = (0, 7)  # 7: it was killed while choosing, and nothing was changed
    return shop.run("resume", latest["operation"], "--yes", codes=codes)


def newest(shop):
    latest = shop.latest()
    return latest["operation"] if latest else None


@pytest.mark.parametrize("seed", runs(12))
def test_jobctl_is_killed(shop, seed):
    rng = random.Random(seed)
    name = rng.choice(sorted(VERBS))
    shop.fill()
    before = newest(shop)
    shop.kill_after(rng.uniform(0.2, 0.75), *VERBS[name], *SLOWLY)
    shop.check(note=(seed, name, "before resume"))
    report = finish(shop, before)
    shop.check(note=(seed, name))
    if report is not None:
        assert (report["matched"], report["done"], report["gone"]) == (JOBS, JOBS, 0), (seed, name)
        assert sum(report["after"].values()) == sum(report["before"].values()), (seed, name)


@pytest.mark.parametrize("seed", runs(4))
def test_jobctl_is_killed_while_it_discards(shop, seed):
    rng = random.Random(seed)
    shop.fill()
    before = newest(shop)
    shop.kill_after(rng.uniform(0.2, 0.7), "retries", "discard", "--all", "--yes", *SLOWLY)
    report = finish(shop, before)
    if report is not None:
        assert (report["matched"], report["done"]) == (JOBS, JOBS), seed
        assert report["after"] == {"retries": 0}
    latest = shop.latest()
    if latest and latest["operation"] != before and latest["state"] == "done":
        assert shop.run("undo", latest["operation"], "--yes")["done"] == JOBS
    shop.check(note=seed)


@pytest.mark.parametrize("seed", runs(6))
def test_an_undo_is_killed(shop, seed):
    rng = random.Random(seed)
    name = rng.choice(sorted(VERBS))
    shop.fill()
    with shop.client() as db:
        before = db.zrange("retries", 0, -1, withscores=True)
    operation = shop.run(*VERBS[name])["operation"]
    shop.kill_after(rng.uniform(0.15, 0.5), "undo", operation, "--yes")
    shop.check(note=(seed, name, "in the middle"))
    begun = shop.run("journal", "show", operation)["state"] == "undoing"
    shop.run(rng.choice(["undo", "resume"]) if begun else "undo", operation, "--yes")
    shop.check(note=(seed, name))
    with shop.client() as db:
        assert db.zrange("retries", 0, -1, withscores=True) == before, (seed, name)


@pytest.mark.parametrize("seed", runs(4))
def test_the_server_is_killed_and_has_forgotten_its_last_moments(fresh_shop, seed):
    shop = fresh_shop
    rng = random.Random(seed)
    name = rng.choice(sorted(VERBS))
    shop.fill()
    remembered, before = shop.log_size(), newest(shop)
    process = shop.begin(*VERBS[name], *SLOWLY)
    with contextlib.suppress(subprocess.TimeoutExpired):  # it is in the middle
        process.wait(timeout=rng.uniform(0.3, 1.2))
    shop.kill_server()
    _, err = process.communicate()
    assert process.returncode in (0, 3), err
    shop.forget(rng.randint(remembered, shop.log_size()))
    shop.start()
    shop.check(note=(seed, name, "before resume"))
    latest = shop.latest()
    if latest is not None and latest["operation"] != before:
        # Also one that had ended: the server may not remember that.
        report = shop.run("resume", latest["operation"], "--yes", codes=(0, 7))
        if report is not None:
            assert (report["done"], report["gone"]) == (JOBS, 0), (seed, name)
    shop.check(note=(seed, name))
