"""The indexes as they are read: page by page, tested on the way, every call bounded."""

import pytest

from jobctl.model.jobba import SetClause, TimeClause
from jobctl.redis.record_indexes import PAGE, Budget
from tests.recording import START

IDS = [b"r-%05d" % i for i in range(5000)]


@pytest.fixture
def indexes(raw, store):
    raw.sadd("jobba:queued", *IDS)
    raw.sadd("jobba:job_name:Even", *IDS[::2])
    raw.zadd("jobba:recorded_at", {ident: START + i for i, ident in enumerate(IDS)})
    return store.records.indexes


def flat(pages):
    return [ident for page in pages for ident in page]


def test_a_set_gives_each_member_and_a_span_its_order(indexes):
    assert set(flat(indexes.matching(SetClause("state", ("queued",))))) == set(IDS)
    assert flat(indexes.matching(TimeClause("recorded_at"))) == IDS
    assert flat(indexes.matching(TimeClause("recorded_at"), descending=True, size=3)) == IDS[::-1]
    some = TimeClause("recorded_at", START + 10, START + 20)
    assert flat(indexes.matching(some, size=2)) == IDS[10:21]
    assert flat(indexes.matching(TimeClause("recorded_at", 2, 1))) == []
    assert flat(indexes.matching(SetClause("state", ("failed",)))) == []


@pytest.mark.parametrize("gone", [0, 1, 30, 300, 3000])
@pytest.mark.parametrize("added", [0, 1, 3000])
def test_everything_is_what_stays_whatever_comes_and_goes_before_it(raw, indexes, gone, added):
    raw.delete("jobba:queued")
    raw.sadd("jobba:failed", "unrecorded")
    shown = []
    for number, page in enumerate(indexes.everything()):
        shown += page
        if number and gone:
            raw.zremrangebyrank("jobba:recorded_at", 0, gone - 1)
        if number == 2 and added:
            raw.zadd("jobba:recorded_at", {f"new-{i}": i for i in range(added)})
    stays = set(raw.zrange("jobba:recorded_at", 0, -1)) | {b"unrecorded"}
    assert {ident for ident in stays if not ident.startswith(b"new")} <= set(shown)
    if not gone and not added:
        assert sorted(set(shown)) == [*IDS, b"unrecorded"]


def test_what_is_tested_keeps_its_order(indexes):
    even, some = SetClause("job_name", ("Even", "None")), TimeClause("recorded_at", START + 100)
    assert flat(indexes.matching(TimeClause("recorded_at"), [even, some])) == IDS[100::2]
    assert indexes.passing([*IDS[103:99:-1], b"else"], [even, some]) == [IDS[102], IDS[100]]
    named = SetClause("id", ("r-00102", "r-00103", "else"))
    assert flat(indexes.matching(named, [even])) == [IDS[102]]
    assert flat(indexes.matching(even, [named])) == [IDS[102]]
    many = SetClause("job_name", (*map(str, range(20)), "Even"))
    assert flat(indexes.matching(TimeClause("recorded_at"), [many])) == IDS[::2]


def test_a_budget_ends_a_walk_behind_the_page_that_uses_it_up(indexes):
    budget = Budget(100)
    even = SetClause("job_name", ("Even",))
    found = flat(indexes.matching(TimeClause("recorded_at"), [even], size=60, budget=budget))
    assert found == IDS[:180:2]
    assert not budget.lasts


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("taken", [1, 40, 1500, 5000])
def test_what_stays_of_one_score_is_not_passed_over_while_others_take_what_was_shown(
    raw, store, monkeypatch, descending, taken
):
    raw.zadd("jobba:recorded_at", dict.fromkeys(IDS, START) | {"before": 1.0, "last": START + 1.0})
    expected = [b"before", *IDS, b"last"]
    connection, sent = store.backend.connection, [0]
    send, shown = connection._send, []

    def meanwhile(commands):  # before each page, and between its rank and the page itself
        sent[0] += 1
        if shown[-taken:]:
            raw.zrem("jobba:recorded_at", *shown[-taken:])
            del shown[-taken:]
        send(commands)

    monkeypatch.setattr(connection, "_send", meanwhile)
    found = []
    for page in store.records.indexes.matching(TimeClause("recorded_at"), descending=descending):
        found += page
        shown += page
    assert found == (expected[::-1] if descending else expected)
    assert sent[0] < 300


def test_sizes_are_those_of_the_indexes(indexes):
    clauses = [SetClause("state", ("queued", "failed")), TimeClause("recorded_at", None, START + 9),
               SetClause("id", ("a", "b")), SetClause("job_name", ("None",))]  # fmt: skip
    assert indexes.sizes(clauses) == [5000, 10, 2, 0]
    assert indexes.sizes([]) == []


def test_no_call_of_a_query_is_about_more_than_a_page(raw, jobctl):
    with raw.pipeline(transaction=False) as pipe:
        for ident in IDS:
            pipe.hset(b"jobba:id:" + ident, mapping={"id": b'"%b"' % ident, "state": '"queued"'})
        pipe.sadd("jobba:queued", *IDS)
        pipe.sadd("jobba:job_name:A", *IDS[1000:])
        pipe.zadd("jobba:recorded_at", dict.fromkeys(IDS, START))
        pipe.execute()
    for asked in (
        ("-o", "ids"), ("--count",), ("-w", "state=queued", "--count"), ("--sort", "progress"),
        ("-w", "state=queued", "-w", "job_name=A"), ("-w", "job_name=A", "--count"),
        ("--limit", "2", "--offset", "4000"), ("--count", "--index"),
    ):  # fmt: skip
        ran = jobctl("query", *asked, "--debug")
        assert ran.code == 0
        sent = [line.split() for line in ran.err.splitlines() if line.startswith("> ")]
        replies = [line.split() for line in ran.err.splitlines() if line.endswith(" ms")]
        assert sent
        assert max(map(len, sent)) <= PAGE * 1.1  # SSCAN gives a few more than it was asked for
        assert max(int(words[1]) for words in replies if words[2] == "items") <= 2 * (PAGE + 502)
