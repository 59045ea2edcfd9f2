"""The six fields: how they are parted, which days they let through, what never fires."""

from __future__ import annotations

import calendar
from datetime import date

import pytest

from jobctl.cron.fields import WHITE_SPACE, Fields, split
from jobctl.errors import BadSchedule

FIVE = "five fields: minute hour day month weekday"
COUNT = f"{FIVE}; six with the seconds first"


def test_five_fields_have_a_second_of_0():
    five, six = Fields.parse("1 2 3 4 5"), Fields.parse("0 1 2 3 4 5")
    assert [list(field.values) for field in five] == [[0], [1], [2], [3], [4], [5]]
    assert [field.values for field in five] == [field.values for field in six]
    assert five.starts == (None, 0, 2, 4, 6, 8)
    assert six.starts == (0, 2, 4, 6, 8, 10)


def test_seconds_come_first():
    assert list(Fields.parse("7 8 * * * *").second.values) == [7]


@pytest.mark.parametrize("space", [*WHITE_SPACE, "  ", "\r\n", "\t \u3000"], ids=ascii)
def test_every_white_space_of_unicode_parts_fields(space):
    found = Fields.parse(space + space.join("12345") + space)
    assert [list(field.values) for field in found] == [[0], [1], [2], [3], [4], [5]]


@pytest.mark.parametrize(
    "char", ["\x1c", "\x1d", "\x1e", "\x1f", "\u180e", "\u200b", "\ufeff", "\0"], ids=ascii
)
def test_nothing_else_does(char):
    assert [word.text for word in split(f"a{char}b c")] == [f"a{char}b", "c"]
    with pytest.raises(BadSchedule):
        Fields.parse(char.join("12345"))


def test_words_know_where_they_begin():
    assert [(word.text, word.start) for word in split(" é\t\u3000b  c", 1)] == [
        ("é", 1),
        ("b", 4),
        ("c", 7),
    ]


@pytest.mark.parametrize(
    ("text", "message", "hint", "at"),
    [
        ("", "the schedule is empty", f"{FIVE}; or @daily", 0),
        (" \t ", "the schedule is empty", f"{FIVE}; or @daily", 0),
        ("*", "1 field, the server takes 5 or 6", COUNT, 1),
        ("* * * * ", "4 fields, the server takes 5 or 6", COUNT, 7),
        ("* * * * * * *", "7 fields, the server takes 5 or 6",
         f"{COUNT}; years cannot be told", 12),
        ("3 * * * * *  * *", "8 fields, the server takes 5 or 6",
         f"{COUNT}; the eight in the plugin's own README are refused", 13),
        ("* * * * * * * * *", "9 fields, the server takes 5 or 6", COUNT, 12),
    ],
)  # fmt: skip
def test_there_must_be_five_or_six(text, message, hint, at):
    with pytest.raises(BadSchedule) as caught:
        Fields.parse(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.at == (text, at)


@pytest.mark.parametrize(
    ("text", "at"),
    [("1,x * * * *", 2), (" * *  1-99 * *", 8), ("* * * * * 7", 10), ("* * * * */0", 10)],
)
def test_an_error_stands_where_it_is_in_the_whole_text(text, at):
    with pytest.raises(BadSchedule) as caught:
        Fields.parse(text)
    assert caught.value.at == (text, at)


def test_so_does_a_note():
    found = Fields.parse(" 1,,2 *-x */99 * ,1")
    assert [(note.code, note.position) for note in found.notes] == [
        ("empty-entry", 3), ("ignored", 7), ("odd-number", 12), ("empty-entry", 17),
    ]  # fmt: skip


def matching(text: str, year: int, month: int) -> list[int]:
    return list(Fields.parse(text).days(year, month))


MONDAYS = [1, 8, 15, 22, 29]  # of July 2024


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("* * *", range(1, 32)),
        ("15 * *", [15]),
        ("? * MON", MONDAYS),
        ("*/1 * MON", MONDAYS),
        ("*,15 * MON", MONDAYS),
        ("1,15 * *,MON", [1, 15]),
        ("1,15 * */1", [1, 15]),
        ("2,15 * MON", [1, 2, 8, 15, 22, 29]),
        ("*/10 * MON", [1, 8, 11, 15, 21, 22, 29, 31]),
        ("15 * */6", [6, 7, 13, 14, 15, 20, 21, 27, 28]),
        ("1-31 * MON", range(1, 32)),
        ("15 * 0-6", range(1, 32)),
        (", * MON", MONDAYS),
        (", * *", []),
        ("15 * ,", [15]),
        ("* * ,", []),
    ],
)
def test_either_day_suffices_unless_one_of_them_is_a_star(days, expected):
    assert matching(f"0 0 {days}", 2024, 7) == list(expected)


@pytest.mark.parametrize("text", ["0 0 * * *", "0 0 28-31 * *", "0 0 31 * 2", "0 0 * * 1,5"])
def test_the_days_of_a_month_are_those_that_match(text):
    fields = Fields.parse(text)
    for year in (2, 1900, 2000, 2023, 2024, 9990):
        for month in range(1, 13):
            length = calendar.monthrange(year, month)[1]
            assert list(fields.days(year, month)) == [
                day for day in range(1, length + 1) if fields.day_matches(date(year, month, day))
            ]


@pytest.mark.parametrize(
    ("text", "impossible"),
    [
        ("* * * * *", False),
        ("0 0 29 2 *", False),
        ("0 0 30 2 *", True),
        ("0 0 30,31 2 ?", True),
        ("0 0 31 2,4,6,9,11 *", True),
        ("0 0 31 2,4,6,9,12 *", False),
        ("0 0 31 4 MON", False),
        ("0 0 31 4 */1", True),
        ("0 0 30 2 0-6", False),
        (", * * * *", True),
        (",, * * * * *", True),
        ("* , * * *", True),
        ("* * , * *", True),
        ("* * , * MON", False),
        ("* * * , *", True),
        ("* * 1 , MON", True),
        ("* * * * ,", True),
        ("* * 1 * ,", False),
    ],
)
def test_what_can_never_fire_is_known_without_a_search(text, impossible):
    assert Fields.parse(text).impossible is impossible
