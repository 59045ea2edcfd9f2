"""Filters: which entries are meant. A filter consists of tests, and all of them must hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from jobctl.errors import BadFilter
from jobctl.filter.conditions import (
    Comparison,
    Expired,
    Joined,
    PayloadMatches,
    Test,
    find_field,
    leaves,
    twofold,
)
from jobctl.filter.patterns import Regex, compile_glob, compile_regex, may_hold_jid
from jobctl.filter.values import Literal, readings
from jobctl.model.entry import Entry, real_class
from jobctl.model.jsontext import glance
from jobctl.model.layout import Kind, Layout
from jobctl.model.times import parse_duration

Keep = Callable[[bytes, bytes | float], object]

EXPIRED = "expired"  # what --stuck means without a duration
_TEXTS = ("type", "jobtype", "queue", "jid")  # compared by their text; without building an entry


@dataclass(frozen=True, slots=True)
class Where:
    """Tests that must all hold; without any, everything is meant."""

    tests: tuple[Test, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tests)

    def __and__(self, other: Where) -> Where:
        return Where(self.tests + other.tests)

    def __str__(self) -> str:
        single = len(self.tests) == 1
        return " and ".join(
            f"({t})" if " or " in str(t) and not single else str(t) for t in self.tests
        )

    @classmethod
    def parse(
        cls, *texts: str, kind: Kind | None = None, payload_keys: Collection[str] | None = None
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
        from jobctl.filter.expression import parse  # 0.5 ms, where none was typed

        find = partial(find_field, kind=kind, payload_keys=payload_keys)
        return cls(tuple(_by_text(parse(text, find)) for text in texts))

    def matches(self, entry: Entry, now: float) -> bool:
        """Tell whether all tests hold; `now` in unix seconds."""
        for test in self.tests:  # noqa: SIM110 (all() takes longer, and this is the hot path)
            if not test.holds(entry, now):
                return False
        return True

    def pattern(self) -> bytes | None:
        """Return the longest MATCH that lets through all that this means, if there is one."""
        patterns = [p for p in (test.pattern() for test in self.tests) if p is not None]
        return max(patterns, key=len, default=None)

    def keeper(self, kind: Kind, now: float, layout: Layout) -> Keep:
        """Return a fast test of a member and its score (as Redis writes it): truthy for a match.

        It returns the decoded payload where it had to decode it, so that this is done once.

        The commonest filters need no entry: all of the time goes into decoding.
        """
        if not self.tests:
            return lambda raw, score: True  # noqa: ARG005
        first = self.tests[0] if len(self.tests) == 1 else None
        if isinstance(first, PayloadMatches):
            return lambda raw, score: any(c.fullmatch(raw) for c in first.compiled)  # noqa: ARG005
        if isinstance(first, Comparison) and first.texts is not None and kind is not Kind.WORKING:
            keep = _text_keeper(first, first.texts, layout)
            if first.name != "jid":
                return keep
            possible = may_hold_jid(first.texts)  # most members are not even decoded
            return lambda raw, score: possible(raw) and keep(raw, score)
        return lambda raw, score: self.matches(Entry.scored(raw, float(score), kind, layout), now)

    @property
    def decodes(self) -> bool:
        """Whether all that it means are jobs, JSON objects in UTF-8 or nearly."""
        return any(
            all(isinstance(leaf, Expired) or _reads_a_job(leaf) for leaf in leaves(test))
            for test in self.tests
        )

    @property
    def jids(self) -> Comparison | None:
        """The test that asks for JIDs by name, if there is one."""
        named = (t for t in self.tests if isinstance(t, Comparison) and t.texts is not None)
        return next((test for test in named if test.name == "jid"), None)

    @property
    def twofold(self) -> list[Comparison]:
        """The tests on values that can be read in two ways."""
        return twofold(self.tests)


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
    stuck: tuple[str, ...] = ()  # durations, or EXPIRED; in working
    exact: bool = False  # values only as they are, and no class for a type: MUTATE's filter

    def where(self) -> Where:
        """Return the filter they mean.

        Raises:
            UsageProblem: an empty value, a bad regular expression, a bad duration.
        """
        tests: list[Test] = []
        for option, name, values in (
            ("--type", "jobtype" if self.exact else "type", self.jobtypes),
            ("--queue", "queue", self.queues),
            ("--jid", "jid", self.jids),
        ):
            if values or (name == "jid" and values is not None):
                tests.append(_one_of(name, _given(option, values), exact=self.exact))
        if self.errors:
            tests.append(_found(_given("--error", self.errors)))
        if self.globs:
            tests.append(_matching(_given("--match", self.globs)))
        if self.older_than:
            tests.append(_aged(">", min(map(parse_duration, self.older_than))))
        if self.newer_than:
            tests.append(_aged("<", max(map(parse_duration, self.newer_than))))
        if self.malformed:
            is_true = (Literal("true", quoted=False),)
            tests.append(Comparison(_field("malformed"), "=", is_true))
        if self.stuck:
            bounds = [parse_duration(text) for text in self.stuck if text != EXPIRED]
            stuck = Expired()
            tests.append(Joined("or", (stuck, _aged(">", min(bounds)))) if bounds else stuck)
        return Where(tuple(tests))


def _given(option: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if "" in values:
        raise BadFilter(f"{option} is empty", hint="leave the option out to select every job")
    return values


_field = partial(find_field, at=("", 0))


def _one_of(name: str, texts: Iterable[str], *, exact: bool) -> Comparison:
    """Return the test of a field's text; values that are not `exact` may be written as in tsv."""
    if exact:
        return Comparison.one_of(_field(name), texts)
    read = [readings(text) for text in texts]
    pairs = tuple((each[0], each[1]) for each in read if len(each) > 1)
    return Comparison.one_of(_field(name), (text for each in read for text in each), pairs)


def _found(texts: tuple[str, ...]) -> Comparison:
    regexes = tuple(compile_regex(text, "--error") for text in texts)
    return Comparison(_field("error"), "~", tuple(map(Literal.of_text, texts)), regexes)


def _matching(texts: tuple[str, ...]) -> PayloadMatches:
    globs = tuple(text.encode("utf-8", "surrogateescape") for text in texts)
    return PayloadMatches(globs, tuple(map(compile_glob, globs)))


def _aged(op: str, seconds: float) -> Comparison:
    literal = Literal(f"{seconds:.15g}s", quoted=False)
    return Comparison(_field("age"), op, (literal,), seconds=(seconds,))


def _by_text(test: Test) -> Test:
    """Return the test that a flag would make of it, where one does."""
    if not isinstance(test, Comparison) or test.op != "=" or test.name not in _TEXTS:
        return test
    if all(literal.plain for literal in test.literals):
        return Comparison.one_of(test.field, (each.text for each in test.literals), test.pairs)
    return test


def _reads_a_job(leaf: Test) -> bool:
    return isinstance(leaf, Comparison) and leaf.name != "malformed"


def _text_keeper(test: Comparison, texts: frozenset[str], layout: Layout) -> Keep:
    """Return the test of a member's top-level text."""
    either = test.name == "type"
    (key,) = layout.fields["jobtype" if either else test.name]

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
        return test.holds(Entry.scored(raw, 0.0, Kind.RETRIES, layout), 0.0)

    return keep


_SHORTEST = 8  # characters of a JID, by Faktory's rule


def explain(where: Where, kind: Kind, members: int | None) -> dict[str, object]:
    """Return how a filter is read, as plain values.

    Keys: target (the structure), where (the filter), pattern (the glob that Redis tests, if any),
    tests (what is tested on the decoded job), cost (how many members are looked at), warnings.

    Args:
        where: the filter.
        kind: the structure that it searches.
        members: how many members that has; None: not known.
    """
    pattern = None if kind is Kind.QUEUE else where.pattern()  # Redis matches no list's members
    return {
        "target": kind.value,
        "where": str(where) or None,
        "pattern": None if pattern is None else pattern.decode("utf-8", "backslashreplace"),
        "tests": [str(test) for test in where.tests],
        "cost": None if members is None else {"members": members},
        "warnings": warnings(where),
    }


def warnings(where: Where) -> list[str]:
    """Return what may be a mistake, a sentence each."""
    if not where:
        return ["it matches everything"]
    found = [warning for test in where.tests for warning in _warnings(test)]
    return found + list(_contradictions(where))


def _warnings(test: Test) -> Iterator[str]:
    if isinstance(test, PayloadMatches):
        for glob in test.globs:
            yield from _of_glob(glob)
    elif isinstance(test, Comparison) and test.texts is not None and test.name == "jid":
        if not test.texts:
            yield "no JID was given: it matches nothing"
        for jid in sorted(test.texts):
            if len(jid) < _SHORTEST:
                yield f"{jid!r} is short for a JID: they have {_SHORTEST} characters or more"
    elif isinstance(test, Comparison):
        yield from _of_regexes(test.regexes)


def _of_glob(glob: bytes) -> Iterator[str]:
    shown = glob.decode("utf-8", "replace")
    if not glob.strip(b"*"):
        yield f"--match {shown} matches everything"
    elif not re.search(rb"[*?\[]", glob):
        yield f"--match {shown} has no star: it matches only a payload that is exactly this"
    elif not glob.startswith(b"*") or not glob.endswith(b"*"):
        yield f"--match {shown} must match the whole payload: a star at both ends finds it inside"
    if b"[" in re.sub(rb"\\.|\[[^\]]*\]", b"", glob):
        yield rf"--match {shown} has a [ without its ]: for the bracket itself write \["


def _of_regexes(regexes: tuple[Regex, ...]) -> Iterator[str]:
    for regex in regexes:
        if regex.finds_all:
            yield f"the expression {regex.pattern!r} is found in every text"


def _contradictions(where: Where) -> Iterator[str]:
    wanted: dict[str, frozenset[str]] = {}
    for test in where.tests:
        if isinstance(test, Comparison) and test.texts is not None:
            both = wanted.get(test.name, test.texts) & test.texts
            if test.texts and not both:
                yield f"no {test.name} can meet all of this: it matches nothing"
            wanted[test.name] = both
