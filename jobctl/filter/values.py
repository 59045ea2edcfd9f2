"""What is typed in a filter: values, how others compare with them, and the paths of fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from operator import ge, gt, le, lt
from typing import Any

from jobctl.errors import BadFilter, UsageProblem
from jobctl.model.jsontext import Number, Path, dumps, loads, printable_string, text_of
from jobctl.model.times import DAY, Instant, parse_day, parse_moment

Pair = tuple[str, str]  # a text as it is, and its meaning as a tsv field

_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_BACK = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
_ESCAPE = re.compile(r"\\[\\tnr]")
_IN_THE_WAY = re.compile(r"[\\\t\n\r]")


def to_field(text: str) -> str:
    r"""Return text as one field of a tsv or ids line: ``\\ \t \n \r`` written out."""
    return text.translate(_ESCAPED) if _IN_THE_WAY.search(text) else text


def from_field(text: str) -> str:
    """Return the text of a field of a tsv or ids line."""
    return _ESCAPE.sub(lambda found: _BACK[found[0]], text) if "\\" in text else text


def readings(text: str) -> tuple[str, ...]:
    """Return the possible meanings of a typed text: itself, and the text that tsv writes so."""
    other = from_field(text)
    return (text, other) if other != text and to_field(other) == text else (text,)


ORDERS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_BARE = re.compile(r'[^\s,()"=~<>!][^\s,()"]*')
_WORDS = ("null", "true", "false")
_PLAIN = r"[A-Za-z_][A-Za-z0-9_-]*"
_FIELD = re.compile(rf'{_PLAIN}(?:\.(?:{_PLAIN}|"(?:[^"\\]|\\.)*")|\[\d+\])*')
_STEP = re.compile(rf'\[(\d+)\]|\.?({_PLAIN})|\.("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was typed: a bare word, or a JSON string."""

    text: str
    quoted: bool

    def __str__(self) -> str:
        text = self.text
        bare = not self.quoted and _BARE.fullmatch(text) and text.isprintable()
        return text if bare and len(readings(text)) == 1 else printable_string(text)

    @classmethod
    def of_text(cls, text: str) -> Literal:
        """Return the literal of a text, quoted where a bare word would mean more than that."""
        return cls(text, quoted=not cls(text, quoted=True).plain)

    @property
    def null(self) -> bool:
        """Whether it stands for a missing value."""
        return not self.quoted and self.text == "null"

    @property
    def number(self) -> Decimal | None:
        """Its value, where it is a bare number."""
        return None if self.quoted else _decimal(self.text)

    @property
    def plain(self) -> bool:
        """Whether quotes make no difference: its text is no number, and no word of JSON."""
        return _decimal(self.text) is None and self.text not in _WORDS

    def moment(self, now: float) -> Instant | None:
        """Return the time it reads as; None when it is none."""
        try:
            return _comparable(parse_moment(self.text, now))
        except UsageProblem:
            return None


def equals(value: object, literal: Literal) -> bool:
    """Tell whether a JSON value equals the typed one; null stands for a missing one.

    Bare 42 equals 42, 42.0 and "42", quoted only the string; true and false likewise.
    """
    if literal.null:
        return value is None
    if isinstance(value, str):
        return value == literal.text
    if literal.quoted or value is None or isinstance(value, dict | list):
        return False
    if text_of(value) == literal.text:
        return True
    number, mine = literal.number, _number(value)
    return number is not None and mine is not None and mine == number


def time_equals(value: object, literal: Literal, now: float) -> bool:
    """Tell whether a time is the typed one, in any form, or on the typed day."""
    mine, theirs, day = _moment(value), literal.moment(now), parse_day(literal.text, now)
    if mine is not None and day is not None:
        return day.seconds <= mine.seconds < day.seconds + DAY
    if mine is None or theirs is None:
        return equals(value, literal)
    return mine == theirs


def ordered(value: object, op: str, literal: Literal, now: float) -> bool:
    """Tell whether a value is less or more than the typed one: as numbers, times or texts."""
    number, mine = literal.number, _number(value)
    if number is not None and mine is not None:
        return ORDERS[op](mine, number)
    theirs, moment = literal.moment(now), _moment(value, numbers=True)
    if theirs is not None and moment is not None:
        return ORDERS[op](moment, theirs)
    return isinstance(value, str) and number is None and ORDERS[op](value, literal.text)


def time_ordered(value: object, op: str, literal: Literal, now: float) -> bool:
    """Tell whether a time is before or after the typed one."""
    mine, theirs = _moment(value), literal.moment(now)
    return mine is not None and theirs is not None and ORDERS[op](mine, theirs)


def check_time(literal: Literal, at: tuple[str, int]) -> None:
    """Check that a value reads as a time.

    Raises:
        BadFilter: it does not.
    """
    try:
        parse_moment(literal.text, 0.0)
    except UsageProblem as error:
        raise BadFilter(f"-w: {error.message}", hint=error.hint, at=at) from None


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Number | str):
        return None
    return _decimal(str(value))


def _decimal(text: str) -> Decimal | None:
    if _NUMBER.fullmatch(text) is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _moment(value: object, *, numbers: bool = False) -> Instant | None:
    if isinstance(value, str):
        moment = Instant.parse(value)
    elif numbers and isinstance(value, int | float) and not isinstance(value, bool):
        moment = Instant.of_epoch(value / 1e6 if abs(value) >= 1e14 else float(value))
    else:
        moment = None
    return None if moment is None else _comparable(moment)


def _comparable(moment: Instant) -> Instant:
    return Instant(moment.seconds, moment.digits.rstrip("0"))


def match_field(text: str, start: int) -> re.Match[str] | None:
    """Find a field's name at a place in a text."""
    return _FIELD.match(text, start)


def split_path(name: str) -> Path:
    """Return the steps of a path, from its text."""
    path: list[str | int] = []
    for found in _STEP.finditer(name):
        index, plain, quoted = found.groups()
        path.append(int(index) if index else plain if plain else str(loads(quoted.encode())))
    return tuple(path)


def shortest(name: str) -> str:
    """Return a path in its shortest form."""
    text = ""
    for step in split_path(name):
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = re.fullmatch(_PLAIN, step) is not None
            text += ("." if text else "") + (step if plain else dumps(step).decode())
    return text
