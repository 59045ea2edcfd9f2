"""What an expression of the filter language consists of: comparisons, ``not``, ``and``, ``or``.

Of a member that is no job, no field can be said anything: a comparison answers None, and so does
its ``not``. None is passed on until something else decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from jobctl.filter.comparing import ORDERS, Literal, equals, ordered, time_equals, time_ordered
from jobctl.filter.fields import Field, Sort
from jobctl.filter.regex import Named, Regex
from jobctl.filter.spelling import match_pattern
from jobctl.model.jsontext import text_of
from jobctl.model.readings import Pair


class Subject(Named, Protocol):
    """What fields are read of: an entry, or a record."""

    @property
    def malformed(self) -> bool:
        """Whether nothing can be said of its fields."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with values: any of them, or with ``!=`` and ``!~`` none of them.

    Attributes:
        field, op, literals: what is compared with what, and how.
        regexes, seconds: the values where they are regular expressions, or ages.
        pairs: the two readings of each value that has two.
    """

    field: Field
    op: str
    literals: tuple[Literal, ...]
    regexes: tuple[Regex, ...] = ()
    seconds: tuple[float, ...] = ()
    pairs: tuple[Pair, ...] = ()

    def __str__(self) -> str:
        return f"{self.field}{self.op}{','.join(map(str, self.literals))}"

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name

    def values(self, entry: Subject, now: float) -> tuple[object, ...]:
        """Return the field's values; none of what is no job."""
        if entry.malformed and self.name != "malformed":
            return ()
        return self.field.read(entry, now)

    def holds(self, entry: Subject, now: float) -> bool | None:
        """Test an entry; `now` in unix seconds."""
        values = self.values(entry, now)
        if not values:
            return None
        if self.op in ("~", "!~"):
            return self._found(values, entry)
        if self.op == "!=":
            # A missing field is nothing that could differ; != null asks for exactly that.
            values = tuple(value for value in values if value is not None)
            return bool(values) and not any(self._meets(value, now) for value in values)
        return any(self._meets(value, now) for value in values)

    def _found(self, values: tuple[object, ...], entry: Subject) -> bool:
        texts = [text_of(value) for value in values if value is not None]
        found = any(regex.found_in(text, entry) for regex in self.regexes for text in texts)
        return found if self.op == "~" else bool(texts) and not found

    def _meets(self, value: object, now: float) -> bool:
        if self.op in ("=", "!="):
            if self.field.sort is Sort.TIME:
                return any(time_equals(value, literal, now) for literal in self.literals)
            return any(equals(value, literal) for literal in self.literals)
        if value is None:
            return False
        if self.field.sort is Sort.AGE:
            return any(_aged(value, self.op, seconds) for seconds in self.seconds)
        compare = time_ordered if self.field.sort is Sort.TIME else ordered
        return any(compare(value, self.op, literal, now) for literal in self.literals)

    def pattern(self) -> bytes | None:
        """Return a MATCH that lets through all that meet it, if there is one."""
        if self.op != "=" or len(self.literals) != 1 or not self.field.verbatim:
            return None
        (literal,) = self.literals
        # A number can be spelled in other ways.
        return None if literal.null or literal.number is not None else match_pattern(literal.text)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; of what cannot be said, nothing can be said."""

    part: Node

    def __str__(self) -> str:
        return f"not {self.part}" if isinstance(self.part, Not) else f"not ({self.part})"

    def holds(self, entry: Subject, now: float) -> bool | None:
        """Test an entry."""
        found = self.part.holds(entry, now)
        return None if found is None else not found

    def pattern(self) -> bytes | None:
        """Return nothing: Redis has no not."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts of which all must hold (``and``), or any (``or``)."""

    word: str
    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return f" {self.word} ".join(
            f"({part})" if isinstance(part, Joined) else str(part) for part in self.parts
        )

    def holds(self, entry: Subject, now: float) -> bool | None:
        """Test an entry: what decides is found first, what cannot be said is passed on."""
        decides = self.word == "or"
        unknown = False
        for part in self.parts:
            found = part.holds(entry, now)
            if found is decides:
                return decides
            unknown = unknown or found is None
        return None if unknown else not decides

    def pattern(self) -> bytes | None:
        """Return the longest pattern of what must hold; nothing where any part may."""
        patterns = {part.pattern() for part in self.parts}
        if self.word == "or":
            return patterns.pop() if len(patterns) == 1 else None
        return max((p for p in patterns if p is not None), key=len, default=None)


Node = Comparison | Not | Joined


def comparisons(node: object) -> Iterator[Comparison]:
    """Yield the comparisons of an expression."""
    if isinstance(node, Comparison):
        yield node
    elif isinstance(node, Not):
        yield from comparisons(node.part)
    elif isinstance(node, Joined):
        for part in node.parts:
            yield from comparisons(part)


def _aged(age: object, op: str, seconds: float) -> bool:
    return isinstance(age, int | float) and ORDERS[op](age, seconds)
