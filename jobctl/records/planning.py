"""How to find the records of a query: which index leads, which ones only test. A pure choice.

Two ways lead to a page. Walking the order's own index from its first end and testing each id
stops when the page is full: good where many ids match. Going through the smallest index of the
query, testing each id in the others, and sorting what is left costs as much as that index is
large, and no more: good where few match.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from jobctl.jobs.listing import Order, Page
from jobctl.model.jobba import MOMENTS
from jobctl.records.query import Clause, Sorted, Span

NEWEST = "recorded_at"
_WALKED, _DRIVEN = 0.7, 0.5  # microseconds that an id costs
_ONE_PAGE = 1000  # so few ids are looked at faster than it is decided how
HELD = 200_000  # matches that may wait to be sorted where they could be walked in order
_LEAST, _MOST = 64, 1000  # ids of a walk's page


class Way(StrEnum):
    """What leads to the records."""

    NOTHING = "nothing"
    DRIVE = "drive"
    WALK = "walk"


@dataclass(frozen=True, slots=True)
class Sized:
    """A clause, and how many ids meet it, at most."""

    clause: Clause
    size: int


@dataclass(frozen=True, slots=True)
class Sample:
    """How many ids of the smallest index were tried in the others, and met them."""

    tried: int
    hits: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How the records of a query are found.

    Attributes:
        way: what leads.
        sorted: the query's conditions, by who answers them.
        clauses: those that indexes answer, the smallest first.
        order: the span of the time that is walked or sorted by; None: another order.
        length: how many ids are within it.
        reverse: whether it goes from the latest to the earliest; of another order, backwards.
        field: what is sorted by, where it is no time: id, or a field of the record.
        most: how many records are wanted, from the first on; None: all.
        sample: what was tried before it was decided.
        chunk: ids of the first page of a walk.
        budget: ids after which a walk gives up for the other way; None: it goes on to its end.
    """

    way: Way
    sorted: Sorted
    clauses: tuple[Sized, ...]
    order: Span | None
    length: int
    reverse: bool
    field: str | None = None
    most: int | None = None
    sample: Sample | None = None
    chunk: int = _MOST
    budget: int | None = None

    @property
    def smallest(self) -> Sized | None:
        """The clause that the fewest ids meet."""
        return self.clauses[0] if self.clauses else None

    @property
    def leading(self) -> tuple[Clause, ...]:
        """The clauses, the one that the fewest ids meet first."""
        return tuple(sized.clause for sized in self.clauses)

    @property
    def bounded(self) -> bool:
        """Whether a clause asks for the time that is sorted by: then none can lack it."""
        return self.order is not None and any(
            isinstance(sized.clause, Span) and sized.clause.field == self.order.field
            for sized in self.clauses
        )


def ordering(wanted: Sorted, order: Order) -> tuple[Span | None, bool, str | None]:
    """Return the span of time to go by, whether backwards, and the field where it is no time."""
    field = order.field
    if field is not None and field not in MOMENTS:
        return None, order.reverse, field
    name = field or NEWEST
    spans = [c for c in wanted.clauses if isinstance(c, Span) and c.field == name]
    span = spans[0] if spans else Span(name)
    return span, order.reverse if field else not order.reverse, None


def first_plan(wanted: Sorted, sizes: list[int], length: int, order: Order, page: Page) -> Plan:
    """Return the plan as far as sizes tell; `open_question` says whether a sample would help.

    Args:
        wanted: the query's conditions, by who answers them.
        sizes: how many ids meet each clause, at most.
        length: how many ids the order's index has, within its span.
        order: how to sort.
        page: which part.
    """
    span, reverse, field = ordering(wanted, order)
    clauses = sorted(map(Sized, wanted.clauses, sizes), key=lambda sized: sized.size)
    most = None if page.limit is None else page.offset + page.limit
    plan = Plan(Way.DRIVE, wanted, tuple(clauses), span, length, reverse, field, most)
    if most == 0 or wanted.states == frozenset() or (clauses and clauses[0].size == 0):
        return replace(plan, way=Way.NOTHING)
    if span is None:
        return plan
    if not clauses or length <= clauses[0].size or (most is None and clauses[0].size > HELD):
        return replace(plan, way=Way.WALK)
    if most is not None and len(clauses) == 1:
        return _weighed(plan, clauses[0].size)
    return plan


def open_question(plan: Plan) -> bool:
    """Tell whether it depends on how many ids meet all clauses."""
    return (
        plan.way is Way.DRIVE
        and plan.order is not None
        and plan.most is not None
        and len(plan.clauses) > 1
        and plan.clauses[0].size > _ONE_PAGE
    )


def decided(plan: Plan, sample: Sample) -> Plan:
    """Return the plan after a sample of the smallest index."""
    plan = replace(plan, sample=sample)
    size = plan.clauses[0].size
    return _weighed(plan, size * sample.hits / sample.tried if sample.tried else 0)


def _weighed(plan: Plan, matches: float) -> Plan:
    """Return the plan that is expected to cost less, where so many ids meet the clauses."""
    size = plan.clauses[0].size
    if not matches or plan.most is None or size <= _ONE_PAGE:
        return plan
    expected = plan.most * plan.length / matches
    if expected * _WALKED >= size * _DRIVEN:
        return plan
    chunk = max(_LEAST, min(_MOST, int(expected * 1.5)))
    budget = size if plan.sorted.rest else min(size, int(expected * 3) + chunk)
    return replace(plan, way=Way.WALK, chunk=chunk, budget=budget)
