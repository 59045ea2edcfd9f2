"""JSON as the types it was written from."""

from enum import StrEnum
from typing import Required, TypedDict

import pytest

from jobctl.model.typed import typed


class Color(StrEnum):
    RED = "red"


class Note(TypedDict, total=False):
    number: Required[int]
    colors: list[Color]
    counts: dict[str, int]
    at: float | None


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"number": 1}, {"number": 1}),
        ({"number": 1, "colors": ["red"]}, {"number": 1, "colors": [Color.RED]}),
        ({"number": 0, "counts": {"x": 3}}, {"number": 0, "counts": {"x": 3}}),
        ({"number": 0, "at": None}, {"number": 0, "at": None}),
        ({"number": 0, "at": 3, "more": 1}, {"number": 0, "at": 3.0}),
    ],
)
def test_what_was_written_comes_back(value, read):
    assert typed(Note, value, "a note") == read


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (3, "a note is no object"),
        ({}, "a note has no number"),
        ({"number": True}, "a note.number is no count"),
        ({"number": -1}, "a note.number is no count"),
        ({"number": 1.0}, "a note.number is no count"),
        ({"number": 1, "colors": "red"}, "a note.colors is no list"),
        ({"number": 1, "colors": ["blue"]}, "a note.colors is no known word"),
        ({"number": 1, "counts": {"x": "3"}}, "a note.counts is no count"),
        ({"number": 1, "at": "now"}, "a note.at is no number"),
        ({"number": 1, "at": float("nan")}, "a note.at is no number"),
        ({"number": 1, "at": 1e300}, "a note.at is no number"),
    ],
)
def test_anything_else_is_refused_by_its_name(value, said):
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        typed(Note, value, "a note")
