"""Sorted sets: what is found in them, whatever it is and whatever happens meanwhile."""

from __future__ import annotations

import itertools
import json
import math
import struct

import pytest

from jobctl import connect
from jobctl.errors import WrongType
from jobctl.model.layout import SETS, Kind
from jobctl.redis.scripts import Chunk
from tests.builders import NOW, failed, job, reservation, retry
from tests.redis import doubles
from tests.redis.doubles import array, bulk
from tests.redis.runs import ODD_JIDS


def utf16(text: str) -> tuple[int, ...]:
    encoded = text.encode("utf-16-be")
    return struct.unpack(f">{len(encoded) // 2}H", encoded)


@pytest.mark.parametrize("kind", SETS)
def test_each_set_reads_its_own_key_and_keeps_score_and_bytes(raw, store, kind: Kind) -> None:
    member = reservation(job("held")) if kind is Kind.WORKING else failed("held")
    raw.zadd(kind.value, {member: NOW + 0.25})
    assert store.backend.set(kind).count() == 1
    (entry,) = store.backend.set(kind).walk()
    assert (entry.kind, entry.jid, entry.raw, entry.score) == (kind, "held", member, NOW + 0.25)
    assert [found.raw for found in store.backend.set(kind).find(["held"])] == [member]
    assert all(store.backend.set(other).count() == 0 for other in SETS if other is not kind)


@pytest.mark.parametrize("jid", ODD_JIDS)
def test_a_jid_is_found_exactly_however_it_is_spelled(raw, store, jid: str) -> None:
    escaped = failed(jid)  # as json.dumps writes it: what is not ASCII as \\uXXXX
    utf8 = json.dumps(json.loads(escaped), ensure_ascii=False).encode() + b" "
    hidden = b'{"jid":"' + b"".join(b"\\u%04X" % u for u in utf16(jid)) + b'"}'
    go = escaped.replace(b"&", b"\\u0026").replace(b"<", b"\\u003c").replace(b">", b"\\u003e")
    all_of_them = {escaped, utf8, hidden, go}
    retry(raw, *all_of_them, failed(jid + "x"), failed("x" + jid), failed("no", args=[jid]))
    for wanted in ([jid], [jid, "nobody"], [jid, *map(str, range(20))]):
        assert {entry.raw for entry in store.retries.find(wanted)} == all_of_them


def test_two_members_of_one_jid_are_both_found(raw, store) -> None:
    retry(raw, failed("twice", count=1), failed("twice", count=2))
    found = [entry.job.get("retry_count") for entry in store.retries.find(["twice"])]
    assert sorted(found) == [1, 2]


def test_a_thousand_jids_are_found_in_one_pass(raw, store) -> None:
    raw.zadd("dead", {failed(f"jid-{i:06}"): i for i in range(5000)})
    before = raw.info("commandstats")["cmdstat_zscan"]["calls"]
    wanted = [f"jid-{i:06}" for i in range(0, 7000, 7)]
    found = {entry.jid for entry in store.dead.find(wanted)}
    passed = raw.info("commandstats")["cmdstat_zscan"]["calls"] - before
    assert found == {jid for jid in wanted if jid < "jid-005000"}
    assert passed < 60


def test_what_a_scan_repeats_is_dropped() -> None:
    replies = itertools.cycle((
        array(bulk(b"7"), array(bulk(failed("a")), bulk(b"1"), bulk(failed("b")), bulk(b"2"))),
        array(bulk(b"0"), array(bulk(failed("b")), bulk(b"2"), bulk(failed("c")), bulk(b"3"))),
    ))  # fmt: skip
    double = doubles.redis_double(ZSCAN=lambda: next(replies))
    with doubles.serving(double) as port, connect(f"redis://127.0.0.1:{port}") as store:
        assert [entry.jid for entry in store.dead.find(["a", "b", "c"])] == ["a", "b", "c"]
        assert [entry.jid for entry in store.dead.scan(b"*")] == ["a", "b", "c"]


@pytest.mark.parametrize("grow", [True, False])
def test_a_set_that_is_rehashed_during_a_scan_repeats_and_misses_nothing(raw, store, grow) -> None:
    stay = {failed(f"stay-{i:05}"): i for i in range(800)}
    raw.zadd("dead", stay | {failed(f"go-{i:05}"): i for i in range(0 if grow else 20_000)})
    seen = []
    for entry in store.dead.scan(b"*stay-*"):
        seen.append(entry.raw)
        if len(seen) == 30:
            if grow:
                raw.zadd("dead", {failed(f"new-{i:05}"): i for i in range(20_000)})
            else:
                raw.zremrangebyscore("dead", 800, "+inf")
    assert sorted(seen) == sorted(stay)


def test_a_pattern_is_matched_by_the_server_and_on_the_whole_member(raw, store) -> None:
    retry(raw, failed("one", jobtype="A[1]"), failed("two", jobtype="A1"), b"no json")
    assert [e.jid for e in store.retries.scan(b'*"jobtype": "A\\[1\\]"*')] == ["one"]
    assert [e.jid for e in store.retries.scan(b"*A[0-9]*")] == ["two"]
    assert [e.raw for e in store.retries.scan(b"no json")] == [b"no json"]
    assert list(store.retries.scan(b"json")) == []


def test_scores_of_any_size_keep_their_order(raw, store) -> None:
    scores = [-math.inf, -1e300, -1.5, 0.0, 1e-300, NOW, 1e300, math.inf]
    raw.zadd("dead", {failed(f"jid-{i}"): score for i, score in enumerate(scores)})
    assert [entry.score for entry in store.dead.walk()] == scores
    assert [entry.score for entry in store.dead.walk(descending=True)] == scores[::-1]
    ends = store.dead.find(["jid-0", "jid-7"])
    assert {entry.score for entry in ends} == {-math.inf, math.inf}
    for offset in range(len(scores)):
        page = store.dead.walk(offset=offset, limit=2)
        assert [entry.score for entry in page] == scores[offset : offset + 2]


def test_the_place_is_found_again_among_infinite_scores(raw, store, monkeypatch) -> None:
    monkeypatch.setattr("jobctl.redis.scripts._BYTES", 10 * len(failed("jid-0000")))
    for score in (math.inf, -math.inf):
        members = [failed(f"jid-{i:04}") for i in range(200)]
        raw.delete("dead")
        raw.zadd("dead", dict.fromkeys(members, score))
        seen = []
        for entry in store.dead.walk():
            seen.append(entry.raw)
            if len(seen) == 55:
                raw.zrem("dead", *seen)
        assert seen == members


def test_a_reservation_is_found_by_the_job_inside_and_by_nothing_else(raw, store) -> None:
    raw.zadd("working", {
        reservation(job("inside"), wid="outside"): NOW,
        b'{"jid":"outer","job":{"jid":"x"}}': NOW,
        b'{"job":"inside"}': NOW,
        b'{"job":null,"wid":["inside"]}': NOW,
        b'["inside"]': NOW,
    })  # fmt: skip
    assert [e.reservation["wid"] for e in store.working.find(["inside"])] == ["outside"]
    assert [e.jid for e in store.working.find(["outside", "outer"])] == []
    assert len(list(store.working.walk())) == 5


def test_a_scan_left_early_leaves_the_connection_usable(raw, store) -> None:
    raw.zadd("dead", {failed(f"jid-{i:06}"): i for i in range(3000)})
    for source in (store.dead.scan(b"*"), store.dead.find(["jid-000001", "jid-002999"])):
        next(source)
        source.close()
        assert store.dead.count() == 3000


def test_a_key_of_another_type_is_named(raw, store) -> None:
    raw.lpush("dead", "x")
    for read in (store.dead.count, lambda: list(store.dead.walk()),
                 lambda: list(store.dead.find(["x"]))):  # fmt: skip
        with pytest.raises(WrongType, match=r"the key dead of unix://.* holds another type"):
            read()
    assert store.retries.count() == 0


def test_an_empty_set_has_nothing(store) -> None:
    assert list(store.dead.walk(descending=True, offset=5)) == []
    assert list(store.dead.find(["x"])) == []
    assert list(store.dead.scan(b"*")) == []


def test_a_scan_asks_for_as_many_members_as_redis_matches_in_five_milliseconds() -> None:
    chunk = Chunk(2000)
    sizes = []
    for seconds in (0.05, 0.05, 0.051, 0.054, 0.07, 0.15, 0.05):  # 50 ms of it are the way there
        chunk.learn(chunk.size, 0, seconds)
        sizes.append(chunk.size)
    assert sizes == pytest.approx([8, 64, 320, 400, 250, 250, 2000], abs=1)
