"""The tests that a filter consists of: flags and expressions compile to the same ones.

Nothing can be said about the fields of a member that is no job: a comparison answers None there,
and so does its ``not``. None is passed on until another part decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from jobctl.errors import BadFilter, Refused
from jobctl.filter.patterns import Named, Regex, match_pattern
from jobctl.filter.values import (
    ORDERS,
    Literal,
    Pair,
    equals,
    ordered,
    shortest,
    split_path,
    time_equals,
    time_ordered,
)
from jobctl.model.entry import Entry, entry_value, listing_keys
from jobctl.model.fingerprint import digests, fingerprint
from jobctl.model.jsontext import Path, dig, printable_string, text_of
from jobctl.model.layout import JOB_KINDS, Kind
from jobctl.model.words import near_name

Read = Callable[[Any, float], tuple[object, ...]]  # of an entry, or of a record


class Sort(StrEnum):
    """How a field is compared."""

    PLAIN = "plain"
    TIME = "time"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field as it was named.

    Attributes:
        name: its normalised name.
        sort: how it is compared.
        read: returns its values: one, or for ``error`` two; None where it is missing.
        verbatim: whether a text it equals must be in the member's bytes.
        check: raises `BadFilter` for a value that it never has; given the place of it too.
    """

    name: str
    sort: Sort
    read: Read
    verbatim: bool
    check: Callable[[Literal, tuple[str, int]], None] | None = None

    def __str__(self) -> str:
        return self.name


def dug(path: Path, top: Callable[[Any], object]) -> Read:
    """Return what reads the value at a path below what `top` gives."""
    return lambda subject, now: (dig(top(subject), path),)  # noqa: ARG005


class FieldOwner(Named, Protocol):
    """An entry or a record: what fields are read from."""

    @property
    def malformed(self) -> bool:
        """Whether it has no fields to read."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with values: any of them, or with ``!=`` and ``!~`` none of them.

    Attributes:
        field, op, literals: what is compared with what, and how.
        regexes: the values, where they are regular expressions.
        seconds: the values, where they are ages.
        texts: the values, where the field is compared by its text, see `one_of`; else None.
        pairs: the two readings of each value that has two.
    """

    field: FilterField
    op: str
    literals: tuple[Literal, ...]
    regexes: tuple[Regex, ...] = ()
    seconds: tuple[float, ...] = ()
    texts: frozenset[str] | None = None
    pairs: tuple[Pair, ...] = ()

    @classmethod
    def one_of(
        cls, field: FilterField, texts: Iterable[str], pairs: tuple[Pair, ...] = ()
    ) -> Comparison:
        """Compare the field's text: a number is the text it is written as, null is none."""
        texts = frozenset(texts)
        literals = tuple(map(Literal.of_text, sorted(texts)))
        return cls(field, "=", literals, texts=texts, pairs=pairs)

    def __str__(self) -> str:
        return f"{self.field}{self.op}{','.join(map(str, self.literals))}"

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name

    def values(self, owner: FieldOwner, now: float) -> tuple[object, ...]:
        """Return the field's values; none where there are no fields."""
        if owner.malformed and self.name != "malformed":
            return ()
        return self.field.read(owner, now)

    def holds(self, owner: FieldOwner, now: float) -> bool | None:
        """Test an entry or a record; `now` in unix seconds."""
        if owner.malformed and self.name != "malformed":
            return None
        values = self.field.read(owner, now)
        if self.texts is not None:
            return any(_scalar_text(value) in self.texts for value in values)
        if self.regexes:
            return self._found(values, owner)
        if self.seconds and self.op in ORDERS:
            return self._aged(*values)
        if self.op == "!=":
            # A missing field is nothing that could differ; != null asks for exactly that.
            values = tuple(value for value in values if value is not None)
            return bool(values) and not any(self._meets(value, now) for value in values)
        return any(self._meets(value, now) for value in values)

    def _found(self, values: tuple[object, ...], owner: FieldOwner) -> bool:
        texts = [text_of(value) for value in values if value is not None]
        found = any(regex.found_in(text, owner) for regex in self.regexes for text in texts)
        return found if self.op == "~" else bool(texts) and not found

    def _aged(self, age: object) -> bool:
        if age is None:
            return False
        bound = min(self.seconds) if self.op in (">", ">=") else max(self.seconds)
        return ORDERS[self.op](age, bound)

    def _meets(self, value: object, now: float) -> bool:
        if self.op in ("=", "!="):
            if self.field.sort is Sort.TIME:
                return any(time_equals(value, literal, now) for literal in self.literals)
            return any(equals(value, literal) for literal in self.literals)
        if value is None:
            return False
        compare = time_ordered if self.field.sort is Sort.TIME else ordered
        return any(compare(value, self.op, literal, now) for literal in self.literals)

    def pattern(self) -> bytes | None:
        """Return a MATCH that lets through all that meet it (and maybe more), if there is one."""
        if self.op != "=" or not self.field.verbatim or len(self.literals) > 1 + len(self.pairs):
            return None
        if any(literal.null or literal.number is not None for literal in self.literals):
            return None  # a number can be spelled in other ways
        patterns = {match_pattern(literal.text) for literal in self.literals}
        return patterns.pop() if len(patterns) == 1 else None

    def missing(self, seen: Iterable[str]) -> set[str]:
        """Return the texts that were not seen; of a value with two readings one is enough."""
        texts = self.texts or frozenset()
        missing = texts - frozenset(seen)
        for pair in self.pairs:
            missing -= {pair[1]} if missing.issuperset(pair) else set(pair)
        return set(missing)


@dataclass(frozen=True, slots=True)
class PayloadMatches:
    """The member's bytes match one of these globs (what Faktory's MUTATE calls regexp)."""

    globs: tuple[bytes, ...]
    compiled: tuple[re.Pattern[bytes], ...]

    def __str__(self) -> str:
        shown = (glob.decode("utf-8", "replace") for glob in self.globs)
        return f"the payload matches {' or '.join(shown)}"

    def holds(self, entry: Any, now: float) -> bool:  # noqa: ARG002
        """Match an entry's bytes as Redis would."""
        return any(c.fullmatch(entry.raw) for c in self.compiled)

    def pattern(self) -> bytes | None:
        """Return the glob itself, if there is only one."""
        return self.globs[0] if len(self.globs) == 1 else None


@dataclass(frozen=True, slots=True)
class Expired:
    """The reservation has expired."""

    def __str__(self) -> str:
        return "the reservation has expired"

    def holds(self, entry: Any, now: float) -> bool | None:
        """Test an entry of working."""
        return None if entry.malformed else bool(entry.expired(now))

    def pattern(self) -> bytes | None:
        """Return None: Redis does not read times."""


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; None stays None."""

    part: Test

    def __str__(self) -> str:
        return f"not {self.part}" if isinstance(self.part, Not) else f"not ({self.part})"

    def holds(self, owner: FieldOwner, now: float) -> bool | None:
        """Test an entry or a record."""
        found = self.part.holds(owner, now)
        return None if found is None else not found

    def pattern(self) -> bytes | None:
        """Return None: Redis has no "not"."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts of which all must hold (``and``), or any (``or``)."""

    word: str
    parts: tuple[Test, ...]

    def __str__(self) -> str:
        return f" {self.word} ".join(
            f"({part})" if isinstance(part, Joined) else str(part) for part in self.parts
        )

    def holds(self, owner: FieldOwner, now: float) -> bool | None:
        """Test an entry or a record; stop at the first part that decides."""
        decides = self.word == "or"
        unknown = False
        for part in self.parts:
            found = part.holds(owner, now)
            if found is decides:
                return decides
            unknown = unknown or found is None
        return None if unknown else not decides

    def pattern(self) -> bytes | None:
        """Return the longest pattern of what must hold; with ``or`` the one that all share."""
        patterns = {part.pattern() for part in self.parts}
        if self.word == "or":
            return patterns.pop() if len(patterns) == 1 else None
        return max((p for p in patterns if p is not None), key=len, default=None)


Test = Comparison | PayloadMatches | Expired | Not | Joined


def leaves(test: Test) -> Iterator[Comparison | PayloadMatches | Expired]:
    """Yield the tests that a test is joined from, without ``and``, ``or`` and ``not``."""
    if isinstance(test, Not):
        yield from leaves(test.part)
    elif isinstance(test, Joined):
        for part in test.parts:
            yield from leaves(part)
    else:
        yield test


def twofold(tests: Iterable[Test]) -> list[Comparison]:
    """Return the comparisons with values that can be read in two ways."""
    found = (leaf for test in tests for leaf in leaves(test))
    return [leaf for leaf in found if isinstance(leaf, Comparison) and leaf.pairs]


class Ambiguity:
    """Detects that both readings of a value occur: then a change must be refused."""

    def __init__(self, tests: Iterable[Comparison]) -> None:
        self._tests = {test: {text for pair in test.pairs for text in pair} for test in tests}
        self._seen: set[tuple[Comparison, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._tests)

    def see(self, subject: Any, now: float) -> None:
        """Note the values of a job or a record."""
        for test, texts in self._tests.items():
            for value in test.values(subject, now):
                if isinstance(value, str) and value in texts:
                    self._seen.add((test, value))

    def check(self) -> None:
        """Check that no value was seen in both readings.

        Raises:
            Refused: one was.
        """
        for test in self._tests:
            for pair in test.pairs:
                if all((test, text) in self._seen for text in pair):
                    raise _ambiguous(test, pair)


def _ambiguous(test: Comparison, pair: Pair) -> Refused:
    field, (one, two) = test.name, map(printable_string, pair)
    return Refused(
        f"{field} {pair[0]} is one value as it stands and another as tsv writes it, "
        "and both are there; nothing was changed",
        hint=f"-w '{field}={one}' or -w '{field}={two}' says which",
    )


def _scalar_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return None if isinstance(value, dict | list) else text_of(value)


_TIMES = frozenset(
    ("at", "created_at", "enqueued_at", "failed_at", "died_at", "purge_at", "reserved_at",
     "expires_at")
)  # fmt: skip
# What the bytes of a member need not hold as it is compared: made of the score, or put into UTC.
_MADE = _TIMES | {"position", "malformed"}


def find_field(
    name: str,
    at: tuple[str, int],
    kind: Kind | None = None,
    payload_keys: Collection[str] | None = None,
) -> FilterField:
    """Return the field of this name.

    Args:
        name: as it was typed.
        at: the expression and the place in it, for the error.
        kind: the structure it is asked of; None: any.
        payload_keys: the top-level keys that payloads have; None: any may be there.

    Raises:
        BadFilter: there is none; says which is near.
    """
    if name == "age":
        return FilterField(name, Sort.AGE, lambda entry, now: (entry.age(now),), verbatim=False)
    if name in _SEVERAL:
        return FilterField(name, Sort.PLAIN, _SEVERAL[name], verbatim=name != "fingerprint")
    every = {key for each in JOB_KINDS for key in listing_keys(each)}
    known = every if kind is None else set(listing_keys(kind))
    if name in known:
        sort = Sort.TIME if name in _TIMES else Sort.PLAIN
        return FilterField(name, sort, _listed(name), verbatim=name not in _MADE)
    first, *rest = path = split_path(name)
    if first == "payload" and rest:
        path = path[1:]
    elif first in every - known if payload_keys is None else first not in payload_keys:
        raise _unknown(
            name, str(first), (*known, *(payload_keys or ()), *_SEVERAL, "age"), kind, at
        )
    return FilterField(
        shortest(name), Sort.PLAIN, dug(path, lambda entry: entry.job.payload), verbatim=True
    )


def _unknown(
    name: str, first: str, known: Iterable[str], kind: Kind | None, at: tuple[str, int]
) -> BadFilter:
    near = near_name(first, sorted(known))
    hint = f"did you mean {near}?" if near else f"payload.{name} reaches any key of the payload"
    whose = "" if kind is None else f" in {kind.value}"
    return BadFilter(f"-w: there is no field {name!r}{whose}", hint=hint, at=at)


def _read_type(entry: Entry, now: float) -> tuple[object, ...]:  # noqa: ARG001
    return (entry.job.get("jobtype"), entry.job.get("class"))


def _read_error(entry: Entry, now: float) -> tuple[object, ...]:  # noqa: ARG001
    return (entry.job.get("errtype"), entry.job.get("message"))


def _read_fingerprint(entry: Entry, now: float) -> tuple[object, ...]:  # noqa: ARG001
    message = entry.job.text("message")
    if message is None:
        return (None,)
    text = fingerprint(message)
    return (text, *digests(text))


# Fields with several values: any of them can be meant.
_SEVERAL: dict[str, Read] = {
    "type": _read_type, "error": _read_error, "fingerprint": _read_fingerprint,
}  # fmt: skip


def _listed(key: str) -> Read:
    value = entry_value(key)
    return lambda entry, now: (value(entry),)  # noqa: ARG005
