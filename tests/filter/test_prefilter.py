from __future__ import annotations

import json
import random
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jobctl.filter.patterns import compile_glob, escape, match_pattern, may_hold_jid
from jobctl.model.entry import Job
from jobctl.systems.faktory.layout import FAKTORY
from tests.builders import job
from tests.model.asking import ON_THE_SERVER, let_through

SHORT = {'"': b'\\"', "\\": b"\\\\", "/": b"\\/", "\b": b"\\b", "\f": b"\\f"}
SHORT |= {"\n": b"\\n", "\r": b"\\r", "\t": b"\\t"}
WORDS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
JIDS = st.one_of(
    st.text(WORDS, min_size=8, max_size=24),
    st.text(WORDS + '"\\/*?[]^-{}:, \t\n<>&', max_size=12),
    st.text(st.characters(), max_size=6),  # surrogates too
    st.sampled_from(["", "a", "0", "é", "\ud800", "日本", "jid", "1e5", "100000.0", "-0", "12345"]),
)
SPACES = st.text(" \t\n\r", max_size=2).map(str.encode)
NUMBERS = st.one_of(
    st.sampled_from(["0", "-0", "-0.0", "1e5", "1E5", "100000.0", "1e400", "15e-1", "1.50"]),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
MANY = [1, 5, 50]  # a different way is taken for one, a few and many


@st.composite
def spelled(draw, text):
    """A JSON string of this text, each character spelled in one of its ways."""
    return b'"' + b"".join(draw(st.sampled_from(spellings(c))) for c in text) + b'"'


def spellings(character):
    units = character.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2)]
    found = [b"".join(form % code for code in codes) for form in (b"\\u%04x", b"\\u%04X")]
    if character in SHORT:
        found.append(SHORT[character])
    if character >= " " and character not in '"\\':
        found.append(character.encode("utf-8", "surrogatepass"))
    return found


@st.composite
def members(draw, value):
    """A job's payload whose jid is this JSON value, with the key and the spaces spelled anyhow."""
    key = draw(st.one_of(st.just(b'"jid"'), spelled("jid")))
    others = draw(st.sampled_from([b"", b'"args":["\\"jid\\":"],', b'"custom":{"jid":"x"},']))
    return b"{" + others + key + draw(SPACES) + b":" + draw(SPACES) + value + b',"queue":"q"}'


def among(jid, count):
    return [*(f"filler-{i:06}" for i in range(count - 1)), jid]


@ON_THE_SERVER
@given(data=st.data())
def test_no_spelling_of_a_jid_is_kept_back(raw, data):
    jid = data.draw(JIDS)
    member = data.draw(members(data.draw(spelled(jid))))
    assume(
        Job.decode(member, FAKTORY).text("jid") == jid
    )  # two lone surrogates may have become one
    for count in MANY:
        assert may_hold_jid(among(jid, count))(member)
    pattern = match_pattern(jid)
    assert pattern is None or let_through(raw, pattern, [member]) == {member}


@ON_THE_SERVER
@given(data=st.data())
def test_no_spelling_of_a_number_is_kept_back(raw, data):
    member = data.draw(members(data.draw(NUMBERS).encode()))
    jid = Job.decode(member, FAKTORY).text("jid")
    assert jid is not None
    for count in MANY:
        assert may_hold_jid(among(jid, count))(member)
    pattern = match_pattern(jid)
    assert pattern is None or let_through(raw, pattern, [member]) == {member}


@ON_THE_SERVER
@given(data=st.data())
def test_no_spelling_of_a_type_is_kept_back(raw, data):
    jobtype = data.draw(st.one_of(JIDS, st.sampled_from(["Send<Email>", "Ns::Job", "a b", "R&D"])))
    member = b'{"jid":"x","jobtype":' + data.draw(spelled(jobtype)) + b"}"
    assume(Job.decode(member, FAKTORY).text("jobtype") == jobtype)
    pattern = match_pattern(jobtype)
    assert pattern is None or let_through(raw, pattern, [member]) == {member}


@pytest.mark.parametrize(
    "text", ["", "é", "日本", '"', "/", "\n", "\ud800", "1e+16", "1.0", "0", "-0.5"]
)
def test_a_text_without_a_plain_character_or_that_may_be_a_number_has_no_pattern(text):
    assert match_pattern(text) is None


@pytest.mark.parametrize("text", ["a", "abc", "12345", "*", "[x]", "日本a", 'say "hi there"'])
def test_any_other_text_has_a_pattern(raw, text):
    pattern = match_pattern(text)
    assert pattern is not None
    assert let_through(raw, pattern, [job(text), b"{}"]) == {job(text)}


def lifelike(count, seed=7):
    rolled = random.Random(seed)
    return ["".join(rolled.choices(WORDS[:62], k=16)) for _ in range(count)]


def escaped_by_go(jid):
    return json.dumps({"jid": jid, "args": ["<b>", "a&b"]}).encode().replace(b"<", b"\\u003c")


def test_nearly_all_other_members_are_kept_back(raw):
    wanted, *others = lifelike(501)
    rest = [job(jid) for jid in others[:250]] + [escaped_by_go(jid) for jid in others[250:]]
    found = let_through(raw, match_pattern(wanted), [job(wanted), *rest])
    assert job(wanted) in found
    assert len(found) <= 10
    assert sum(bool(may_hold_jid([wanted])(member)) for member in rest) <= 10


@pytest.mark.parametrize("count", [2, 5, 50])
def test_nearly_all_other_members_are_kept_back_by_several_jids_too(count):
    names = lifelike(count + 500)
    may_hold = may_hold_jid(names[:count])
    assert all(may_hold(job(jid)) for jid in names[:count])
    assert not any(may_hold(job(jid)) for jid in names[count:])
    assert not any(may_hold(escaped_by_go(jid)) for jid in names[count:])


@pytest.mark.parametrize("count", [1, 2, 50])
def test_the_jid_in_another_field_does_not_hide_the_one_that_counts(count):
    may_hold = may_hold_jid(among("wanted", count))
    assert may_hold(b'{"custom":{"jid":"other"},"jid":"wanted"}')
    assert may_hold(b'{"jid":"other","jid":"wanted"}')
    assert not may_hold(b'{"custom":{"jid":"other"},"jid":"another"}')


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
    b"*a*a*a*a*b", b"a*" * 500 + b"b", b"*?" * 300 + b"b", b"*[a-z]" * 300 + b"b",
    b"*" * 1000 + b"b", b"*" + b"a" * 2000 + b"b*", b"*" + b"a" * 2000 + b"b",
    b"*[^b]*[^b]*[^b]*[^b]*b*b",
]  # fmt: skip


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
