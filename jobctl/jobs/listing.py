"""List the jobs of a structure: filtered, sorted, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Protocol, TypeVar

from jobctl.filter.where import Where
from jobctl.model.entry import Entry
from jobctl.model.layout import Kind
from jobctl.model.rows import Page, SortOrder, listing_row, sorted_by

_HELD = 32 * 1024 * 1024  # bytes of matches kept to be put in order; more are walked in order


T = TypeVar("T")


class Source(Protocol):
    """A structure that holds jobs."""

    @property
    def kind(self) -> Kind:
        """Which structure."""

    def count(self) -> int:
        """Return how many members there are."""

    def walk(
        self, *, descending: bool = False, offset: int = 0, limit: int | None = None
    ) -> Iterator[Entry]:
        """Yield entries in order."""

    def entry(self, raw: bytes, rank: float) -> Entry:
        """Make the entry of a member and its rank: its score, or its position."""

    def scan(self, pattern: bytes) -> Iterator[Entry] | None:
        """Yield the entries that match a glob, in no order; None where Redis cannot."""


def listed(
    source: Source, where: Where, order: SortOrder, page: Page, now: float
) -> Iterator[Entry]:
    """Yield the entries a listing shows; `now` in unix seconds.

    The structure's own order is streamed; a page of it costs what it shows. Sorting by a
    field holds the bytes of what matches.
    """
    if order.field is None and not where:
        descending = _descending(source.kind, order)
        return source.walk(descending=descending, offset=page.offset, limit=page.limit)
    if page.limit == 0:
        return iter(())
    if order.field is not None:
        return page.of(_by_field(source, order.field, matching(source, where, now), order, page))
    return page.of(_selected(source, where, order, now))


def count(source: Source, where: Where, now: float) -> int:
    """Return how many entries match."""
    return sum(map(_one, matching(source, where, now))) if where else source.count()


def _one(_: Entry) -> int:
    return 1


def _selected(source: Source, where: Where, order: SortOrder, now: float) -> Iterator[Entry]:
    descending = _descending(source.kind, order)
    held = _held(source, where, now)
    if held is None:
        walked = source.walk(descending=descending)
        return filter(partial(where.matches, now=now), walked)
    held.sort(reverse=descending)
    return (source.entry(raw, score) for score, raw in held)


def _by_field(
    source: Source, field: str, matching: Iterator[Entry], order: SortOrder, page: Page
) -> Iterator[Entry]:
    # What waits to be sorted are the bytes: a decoded job is ten times their size.
    pairs = (
        (listing_row(entry, (field,)).get(field), (entry.raw, entry.rank)) for entry in matching
    )
    most = None if page.limit is None else page.offset + page.limit
    held = sorted_by(pairs, reverse=order.reverse, most=most)
    return (source.entry(raw, rank) for raw, rank in held)


def matching(source: Source, where: Where, now: float) -> Iterator[Entry]:
    """Yield the entries that match, in no order where Redis helps to find them."""
    pattern = where.pattern()
    scanned = source.scan(pattern) if pattern is not None else None
    entries = source.walk() if scanned is None else scanned
    return filter(partial(where.matches, now=now), entries)  # holds none of them


def _held(source: Source, where: Where, now: float) -> list[tuple[float, bytes]] | None:
    """Return the matches that Redis helps to find, unordered; None: walk, there are too many."""
    pattern = where.pattern()
    scanned = source.scan(pattern) if pattern is not None else None
    if scanned is None:
        return None
    held: list[tuple[float, bytes]] = []
    size = 0
    for entry in scanned:
        if where.matches(entry, now):
            held.append((entry.rank, entry.raw))
            size += len(entry.raw)
            if size > _HELD:
                return None
    return held


def _descending(kind: Kind, order: SortOrder) -> bool:
    """Dead jobs come newest first, everything else by what happens next."""
    return (kind is Kind.DEAD) != order.reverse
