"""List the jobs of a structure: filtered, sorted, page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from jobctl.model.entry import Entry
from jobctl.model.layout import Kind
from jobctl.model.rows import Row, listing_row
from jobctl.model.sorting import sort_key
from jobctl.model.where import Where

_HELD = 64 * 1024 * 1024  # bytes of matches kept to be put in order; more are walked in order


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

    def scan(self, pattern: bytes) -> Iterator[Entry] | None:
        """Yield the entries that match a glob, in no order; None where Redis cannot."""


@dataclass(frozen=True, slots=True)
class Order:
    """How to sort: by the structure's own order, or by a listing key."""

    field: str | None = None
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of it."""

    offset: int = 0
    limit: int | None = None

    def of(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """Cut the page out."""
        end = None if self.limit is None else self.offset + self.limit
        return islice(entries, self.offset, end)


WHOLE = Page()


def listed(
    source: Source, where: Where, order: Order, page: Page, now: Callable[[], float] = time.time
) -> Iterator[Entry]:
    """Yield the entries a listing shows.

    The structure's own order is streamed; a page of it costs what it shows. Sorting by a
    field holds what matches.
    """
    if order.field is None and not where:
        descending = _descending(source.kind, order)
        return source.walk(descending=descending, offset=page.offset, limit=page.limit)
    if page.limit == 0:
        return iter(())
    return page.of(select(source, where, order, now))


def select(source: Source, where: Where, order: Order, now: Callable[[], float]) -> Iterator[Entry]:
    """Yield all entries that match, in order."""
    if order.field is not None:
        matching = _matching(source, where, now)
        return sorted_by(order.field, matching, listing_row, reverse=order.reverse)
    descending = _descending(source.kind, order)
    held = _held(source, where, now)
    if held is not None:
        return iter(sorted(held, key=lambda entry: (entry.score, entry.raw), reverse=descending))
    walked = source.walk(descending=descending)
    return (entry for entry in walked if where.matches(entry, now()))


def count(source: Source, where: Where, now: Callable[[], float]) -> int:
    """Return how many entries match."""
    return sum(1 for _ in _matching(source, where, now)) if where else source.count()


def _matching(source: Source, where: Where, now: Callable[[], float]) -> Iterator[Entry]:
    pattern = where.pattern()
    scanned = source.scan(pattern) if pattern is not None else None
    entries = source.walk() if scanned is None else scanned
    return (entry for entry in entries if where.matches(entry, now()))


def _held(source: Source, where: Where, now: Callable[[], float]) -> list[Entry] | None:
    """Return the matches that Redis helps to find, unordered; None: walk, there are too many."""
    pattern = where.pattern()
    scanned = source.scan(pattern) if pattern is not None else None
    if scanned is None:
        return None
    held, size = [], 0
    for entry in scanned:
        if where.matches(entry, now()):
            held.append(entry)
            size += len(entry.raw)
            if size > _HELD:
                return None
    return held


def _descending(kind: Kind, order: Order) -> bool:
    """Dead jobs come newest first, everything else by what happens next."""
    return (kind is Kind.DEAD) != order.reverse


def sorted_by(
    field: str, items: Iterable[T], row_of: Callable[[T], Row], *, reverse: bool
) -> Iterator[T]:
    """Yield items by a field of their rows; those without it last, in the order they came."""
    keyed = [(row_of(item).get(field), item) for item in items]
    present = [pair for pair in keyed if pair[0] is not None]
    present.sort(key=lambda pair: sort_key(pair[0]), reverse=reverse)
    yield from (item for _, item in present)
    yield from (item for value, item in keyed if value is None)
