"""The ids that meet a plan's clauses, in the plan's order. No record is loaded for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nlargest, nsmallest
from typing import Generic, TypeVar

from jobctl.actions.records.planning import NEWEST, Plan, Way
from jobctl.model.jobba import RecordState
from jobctl.model.query import Clause, Span, Values
from jobctl.model.sorting import SortKey
from jobctl.store.records.indexes import Indexes
from jobctl.store.records.walking import Scored

_EVERY_STATE = Values("state", tuple(RecordState))
_SLACK = 100  # ids kept more than are wanted: some may have no record

T = TypeVar("T", bytes, Scored, tuple[SortKey, bytes])


def ids_in_order(indexes: Indexes, plan: Plan) -> Iterator[bytes]:
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
    if not clauses:
        yield from indexes.members(Span(NEWEST))
        yield from _unrecorded(indexes)
        return
    first, *others = clauses
    for page in indexes.members(first):
        passing = indexes.passing(page, others) if others else page
        if passing:
            yield passing


def once(pages: Iterable[list[bytes]]) -> Iterator[list[bytes]]:
    """Yield pages without what came before."""
    seen: set[bytes] = set()
    for page in pages:
        fresh = [ident for ident in dict.fromkeys(page) if ident not in seen]
        seen.update(fresh)
        if fresh:
            yield fresh


def _unrecorded(indexes: Indexes) -> Iterator[list[bytes]]:
    """Yield the ids that are in a state, and have no time of recording."""
    for page in indexes.members(_EVERY_STATE):
        scores = indexes.scores(NEWEST, page)
        yield [ident for ident, score in zip(page, scores, strict=True) if score is None]


def _walked(indexes: Indexes, plan: Plan, order: Span) -> Iterator[bytes]:
    """Walk the order's index and test; past the budget go the other way for the rest."""
    tests = tuple(c for c in plan.leading if c != order)
    shown: set[bytes] | None = None if plan.budget is None else set()
    looked = 0
    for scored in indexes.walk(order, descending=plan.reverse, size=plan.chunk):
        looked += len(scored)
        ids = [ident for _, ident in scored]
        passing = indexes.passing(ids, tests) if tests else ids
        if shown is not None:
            shown.update(passing)
        yield from passing
        if plan.budget is not None and looked >= plan.budget:
            yield from (i for i in _driven(indexes, plan) if shown is None or i not in shown)
            return
    if not plan.bounded:
        absent = Best[bytes](plan.most, reverse=False)
        for page in pages_of(indexes, plan.leading):
            scores = indexes.scores(order.field, page)
            absent.add(i for i, score in zip(page, scores, strict=True) if score is None)
        yield from absent.items()


def _driven(indexes: Indexes, plan: Plan) -> Iterator[bytes]:
    """Go through the smallest index, test in the others, and sort; as much as is wanted first."""
    most = None if plan.most is None else plan.most + _SLACK
    last: Scored | None = None
    last_absent: bytes | None = None
    while True:
        timed = Best[Scored](most, reverse=plan.reverse, behind=last)
        absent = Best[bytes](most, reverse=plan.order is None and plan.reverse, behind=last_absent)
        for page in pages_of(indexes, plan.leading):
            if plan.order is None:
                absent.add(page)
                continue
            scores = indexes.scores(plan.order.field, page)
            pairs = list(zip(scores, page, strict=True))
            timed.add((score, ident) for score, ident in pairs if score is not None)
            if not plan.bounded:
                absent.add(ident for score, ident in pairs if score is None)
        ready = timed.items()
        yield from (ident for _, ident in ready)
        last = ready[-1] if ready else last
        if most is not None and len(ready) == most:
            most *= 4
            continue
        rest = absent.items()
        yield from rest
        if most is None or len(rest) < most:
            return
        last_absent, most = rest[-1], most * 4


class Best(Generic[T]):
    """The first of many items, in order, none twice; holds little more than it will give."""

    def __init__(self, most: int | None, *, reverse: bool, behind: T | None = None) -> None:
        self._most = most
        self._reverse = reverse
        self._behind: T | None = behind
        self._held: set[T] = set()

    def add(self, items: Iterable[T]) -> None:
        """Take items in."""
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
