"""Queries against a plain look at everything: whatever the plan, the same answer."""

import random
from dataclasses import replace

import pytest

from jobctl.errors import UsageProblem
from jobctl.model.jobba import MOMENTS, RecordLayout, RecordState, TimeClause, decode
from jobctl.model.rows import Page, SortOrder, sort_key
from jobctl.records import find as finding
from jobctl.records import plan as planning
from jobctl.records.find import count, explain, find, found, index_count
from jobctl.records.plan import Way
from jobctl.records.query import Query
from tests.recording import START, orphan, record

NOW = START / 1e6 + 100
NAMES = ("Import", "Send:Email", "", "Zoë 💥")
CONDITIONS = (
    "state=failed", "state=completed,queued", "state!=unknown", "job_name=Import",
    "job_name=Import,'Send:Email'".replace("'", '"'), 'job_name=""', "job_arg=u-1,u-2",
    "provider_job_id=7", "recorded_at>=-70s", "recorded_at<-50s", "failed_at>=-60s",
    "id=r-1,r-2,r-30,gone,ghost-2", "progress>0.5", "error~boom", "not (job_name=Import)",
    "attempt=1", "state=failed or job_name=Import", "recorded_at=null", "job_args.user=u-1",
)  # fmt: skip


def seed(raw, rng, size):
    """Records with every kind of gap, tie and contradiction."""
    layout = RecordLayout()
    for i in range(size):
        state = rng.choice(list(RecordState))
        record(
            raw, f"r-{i}", state=state.value,
            progress=rng.choice([0, 0.25, 0.75, 1.0, 1e300, None]),
            job_name=rng.choice([None, *NAMES]),
            job_args=rng.choice([None, {"user": "u-1"}, {"user": "u-2", "to": "u-3"}]),
            provider_job_id=rng.choice([None, 7, "7", "x"]),
            attempt=rng.choice([0, 1]),
            errors=rng.choice([[], ["boom"], None]),
            recorded_at=rng.choice([None, START + rng.randrange(6) * 10_000_000]),
            failed_at=rng.choice([None, START + rng.randrange(10**8)]),
        )  # fmt: skip
        if rng.random() < 0.1:  # a restart by the gem left it in its old state's set
            raw.sadd(layout.state(rng.choice(list(RecordState))), f"r-{i}")
    for i in range(size // 10):
        raw.hset(f"jobba:id:stub-{i}", "progress", "0.5")  # a write after its deletion
        orphan(raw, f"stub-{i}", rng.choice(list(RecordState)).value, "job_name:Import")
        orphan(raw, f"ghost-{i}", rng.choice(list(RecordState)).value, "recorded_at", "failed_at")
        orphan(raw, f"ghost-{i}", "job_name:Import")


class Plainly:
    """The answer by looking at everything."""

    def __init__(self, raw, reader):
        self.sets, self.times = {}, {}
        for key in raw.scan_iter("jobba:*"):
            kind = raw.type(key)
            if kind == b"set":
                self.sets[key] = raw.smembers(key)
            elif kind == b"zset":
                self.times[key] = dict(raw.zscan_iter(key))
        self.reader = reader

    def ids(self, wanted):
        named = [
            set(c.values)
            for c in wanted.clauses
            if not isinstance(c, TimeClause) and c.field == "id"
        ]
        if named:
            universe = {value.encode() for value in set.intersection(*named)}
        elif wanted.clauses:
            universe = set().union(*self.sets.values(), *self.times.values())
        else:
            states = [self.sets.get(RecordLayout().state(state), set()) for state in RecordState]
            universe = set().union(*states, self.times.get(b"jobba:recorded_at", ()))
        return {i for i in universe if all(self.meets(i, clause) for clause in wanted.clauses)}

    def entries(self, wanted, met):
        """Count as the gem does: of states alone it adds up the sizes of their sets."""
        states = [c for c in wanted.clauses if getattr(c, "field", None) == "state"]
        if len(wanted.clauses) != len(states) or len(states) > 1:
            return len(met)
        names = states[0].values if states else RecordState
        return sum(len(self.sets.get(RecordLayout().state(RecordState(n)), ())) for n in names)

    def meets(self, ident, clause):
        if isinstance(clause, TimeClause):
            score = self.times.get(RecordLayout().moment(clause.field), {}).get(ident)
            low, high = clause.low, clause.high
            return (
                score is not None
                and (low is None or score >= low)
                and (high is None or score <= high)
            )
        if clause.field == "id":
            return decode(ident) in clause.values
        prefix = "jobba:" if clause.field == "state" else f"jobba:{clause.field}:"
        return any(ident in self.sets.get(f"{prefix}{v}".encode(), ()) for v in clause.values)

    def find(self, query, order, page):
        wanted = query.split(NOW)
        records = [r for i in self.ids(wanted) if (r := self.reader.find(decode(i)))]
        kept = [r for r in records if wanted.keeps(r, NOW)]
        first, last = [], []
        reverse = order.reverse if order.field else not order.reverse
        for each in kept:
            key = self.key(each, order.field or "recorded_at")
            (last if key is None else first).append((key, each.id.encode()))
        first.sort(reverse=reverse)
        ids = [ident for _, ident in first] + sorted(ident for _, ident in last)
        end = None if page.limit is None else page.offset + page.limit
        return [decode(ident) for ident in ids[page.offset : end]]

    def key(self, each, field):
        if field in MOMENTS:
            return self.times.get(RecordLayout().moment(field), {}).get(each.id.encode())
        if field == "id":
            return ""
        value = each.listed(field)
        return None if value is None else sort_key(value)


def ways(plan):
    """Every plan there could be for it."""
    yield plan
    if plan.way is Way.NOTHING:
        return
    yield replace(plan, way=Way.DRIVE)
    yield replace(plan, way=Way.DRIVE, clauses=plan.clauses[::-1])
    if plan.order is not None:
        yield replace(plan, way=Way.WALK, budget=None, chunk=3)
        yield replace(plan, way=Way.WALK, budget=7, chunk=2)


@pytest.mark.parametrize("seeded", range(4))
def test_every_plan_gives_what_a_look_at_everything_gives(raw, store, seeded, monkeypatch):
    monkeypatch.setattr(finding, "SLACK", 1)
    rng = random.Random(seeded)
    seed(raw, rng, rng.choice([3, 60, 200]))
    reader, plainly = store.records, Plainly(raw, store.records)
    before = digest(raw)
    for _ in range(120):
        query = Query.parse(*rng.sample(CONDITIONS, rng.choice([0, 1, 1, 2, 2, 3])))
        field = rng.choice(
            [None, None, "id", "recorded_at", "failed_at", "job_name", "progress", "state"]
        )
        order = SortOrder(field, rng.random() < 0.5)
        page = rng.choice([Page(), Page(0, 1), Page(0, 5), Page(3, 4), Page(7, 1000), Page(0, 0)])
        expected = plainly.find(query, order, page)
        got = [r.id for r in find(reader, query, order, page, NOW)]
        assert got == expected, (str(query), order, page)
        plan = explain(reader, query, order, page, NOW)
        for each in ways(plan):
            assert [r.id for r in found(reader, each, page, NOW)] == expected, (each, str(query))
        wanted = query.split(NOW)
        counted = count(reader, query, NOW)
        assert counted.records == len(plainly.find(query, order, Page()))
        met = set() if wanted.states == frozenset() else plainly.ids(wanted)
        named = {str(clause).startswith("id=") for clause in wanted.clauses} == {True}
        gone = sum(reader.find(decode(i)) is None for i in met)
        assert counted.orphans == (0 if named else gone)
        if not wanted.rest:
            assert index_count(reader, query, NOW) == plainly.entries(wanted, met)
    assert digest(raw) == before


def digest(raw):
    """Everything that is in the database."""
    return {key: raw.dump(key) for key in raw.scan_iter("*")}


def test_many_ids_of_one_moment_come_once_each_in_both_directions(raw, store):
    ids = [f"tied-{i:05}" for i in range(5000)]
    for ident in ids:
        raw.hset(f"jobba:id:{ident}", mapping={"id": f'"{ident}"', "state": '"queued"'})
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
    for ident in ids:
        raw.hset(f"jobba:id:{ident}", mapping={"id": f'"{ident}"', "state": '"queued"'})
    raw.zadd("jobba:recorded_at", dict.fromkeys(ids, START))
    shown = []
    for each in store.records.where(reverse=True):
        shown.append(each.id)
        if len(shown) in (10, 1500, 2600):
            raw.zrem("jobba:recorded_at", *shown[:-3])
            raw.zadd("jobba:recorded_at", {f"a-{len(shown)}": START})
    assert shown == ids


def test_a_large_walk_gives_up_where_the_page_lies_at_its_end(raw, store):
    with raw.pipeline(transaction=False) as pipe:
        for i in range(30_000):
            state = "failed" if i < 3000 else "queued"
            pipe.hset(f"jobba:id:r-{i:05}", mapping={"id": f'"r-{i:05}"', "state": f'"{state}"'})
            pipe.sadd(f"jobba:{state}", f"r-{i:05}")
            pipe.zadd("jobba:recorded_at", {f"r-{i:05}": START + i})
        pipe.execute()
    plan = store.records.explain("state=failed", limit=5)
    assert (plan.way, plan.budget) == (Way.WALK, 225)
    assert [r.id for r in store.records.where("state=failed", limit=5)] == [
        "r-02999", "r-02998", "r-02997", "r-02996", "r-02995",
    ]  # fmt: skip
    newest = store.records.where("state=queued", limit=2, offset=1)
    assert [r.id for r in newest] == ["r-29998", "r-29997"]


def test_of_several_clauses_a_walk_is_tried_and_gives_up_where_nothing_meets_all(raw, store):
    with raw.pipeline(transaction=False) as pipe:
        for i in range(12_000):
            state = "failed" if i % 3 else "queued"
            pipe.hset(f"jobba:id:r-{i:05}", mapping={"id": f'"r-{i:05}"', "state": f'"{state}"'})
            pipe.sadd(f"jobba:{state}", f"r-{i:05}")
            pipe.sadd(f"jobba:job_name:{'Even' if i % 2 else 'Odd'}", f"r-{i:05}")
            pipe.sadd(f"jobba:job_name:{state}", f"r-{i:05}")
            pipe.zadd("jobba:recorded_at", {f"r-{i:05}": START + i})
        pipe.execute()
    explained = store.records.explain
    plan = explained("state=failed", "job_name=Even", limit=5)
    assert plan.way is Way.WALK
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
    assert (walk.way, walk.chunk, walk.budget) == (Way.WALK, 1000, 3250)
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
