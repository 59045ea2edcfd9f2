"""Filters: which entries are meant. Every flag becomes a test; all tests must hold."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Protocol

from jobctl.errors import BadFilter
from jobctl.model.entry import Entry
from jobctl.model.glob import compile_glob
from jobctl.model.spelling import match_pattern
from jobctl.model.times import parse_duration


class Test(Protocol):
    """One condition on an entry."""

    def holds(self, entry: Entry, now: float) -> bool:
        """Tell whether the entry meets it; `now` in unix seconds."""

    def pattern(self) -> bytes | None:
        """Return a MATCH that lets through all that meet it (and maybe more), if there is one."""


@dataclass(frozen=True, slots=True)
class Equals:
    """The field's text is one of these; a missing field is none of them."""

    field: str
    texts: frozenset[str]

    def holds(self, entry: Entry, now: float) -> bool:  # noqa: ARG002
        """Compare the decoded field, never a substring."""
        return entry.job.word(self.field) in self.texts

    def pattern(self) -> bytes | None:
        """Return the pattern of a single text."""
        return match_pattern(next(iter(self.texts))) if len(self.texts) == 1 else None


@dataclass(frozen=True, slots=True)
class ErrorMatches:
    """One of these regular expressions is found in the error's type or message."""

    expressions: tuple[re.Pattern[str], ...]

    def holds(self, entry: Entry, now: float) -> bool:  # noqa: ARG002
        """Search errtype and message."""
        texts = [t for t in (entry.job.text("errtype"), entry.job.text("message")) if t is not None]
        return any(e.search(t) for e in self.expressions for t in texts)

    def pattern(self) -> bytes | None:
        """Return nothing: Redis has no regular expressions."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The member's bytes match one of these globs (what Faktory's MUTATE calls regexp)."""

    globs: tuple[bytes, ...]
    compiled: tuple[re.Pattern[bytes], ...]

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

    def holds(self, entry: Entry, now: float) -> bool:
        """Compare the age that counts in the entry's structure."""
        age = None if entry.job.malformed else entry.age(now)
        if age is None:
            return False
        return age > min(self.seconds) if self.older else age < max(self.seconds)

    def pattern(self) -> bytes | None:
        """Return nothing: Redis does not read times."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """The member is no job."""

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

    def keeper(self, kind, now, layout):  # temporary
        if not self.tests:
            return lambda raw, score: True
        if all(isinstance(t, Equals) and t.field in ("jobtype", "queue") for t in self.tests):
            from jobctl.model.job import read_object

            wanted = [(t.field, t.texts) for t in self.tests]
            field, texts = wanted[0]

            def keep(raw, score):
                p = read_object(raw)
                return p is not None and p.get(field) in texts

            return keep
        return lambda raw, score: self.matches(Entry.scored(raw, score, kind, layout), now)

    def jids(self):
        for t in self.tests:
            if isinstance(t, Equals) and t.field == "jid":
                return t.texts
        return None

    def pattern(self) -> bytes | None:
        """Return the longest MATCH that lets through all that this means, if there is one."""
        patterns = [p for p in (test.pattern() for test in self.tests) if p is not None]
        return max(patterns, key=len, default=None)


@dataclass(frozen=True, slots=True)
class Flags:
    """The filter flags as typed; the same flag twice is OR, different flags are AND."""

    jobtypes: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    jids: tuple[str, ...] | None = None  # None: not asked for; empty matches nothing
    errors: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    older_than: tuple[str, ...] = ()
    newer_than: tuple[str, ...] = ()
    malformed: bool = False

    def where(self) -> Where:
        """Return the filter they mean.

        Raises:
            UsageProblem: an empty value, a bad regular expression, a bad duration.
        """
        tests: list[Test] = []
        for option, field, values in (
            ("--type", "jobtype", self.jobtypes),
            ("--queue", "queue", self.queues),
            ("--jid", "jid", self.jids),
        ):
            if values or (field == "jid" and values is not None):
                tests.append(Equals(field, frozenset(_given(option, values))))
        if self.errors:
            tests.append(ErrorMatches(tuple(_regex(e) for e in _given("--error", self.errors))))
        if self.globs:
            encoded = tuple(_bytes(g) for g in _given("--match", self.globs))
            tests.append(Matches(encoded, tuple(compile_glob(g) for g in encoded)))
        if self.older_than:
            tests.append(Aged(tuple(map(parse_duration, self.older_than)), older=True))
        if self.newer_than:
            tests.append(Aged(tuple(map(parse_duration, self.newer_than)), older=False))
        if self.malformed:
            tests.append(Malformed())
        return Where(tuple(tests))


def _given(option: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if "" in values:
        raise BadFilter(f"{option} is empty", hint="leave the option out to select every job")
    return values


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _regex(text: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a later Python may read otherwise: [[a]
            return re.compile(text)
    except re.error as error:
        raise BadFilter(
            f"--error is not a regular expression: {error.msg}", at=(text, error.pos or 0)
        ) from None
    except (OverflowError, RecursionError):
        raise BadFilter("--error is a regular expression beyond all bounds") from None
