"""A typed value means itself, or what tsv writes in this way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.filter.values import from_field, readings, to_field
from jobctl.filter.where import Flags, Where

TEXTS = st.text(st.sampled_from("\\tnra b\t\n\r\"'é,()=~"), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("SendEmail", ("SendEmail",)),
        (r"App\Jobs\X", (r"App\Jobs\X",)),
        (r"App\\Jobs\\X", (r"App\\Jobs\\X", r"App\Jobs\X")),
        (r"App\name", (r"App\name", "App\name")),
        (r"App\\name", (r"App\\name", r"App\name")),
        (r"a\b\\c", (r"a\b\\c",)),  # tsv would have doubled both
    ],
)
def test_what_a_value_means(typed, meant):
    assert readings(typed) == meant


@given(TEXTS)
def test_a_field_comes_back_and_is_among_its_readings(text):
    written = to_field(text)
    assert not {"\t", "\n", "\r"} & set(written)
    assert from_field(written) == text
    assert text in readings(written)
    assert text in readings(text)


@given(TEXTS)
def test_a_filter_reads_back_as_it_is_shown(text):
    where = Flags(jobtypes=(text,)).where()
    shown = Where.parse(str(where))
    assert str(shown) == str(where)
    assert {*Where.parse(str(shown)).tests[0].texts} == set(readings(text))
