"""Regular expressions: what Python says they are, and no search without an end."""

from __future__ import annotations

import re
import time
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.errors import BadFilter
from jobctl.filter.patterns import compile_regex
from jobctl.model.entry import Entry
from jobctl.model.layout import Kind
from jobctl.systems.faktory.layout import FAKTORY
from tests.builders import failed

PIECES = st.sampled_from(
    [
        *"abc{}[]()|*+?.^$-#1 \n", "{2}", "{,2}", "{1,}", "{,}", "{e}", "{e<=1}", "{i}", "[^",
        "[[a]",
        "[[:alpha:]]", "(?:", "(?i)", "(?x)", "(?=", "(?!", "(?>", "(?#", "(?P<x>", "(?P=x)", "*+",
        r"\d", r"\s", r"\w", r"\b", r"\Z", r"\A", r"\\", r"\{", r"\[", r"\]", r"\1", "&&", "||",
        "--",
        r"\N{EM DASH}", "ß", "É",
    ]
)  # fmt: skip
TEXTS = [
    "", "a", "aab", "b{e}", "a{2}", "[:alp", "ab]", "{", "}", "a{e<=1}", "bc1", "x--y", "a&&b",
    "||",
    "\n", "é", "SS", "aa{,2}", "[a", "—", "1{i}c", "abcabc", "]", "#",
]  # fmt: skip
ENTRY = Entry.scored(failed("slow-0000001"), 1.0, Kind.RETRIES, FAKTORY)


@given(st.lists(PIECES, min_size=1, max_size=7).map("".join))
def test_it_is_and_finds_what_pythons_own_would(pattern):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            plain = re.compile(pattern)
        except re.error as error:
            plain, refused = None, (error.msg, error.pos or 0)
    if plain is None:
        with pytest.raises(BadFilter, match=re.escape(refused[0])) as raised:
            compile_regex(pattern, "--error")
        assert raised.value.at == (pattern, refused[1])
        return
    regex = compile_regex(pattern, "--error")
    for text in TEXTS:
        assert regex.found_in(text, ENTRY) == (plain.search(text) is not None)


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("(a|a)+$", 40), ("(a|aa)+$", 40), ("(?x) (a|a) +$", 40), ("(a+)+$", 5000),
        ("(.*a){12}$", 5000),
    ],
)  # fmt: skip
def test_a_search_that_takes_too_long_names_the_pattern_and_the_job(pattern, size):
    regex = compile_regex(pattern, "--error")
    begun = time.process_time()
    with pytest.raises(BadFilter) as raised:
        regex.found_in("a" * size + "!", ENTRY)
    assert time.process_time() - begun < 1
    assert raised.value.message == (
        f"--error: {pattern} takes longer than 100 ms on one text of job slow-0000001; "
        "nothing was changed"
    )


@pytest.mark.parametrize("piece", ["a*", "a+", "a?", ".*", "(a|a)", "(?=a*)", r"(a*)\1", "a{1,}"])
@pytest.mark.parametrize("times", [1, 2, 4])
def test_what_is_searched_without_a_bound_ends_soon(piece, times):
    regex = compile_regex(piece * times + "x", "-w")
    for text in ("a" * min(regex.harmless, 1_000_000), "ab" * min(regex.harmless // 2, 500_000)):
        begun = time.process_time()
        assert not regex.found_in(text, ENTRY)
        assert time.process_time() - begun < 0.2


@pytest.mark.parametrize("pattern", ["(?:a{1000}){1000}", "((a{100}){100}){100}", "a{99999999999}"])
def test_an_expression_that_would_fill_the_memory_is_refused(pattern):
    with pytest.raises(BadFilter, match="beyond all bounds"):
        compile_regex(pattern, "--error")


def test_a_uuid_may_be_spelled_out():
    pattern = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    regex = compile_regex(f"{pattern} {pattern}", "--error")
    ident = "5b0a1c9e-8b7f-4a65-9d6c-1f2e3d4c5b6a"
    assert regex.found_in(f"{ident} {ident}", ENTRY)
