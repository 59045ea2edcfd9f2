from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobctl.model.jsontext import DEEPEST, Number, dumps, loads, loads_own, text_of

TEXTS = st.one_of(st.text(), st.text(st.characters(), max_size=4))  # lone surrogates too
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**80), 2**80),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?", fullmatch=True
)
LONG_NUMBERS = st.from_regex(
    r"-?[1-9][0-9]{16,40}(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?|0\.[0-9]{16,40}", fullmatch=True
)
JUNK = st.lists(
    st.sampled_from(
        [
            *'{}[],:"\\ é\x01\ufeff',
            *("1", "-0", "1e9", "0.1", "12345678901234567890", "null", '"a"', '{"a":', "[1,"),
            *("\\u00e9", "\\ud800"),
        ]
    ),
    max_size=8,
)
LONG = [
    "12345678901234567", "-12345678901234567", "18446744073709551616", "9" * 5000, "1e400",
    "-1E+400", "0.1234567890123456789", "123456789012345678.50e-3", "1234567890123456.0",
    "1." + "0" * 5000 + "1",
]  # fmt: skip


@given(value=VALUES, ascii_only=st.booleans(), indent=st.booleans())
def test_what_is_read_and_written_reads_back_to_the_same(value, ascii_only, indent):
    raw = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    said = json.loads(raw)  # two lone surrogates may have become one character
    written = dumps(loads(raw), indent=indent)
    assert json.loads(written.decode()) == said
    assert json.loads(dumps(loads(written)).decode()) == said


@given(pieces=JUNK)
@settings(max_examples=300)
def test_what_is_read_is_what_the_standard_json_reads_and_else_refused(pieces):
    raw = "".join(pieces).encode("utf-8", "surrogatepass")
    try:
        said = json.loads(raw)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            loads(raw)
    else:
        assert json.loads(dumps(loads(raw)).decode()) == said


@given(raw=st.binary(max_size=12))
def test_any_bytes_are_read_or_refused_with_a_value_error(raw):
    try:
        written = dumps(loads(raw))
    except ValueError:
        return
    assert json.loads(written) == json.loads(raw)


@pytest.mark.parametrize("text", LONG, ids=lambda text: text[:24])
def test_a_long_number_is_written_as_it_stood(text):
    assert dumps(loads(text.encode())) == text.encode()
    assert text_of(loads(text.encode())) == text
    around = b'{"id":[%b,"x"]}' % text.encode()
    assert dumps(loads(around)) == around
    assert text.encode() + b",\n" in dumps(loads(around), indent=True)


@given(text=LONG_NUMBERS)
def test_a_number_of_seventeen_digits_or_more_is_written_as_it_stood(text):
    assert dumps(loads(text.encode())) == text.encode()


@given(text=NUMBERS)
def test_a_shorter_number_keeps_its_value(text):
    assert json.loads(dumps(loads(text.encode())), parse_float=float) == json.loads(text)


def test_beside_a_long_number_every_other_keeps_its_text_too():
    raw = b"[12345678901234567890,1e5,-0,1.50,25,-0.0,100000000000000]"
    assert dumps(loads(raw)) == raw
    assert loads(raw)[4] == 25


def test_zero_may_be_negative():
    assert loads(b"-0") == 0
    assert dumps(loads(b"-0.0")) == b"-0.0"


@pytest.mark.parametrize(
    "raw",
    [
        b"", b" ", b"NaN", b"Infinity", b"-Infinity", b'{"a":NaN,"b":12345678901234567890}',
        b"[-Infinity,12345678901234567890]", b"nul", b"True", b"01", b"1.", b".5", b"+1", b"0x10",
        b"[1,]", b'{"a":1,}', b"{'a':1}", b'{"a"}', b"{1:2}", b"1 2", b'"a', b'"\\x41"', b'"\\u12"',
        b'"\xff"', b'"\xc3"', b'"\xc0\x80"', b'"tab\there"', b'"line\nbreak"', b'"nul\0"',
        b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf{}", '{"jid":"x"}'.encode("utf-16"),
        '{"jid":"x"}'.encode("utf-16-le"), '{"jid":"x"}'.encode("utf-32"), b"1_000", "٣".encode(),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(raw):
    with pytest.raises(ValueError, match=r"."):
        loads(raw)


CORES = pytest.mark.parametrize("core", [b"1", b"12345678901234567890", b'"\\ud800"', b'"[[{"'])
BRACKETS = pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])


@pytest.mark.parametrize("depth", [500, DEEPEST])
@CORES
@BRACKETS
def test_deep_nesting_is_read_and_written(depth, opening, closing, core):
    raw = opening * depth + core + closing * depth
    assert dumps(loads(raw)) == raw
    assert dumps(loads(raw), indent=True) == raw


@pytest.mark.parametrize("depth", [DEEPEST + 1, 5000, 100_000])
@CORES
@BRACKETS
@pytest.mark.parametrize("read", [loads, loads_own])
def test_deeper_nesting_is_refused_by_a_bound_of_its_own(depth, opening, closing, core, read):
    with pytest.raises(ValueError, match="nested too deeply: more than 1,024 levels"):
        read(opening * depth + core + closing * depth)


def test_brackets_in_strings_are_no_nesting():
    raw = b'["' + b'[{\\"' * 5000 + b'",12345678901234567890]'
    assert dumps(loads(raw)) == raw


def test_nesting_counts_from_wherever_the_call_stands():
    def below(levels: int) -> object:
        return below(levels - 1) if levels else loads(b"[" * DEEPEST + b"1e400" + b"]" * DEEPEST)

    limit = sys.getrecursionlimit()
    assert below(limit - 300) is not None
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize("other", [b"1", b"12345678901234567890"])
def test_of_duplicate_keys_the_last_wins(other):
    read = loads(b'{"jid":"first","n":' + other + b',"jid":"last"}')
    assert read["jid"] == "last"
    assert list(read) == ["jid", "n"]


@pytest.mark.parametrize("raw", [b'"\\ud800"', b'"\xed\xa0\x80"'])
def test_a_lone_surrogate_is_read_however_it_is_spelled_and_written_as_an_escape(raw):
    assert loads(raw) == "\ud800"
    assert dumps(loads(raw)) == b'"\\ud800"'
    assert dumps(["\ud800", "é", Number("1e400")]) == '["\\ud800","é",1e400]'.encode()
    assert dumps({"\ud800": {"a": [True]}, "b": None}) == b'{"\\ud800":{"a":[true]},"b":null}'


def test_a_byte_order_mark_is_passed_over():
    assert loads(b'\xef\xbb\xbf{"jid":"x"}') == {"jid": "x"}


def test_control_characters_are_written_as_escapes():
    assert dumps(loads(b'"\\u0000\\u001b\\n"')) == b'"\\u0000\\u001b\\n"'


@pytest.mark.parametrize(
    ("value", "text"),
    [("a\nb", "a\nb"), (None, "null"), (True, "true"), (1.5, "1.5"), (["é"], '["é"]')],
)
def test_plain_text_is_the_string_itself_or_json(value, text):
    assert text_of(value) == text
