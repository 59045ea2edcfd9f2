"""One field of a schedule: the values it lets through, read as robfig/cron v3 reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobctl.errors import BadSchedule
from jobctl.model.words import near_name

_INTEGER = re.compile(r"\+?0*([0-9]+)", re.ASCII)
_LARGEST = 2**63 - 1  # Go's Atoi gives up beyond
_DIGITS = 19  # of that
_QUOTED = 40  # characters of what was typed, in a message
_FOREIGN = {
    "L": "the last day",
    "W": "the nearest weekday",
    "#": "the nth weekday",
    "?": "no value of its own",
    "H": "a hash",
    "C": "a calendar",
    "~": "a random value",
}
_FOREIGN_FORM = re.compile(
    r"(?:[0-9]*|[a-z]{3})(?:LW?|W|C)|[a-z0-9]+#.*|[0-9]*~[0-9]*|H(?:\(.*)?|.+\?.*|\?[^?]+",
    re.ASCII | re.IGNORECASE,
)
_BETWEEN = re.compile(r"[,/-]")


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a field: its name, its least and greatest value, and the names of values."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    def named(self, word: str) -> int | None:
        """Return the value of a name, in any case; None where it is none."""
        lower = word.replace("\u0130", "i").lower()  # Go lowers a dotted capital I to a plain i
        return self.names.index(lower) + self.least if lower in self.names else None

    def near(self, word: str) -> str | None:
        """Return the name that a misspelled one is most like; None where none is near."""
        lower = word.lower() if word.isalpha() else ""
        begun = next((name for name in self.names if lower.startswith(name)), None)
        return begun or near_name(lower, self.names)

    def name_of(self, value: int) -> str:
        """Return a value's name in capitals; where there are none, its digits."""
        return self.names[value - self.least].upper() if self.names else str(value)


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SECOND = Unit("second", 0, 59)
MINUTE = Unit("minute", 0, 59)
HOUR = Unit("hour", 0, 23)
DAY = Unit("day of month", 1, 31)
MONTH = Unit("month", 1, 12, _MONTHS)
WEEKDAY = Unit("day of week", 0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat"))


@dataclass(frozen=True, slots=True)
class OddText:
    """Something odd that the server lets through: what it is, and where in the field's text."""

    code: str
    message: str
    position: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field that was read.

    Attributes:
        text: as it was typed.
        unit: what it counts.
        values: those it lets through, ascending, each once; none from an empty list.
        star: whether a part of it is a star without a step: days of month and of week must both
            match then.
        notes: what is odd.
    """

    text: str
    unit: Unit
    values: tuple[int, ...]
    star: bool
    notes: tuple[OddText, ...] = ()

    @property
    def full(self) -> bool:
        """Whether every value passes."""
        return len(self.values) == self.unit.most - self.unit.least + 1


@dataclass(frozen=True, slots=True)
class _Part:
    """An entry of a field's list, and where in the field it stands."""

    text: str
    start: int
    unit: Unit

    def wrong(self, message: str, *, at: int = 0, hint: str | None = None) -> BadSchedule:
        """Return the error; `at` counts from the entry's beginning."""
        return BadSchedule(
            f"{self.unit.name}: {message}", hint=hint, at=(self.text, self.start + at)
        )

    def number(self, text: str, at: int, *, names: bool = True) -> int:
        """Return the value of a number or name; steps have no names.

        Raises:
            BadSchedule: it is neither.
        """
        named = self.unit.named(text) if names else None
        if named is not None:
            return named
        if not text:
            raise self.wrong("a number is missing", at=at, hint=_missing(self.unit))
        found = _INTEGER.fullmatch(text)
        if found is None:
            hint = self._near(text, names=names)
            by_name = names and bool(self.unit.names)
            what = "neither a number nor a name" if by_name else "not a number"
            raise self.wrong(f"{_quoted(text)} is {what}", at=at, hint=hint)
        if len(found[1]) > _DIGITS or int(found[1]) > _LARGEST:
            hint = self._takes(names=names)
            raise self.wrong(f"{_quoted(text)} is too large a number", at=at, hint=hint)
        return int(found[1])

    def _near(self, text: str, *, names: bool) -> str:
        foreign = other_dialect(self.text)
        if foreign is not None:
            return foreign
        near = self.unit.near(text) if names else None
        if near is not None:
            return f"did you mean {near.upper()}? names have three letters"
        if self.unit.names and names:
            return f"{_span(self.unit)}, or a name: {' '.join(self.unit.names).upper()}"
        return self._takes(names=names)

    def _takes(self, *, names: bool) -> str:
        return f"the server takes {_span(self.unit)}" if names else "steps are numbers from 1 on"


def other_dialect(text: str) -> str | None:
    """Return the hint for a field that only another dialect has; None where it is of none."""
    for i, word in enumerate(_BETWEEN.split(text)):
        if _FOREIGN_FORM.fullmatch(word) or (word == "?" and i):
            sign = next(c for c in reversed(word.upper()) if c in _FOREIGN)
            return f"{sign} ({_FOREIGN[sign]}) is of another dialect: the server has none"
    return None


def parse_field(text: str, unit: Unit) -> Field:
    """Read a field: a list of values, ranges, stars and steps.

    Raises:
        BadSchedule: the server would refuse it; `at` is the text of the field, and where.
    """
    values: set[int] = set()
    star = False
    notes: list[OddText] = []
    try:
        for part in _parts(text, unit, notes):
            some, starred = _read(part, notes)
            values.update(some)
            star = star or starred
    except BadSchedule as error:
        error.at = (text, error.at[1] if error.at else 0)
        raise
    return Field(text, unit, tuple(sorted(values)), star, tuple(notes))


def _parts(text: str, unit: Unit, notes: list[OddText]) -> Iterator[_Part]:
    """Yield the entries of a list; the server drops empty ones."""
    start = 0
    for piece in text.split(","):
        if piece:
            yield _Part(piece, start, unit)
        else:
            notes.append(
                OddText("empty-entry", f"{unit.name}: an empty entry in a list is left out", start)
            )
        start += len(piece) + 1


def _read(part: _Part, notes: list[OddText]) -> tuple[range, bool]:
    """Return the values of an entry, and whether it is a star."""
    span, *steps = part.text.split("/")
    first, *rest = span.split("-")
    unit = part.unit
    star = first in ("*", "?")
    if star:
        start, end = unit.least, unit.most
        if rest:
            ignored = span[1:]
            message = f"{unit.name}: {_quoted(ignored)} behind {first} is ignored"
            notes.append(OddText("ignored", message, part.start + 1))
    else:
        start, end = _ends(part, first, rest)
    step = 1
    if steps:
        at = len(span) + 1
        if len(steps) > 1:
            raise part.wrong("there are two slashes", at=at + len(steps[0]), hint="write a/n")
        step = part.number(steps[0], at, names=False)
        if not rest:
            end = unit.most
        star = star and step <= 1
    _check(part, start, end, step, at_end=len(first) + 1 if rest else 0)
    _note_step(part, start, step, notes)
    return range(start, end + 1, step), star


def _ends(part: _Part, first: str, rest: list[str]) -> tuple[int, int]:
    start = part.number(first, 0)
    if len(rest) > 1:
        at = len(first) + 1 + len(rest[0])
        raise part.wrong("there are two hyphens", at=at, hint="write a-b")
    return start, part.number(rest[0], len(first) + 1) if rest else start


def _check(part: _Part, start: int, end: int, step: int, *, at_end: int) -> None:
    unit = part.unit
    if start < unit.least:
        raise part.wrong(f"{start} is below {unit.least}", hint=f"the server takes {_span(unit)}")
    for value, at in ((start, 0), (end, at_end)):
        if value > unit.most:
            hint = f"the server takes {_span(unit)}"
            if unit is WEEKDAY and value == 7:
                hint = "the server takes 0-6: Sunday is 0"
            raise part.wrong(f"{value} is above {unit.most}", at=at, hint=hint)
    if start > end:
        two = f"{_range(unit, start, unit.most)},{_range(unit, unit.least, end)}"
        raise part.wrong(
            f"the range {_quoted(part.text.split('/')[0])} runs backwards",
            hint=f"the server's ranges do not wrap; write two: {two}",
        )
    if step == 0:
        raise part.wrong(
            "a step of 0", at=part.text.index("/") + 1, hint="steps are numbers from 1 on"
        )


def _note_step(part: _Part, start: int, step: int, notes: list[OddText]) -> None:
    """Note a step that no value of the unit can follow: ``*/90`` minutes are every hour."""
    unit = part.unit
    if step > unit.most - unit.least + 1:
        message = (
            f"{unit.name}: a step of {step:,} leaves only {start}: the field ends at {unit.most}"
        )
        notes.append(OddText("odd-number", message, part.start + part.text.index("/") + 1))


def _missing(unit: Unit) -> str:
    return f"the server takes {_span(unit)}, lists a,b, ranges a-b, steps a/n"


def _span(unit: Unit) -> str:
    return f"{unit.least}-{unit.most}"


def _range(unit: Unit, start: int, end: int) -> str:
    first, last = unit.name_of(start), unit.name_of(end)
    return first if start == end else f"{first}-{last}"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _QUOTED else text[:_QUOTED] + "…")
