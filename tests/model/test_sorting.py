from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.model.jsontext import Number, loads
from jobctl.model.rows import sort_key

IN_ORDER = [
    Number("-1e99999999999999999999"),
    Number("-1e400"),
    Number("-12345678901234567891"),
    -5,
    Number("-0.1234567890123456789"),
    0,
    Number("1e-400"),
    0.1,
    7,
    Number("9007199254740992.5"),
    9007199254740993,
    Number("99999999999999999999"),
    Number("100000000000000000000"),
    1e300,
    Number("1e400"),
    Number("9" * 402),
    Number("1e99999999999999999999"),
    "0001-01-01T00:00:01Z",
    "2026-09-21T14:00:00+02:00",
    "2026-09-21T12:00:00.09Z",
    "2026-09-21T12:00:00.1Z",
    "2026-09-21T13:00:00Z",
    "",
    "10",
    "2026-02-30T00:00:00Z",
    "9",
    "a",
    "é",
    "\ud800",
    False,
    True,
    [2],
    [],
    {"a": 1},
]
NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=20).map(str),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
    max_leaves=5,
)


@given(values=st.permutations(IN_ORDER))
def test_numbers_come_by_value_then_times_then_text_then_the_rest(values):
    assert sorted(values, key=sort_key) == IN_ORDER


@given(texts=st.lists(NUMBERS, min_size=2, max_size=8))
def test_numbers_of_any_length_come_by_value(texts):
    values = [loads(text.encode()) for text in texts]
    ordered = [Decimal(str(value)) for value in sorted(values, key=sort_key)]
    assert ordered == sorted(ordered)


@given(values=st.lists(JSON, max_size=10), rolled=st.randoms(use_true_random=False))
def test_values_of_any_types_come_in_one_order_however_they_were_shuffled(values, rolled):
    ordered = [sort_key(value) for value in sorted(values, key=sort_key)]
    rolled.shuffle(values)
    assert ordered == [sort_key(value) for value in sorted(values, key=sort_key)]


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (True, "true"), ("1", 1), ([], "[]")])
def test_what_differs_has_a_different_key(one, other):
    assert sort_key(one) != sort_key(other)
