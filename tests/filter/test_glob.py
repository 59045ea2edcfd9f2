from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.filter.prefilter import compile_glob, escape
from tests.model.asking import ON_THE_SERVER, let_through

SPECIAL = st.sampled_from([b"a", b"b", b"*", b"?", b"[", b"]", b"^", b"-", b"\\", b"\xc3", b"\n"])
PATTERNS = st.one_of(st.lists(SPECIAL, max_size=10).map(b"".join), st.binary(max_size=8))
MEMBERS = st.lists(
    st.one_of(st.lists(SPECIAL, max_size=6).map(b"".join), st.binary(max_size=6)),
    min_size=1,
    max_size=20,
)

ODD = [
    (b"", b"", True),
    (b"", b"a", False),
    (b"*", b"", True),
    (b"**", b"", False),  # Redis' star asks for a character, unless it is the whole pattern
    (b"***", b"a", True),
    (b"a**", b"a", True),
    (b"?", b"", False),
    (b"a?c", b"a\nc", True),
    (b"*b", b"a\n\nb", True),
    (b"a\0*", b"a\0b", True),
    (b"a\0b", b"a", False),
    (b"[", b"[", False),
    (b"a[", b"a", False),
    (b"[]", b"]", False),
    (b"[]a]", b"a]", False),
    (b"[abc", b"b", True),
    (b"[a-c", b"b", True),
    (b"[^", b"x", True),
    (b"[^]", b"x", True),
    (b"[^]", b"", False),
    (b"[^a]", b"a", False),
    (b"[^a]b", b"xb", True),
    (b"[^a]b", b"xc", False),
    (b"[a-a]", b"b", False),
    (b"[\\a", b"a", True),
    (b"[\\a", b"\\", False),
    (b"[a^]", b"^", True),
    (b"[c-a]", b"b", True),
    (b"[a-]", b"-", False),  # a range from a to ], in a class that is never closed
    (b"[a-]", b"_", True),
    (b"[-a]", b"-", True),
    (b"[a-", b"-", True),
    (b"[\\]]", b"]", True),
    (b"[\\a-c]", b"b", False),
    (b"[\\a-c]", b"-", True),
    (b"[\\", b"\\", True),
    (b"[\x80-\xff]", b"\x90", True),
    (b"[a-\xff]", b"b", False),  # bytes are signed: from \xff through \x00 to a
    (b"[a-\xff]", b"Z", True),
    (b"[^a-\xff]", b"b", True),
    (b"\\", b"\\", True),
    (b"a\\", b"a\\", True),
    (b"\\*", b"*", True),
    (b"\\*", b"a", False),
    (b"\\a", b"a", True),
    (b"\\\\", b"\\", True),
    (b"*a*b", b"xaxxb", True),
    (b"*ab*ab", b"ab", False),
    (b"a*a", b"a", False),
    (b"*a?c*c", b"aacabcc", True),
]

NASTY = [
    b"*a*a*a*a*b",
    b"a*" * 500 + b"b",
    b"*?" * 300 + b"b",
    b"*[a-z]" * 300 + b"b",
    b"*" * 1000 + b"b",
    b"*" + b"a" * 2000 + b"b*",
    b"*" + b"a" * 2000 + b"b",
    b"*[^b]*[^b]*[^b]*[^b]*b*b",
]


@pytest.mark.parametrize(("pattern", "member", "matches"), ODD)
def test_odd_patterns_mean_what_the_server_makes_of_them(raw, pattern, member, matches):
    assert (member in let_through(raw, pattern, [member])) == matches
    assert bool(compile_glob(pattern).fullmatch(member)) == matches


@ON_THE_SERVER
@given(pattern=PATTERNS, members=MEMBERS)
def test_a_pattern_matches_the_members_that_the_server_lets_through(raw, pattern, members):
    compiled = compile_glob(pattern)
    here = {member for member in members if compiled.fullmatch(member)}
    assert here == let_through(raw, pattern, members)


@ON_THE_SERVER
@given(text=st.one_of(PATTERNS, st.text().map(str.encode)), members=MEMBERS)
def test_an_escaped_text_matches_itself_and_nothing_else(raw, text, members):
    pattern = escape(text)
    near = {text + b"a", b"a" + text, text[1:], text.swapcase(), text.replace(b"\\", b"")}
    here = {text, *members, *near}
    assert let_through(raw, pattern, here) == {text}
    assert {member for member in here if compile_glob(pattern).fullmatch(member)} == {text}


@ON_THE_SERVER
@given(characters=st.lists(st.sampled_from(b"\\u0^-]a[*"), min_size=1, max_size=6), members=MEMBERS)
def test_escaped_characters_in_a_class_stand_for_themselves(raw, characters, members):
    class_ = b"[" + escape(bytes(characters)) + b"]"
    allowed = {bytes([c]) for c in characters}
    here = {*allowed, *members}
    assert let_through(raw, class_, here) == allowed
    assert {member for member in here if compile_glob(class_).fullmatch(member)} == allowed


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (b"a*" * 1000 + b"b", True),
        (b"a*" * 1001, True),
        (b"a*" * 1001 + b"b", False),
        (b"*" * 3000 + b"b", True),
    ],
)
def test_more_stars_than_the_server_follows_match_nothing(raw, pattern, matches):
    member = b"a" * 1500 + b"b"
    assert (member in let_through(raw, pattern, [member])) == matches
    assert bool(compile_glob(pattern).fullmatch(member)) == matches


@pytest.mark.parametrize("pattern", NASTY, ids=lambda pattern: pattern[:12].decode())
def test_a_nasty_pattern_ends_quickly(pattern):
    began = time.process_time()
    assert compile_glob(pattern).fullmatch(b"a" * 10_000) is None
    assert time.process_time() - began < 1
