"""Never lost, never twice: whoever dies, whenever; and an undo brings back what was."""

import contextlib
import random
import subprocess
from dataclasses import dataclass

import pytest

from tests.campaign.crashing import Shop
from tests.campaign.stocks import Discarded, Held, HeldByServer, Jobs, Queues, Records, Stock


@dataclass(frozen=True)
class Scenario:
    """A change that dies between these seconds.

    Attributes:
        undo_dies: when an undo of it dies; None: it cannot be undone.
        wired: whether a Faktory server is there.
        seeds: how many runs of it there are always, and in a campaign.
    """

    stock: Stock
    argv: tuple[str, ...]
    dies: tuple[float, float]
    undo_dies: tuple[float, float] | None = (0.15, 0.5)
    wired: bool = False
    seeds: tuple[int, int] = (2, 200)


def change(words, rate=()):
    return (*words.split(), "--all", "--yes", *rate)


SLOWLY = ("--rate", "12000/s")  # so that there is time to die in the middle
REMOVE = ("queue", "remove", *Queues.NAMES, "--confirm", " ".join(Queues.NAMES))
SCENARIOS = {
    words: Scenario(Jobs(), change(words, SLOWLY), (0.2, 0.75), seeds=(3, 50))
    for words in ("retries kill", "retries requeue", "retries requeue --in 1h --reset-retries",
                  "retries reschedule --spread 1h")
} | {
    "retries discard": Scenario(Discarded(), change("retries discard", SLOWLY), (0.2, 0.7)),
    "record delete": Scenario(
        Records(), change("record delete", ("--rate", "9000/s")), (0.35, 1.0), (0.2, 0.5),
        seeds=(4, 200),
    ),
    "record mark": Scenario(
        Records(), change("record mark killed", ("--rate", "9000/s")), (0.35, 0.9), None
    ),
    "release": Scenario(Held(), change("working release"), (0.2, 0.45), None),
    "release by wire": Scenario(
        HeldByServer(), change("working release"), (0.25, 1.1), None, wired=True, seeds=(5, 200)
    ),
    "remove": Scenario(Queues(), REMOVE, (0.25, 0.6)),
    "remove by wire": Scenario(Queues(), REMOVE, (0.25, 0.6), wired=True),
}  # fmt: skip
FORGETTING = {name: each for name, each in SCENARIOS.items() if not each.wired and each.undo_dies}


def runs(scenarios, default=None):
    """A few runs of each always, the rest in a campaign; each is a seed."""
    return [
        pytest.param(
            name, seed,
            marks=pytest.mark.campaign if seed >= (default or each.seeds[0]) else (),
        )
        for name, each in scenarios.items() for seed in range(each.seeds[1])
    ]  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Shop(tmp_path_factory.mktemp("shop"))
    made.start()
    yield made
    made.stop()


def resume(shop, scenario, note):
    """Resume what was begun, if that was killed; and hold what it says, and what there is then."""
    begun = shop.begun()
    if begun is None or begun[1] in ("done", "undone"):
        return
    # 7: it was killed while choosing, and nothing was changed
    report = shop.run("resume", begun[0], "--yes", codes=(0, 7))
    if report is not None:
        count = scenario.stock.count
        found = (report["matched"], report["done"], report["gone"], report["failed"])
        assert found == (count, count, 0, 0), note
        with shop.client() as db:
            scenario.stock.ended(db, report, note)


def undo(shop, scenario, rng, note):
    """Undo it, perhaps in two goes, and hold that everything is as it was."""
    begun = shop.begun()
    if begun is None:
        return
    operation, _ = begun
    if rng.random() < 0.6:
        shop.kill_after(rng.uniform(*scenario.undo_dies), "undo", operation, "--yes")
        with shop.client() as db:
            scenario.stock.check(db, (note, "in the middle of the undo"))
    undoing = shop.run("journal", "show", operation)["state"] == "undoing"
    shop.run(rng.choice(["undo", "resume"]) if undoing else "undo", operation, "--yes",
             codes=(0, 7))  # fmt: skip


@pytest.mark.parametrize(("name", "seed"), runs(SCENARIOS))
def test_jobctl_is_killed(shop, name, seed):
    scenario, rng, note = SCENARIOS[name], random.Random(f"{name} {seed}"), (name, seed)
    stock = scenario.stock
    shop.fill(stock)
    with contextlib.ExitStack() as held, shop.client() as db:
        if scenario.wired:
            held.enter_context(shop.server(stock))
        full = stock.state(db)
        shop.kill_after(rng.uniform(*scenario.dies), *scenario.argv)
        stock.check(db, (note, "before resume"))
        if rng.random() < 0.3 and (begun := shop.begun()):  # killed again while it resumes
            shop.kill_after(rng.uniform(0.2, 0.7), "resume", begun[0], "--yes")
        if scenario.undo_dies is None or rng.random() < 0.7:
            resume(shop, scenario, note)
        stock.check(db, note)
        if scenario.undo_dies is not None:
            undo(shop, scenario, rng, note)
            assert stock.state(db) == full, note
            stock.check(db, note)
            assert not db.keys("jobctl:op:*:*"), note


@pytest.mark.parametrize(("name", "seed"), runs(FORGETTING, default=1))
def test_the_server_is_killed_and_has_forgotten_its_last_moments(tmp_path, name, seed):
    scenario, rng, note = FORGETTING[name], random.Random(f"{name} {seed}"), (name, seed)
    stock, shop = scenario.stock, Shop(tmp_path)
    shop.start()
    try:
        shop.fill(stock)
        with shop.client() as db:
            full, remembered = stock.state(db), shop.log_size()
        process = shop.begin(*scenario.argv)
        with contextlib.suppress(subprocess.TimeoutExpired):  # it is in the middle
            process.wait(timeout=rng.uniform(0.3, 1.2))
        shop.kill_server()
        _, err = process.communicate()
        assert process.returncode in (0, 3), err
        shop.forget(rng.randint(remembered, shop.log_size()))
        shop.start()
        with shop.client() as db:
            stock.check(db, (note, "before resume"))
            begun = shop.begun()
            if begun is not None and rng.random() < 0.7:
                # Also one that had ended: the server may not remember that.
                report = shop.run("resume", begun[0], "--yes", codes=(0, 7))
                if report is not None:
                    assert (report["done"], report["gone"]) == (stock.count, 0), note
                    stock.check(db, note)
            undo(shop, scenario, rng, note)
            assert stock.state(db) == full, note
            stock.check(db, note)
            assert not db.keys("jobctl:op:*:*"), note
    finally:
        shop.stop()
