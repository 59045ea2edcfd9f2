"""Documents are made of files as the server makes them, and know where each line is from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.cron.files import Document, FilePlace

PARTS = st.lists(st.binary(max_size=20) | st.sampled_from([b"\n\n", b"a\r\nb", b"\xef\xbb\xbfx"]))


@given(PARTS.filter(bool))
def test_every_line_of_every_file_is_found_again(raws):
    document = Document.of([(str(i), raw) for i, raw in enumerate(raws)])
    line = 0
    for name, raw in document.parts:
        for its in range(1, raw.count(b"\n") + 2):
            line += 1
            assert document.place(line, 1) == FilePlace(name, its, 1)
    assert len(document.lines) == line + 1  # behind the last line feed is nothing


def test_only_the_mark_at_the_very_start_is_taken_away():
    document = Document.of([("a", b"\xef\xbb\xbfx=1"), ("b", b"\xef\xbb\xbfy=2")])
    assert document.lines == ("x=1", "\ufeffy=2", "")


def test_carriage_returns_before_line_feeds_are_no_part_of_a_line():
    assert Document.of([("a", b"x=1\r\ny=2\r\n")]).lines == ("x=1", "y=2", "", "")


@pytest.mark.parametrize(
    ("raw", "code", "line", "column"),
    [
        (b"\xff\xfea\0", "not-utf-8", 1, 1),
        (b"a = 1\nb = 'caf\xe9'\n", "not-utf-8", 2, 9),
        ("é = 'x".encode() + b"\xc3'", "not-utf-8", 1, 7),
        (b"a = 1\n\nb = '\0'", "nul-byte", 3, 6),
        (b"\xef\xbb\xbfab\0", "nul-byte", 1, 3),
        (b"\0" * 100, "nul-byte", 1, 1),
        (b"a = '\xed\xa0\x80'", "not-utf-8", 1, 6),
    ],
)
def test_what_no_toml_may_hold_is_found_where_it_stands(raw, code, line, column):
    unfit = Document.of([("a", raw)]).unfit
    assert unfit is not None
    assert (unfit.code, unfit.line, unfit.column) == (code, line, column)


@pytest.mark.parametrize(
    ("raw", "end"), [(b"", (1, 1)), (b"\n \n", (1, 1)), (b"a\nb = 1 \n\n\n", (2, 6))]
)
def test_a_document_ends_behind_its_last_character(raw, end):
    assert Document.of([("a", raw)]).end() == end
