"""The ids that meet a plan's clauses, in the plan's order. No record is loaded for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nlargest, nsmallest
from itertools import chain
from typing import Generic, TypeVar

from jobctl.model.jobba import Clause, RecordState, SetClause, TimeClause
from jobctl.model.rows import SortKey
from jobctl.records.plan import HELD, NEWEST, QueryPlan, Way
from jobctl.records.query import SplitQuery
from jobctl.redis.index_pages import Scored
from jobctl.redis.record_indexes import Budget, Indexes

EVERY_STATE = SetClause("state", tuple(RecordState))
SLACK = 100  # ids kept more than are wanted: some may have no record

T = TypeVar("T", bytes, Scored, tuple[SortKey, bytes])


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
