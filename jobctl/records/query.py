"""A query on records: which of its conditions an index answers, and which need the record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobctl.filter.conditions import Comparison, Joined, Test, twofold
from jobctl.filter.expression import parse
from jobctl.filter.fields import split_path
from jobctl.filter.regex import compile_regex
from jobctl.filter.values import Literal
from jobctl.model.jobba import MOMENTS, RecordState
from jobctl.model.record import Record
from jobctl.model.times import DAY, Instant, parse_day
from jobctl.records.record_fields import STATE_WORDS, find_record_field

MICRO = 1_000_000
_EXAMPLE = "state=failed and (error~timeout or job_name=SendEmail)"
_SHOWN = 20  # values
NAMED = ("job_name", "job_arg", "provider_job_id", "id")


@dataclass(frozen=True, slots=True)
class Values:
    """A record is in one of these sets: of a state, job name, argument, provider id; or is named.

    Attributes:
        field: state, job_name, job_arg, provider_job_id or id.
        values: any of them; none matches nothing.
    """

    field: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        more = len(self.values) - _SHOWN
        rest = f" and {more:,} more" if more > 0 else ""
        return f"{self.field}={','.join(self.values[:_SHOWN])}{rest}"


@dataclass(frozen=True, slots=True)
class Span:
    """One of a record's times is within a span.

    Attributes:
        field: which time.
        low, high: whole microseconds, both inclusive; None: open.
    """

    field: str
    low: int | None = None
    high: int | None = None

    def __str__(self) -> str:
        low = "" if self.low is None else f"{self.low}<="
        return f"{low}{self.field}" + ("" if self.high is None else f"<={self.high}")

    @property
    def empty(self) -> bool:
        """Whether nothing can be in it."""
        return self.low is not None and self.high is not None and self.low > self.high

    def holds(self, micro: float) -> bool:
        """Tell whether a time is within it."""
        return (self.low is None or self.low <= micro) and (self.high is None or micro <= self.high)

    def __and__(self, other: Span) -> Span:
        lows = [low for low in (self.low, other.low) if low is not None]
        highs = [high for high in (self.high, other.high) if high is not None]
        return Span(self.field, max(lows, default=None), min(highs, default=None))


Clause = Values | Span


@dataclass(frozen=True, slots=True)
class Sorted:
    """The conditions of a query, sorted by who answers them.

    Attributes:
        clauses: those that an index answers; all must hold.
        states: what the record's own state must be one of, beside the index; None: anything.
            (A restart by the gem leaves an id in the set of the old state.)
        rest: those that are tested on the loaded record.
    """

    clauses: tuple[Clause, ...]
    states: frozenset[RecordState] | None
    rest: tuple[Test, ...]

    def keeps(self, record: Record, now: float) -> bool:
        """Tell whether a record that the indexes gave meets what they do not answer."""
        if self.states is not None and record.state not in self.states:
            return False
        return all(test.holds(record, now) for test in self.rest)


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions that must all hold; none: every record."""

    tests: tuple[Test, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tests)

    def __and__(self, other: Query) -> Query:
        return Query(self.tests + other.tests)

    def __str__(self) -> str:
        single = len(self.tests) == 1
        return " and ".join(
            f"({t})" if isinstance(t, Joined) and not single else str(t) for t in self.tests
        )

    @classmethod
    def parse(cls, *texts: str) -> Query:
        """Read expressions of the filter language, on records; all of them must hold.

        Raises:
            BadFilter: one makes no sense; knows the place in it.
        """
        parsed = (parse(text, find_record_field, _EXAMPLE) for text in texts)
        return cls(tuple(part for node in parsed for part in _conjuncts(node)))

    @classmethod
    def of_ids(cls, idents: Iterable[str]) -> Query:
        """Return the condition that a record's id is one of these; of none nothing matches."""
        literals = tuple(Literal(ident, quoted=True) for ident in idents)
        return cls((Comparison(find_record_field("id", ("", 0)), "=", literals),))

    def ignoring_case(self) -> Query | None:
        """Return it with ``~`` ignoring case; None where it has none."""
        tests = tuple(map(_ignoring_case, self.tests))
        return None if tests == self.tests else Query(tests)

    @property
    def twofold(self) -> list[Comparison]:
        """The tests on values that read in two ways."""
        return twofold(self.tests)

    def holds(self, record: Record, now: float) -> bool:
        """Tell whether a loaded record meets all of it; `now` in unix seconds."""
        return all(test.holds(record, now) for test in self.tests)

    def sort(self, now: float) -> Sorted:
        """Return the conditions sorted by who answers them; `now` in unix seconds."""
        values: list[Values] = []
        spans: dict[str, Span] = {}
        states: frozenset[RecordState] | None = None
        rest: list[Test] = []
        for test in self.tests:
            clause, whole = _clause(test, now)
            if isinstance(clause, Span):
                mine = spans.get(clause.field)
                spans[clause.field] = clause if mine is None else mine & clause
            elif clause is not None:
                values.append(clause)
                if clause.field == "state":
                    wanted = frozenset(map(RecordState, clause.values))
                    states = wanted if states is None else states & wanted
            if not whole:
                rest.append(test)
        return Sorted((*values, *spans.values()), states, tuple(rest))


def _conjuncts(node: Test) -> Iterator[Test]:
    if isinstance(node, Joined) and node.word == "and":
        for part in node.parts:
            yield from _conjuncts(part)
    else:
        yield node


def _ignoring_case(node: Test) -> Test:
    if isinstance(node, Joined):
        return Joined(node.word, tuple(map(_ignoring_case, node.parts)))
    if not isinstance(node, Comparison) or node.op != "~":
        return node
    texts = [f"(?i){literal.text}" for literal in node.literals]
    return Comparison(
        node.field,
        node.op,
        tuple(Literal(text, quoted=True) for text in texts),
        tuple(compile_regex(text, "-w") for text in texts),
    )


def _clause(test: Test, now: float) -> tuple[Clause | None, bool]:
    """Return the clause that an index answers, and whether it says all that the test does."""
    if not isinstance(test, Comparison):
        return None, False
    name = test.field.name
    if any(literal.null for literal in test.literals):
        return None, False
    if name == "state" and test.op in ("=", "!="):
        return _states(test), True
    if name in MOMENTS and test.op in _SIDES:
        span = _span(name, test, now)
        return span, span is not None
    if name == "age" and test.op in ("<", "<=", ">", ">="):
        return _aged(test, now), False
    if test.op != "=":
        return None, False
    texts = tuple(_indexed(literal) for literal in test.literals)
    if None in texts:
        return None, False
    values = tuple(dict.fromkeys(text for text in texts if text is not None))
    if name in NAMED:
        # A quoted 42 is no number: the index cannot tell.
        return Values(name, values), name != "provider_job_id" or not _quoted_number(test)
    if split_path(name)[0] == "job_args":
        return Values("job_arg", values), False
    return None, False


def _states(test: Comparison) -> Values:
    named = {state for literal in test.literals for state in STATE_WORDS[literal.text]}
    wanted = named if test.op == "=" else set(RecordState) - named
    return Values("state", tuple(state.value for state in RecordState if state in wanted))


def _indexed(literal: Literal) -> str | None:
    """Return the text that stands in an index's key; None where there may be several."""
    if literal.quoted or literal.number is None:
        return literal.text
    whole = literal.text.removeprefix("-").isdigit()
    return literal.text if whole and literal.text != "-0" else None


def _quoted_number(test: Comparison) -> bool:
    return any(literal.quoted and literal.text.isdigit() for literal in test.literals)


_SIDES = ("=", "<", "<=", ">", ">=")


def _span(name: str, test: Comparison, now: float) -> Span | None:
    moments = (literal.moment(now) for literal in test.literals)
    ends = [_micro(moment) for moment in moments if moment is not None]
    if test.op == "=":
        if len(test.literals) != 1 or not ends:
            return None
        micro, below = ends[0]
        if parse_day(test.literals[0].text, now) is not None:
            return Span(name, micro, micro + DAY * MICRO - 1)
        return Span(name, micro, micro - 1 if below else micro)
    if test.op in (">", ">="):
        micro, below = min(ends)
        return Span(name, low=micro + (1 if test.op == ">" or below else 0))
    micro, below = max(ends)
    return Span(name, high=micro - (1 if test.op == "<" and not below else 0))


def _aged(test: Comparison, now: float) -> Span:
    """Return the span of recorded_at that an age amounts to, a little wider than it is."""
    micro = now * MICRO
    if test.op in (">", ">="):
        return Span("recorded_at", high=int(micro - min(test.seconds) * MICRO) + 1)
    return Span("recorded_at", low=int(micro - max(test.seconds) * MICRO) - 1)


def _micro(moment: Instant) -> tuple[int, bool]:
    """Return whole microseconds, and whether there is more below them."""
    digits = moment.digits.ljust(6, "0")
    return moment.seconds * MICRO + int(digits[:6]), bool(digits[6:].strip("0"))
