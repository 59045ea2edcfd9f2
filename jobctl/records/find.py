"""Find and count status records: the indexes lead, the records themselves decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from itertools import chain, islice
from typing import Generic, TypeVar

from jobctl.errors import UsageProblem, WrongType
from jobctl.model.jobba import (
    ROW_KEYS,
    Clause,
    Record,
    RecordState,
    SetClause,
    TimeClause,
    decode,
    encode,
    state_of,
)
from jobctl.model.rows import Page, SortKey, SortOrder, sort_key
from jobctl.model.words import did_you_mean
from jobctl.records.plan import HELD, NEWEST, QueryPlan, Way, make_plan, ordering
from jobctl.records.query import Query, SplitQuery
from jobctl.redis.record_indexes import Budget, Indexes, Scored
from jobctl.redis.record_reading import RecordReader

EVERY_STATE = SetClause("state", tuple(RecordState))
SLACK = 100  # ids kept more than are wanted: some may have no record

T = TypeVar("T", bytes, Scored, tuple[SortKey, bytes])
_SKIPPED = 1000  # records passed over at once


@dataclass(frozen=True, slots=True)
class RecordCount:
    """How many records match, and how many of the index entries read have no record."""

    records: int
    orphans: int


def find(
    reader: RecordReader, query: Query, order: SortOrder, page: Page, now: float
) -> Iterator[Record]:
    """Yield the records that match; `now` in unix seconds.

    The default order is the newest recorded first. Records that have not what is sorted by come
    last, by id, whatever the direction.
    """
    if page.limit != 0:
        yield from found(reader, explain(reader, query, order, page, now), page, now)


def found(reader: RecordReader, plan: QueryPlan, page: Page, now: float) -> Iterator[Record]:
    """Yield the records that a plan finds."""
    if plan.field not in (None, "id"):
        yield from _by_field(reader, plan, page, now)
        return
    ids = ids_in_order(reader.indexes, plan)
    if plan.query.rest:
        yield from page.of(_kept(reader, ids, plan.query, now))
    else:
        yield from _cut(reader, ids, plan.query, page)


def count(reader: RecordReader, query: Query, now: float) -> RecordCount:
    """Count the records that `find` would yield, and the orphans on the way."""
    wanted = query.split(now)
    found = _verified(reader, distinct(reader.indexes, wanted), wanted, now)
    named = [isinstance(c, SetClause) and c.field == "id" for c in wanted.clauses]
    only_named = bool(named) and all(named)  # then no index has led there
    return RecordCount(found.records, 0) if only_named else found


def count_ignoring_case(
    reader: RecordReader, query: Query, now: float, most: int
) -> tuple[int, Query] | None:
    """Count what would match if ``~`` ignored case, among the first ids that may; and return that.

    None where there is no ``~``. It loads `most` records at most.
    """
    relaxed = query.ignoring_case()
    if relaxed is None:
        return None
    wanted = relaxed.split(now)
    ids = islice(chain.from_iterable(candidates(reader.indexes, wanted)), most)
    return _loaded(reader, list(dict.fromkeys(ids)), wanted, now).records, relaxed


def index_count(reader: RecordReader, query: Query, now: float) -> int:
    """Count the index entries that match, as the gem does: no record is touched.

    Of states the sizes of their sets are added up: an id that is in two of them counts twice.

    Raises:
        UsageProblem: a condition is not one of indexes.
    """
    wanted = query.split(now)
    if wanted.rest:
        raise UsageProblem(
            f"--index counts in the indexes, and none answers {wanted.rest[0]}",
            hint="without --index the records themselves are asked",
        )
    clauses = wanted.clauses or (EVERY_STATE,)
    if len(clauses) == 1 and _adds_up(clauses[0]):
        return sum(reader.indexes.sizes(clauses))
    return len(distinct(reader.indexes, wanted))


def _adds_up(clause: Clause) -> bool:
    """Tell whether the gem counts a clause by adding up the sizes of its sets."""
    single = isinstance(clause, TimeClause) or len(clause.values) == 1
    return single or clause.field in ("state", "id")


def explain(
    reader: RecordReader, query: Query, order: SortOrder, page: Page, now: float
) -> QueryPlan:
    """Return the plan that `find` would follow; only the sizes of indexes are read."""
    wanted = query.split(now)
    span, _, _ = ordering(wanted, order)
    asked = wanted.clauses if span is None else (*wanted.clauses, span)
    sizes = reader.indexes.sizes(asked)
    length = 0 if span is None else sizes.pop()
    return make_plan(wanted, sizes, length, order, page)


def _verified(
    reader: RecordReader, ids: list[bytes], wanted: SplitQuery, now: float
) -> RecordCount:
    """Count the ids whose record matches, and those that have none."""
    if wanted.rest:
        return _loaded(reader, ids, wanted, now)
    indexes, states = reader.indexes, wanted.states
    asked = ("HLEN",) if states is None else ("HGET", "state")
    there: Counter[object] = Counter()
    absent: list[bytes] = []
    left = iter(ids)
    for replies in indexes.of_records(ids, *asked):
        page, found = list(islice(left, len(replies))), Counter(replies)
        odd = [reply for reply in found if not reply or isinstance(reply, WrongType)]
        for ident, reply in zip(page, replies, strict=True) if odd else ():
            if isinstance(reply, WrongType):
                reader.wrong_types.add(decode(ident))
            elif not reply:
                absent.append(ident)
        for reply in odd:
            del found[reply]
        there.update(found)
    stubs = indexes.existing(absent)  # a record without a state is one all the same
    if states is None:
        return RecordCount(there.total() + stubs, len(absent) - stubs)
    texts = [(text, many) for text, many in there.items() if isinstance(text, bytes)]
    matching = sum([many for text, many in texts if state_of(text) in states])
    return RecordCount(matching, len(absent) - stubs)


def _loaded(reader: RecordReader, ids: list[bytes], wanted: SplitQuery, now: float) -> RecordCount:
    matching = orphans = 0
    idents = list(map(decode, ids))
    for ident, record in zip(idents, reader.load(idents), strict=True):
        if record is not None:
            matching += wanted.keeps(record, now)
        elif ident not in reader.wrong_types:
            orphans += 1
    return RecordCount(matching, orphans)


def _kept(
    reader: RecordReader, ids: Iterator[bytes], wanted: SplitQuery, now: float
) -> Iterator[Record]:
    for record in reader.load(map(decode, ids)):
        if record is not None and wanted.keeps(record, now):
            yield record


def _cut(
    reader: RecordReader, ids: Iterator[bytes], wanted: SplitQuery, page: Page
) -> Iterator[Record]:
    """Yield a page; what stands before it is counted and not loaded."""
    offset, left = page.offset, page.limit
    while offset:
        passed = list(islice(ids, min(offset, _SKIPPED)))
        if not passed:
            return
        offset -= _verified(reader, passed, wanted, 0.0).records
    if left is None:
        yield from _kept(reader, ids, wanted, 0.0)
        return
    while left and (first := next(ids, None)) is not None:
        for record in _kept(reader, chain((first,), islice(ids, left - 1)), wanted, 0.0):
            yield record
            left -= 1


def _by_field(reader: RecordReader, plan: QueryPlan, page: Page, now: float) -> Iterator[Record]:
    """Yield a page in the order of a field that only the records know."""
    field = str(plan.field)
    present = Best[tuple[SortKey, bytes]](plan.most, reverse=plan.reverse)
    absent = Best[bytes](plan.most, reverse=False)
    for ids in pages_of(reader.indexes, plan.leading):
        for record in _kept(reader, iter(ids), plan.query, now):
            value, ident = record.listed(field), encode(record.id)
            if value is None:
                absent.add((ident,))
            else:
                present.add(((sort_key(value), ident),))
    ordered = chain((ident for _, ident in present.items()), absent.items())
    yield from _kept(reader, page.of(ordered), plan.query, now)


def order_of(sort: str | None, reverse: bool) -> SortOrder:
    """Return how to sort records.

    Raises:
        UsageProblem: records have no such key.
    """
    if sort is not None and sort not in ROW_KEYS:
        raise UsageProblem(f"records have no field {sort!r}", hint=did_you_mean(sort, ROW_KEYS))
    return SortOrder(sort, reverse)


def page_of(limit: int | None, offset: int | None, option: str = "") -> Page:
    """Return which part of the records is meant; errors put `option` before the names.

    Raises:
        UsageProblem: a number is negative, or there is an offset and no limit.
    """
    for name, number in (("limit", limit), ("offset", offset)):
        if number is not None and number < 0:
            raise UsageProblem(f"{option}{name} is negative: {number}")
    if offset is not None and limit is None:
        raise UsageProblem(
            f"{option}offset goes with {option}limit",
            hint="say how many records are wanted behind those that are left out",
        )
    return Page(offset or 0, limit)


def ids_in_order(indexes: Indexes, plan: QueryPlan) -> Iterator[bytes]:
    """Yield the ids that meet all clauses, in order, none twice."""
    if plan.way is Way.NOTHING:
        return
    if plan.way is Way.WALK and plan.order is not None:
        yield from _walked(indexes, plan, plan.order)
    else:
        yield from _driven(indexes, plan)


def pages_of(indexes: Indexes, clauses: tuple[Clause, ...]) -> Iterator[list[bytes]]:
    """Yield pages of the ids that meet all clauses, in no order, some perhaps repeated.

    The first clause leads; without one it is everything that is in a state or was recorded.
    """
    if clauses:
        yield from indexes.matching(clauses[0], clauses[1:])
        return
    yield from indexes.matching(TimeClause(NEWEST))
    for page in indexes.matching(EVERY_STATE):
        scores = indexes.scores(NEWEST, page)
        yield [ident for ident, score in zip(page, scores, strict=True) if score is None]


def candidates(indexes: Indexes, wanted: SplitQuery) -> Iterator[list[bytes]]:
    """Yield pages of the ids that the indexes give, in no order, some perhaps repeated.

    The smallest index leads, the others are asked.
    """
    sizes = indexes.sizes(wanted.clauses)
    pairs = sorted(zip(sizes, wanted.clauses, strict=True), key=lambda pair: pair[0])
    if wanted.states != frozenset() and not (pairs and pairs[0][0] == 0):
        yield from pages_of(indexes, tuple(clause for _, clause in pairs))


def distinct(indexes: Indexes, wanted: SplitQuery) -> list[bytes]:
    """Return the ids that the indexes give, in no order, each once."""
    pages = candidates(indexes, wanted) if wanted.clauses else indexes.everything()
    return list(dict.fromkeys(chain.from_iterable(pages)))


def _walked(indexes: Indexes, plan: QueryPlan, order: TimeClause) -> Iterator[bytes]:
    """Walk the index of the order and test each id; past the budget, drive for the rest."""
    tests = tuple(c for c in plan.leading if c != order)
    shown: set[bytes] | None = None if plan.budget is None else set()
    budget = Budget(plan.budget)
    for ids in indexes.matching(
        order, tests, descending=plan.reverse, size=plan.chunk, budget=budget
    ):
        if shown is not None:
            shown.update(ids)
        yield from ids
    if not budget.lasts:
        yield from (i for i in _driven(indexes, plan) if shown is None or i not in shown)
        return
    if not plan.bounded:
        yield from _unordered(indexes, plan, _most(plan), None)


def _driven(indexes: Indexes, plan: QueryPlan) -> Iterator[bytes]:
    """Go through the smallest index, test in the others, and sort; as much as is wanted first."""
    most = _most(plan)
    if plan.order is None:
        yield from _unordered(indexes, plan, most, None)
        return
    last: Scored | None = None
    while True:
        timed = Best[Scored](most, reverse=plan.reverse, behind=last)
        absent = Best[bytes](most, reverse=False)
        for page in pages_of(indexes, plan.leading):
            scores = indexes.scores(plan.order.field, page)
            pairs = list(zip(scores, page, strict=True))
            timed.add((score, ident) for score, ident in pairs if score is not None)
            if not plan.bounded:
                absent.add(ident for score, ident in pairs if score is None)
        ready = timed.items()
        yield from (ident for _, ident in ready)
        if most is None or len(ready) < most:
            break
        last, most = ready[-1], most * 4
    rest = absent.items()
    yield from rest
    if most is not None and len(rest) == most:
        yield from _unordered(indexes, plan, most * 4, rest[-1])


def _unordered(
    indexes: Indexes, plan: QueryPlan, most: int | None, last: bytes | None
) -> Iterator[bytes]:
    """Yield the ids that have no place in the order's index, by id, from behind one on."""
    reverse = plan.order is None and plan.reverse
    while True:
        best = Best[bytes](most, reverse=reverse, behind=last)
        for page in pages_of(indexes, plan.leading):
            if plan.order is None:
                best.add(page)
            else:
                scores = indexes.scores(plan.order.field, page)
                best.add(i for i, score in zip(page, scores, strict=True) if score is None)
        ready = best.items()
        yield from ready
        if most is None or len(ready) < most:
            return
        last, most = ready[-1], most * 4


def _most(plan: QueryPlan) -> int | None:
    """Return how many ids to hold: more than are wanted, since some may have no record."""
    smallest = plan.clauses[0].size if plan.clauses else 0
    if plan.most is None or (plan.query.rest and 0 < smallest <= HELD):
        return None
    return plan.most + SLACK


class Best(Generic[T]):
    """The first of many items, in order, none twice; holds little more than it will give."""

    def __init__(self, most: int | None, *, reverse: bool, behind: T | None = None) -> None:
        self._most = most
        self._reverse = reverse
        self._behind: T | None = behind
        self._held: set[T] = set()

    def add(self, items: Iterable[T]) -> None:
        """Add items."""
        behind = self._behind
        if behind is None:
            self._held.update(items)
        elif self._reverse:
            self._held.update(item for item in items if item < behind)
        else:
            self._held.update(item for item in items if item > behind)
        if self._most is not None and len(self._held) > 4 * self._most + 4000:
            self._held = set(self.items())

    def items(self) -> list[T]:
        """Return the first ones, in order."""
        if self._most is None:
            return sorted(self._held, reverse=self._reverse)
        take = nlargest if self._reverse else nsmallest
        return take(self._most, self._held)
