"""Filters: which entries are meant. A filter consists of tests; all of them must hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from jobctl.filter.regex import Regex
from jobctl.filter.spelling import match_pattern, may_hold_jid
from jobctl.model.entry import Entry
from jobctl.model.job import glance, real_class
from jobctl.model.jsontext import printable_string
from jobctl.model.layout import Kind, Layout
from jobctl.model.readings import Pair, Twofold, readings

Keep = Callable[[bytes, bytes | float], object]

_FAST = ("type", "jobtype", "queue", "jid")  # compared without building an entry
_FIELDS = {"type": ("jobtype", "class")}  # what --type looks at


class Test(Protocol):
    """One condition on an entry; its text is the filter language's."""

    def holds(self, entry: Entry, now: float) -> bool | None:
        """Tell whether the entry meets it; None: nothing can be said of it. `now` in seconds."""

    def pattern(self) -> bytes | None:
        """Return a MATCH that lets through all that meet it (and maybe more), if there is one."""


@dataclass(frozen=True, slots=True)
class Equals:
    """The field's text is one of these; a missing field is none of them.

    Attributes:
        name: the field: jid, queue, jobtype; type is the jobtype or the class.
        texts: any of them.
        pairs: the two readings of each typed value that has two.
    """

    name: str
    texts: frozenset[str]
    pairs: tuple[Pair, ...] = ()

    @classmethod
    def typed(cls, name: str, texts: Iterable[str]) -> Equals:
        """Return what typed values mean, each as it is or as tsv writes it."""
        read = [readings(text) for text in texts]
        pairs = tuple((each[0], each[1]) for each in read if len(each) > 1)
        return cls(name, frozenset(text for each in read for text in each), pairs)

    def __str__(self) -> str:
        return f"{self.name}={','.join(_quoted(text) for text in sorted(self.texts))}"

    def values(self, entry: Entry, now: float) -> tuple[str | None, ...]:  # noqa: ARG002
        """Return the field's text; of type both."""
        return tuple(map(entry.job.word, _FIELDS.get(self.name, (self.name,))))

    def holds(self, entry: Entry, now: float) -> bool:
        """Compare the decoded field, never a substring."""
        return any(value in self.texts for value in self.values(entry, now))

    def pattern(self) -> bytes | None:
        """Return the pattern of a single text, or of both its readings where they share one."""
        if len(self.texts) > 1 + len(self.pairs):
            return None
        patterns = {match_pattern(text) for text in self.texts}
        return patterns.pop() if len(patterns) == 1 else None

    def missing(self, seen: Iterable[str]) -> set[str]:
        """Return the texts that were not seen; of a value with two readings one is enough."""
        missing = self.texts - frozenset(seen)
        for pair in self.pairs:
            missing -= {pair[1]} if missing.issuperset(pair) else set(pair)
        return set(missing)


@dataclass(frozen=True, slots=True)
class ErrorMatches:
    """One of these regular expressions is found in the error's type or message."""

    expressions: tuple[Regex, ...]

    def __str__(self) -> str:
        return f"error~{','.join(_quoted(e.pattern) for e in self.expressions)}"

    def holds(self, entry: Entry, now: float) -> bool:  # noqa: ARG002
        """Search errtype and message."""
        texts = [t for t in (entry.job.text("errtype"), entry.job.text("message")) if t is not None]
        return any(e.found_in(t, entry) for e in self.expressions for t in texts)

    def pattern(self) -> bytes | None:
        """Return nothing: Redis has no regular expressions."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The member's bytes match one of these globs (what Faktory's MUTATE calls regexp)."""

    globs: tuple[bytes, ...]
    compiled: tuple[re.Pattern[bytes], ...]

    def __str__(self) -> str:
        shown = (glob.decode("utf-8", "replace") for glob in self.globs)
        return f"the payload matches {' or '.join(shown)}"

    def holds(self, entry: Entry, now: float) -> bool:  # noqa: ARG002
        """Match as Redis would."""
        return any(c.fullmatch(entry.raw) for c in self.compiled)

    def pattern(self) -> bytes | None:
        """Return the glob itself, if there is one only."""
        return self.globs[0] if len(self.globs) == 1 else None


@dataclass(frozen=True, slots=True)
class Aged:
    """The entry is older (or newer) than one of these ages in seconds; no age, no match."""

    seconds: tuple[float, ...]
    older: bool

    def __str__(self) -> str:
        bound = min(self.seconds) if self.older else max(self.seconds)
        return f"age{'>' if self.older else '<'}{bound:g}s"

    def holds(self, entry: Entry, now: float) -> bool:
        """Compare the age that counts in the entry's structure."""
        age = None if entry.job.malformed else entry.age(now)
        if age is None:
            return False
        return age > min(self.seconds) if self.older else age < max(self.seconds)

    def pattern(self) -> bytes | None:
        """Return nothing: Redis does not read times."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """The reservation has expired, or, with a bound in seconds, is older than that."""

    seconds: float | None = None

    def __str__(self) -> str:
        expired = "the reservation has expired"
        return expired if self.seconds is None else f"{expired} or age>{self.seconds:g}s"

    def holds(self, entry: Entry, now: float) -> bool:
        """Ask the reservation."""
        if entry.job.malformed:
            return False
        age = None if self.seconds is None else entry.age(now)
        return entry.expired(now) or (age is not None and age > (self.seconds or 0.0))

    def pattern(self) -> bytes | None:
        """Return nothing: Redis does not read times."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """The member is no job."""

    def __str__(self) -> str:
        return "malformed=true"

    def holds(self, entry: Entry, now: float) -> bool:  # noqa: ARG002
        """Ask the decoded job."""
        return entry.job.malformed

    def pattern(self) -> bytes | None:
        """Return nothing: Redis does not read JSON."""


@dataclass(frozen=True, slots=True)
class Where:
    """A conjunction of tests; without any, everything is meant."""

    tests: tuple[Test, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tests)

    def matches(self, entry: Entry, now: float) -> bool:
        """Tell whether all tests hold; `now` in unix seconds."""
        return all(test.holds(entry, now) for test in self.tests)

    def __str__(self) -> str:
        single = len(self.tests) == 1
        return " and ".join(
            f"({t})" if " or " in str(t) and not single else str(t) for t in self.tests
        )

    @classmethod
    def parse(
        cls,
        *texts: str,
        kind: Kind | None = None,
        payload_keys: Collection[str] | None = None,
    ) -> Where:
        """Read expressions of the filter language; all of them must hold.

        Args:
            texts: the expressions.
            kind: the structure whose jobs are meant, so that its fields are known; None: any.
            payload_keys: the top-level keys that payloads have, so that another is a mistake;
                None: any may be there.

        Raises:
            BadFilter: one makes no sense; knows the place in it.
        """
        if not texts:
            return cls()
        from jobctl.filter.expression import parse  # a start without one does not pay for it
        from jobctl.filter.fields import find_field

        find = partial(find_field, kind=kind, payload_keys=payload_keys)
        return cls(tuple(_simplest(parse(text, find)) for text in texts))

    def __and__(self, other: Where) -> Where:
        return Where(self.tests + other.tests)

    @property
    def decodes(self) -> bool:
        """Whether all that it means are jobs, JSON objects in UTF-8 or nearly."""
        return any(isinstance(test, Equals | ErrorMatches | Aged | Stuck) for test in self.tests)

    @property
    def jids(self) -> Equals | None:
        """The test that asks for JIDs by name, if there is one."""
        return next((t for t in self.tests if isinstance(t, Equals) and t.name == "jid"), None)

    @property
    def twofold(self) -> list[Twofold]:
        """The tests on values that read in two ways."""
        found: list[Twofold] = [t for t in self.tests if isinstance(t, Equals) and t.pairs]
        flags = Equals | ErrorMatches | Matches | Aged | Stuck | Malformed
        expressions = [test for test in self.tests if not isinstance(test, flags)]
        if expressions:
            from jobctl.filter.conditions import comparisons  # as above

            found += (t for test in expressions for t in comparisons(test) if t.pairs)
        return found

    def keeper(self, kind: Kind, now: float, layout: Layout) -> Keep:
        """Return a fast test of a member and its score (as Redis writes it): truthy for a match.

        What it returns is the decoded payload where it had to decode it: it need not be done again.

        The commonest filters need no entry: all of the time goes into decoding.
        """
        first = self.tests[0] if len(self.tests) == 1 else None
        if not self.tests:
            return lambda raw, score: True  # noqa: ARG005
        if isinstance(first, Matches):
            return lambda raw, score: any(c.fullmatch(raw) for c in first.compiled)  # noqa: ARG005
        if isinstance(first, Equals) and kind is not Kind.WORKING:
            return _one_of(first, layout) if first.name == "jid" else _equal(first, layout)
        return lambda raw, score: self.matches(Entry.scored(raw, float(score), kind, layout), now)

    def pattern(self) -> bytes | None:
        """Return the longest MATCH that lets through all that this means, if there is one."""
        patterns = [p for p in (test.pattern() for test in self.tests) if p is not None]
        return max(patterns, key=len, default=None)


def _quoted(text: str) -> str:
    plain = re.fullmatch(r'[^\s,()"=~<>!][^\s,()"]*', text)
    bare = plain and text.isprintable() and _is_text(text) and len(readings(text)) == 1
    return text if bare else printable_string(text)


def _is_text(text: str) -> bool:
    return text not in ("null", "true", "false") and not re.fullmatch(r"-?[\d.]+([eE].*)?", text)


def _simplest(node: Test) -> Test:
    """Return the test that a flag would make of it, where one does."""
    from jobctl.filter.conditions import Comparison

    if not isinstance(node, Comparison) or node.op != "=" or node.name not in _FAST:
        return node
    if all(replace(literal, quoted=False).plain for literal in node.literals):
        return Equals(node.name, frozenset(each.text for each in node.literals), node.pairs)
    return node


def _equal(test: Equals, layout: Layout) -> Keep:
    """Return the test of a member's top-level text."""
    (key,), texts = layout.fields[_FIELDS.get(test.name, (test.name,))[0]], test.texts
    either = test.name == "type"

    def keep(raw: bytes, score: bytes | float) -> object:  # noqa: ARG001
        payload = glance(raw)
        if payload is None:
            return False
        value = payload.get(key)
        if value.__class__ is str or value is None:
            if value in texts or (either and real_class(payload, layout) in texts):
                return payload
            return False
        # A number may have been rounded at a glance.
        return Equals.holds(test, Entry.scored(raw, 0.0, Kind.RETRIES, layout), 0.0)

    return keep


def _one_of(test: Equals, layout: Layout) -> Keep:
    """Return the test of a member's JID: most members are not even decoded."""
    possible, equal = may_hold_jid(test.texts), _equal(test, layout)
    return lambda raw, score: possible(raw) and equal(raw, score)
