"""How to find the records of a query: which index leads, and which ones only test. A pure choice.

Two ways lead to a page. Walking the index of the order from its first end, and testing each id,
stops when the page is full: good where many ids match. Going through the smallest index of the
query, testing each id in the others, and sorting what is left costs as much as that index is
large, and no more: good where few match.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from jobctl.model.jobba import MOMENTS, Clause, TimeClause
from jobctl.model.rows import Page, SortOrder
from jobctl.records.query import SplitQuery

NEWEST = "recorded_at"
HELD = 200_000  # matches that may wait to be sorted where they could be walked in order
_WALKED, _DRIVEN = 0.7, 0.5  # microseconds that an id costs
_ONE_PAGE = 1000  # so few ids are looked at faster than it is decided how
# How many ids of the smallest index are taken to meet the other clauses. Testing a sample instead
# is no faster: queries of benchmarks/query.py took 0.3 to 1.3 times as long without one.
_MEET = 1 / 3
_LEAST, _MOST, _LARGE = 64, 1000, 2000  # ids of a walk's first page


class Way(StrEnum):
    """What leads to the records."""

    NOTHING = "nothing"
    DRIVE = "drive"
    WALK = "walk"


@dataclass(frozen=True, slots=True)
class SizedClause:
    """A clause, and how many ids meet it, at most."""

    clause: Clause
    size: int


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """How the records of a query are found.

    Attributes:
        way: what leads.
        query: the query's conditions, by who answers them.
        clauses: those that indexes answer, the smallest first.
        order: the span of the time that is walked or sorted by; None: another order.
        length: how many ids are within it.
        reverse: whether it goes from the latest to the earliest; of another order, backwards.
        field: what is sorted by, where it is no time: id, or a field of the record.
        most: how many records are wanted, from the first on; None: all.
        chunk: ids of the first page of a walk.
        budget: ids after which a walk gives up for the other way; None: it goes on to its end.
    """

    way: Way
    query: SplitQuery
    clauses: tuple[SizedClause, ...]
    order: TimeClause | None
    length: int
    reverse: bool
    field: str | None = None
    most: int | None = None
    chunk: int = _MOST
    budget: int | None = None

    @property
    def leading(self) -> tuple[Clause, ...]:
        """The clauses, the one that the fewest ids meet first."""
        return tuple(sized.clause for sized in self.clauses)

    @property
    def bounded(self) -> bool:
        """Whether a clause asks for the time that is sorted by: then no record can lack it."""
        return self.order is not None and any(
            isinstance(sized.clause, TimeClause) and sized.clause.field == self.order.field
            for sized in self.clauses
        )


def ordering(query: SplitQuery, order: SortOrder) -> tuple[TimeClause | None, bool, str | None]:
    """Return the span of time to go by, whether backwards, and the field where it is no time."""
    field = order.field
    if field is not None and field not in MOMENTS:
        return None, order.reverse, field
    name = field or NEWEST
    spans = [c for c in query.clauses if isinstance(c, TimeClause) and c.field == name]
    span = spans[0] if spans else TimeClause(name)
    return span, order.reverse if field else not order.reverse, None


def make_plan(
    query: SplitQuery, sizes: list[int], length: int, order: SortOrder, page: Page
) -> QueryPlan:
    """Choose how to find a page.

    Args:
        query: its conditions, by who answers them.
        sizes: how many ids meet each clause, at most.
        length: how many ids the order's index has, within its span.
        order: how to sort.
        page: which part.
    """
    span, reverse, field = ordering(query, order)
    clauses = sorted(map(SizedClause, query.clauses, sizes), key=lambda sized: sized.size)
    most = None if page.limit is None else page.offset + page.limit
    plan = QueryPlan(Way.DRIVE, query, tuple(clauses), span, length, reverse, field, most)
    if most == 0 or query.states == frozenset() or (clauses and clauses[0].size == 0):
        return replace(plan, way=Way.NOTHING)
    if span is None:
        return plan
    smallest = clauses[0].size if clauses else 0
    if not clauses or length <= smallest or (most is None and smallest > HELD):
        return replace(plan, way=Way.WALK)
    if most is None or smallest <= _ONE_PAGE:
        return plan
    return _cheaper(plan, most, smallest)


def _cheaper(plan: QueryPlan, most: int, smallest: int) -> QueryPlan:
    """Return the plan that is expected to cost less."""
    several = len(plan.clauses) > 1
    matches = smallest * (_MEET if several else 1)
    expected = most * plan.length / matches  # ids of a walk
    if expected * _WALKED >= smallest * _DRIVEN:
        return plan
    likely = int(expected * 1.5)
    chunk = max(_LEAST, min(_LARGE if several else _MOST, likely))
    if plan.query.rest:
        budget = smallest
    elif several:  # how many meet all of it is a guess: one page, where that may do
        budget = max(chunk, likely)
    else:
        budget = min(smallest, int(expected * 3) + chunk)
    return replace(plan, way=Way.WALK, chunk=chunk, budget=budget)


def document(plan: QueryPlan) -> dict[str, object]:
    """Return a plan as plain values, every key there.

    Keys: way (walk, drive or nothing), leads (what is gone through: name and ids), tests (the
    other indexes), page (ids of a walk's first page), budget (ids after which a walk gives up),
    order, reverse, most (records wanted, from the first on), states (what the record's own state
    must be one of), loaded (what is tested on the record).
    """
    leads, tests = _leading(plan)
    walk, states = plan.way is Way.WALK, plan.query.states
    return {
        "way": plan.way.value,
        "leads": leads,
        "tests": [{"index": str(each.clause), "ids": each.size} for each in tests],
        "page": plan.chunk if walk else None,
        "budget": plan.budget if walk else None,
        "order": plan.order.field if plan.order is not None else plan.field,
        "reverse": plan.reverse,
        "most": plan.most,
        "states": None if states is None else sorted(state.value for state in states),
        "loaded": [str(test) for test in plan.query.rest],
    }


def facts(plan: QueryPlan) -> dict[str, object]:
    """Return a plan as people read it."""
    if plan.way is Way.NOTHING:
        return {"finds": "nothing: an index that leads there is empty, or nothing can match"}
    leads, tests = _leading(plan)
    state = plan.query.states
    everything = "every id that is in a state or was recorded"
    return {
        "goes through": f"{leads['index']}: {leads['ids']:,} ids" if leads else everything,
        "because": _reason(plan),
        "tests each in": "\n".join(f"{each.clause}: {each.size:,} ids" for each in tests),
        "sorts": _sorting(plan),
        "stops": _stopping(plan),
        "record's own state": " or ".join(sorted(state)) if state else None,
        "tests on records": "\n".join(map(str, plan.query.rest)),
    }


def _leading(plan: QueryPlan) -> tuple[dict[str, object] | None, list[SizedClause]]:
    """Return what is gone through, and what each id is tested in."""
    if plan.way is Way.WALK and plan.order is not None:
        tests = [each for each in plan.clauses if each.clause != plan.order]
        return {"index": str(plan.order), "ids": plan.length}, tests
    if not plan.clauses or plan.way is Way.NOTHING:
        return None, list(plan.clauses)
    first, *tests = plan.clauses
    return {"index": str(first.clause), "ids": first.size}, tests


def _reason(plan: QueryPlan) -> str | None:
    if plan.way is Way.WALK:
        return "it is in order" if plan.clauses else "nothing else is asked for"
    return "it is the smallest" if len(plan.clauses) > 1 else None


def _sorting(plan: QueryPlan) -> str:
    name = plan.field if plan.order is None else plan.order.field
    if plan.way is Way.WALK:
        return f"no: {name} is in order, the {'last' if plan.reverse else 'first'} of it first"
    back = ", backwards" if plan.reverse else ""
    if plan.order is None and plan.field != "id":
        return f"by {name} of the records, which are loaded for it{back}"
    return f"by {name}{back}, without loading records"


def _stopping(plan: QueryPlan) -> str | None:
    if plan.most is None or plan.way is not Way.WALK:
        return None if plan.most is None else f"loads no more than the {plan.most:,} wanted"
    late = "" if plan.budget is None else f"; after {plan.budget:,} ids it goes the other way"
    return f"at {plan.most:,} records{late}"
