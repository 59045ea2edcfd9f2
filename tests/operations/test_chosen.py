"""The order in which chosen members are acted on."""

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from jobctl.operations.selection import Selection

scores = st.floats(allow_nan=False)
members = st.lists(st.tuples(scores, st.binary(min_size=1, max_size=12)), max_size=60)


def chosen_of(pairs):
    """Choose members; what is at an offset is the member itself."""
    chosen, stored, at = Selection(), {}, 0
    for score, raw in pairs:
        stored[at] = raw
        chosen.add([score], [raw], [at], [len(raw)])
        at += len(raw)
    chosen.settle(lambda offset, length: stored[offset])
    return chosen, stored


@given(members)
def test_they_come_in_the_order_redis_has_each_once(pairs):
    chosen, stored = chosen_of([*pairs, *pairs])  # all of them twice, as ZSCAN may
    found = [stored[offset] for offset, _ in chosen.places(0, len(chosen))]
    expected = sorted({(score + 0.0, raw) for score, raw in pairs})
    assert found == [raw for _, raw in expected]
    assert chosen.scores(0, len(chosen)) == [score for score, _ in expected]


@given(members, st.integers(0, 70))
def test_a_limit_keeps_those_of_lowest_score_and_counts_the_rest(pairs, limit):
    chosen, stored = chosen_of(pairs)
    whole = [stored[offset] for offset, _ in chosen.places(0, len(chosen))]
    assert chosen.cut(limit) == max(0, len(whole) - limit)
    assert [stored[offset] for offset, _ in chosen.places(0, 100)] == whole[:limit]


@given(st.lists(scores, min_size=1))
def test_scores_come_back_bit_for_bit(given_scores):
    chosen = Selection()
    raws = [str(i).encode() for i in range(len(given_scores))]
    chosen.add(given_scores, raws, range(len(raws)), [1] * len(raws))
    found = chosen.scores(0, len(raws))
    plain = [0.0 if score == 0 else score for score in given_scores]  # -0 and 0 are one score
    assert [struct.pack("d", s) for s in found] == [struct.pack("d", s) for s in plain]


def test_infinite_scores_stand_at_the_ends():
    chosen, stored = chosen_of([(math.inf, b"last"), (0.0, b"middle"), (-math.inf, b"first")])
    assert [stored[o] for o, _ in chosen.places(0, 3)] == [b"first", b"middle", b"last"]


def test_very_many_of_one_score_are_told_apart_without_holding_them(monkeypatch):
    monkeypatch.setattr("jobctl.operations.selection._TIED", 100)
    pairs = [(5.0, b"member-%03d" % i) for i in range(50)]
    chosen, stored = chosen_of(pairs * 2)
    assert sorted(stored[o] for o, _ in chosen.places(0, 200)) == [raw for _, raw in pairs]
    again, _ = chosen_of(pairs * 2)
    assert list(again.places(0, 200)) == list(chosen.places(0, 200))
