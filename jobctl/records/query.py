"""Queries on records: their fields, which conditions an index answers, which need the record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from jobctl.errors import BadFilter
from jobctl.filter.conditions import Comparison, FilterField, Joined, Read, Sort, Test, dug, twofold
from jobctl.filter.expression import parse
from jobctl.filter.patterns import compile_regex
from jobctl.filter.values import Literal, check_time, shortest, split_path
from jobctl.model.jobba import (
    GROUPS,
    KILL_REQUESTED,
    MOMENTS,
    ROW_KEYS,
    Clause,
    Record,
    RecordState,
    SetClause,
    TimeClause,
)
from jobctl.model.jsontext import text_of
from jobctl.model.status import OF_RECORDS
from jobctl.model.times import DAY, Instant, parse_day, parse_duration
from jobctl.model.words import near_name

MICRO = 1_000_000
_EXAMPLE = "state=failed and (error~timeout or job_name=SendEmail)"
NAMED = ("job_name", "job_arg", "provider_job_id", "id")


@dataclass(frozen=True, slots=True)
class SplitQuery:
    """The conditions of a query, split by who answers them.

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
    def all_of(cls, conditions: Iterable[Query | str]) -> Query:
        """Return what queries and expressions mean together.

        Raises:
            BadFilter: an expression makes no sense.
        """
        queries = (cls.parse(c) if isinstance(c, str) else c for c in conditions)
        return cls(tuple(test for query in queries for test in query.tests))

    @classmethod
    def of_ids(cls, idents: Iterable[str]) -> Query:
        """Return the condition that a record's id is one of these; of none nothing matches."""
        literals = tuple(Literal(ident, quoted=True) for ident in idents)
        return cls((Comparison(find_record_field("id", ("", 0)), "=", literals),))

    def ignoring_case(self) -> Query | None:
        """Return the query with ``~`` ignoring case; None where it has no ``~``."""
        tests = tuple(map(_ignoring_case, self.tests))
        return None if tests == self.tests else Query(tests)

    @property
    def twofold(self) -> list[Comparison]:
        """The tests on values that can be read in two ways."""
        return twofold(self.tests)

    def holds(self, record: Record, now: float) -> bool:
        """Tell whether a loaded record meets all of it; `now` in unix seconds."""
        return all(test.holds(record, now) for test in self.tests)

    def split(self, now: float) -> SplitQuery:
        """Return the conditions, split by who answers them; `now` in unix seconds."""
        values: list[SetClause] = []
        spans: dict[str, TimeClause] = {}
        states: frozenset[RecordState] | None = None
        rest: list[Test] = []
        for test in self.tests:
            clause, whole = _clause(test, now)
            if isinstance(clause, TimeClause):
                mine = spans.get(clause.field)
                spans[clause.field] = clause if mine is None else mine & clause
            elif clause is not None:
                values.append(clause)
                if clause.field == "state":
                    wanted = frozenset(map(RecordState, clause.values))
                    states = wanted if states is None else states & wanted
            if not whole:
                rest.append(test)
        return SplitQuery((*values, *spans.values()), states, tuple(rest))


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
        return SetClause(name, values), name != "provider_job_id" or not _quoted_number(test)
    if split_path(name)[0] == "job_args":
        return SetClause("job_arg", values), False
    return None, False


def _states(test: Comparison) -> SetClause:
    named = {state for literal in test.literals for state in STATE_WORDS[literal.text]}
    wanted = named if test.op == "=" else set(RecordState) - named
    return SetClause("state", tuple(state.value for state in RecordState if state in wanted))


def _indexed(literal: Literal) -> str | None:
    """Return the text that stands in an index's key; None where there may be several."""
    if literal.quoted or literal.number is None:
        return literal.text
    return literal.text if _whole(literal) and literal.text != "-0" else None


def _quoted_number(test: Comparison) -> bool:
    return any(literal.quoted and _whole(literal) for literal in test.literals)


def _whole(literal: Literal) -> bool:
    return literal.text.removeprefix("-").isdigit()


_SIDES = ("=", "<", "<=", ">", ">=")


def _span(name: str, test: Comparison, now: float) -> TimeClause | None:
    moments = (literal.moment(now) for literal in test.literals)
    ends = [_micro(moment) for moment in moments if moment is not None]
    if test.op == "=":
        if len(test.literals) != 1 or not ends:
            return None
        micro, below = ends[0]
        if parse_day(test.literals[0].text, now) is not None:
            return TimeClause(name, micro, micro + DAY * MICRO - 1)
        return TimeClause(name, micro, micro - 1 if below else micro)
    if test.op in (">", ">="):
        micro, below = min(ends)
        return TimeClause(name, low=micro + (1 if test.op == ">" or below else 0))
    micro, below = max(ends)
    return TimeClause(name, high=micro - (1 if test.op == "<" and not below else 0))


def _aged(test: Comparison, now: float) -> TimeClause:
    """Return the span of recorded_at that an age amounts to, a little wider than it is."""
    micro = now * MICRO
    if test.op in (">", ">="):
        return TimeClause("recorded_at", high=int(micro - min(test.seconds) * MICRO) + 1)
    return TimeClause("recorded_at", low=int(micro - max(test.seconds) * MICRO) - 1)


def _micro(moment: Instant) -> tuple[int, bool]:
    """Return whole microseconds, and whether there is more below them."""
    digits = moment.digits.ljust(6, "0")
    return moment.seconds * MICRO + int(digits[:6]), bool(digits[6:].strip("0"))


@dataclass(frozen=True, slots=True)
class RecordWhere:
    """Records by id and by a query; what is given of both must hold.

    Attributes:
        ids: those that were asked for; None: any. None asked for matches nothing.
        query: the conditions.
        orphans: whether ids without a record match where their index entries do: a cleanup.
    """

    ids: tuple[str, ...] | None = None
    query: Query = field(default_factory=Query)
    orphans: bool = False

    def __bool__(self) -> bool:
        return self.ids is not None or bool(self.query)

    @classmethod
    def older(cls, age: str, *, completed: bool) -> RecordWhere:
        """Return the records of a cleanup: those recorded so long ago, or the completed among them.

        Raises:
            BadFilter: that is no duration.
        """
        query = aged("--older-than", (age,))
        return cls(None, query & Query.parse("state=completed") if completed else query, True)


def aged(option: str, ages: tuple[str, ...]) -> Query:
    """Return the condition that ``--older-than`` or ``--newer-than`` means; any of the ages.

    Raises:
        BadFilter: one of them is no duration.
    """
    if "" in ages:
        raise BadFilter(f"{option} is empty", hint="90s, 15m, 2h, 3d, 12w")
    for age in ages:
        parse_duration(age)
    moments = ",".join(f"-{age.strip()}" for age in ages)
    return Query.parse(f"recorded_at{'<' if option == '--older-than' else '>'}{moments}")


TIMES = (*MOMENTS, KILL_REQUESTED)
# jobctl's own words for some states, where Jobba's say nothing else by them.
_CANONICAL = {word.value: state for state, word in OF_RECORDS.items()}
STATE_WORDS: Mapping[str, tuple[RecordState, ...]] = {
    **{state.value: (state,) for state in RecordState},
    **GROUPS,
    **{word: (state,) for word, state in _CANONICAL.items()},
}
_OTHER_WORDS = {
    state: tuple(word for word, states in STATE_WORDS.items() if state in states and word != state)
    for state in RecordState
}
_ALIASES = {"type": "job_name"}
_NESTED = ("job_args", "data", "errors")


def find_record_field(name: str, at: tuple[str, int]) -> FilterField:
    """Return the field of this name, of a record.

    Raises:
        BadFilter: there is none; says which is near.
    """
    name = _ALIASES.get(name, name)
    if name in _SPECIAL:
        sort, read, check = _SPECIAL[name]
        return FilterField(name, sort, read, verbatim=False, check=check)
    if name in ROW_KEYS:
        sort = Sort.TIME if name in TIMES else Sort.PLAIN
        check = check_time if sort is Sort.TIME else None
        return FilterField(name, sort, _listed(name), verbatim=False, check=check)
    path = split_path(name)
    first, rest = path[0], path[1:]
    if first in _NESTED and rest:
        key = str(first)
        below = dug(rest, lambda record: record.values.get(key))
        return FilterField(shortest(name), Sort.PLAIN, below, verbatim=False)
    near = near_name(str(first), sorted((*ROW_KEYS, *_SPECIAL, *_ALIASES)))
    raise BadFilter(
        f"-w: records have no field {name!r}",
        hint=f"did you mean {near}?"
        if near
        else f"they have {', '.join(dict.fromkeys((*ROW_KEYS, *_SPECIAL)))}",
        at=at,
    )


def _listed(key: str) -> Read:
    return lambda record, now: (record.listed(key),)  # noqa: ARG005


def _state(record: Record, now: float) -> tuple[object, ...]:  # noqa: ARG001
    """Return the state's names: its own, its group's, and jobctl's own word for it."""
    state = record.state
    if state is None:
        return (record.values.get("state"),)
    return (state.value, *_OTHER_WORDS[state])


def _check_state(literal: Literal, at: tuple[str, int]) -> None:
    if literal.text in STATE_WORDS:
        return
    near = near_name(literal.text, list(STATE_WORDS))
    known = ", ".join((*RecordState, *GROUPS))
    raise BadFilter(
        f"-w: no record is ever {literal.text!r}",
        hint=f"did you mean {near}?" if near else f"the states are {known}",
        at=at,
    )


def _args(record: Record, now: float) -> tuple[object, ...]:  # noqa: ARG001
    return tuple(record.job_args.values()) or (None,)


def _errors(record: Record, now: float) -> tuple[object, ...]:  # noqa: ARG001
    return tuple(text_of(error) for error in record.errors) or (None,)


def _age(record: Record, now: float) -> tuple[object, ...]:
    recorded = record.microseconds("recorded_at")
    return (None if recorded is None else now - recorded / 1e6,)


_SPECIAL = {
    "state": (Sort.PLAIN, _state, _check_state),
    "job_arg": (Sort.PLAIN, _args, None),
    "error": (Sort.PLAIN, _errors, None),
    "age": (Sort.AGE, _age, None),
}
