"""Queries against a plain look at everything: whatever the plan, the same answer."""

import json
import random

import pytest

from jobctl.errors import UsageProblem
from jobctl.model.rows import Page, SortOrder
from jobctl.records import find
from jobctl.records import plan as planning
from jobctl.records.plan import Way
from jobctl.records.query import Query
from tests.everything import everything
from tests.recording import START, orphan, record
from tests.records.gem import STATES
from tests.records.history import check
from tests.records.model import World
from tests.records.oracle import NAMES, PIDS, question

NOW = START / 1e6 + 100


def seed(raw, rng, size):
    """Records with every kind of gap, tie and contradiction."""
    for i in range(size):
        record(
            raw, f"r-{i}", state=rng.choice(STATES),
            progress=rng.choice([0, 0.25, 0.75, 1.0, 1e300, None]),
            job_name=rng.choice([None, "", *NAMES]),
            job_args=rng.choice([None, {"user": "u-1"}, {"user": "42", "to": "a:b"}]),
            provider_job_id=rng.choice([None, *PIDS]),
            attempt=rng.choice([0, 1]),
            errors=rng.choice([[], ["boom"], None]),
            recorded_at=rng.choice([None, START + rng.randrange(6) * 10_000_000]),
            failed_at=rng.choice([None, START + rng.randrange(10**8)]),
        )  # fmt: skip
        if rng.random() < 0.1:  # a restart by the gem left it in its old state's set
            raw.sadd(f"jobba:{rng.choice(STATES)}", f"r-{i}")
    for i in range(size // 10):
        raw.hset(f"jobba:id:stub-{i}", "progress", "0.5")  # a write after its deletion
        orphan(raw, f"stub-{i}", rng.choice(STATES), "job_name:Import")
        orphan(raw, f"ghost-{i}", rng.choice(STATES), "recorded_at", "failed_at")
        orphan(raw, f"ghost-{i}", "job_name:Import")


@pytest.mark.parametrize("size", [3, 40, 100, 200])
def test_every_plan_gives_what_a_look_at_everything_gives(raw, store, size, monkeypatch):
    monkeypatch.setattr(find, "SLACK", 1)
    rng = random.Random(size)
    seed(raw, rng, size)
    before, world = everything(raw), World.read(raw)
    for _ in range(100):
        asked = question(rng, world, ("r-1", "r-2", "r-30", "gone", "ghost-2"))
        check(store, world, asked, walks=((3, None), (2, 7)))
    assert everything(raw) == before


def write(raw, ids, state):
    """Write records that hold their id and state alone, and are in no index."""
    raw.eval(
        "for _, id in ipairs(ARGV) do "
        "redis.call('HSET', 'jobba:id:' .. id, 'id', '\"' .. id .. '\"', 'state', KEYS[1]) end",
        1, json.dumps(state), *ids,
    )  # fmt: skip


def test_many_ids_of_one_moment_come_once_each_in_both_directions(raw, store):
    ids = [f"tied-{i:05}" for i in range(5000)]
    write(raw, ids, "queued")
    for moment, few in ((START, ids[:4000]), (START + 1, ids[4000:])):
        raw.zadd("jobba:recorded_at", dict.fromkeys(few, moment))
    records = store.records
    assert [r.id for r in records.where()] == ids[4000:][::-1] + ids[:4000][::-1]
    assert [r.id for r in records.where(reverse=True)] == ids
    exact = f"recorded_at={START // 10**6}"
    assert [r.id for r in records.where(exact, reverse=True)] == ids[:4000]
    assert [r.id for r in records.where(exact, limit=3)] == ids[3999:3996:-1]


def test_what_leaves_during_a_walk_takes_nobody_with_it(raw, store):
    ids = [f"tied-{i:05}" for i in range(4000)]
    write(raw, ids, "queued")
    raw.zadd("jobba:recorded_at", dict.fromkeys(ids, START))
    shown = []
    for each in store.records.where(reverse=True):
        shown.append(each.id)
        if len(shown) in (10, 1500, 2600):
            raw.zrem("jobba:recorded_at", *shown[:-3])
            raw.zadd("jobba:recorded_at", {f"a-{len(shown)}": START})
    assert shown == ids


def test_a_large_walk_gives_up_where_the_page_lies_at_its_end(raw, store):
    ids = [f"r-{i:05}" for i in range(30_000)]
    for state, some in (("failed", ids[:3000]), ("queued", ids[3000:])):
        write(raw, some, state)
        raw.sadd(f"jobba:{state}", *some)
    raw.zadd("jobba:recorded_at", {ident: START + i for i, ident in enumerate(ids)})
    plan = store.records.explain("state=failed", limit=5)
    assert (plan.way, plan.budget) == (Way.WALK, 225)
    found = [r.id for r in store.records.where("state=failed", limit=5)]
    assert found == ["r-02999", "r-02998", "r-02997", "r-02996", "r-02995"]
    newest = store.records.where("state=queued", limit=2, offset=1)
    assert [r.id for r in newest] == ["r-29998", "r-29997"]


def test_of_several_clauses_a_walk_is_tried_and_gives_up_where_nothing_meets_all(raw, store):
    ids = [f"r-{i:05}" for i in range(12_000)]
    queued, failed = ids[::3], [*ids[1::3], *ids[2::3]]
    for state, some in (("queued", queued), ("failed", failed)):
        write(raw, some, state)
        raw.sadd(f"jobba:{state}", *some)
        raw.sadd(f"jobba:job_name:{state}", *some)
    raw.sadd("jobba:job_name:Even", *ids[1::2])
    raw.zadd("jobba:recorded_at", {ident: START + i for i, ident in enumerate(ids)})
    explained = store.records.explain
    assert explained("state=failed", "job_name=Even", limit=5).way is Way.WALK
    nothing = explained("state=failed", "job_name=queued", limit=5)
    assert nothing.way is Way.WALK
    assert nothing.budget is not None
    assert explained("state=failed", "job_name=Even").way is Way.DRIVE
    assert explained("state=failed", "job_name=None", limit=5).way is Way.NOTHING
    assert explained("recorded_at>=-1d", "state=failed", limit=5).way is Way.NOTHING
    assert list(store.records.where("state=failed", "job_name=queued", limit=5)) == []


def test_the_choice_depends_on_what_it_costs():
    wanted = Query.parse("state=failed", "job_name=A").split(NOW)
    walk = planning.make_plan(wanted, [150_000, 80_000], 1_000_000, SortOrder(), Page(0, 20))
    assert (walk.way, walk.chunk, walk.budget) == (Way.WALK, 1125, 1125)
    rare = planning.make_plan(wanted, [150_000, 5_000], 1_000_000, SortOrder(), Page(0, 20))
    assert rare.way is Way.DRIVE
    whole = planning.make_plan(wanted, [150_000, 80_000], 1_000_000, SortOrder(), Page())
    assert whole.way is Way.DRIVE


def test_the_library_refuses_what_makes_no_sense(store):
    for ask, said in (
        (lambda: store.records.where(offset=3), "offset goes with limit"),
        (lambda: store.records.where(limit=-1), "limit is negative"),
        (lambda: store.records.where(limit=1, offset=-1), "offset is negative"),
        (lambda: store.records.where(sort="jobname"), "no field 'jobname'"),
        (lambda: store.records.where("stat=failed"), "no field 'stat'"),
    ):
        with pytest.raises(UsageProblem, match=said):
            ask()
