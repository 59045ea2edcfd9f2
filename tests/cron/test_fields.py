"""One field: which values it lets through, what is odd about it, what is refused and where."""

from __future__ import annotations

import pytest

from jobctl.cron.field import DAY, HOUR, MINUTE, MONTH, SECOND, WEEKDAY, parse_field
from jobctl.errors import BadSchedule

MAX = 2**63 - 1
NAMES = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
STEPS = "steps are numbers from 1 on"
LISTS = "the server takes 0-59, lists a,b, ranges a-b, steps a/n"


@pytest.mark.parametrize(
    ("text", "unit", "values"),
    [
        ("5", MINUTE, [5]),
        ("0", SECOND, [0]),
        ("59", SECOND, [59]),
        ("1,5,9", HOUR, [1, 5, 9]),
        ("9,5,1,5", HOUR, [1, 5, 9]),
        ("5-5", HOUR, [5]),
        ("5-7", HOUR, [5, 6, 7]),
        ("5-6/2", HOUR, [5]),
        ("5-7/2", HOUR, [5, 7]),
        ("5-7/1", HOUR, [5, 6, 7]),
        ("1,5-9/2,3", HOUR, [1, 3, 5, 7, 9]),
        ("*", WEEKDAY, [0, 1, 2, 3, 4, 5, 6]),
        ("?", MONTH, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        ("*/5", MONTH, [1, 6, 11]),
        ("?/5", MONTH, [1, 6, 11]),
        ("*/10", DAY, [1, 11, 21, 31]),
        ("0/15", MINUTE, [0, 15, 30, 45]),
        ("5/15", MINUTE, [5, 20, 35, 50]),
        ("50/15", MINUTE, [50]),
        ("58/1", MINUTE, [58, 59]),
        ("*/60", MINUTE, [0]),
        ("7-9/50", MINUTE, [7]),
        ("JAN", MONTH, [1]),
        ("dec", MONTH, [12]),
        ("Jan-mAr,JUL", MONTH, [1, 2, 3, 7]),
        ("APR/4", MONTH, [4, 8, 12]),
        ("SUN", WEEKDAY, [0]),
        ("MON-FRI", WEEKDAY, [1, 2, 3, 4, 5]),
        ("1-FRI", WEEKDAY, [1, 2, 3, 4, 5]),
        ("SAT,0", WEEKDAY, [0, 6]),
        ("FRİ", WEEKDAY, [5]),  # Go lowers U+0130 to i; str.lower() to two characters
        ("fr\u0131,1", WEEKDAY, None),  # but not a dotless i
    ],
)
def test_the_values_let_through(text, unit, values):
    if values is None:
        with pytest.raises(BadSchedule):
            parse_field(text, unit)
    else:
        found = parse_field(text, unit)
        assert list(found.values) == values
        assert found.text == text
        assert not found.notes


@pytest.mark.parametrize(
    ("text", "unit", "value", "message"),
    [
        ("*/70", MINUTE, 0, "minute: a step of 70 leaves only 0: the field ends at 59"),
        ("7-9/100", MINUTE, 7, "minute: a step of 100 leaves only 7: the field ends at 59"),
        ("*/25", HOUR, 0, "hour: a step of 25 leaves only 0: the field ends at 23"),
        (f"*/{MAX}", MINUTE, 0, f"minute: a step of {MAX:,} leaves only 0: the field ends at 59"),
        (f"59/{MAX}", MINUTE, 59,
         f"minute: a step of {MAX:,} leaves only 59: the field ends at 59"),
    ],
)  # fmt: skip
def test_a_step_that_leaves_the_field_at_once_is_taken_and_noted(text, unit, value, message):
    found = parse_field(text, unit)
    assert list(found.values) == [value]
    (note,) = found.notes
    assert (note.code, note.message) == ("odd-number", message)
    assert text[note.position - 1] == "/"


@pytest.mark.parametrize(
    ("text", "star"),
    [
        ("*", True), ("?", True), ("*/1", True), ("?/1", True), ("*,15", True), ("15,?", True),
        ("*/2,*", True), ("*-x", True), ("*-3/1", True), ("*/01", True), ("*/+1", True),
        ("*/2", False), ("?/31", False), ("1-31", False), ("1/1", False), ("1", False),
        ("*-x/3", False), (",", False),
    ],
)  # fmt: skip
def test_a_star_is_one_without_a_step(text, star):
    assert parse_field(text, DAY).star is star


@pytest.mark.parametrize(("text", "full"), [("0-6", True), ("*", True), ("0/1", True), ("1-6", 0)])
def test_a_field_is_full_when_all_values_pass(text, full):
    assert parse_field(text, WEEKDAY).full is bool(full)


@pytest.mark.parametrize(
    ("text", "values", "notes"),
    [
        ("1,,2", [1, 2], [("empty-entry", "minute: an empty entry in a list is left out", 2)]),
        (",1", [1], [("empty-entry", "minute: an empty entry in a list is left out", 0)]),
        ("1,", [1], [("empty-entry", "minute: an empty entry in a list is left out", 2)]),
        ("007", [7], []), ("+05", [5], []), ("+0", [0], []), ("0" * 60 + "7", [7], []),
        ("1,02-+3", [1, 2, 3], []), ("0-10/05", [0, 5, 10], []), ("*/030", [0, 30], []),
        ("*-x/30", [0, 30], [("ignored", "minute: '-x' behind * is ignored", 1)]),
        ("?-/30", [0, 30], [("ignored", "minute: '-' behind ? is ignored", 1)]),
        ("*-1-2-3/30", [0, 30], [("ignored", "minute: '-1-2-3' behind * is ignored", 1)]),
        ("*-007/30", [0, 30], [("ignored", "minute: '-007' behind * is ignored", 1)]),
        ("3,*-é/30", [0, 3, 30], [("ignored", "minute: '-é' behind * is ignored", 3)]),
    ],
)  # fmt: skip
def test_what_is_odd_is_noted_where_it_stands(text, values, notes):
    found = parse_field(text, MINUTE)
    assert list(found.values) == values
    assert [(note.code, note.message, note.position) for note in found.notes] == notes


def test_a_list_of_nothing_lets_nothing_through():
    found = parse_field(",,", MINUTE)
    assert found.values == ()
    assert [note.position for note in found.notes] == [0, 1, 2]


@pytest.mark.parametrize("text", ["10", "10-20/10", "0", "0/10", "0-0"])
def test_zeros_behind_a_digit_or_alone_are_not_odd(text):
    assert not parse_field(text, MINUTE).notes


TAKES = "the server takes 0-59"
OTHER = "is of another dialect: the server has none"
WRAP = "the server's ranges do not wrap; write two: "


@pytest.mark.parametrize(
    ("text", "unit", "message", "hint", "at"),
    [
        ("60", MINUTE, "minute: 60 is above 59", TAKES, 0),
        ("24", HOUR, "hour: 24 is above 23", "the server takes 0-23", 0),
        ("0", DAY, "day of month: 0 is below 1", "the server takes 1-31", 0),
        ("32", DAY, "day of month: 32 is above 31", "the server takes 1-31", 0),
        ("1,0", MONTH, "month: 0 is below 1", "the server takes 1-12", 2),
        ("13", MONTH, "month: 13 is above 12", "the server takes 1-12", 0),
        ("13/2", MONTH, "month: 13 is above 12", "the server takes 1-12", 0),
        ("15-3", MONTH, "month: 15 is above 12", "the server takes 1-12", 0),
        ("70/5", MINUTE, "minute: 70 is above 59", TAKES, 0),
        ("5-70", MINUTE, "minute: 70 is above 59", TAKES, 2),
        ("7", WEEKDAY, "day of week: 7 is above 6", "the server takes 0-6: Sunday is 0", 0),
        ("1,5-7", WEEKDAY, "day of week: 7 is above 6", "the server takes 0-6: Sunday is 0", 4),
        ("7/2", WEEKDAY, "day of week: 7 is above 6", "the server takes 0-6: Sunday is 0", 0),
        ("8", WEEKDAY, "day of week: 8 is above 6", "the server takes 0-6", 0),
        ("22-6", HOUR, "hour: the range '22-6' runs backwards", f"{WRAP}22-23,0-6", 0),
        ("1,NOV-FEB/2", MONTH, "month: the range 'NOV-FEB' runs backwards",
         f"{WRAP}NOV-DEC,JAN-FEB", 2),
        ("SAT-SUN", WEEKDAY, "day of week: the range 'SAT-SUN' runs backwards",
         f"{WRAP}SAT,SUN", 0),
        ("*/0", MINUTE, "minute: a step of 0", STEPS, 2),
        ("1-5/00", MINUTE, "minute: a step of 0", STEPS, 4),
        ("*/-3", MINUTE, "minute: '-3' is not a number", STEPS, 2),
        ("*/", MINUTE, "minute: a number is missing", LISTS, 2),
        ("MON/TUE", WEEKDAY, "day of week: 'TUE' is not a number", STEPS, 4),
        (f"*/{MAX + 1}", MINUTE, f"minute: '{MAX + 1}' is too large a number", STEPS, 2),
        (str(MAX + 1), MINUTE, f"minute: '{MAX + 1}' is too large a number", TAKES, 0),
        (str(MAX), MINUTE, f"minute: {MAX} is above 59", TAKES, 0),
        ("1" * 50, MINUTE, f"minute: '{'1' * 40}…' is too large a number", TAKES, 0),
        ("1/2/3", MINUTE, "minute: there are two slashes", "write a/n", 3),
        ("1-2-3", MINUTE, "minute: there are two hyphens", "write a-b", 3),
        ("1--5", MINUTE, "minute: there are two hyphens", "write a-b", 2),
        ("-5", MINUTE, "minute: a number is missing", LISTS, 0),
        ("2,5-", MINUTE, "minute: a number is missing", LISTS, 4),
        ("/5", MINUTE, "minute: a number is missing", LISTS, 0),
        ("*5", MINUTE, "minute: '*5' is not a number", TAKES, 0),
        ("5,**", MINUTE, "minute: '**' is not a number", TAKES, 2),
        ("++5", MINUTE, "minute: '++5' is not a number", TAKES, 0),
        ("0x5", MINUTE, "minute: '0x5' is not a number", TAKES, 0),
        ("1_0", MINUTE, "minute: '1_0' is not a number", TAKES, 0),
        ("1.5", MINUTE, "minute: '1.5' is not a number", TAKES, 0),
        ("\u0661", MINUTE, "minute: '\u0661' is not a number", TAKES, 0),  # a digit, not ASCII
        ("MON", MINUTE, "minute: 'MON' is not a number", TAKES, 0),
        ("JAN-x", MONTH, "month: 'x' is neither a number nor a name", f"1-12, or a name: {NAMES}",
         4),
        ("JANUARY", MONTH, "month: 'JANUARY' is neither a number nor a name",
         "did you mean JAN? names have three letters", 0),
        ("1-tues", WEEKDAY, "day of week: 'tues' is neither a number nor a name",
         "did you mean TUE? names have three letters", 2),
        ("L", DAY, "day of month: 'L' is not a number", f"L (the last day) {OTHER}", 0),
        ("15w", DAY, "day of month: '15w' is not a number", f"W (the nearest weekday) {OTHER}", 0),
        ("5L", WEEKDAY, "day of week: '5L' is neither a number nor a name",
         f"L (the last day) {OTHER}", 0),
        ("MON#2", WEEKDAY, "day of week: 'MON#2' is neither a number nor a name",
         f"# (the nth weekday) {OTHER}", 0),
        ("H", MINUTE, "minute: 'H' is not a number", f"H (a hash) {OTHER}", 0),
        ("C", DAY, "day of month: 'C' is not a number", f"C (a calendar) {OTHER}", 0),
    ],
)  # fmt: skip
def test_what_the_server_refuses(text, unit, message, hint, at):
    with pytest.raises(BadSchedule) as caught:
        parse_field(text, unit)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.at == (text, at)
