"""Find and count status records: the indexes lead, the records themselves decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from jobctl.actions.listing import Order, Page
from jobctl.actions.records.matching import Best, candidates, ids_in_order, once, pages_of
from jobctl.actions.records.planning import (
    Plan,
    Sample,
    decided,
    first_plan,
    open_question,
    ordering,
)
from jobctl.model.jobba import decode, encode
from jobctl.model.query import Query, Sorted, Values
from jobctl.model.record import Record, state_of
from jobctl.model.sorting import SortKey, sort_key
from jobctl.store.records.reading import RecordReader

_SKIPPED = 1000  # records passed over at once


@dataclass(frozen=True, slots=True)
class Count:
    """How many records match, and how many index entries were met whose record is gone."""

    records: int
    orphans: int


def find(
    reader: RecordReader, query: Query, order: Order, page: Page, now: float
) -> Iterator[Record]:
    """Yield the records that match; `now` in unix seconds.

    The default order is the newest recorded first. Records that have not what is sorted by come
    last, by id, whatever the direction.
    """
    if page.limit != 0:
        yield from found(reader, explain(reader, query, order, page, now), page, now)


def found(reader: RecordReader, plan: Plan, page: Page, now: float) -> Iterator[Record]:
    """Yield the records that a plan finds."""
    if plan.field not in (None, "id"):
        yield from _by_field(reader, plan, page, now)
        return
    ids = ids_in_order(reader.indexes, plan)
    if plan.sorted.rest:
        yield from page.of(_kept(reader, ids, plan.sorted, now))
    else:
        yield from _cut(reader, ids, plan.sorted, page)


def count(reader: RecordReader, query: Query, now: float) -> Count:
    """Count the records that `find` would yield, and the orphans on the way."""
    wanted = query.sort(now)
    records = orphans = 0
    for ids in once(candidates(reader.indexes, wanted)):
        there, matching = _verified(reader, ids, wanted, now)
        records += matching
        orphans += len(ids) - there
    named = [isinstance(c, Values) and c.field == "id" for c in wanted.clauses]
    only_named = bool(named) and all(named)  # then no index has led there
    return Count(records, 0 if only_named else orphans)


def index_count(reader: RecordReader, query: Query, now: float) -> int:
    """Count the index entries that match, as the gem does: no record is touched."""
    wanted = query.sort(now)
    sizes = reader.indexes.sizes(wanted.clauses)
    if len(sizes) == 1:
        (clause,) = wanted.clauses
        if not isinstance(clause, Values) or len(clause.values) <= 1 or clause.field == "id":
            return sizes[0]
    return sum(map(len, once(candidates(reader.indexes, wanted))))


def explain(reader: RecordReader, query: Query, order: Order, page: Page, now: float) -> Plan:
    """Return the plan that `find` would follow; nothing but sizes and a sample is read."""
    wanted = query.sort(now)
    span, _, _ = ordering(wanted, order)
    asked = wanted.clauses if span is None else (*wanted.clauses, span)
    sizes = reader.indexes.sizes(asked)
    length = 0 if span is None else sizes.pop()
    plan = first_plan(wanted, sizes, length, order, page)
    if open_question(plan):
        plan = decided(plan, _sample(reader, plan))
    return plan


def _sample(reader: RecordReader, plan: Plan) -> Sample:
    first, *others = (sized.clause for sized in plan.clauses)
    ids = next((page for page in reader.indexes.matching(first) if page), [])
    return Sample(len(ids), len(reader.indexes.passing(ids, others)))


def _verified(
    reader: RecordReader, ids: list[bytes], wanted: Sorted, now: float
) -> tuple[int, int]:
    """Return how many of the ids have a record, and how many of those match."""
    if wanted.rest:
        loaded = [r for r in reader.load(map(decode, ids)) if r is not None]
        return len(loaded), sum(wanted.keeps(record, now) for record in loaded)
    indexes, states = reader.indexes, wanted.states
    if states is None:
        there = indexes.existing(ids)
        return there, there
    found = indexes.own_states(ids)
    absent = [ident for ident, text in zip(ids, found, strict=True) if text is None]
    stubs = (
        indexes.existing(absent) if absent else 0
    )  # a record without a state is one all the same
    matching = sum(state_of(text) in states for text in found if text is not None)
    return len(ids) - len(absent) + stubs, matching


def _kept(
    reader: RecordReader, ids: Iterator[bytes], wanted: Sorted, now: float
) -> Iterator[Record]:
    for record in reader.load(map(decode, ids)):
        if record is not None and wanted.keeps(record, now):
            yield record


def _cut(
    reader: RecordReader, ids: Iterator[bytes], wanted: Sorted, page: Page
) -> Iterator[Record]:
    """Yield a page; what stands before it is counted and not loaded."""
    offset, left = page.offset, page.limit
    while offset:
        passed = list(islice(ids, min(offset, _SKIPPED)))
        if not passed:
            return
        offset -= _verified(reader, passed, wanted, 0.0)[1]
    if left is None:
        yield from _kept(reader, ids, wanted, 0.0)
        return
    while left and (first := next(ids, None)) is not None:
        for record in _kept(reader, chain((first,), islice(ids, left - 1)), wanted, 0.0):
            yield record
            left -= 1


def _by_field(reader: RecordReader, plan: Plan, page: Page, now: float) -> Iterator[Record]:
    """Yield a page in the order of a field that only the records know."""
    field = str(plan.field)
    present = Best[tuple[SortKey, bytes]](plan.most, reverse=plan.reverse)
    absent = Best[bytes](plan.most, reverse=False)
    for ids in pages_of(reader.indexes, plan.leading):
        for record in _kept(reader, iter(ids), plan.sorted, now):
            value, ident = record.listed(field), encode(record.id)
            if value is None:
                absent.add((ident,))
            else:
                present.add(((sort_key(value), ident),))
    ordered = chain((ident for _, ident in present.items()), absent.items())
    yield from _kept(reader, page.of(ordered), plan.sorted, now)
