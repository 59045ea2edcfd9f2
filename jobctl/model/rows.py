"""Rows: plain JSON values by key, and an order and a page of any of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from heapq import nlargest, nsmallest
from itertools import chain, islice
from operator import itemgetter
from typing import TypeVar

from jobctl.model.jsontext import Number, text_of
from jobctl.model.times import Instant

Row = dict[str, object]
T = TypeVar("T")

SortKey = tuple[int, float | Decimal, str]


def sort_key(value: object) -> SortKey:
    """Return a key: numbers by value, then times, then other text, then the rest as JSON."""
    if isinstance(value, bool):
        return (3, 0.0, text_of(value))
    if isinstance(value, int | float | Number):
        return (0, _exact(value.text) if isinstance(value, Number) else value, str(value))
    if isinstance(value, str):
        moment = Instant.parse(value)
        return (2, 0.0, value) if moment is None else (1, moment.seconds, moment.digits)
    return (4, 0.0, text_of(value))


def _exact(text: str) -> float | Decimal:
    """Return a long number; int, float and Decimal compare exactly with each other."""
    try:
        return Decimal(text)
    except InvalidOperation:  # its exponent is beyond even that
        return float(text)


@dataclass(frozen=True, slots=True)
class SortOrder:
    """How to sort: by what comes next in the structure itself, or by the key of a row."""

    field: str | None = None
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a listing."""

    offset: int = 0
    limit: int | None = None

    def of(self, items: Iterator[T]) -> Iterator[T]:
        """Cut the page out."""
        end = None if self.limit is None else self.offset + self.limit
        return islice(items, self.offset, end)


def sorted_by(
    pairs: Iterable[tuple[object, T]], *, reverse: bool, most: int | None = None
) -> Iterator[T]:
    """Yield items by the value they come with; those with none last, in the order they came.

    No more than `most` of them are held, and come.
    """
    absent: list[T] = []

    def present() -> Iterator[tuple[SortKey, T]]:
        for value, item in pairs:
            if value is not None:
                yield sort_key(value), item
            elif most is None or len(absent) < most:
                absent.append(item)

    if most is None:
        ordered = sorted(present(), key=itemgetter(0), reverse=reverse)
    else:
        take = nlargest if reverse else nsmallest
        ordered = take(most, present(), key=itemgetter(0))
    yield from islice(chain((item for _, item in ordered), absent), most)
