"""Rows: an entry's values under the listing keys, as plain JSON, and an order for any of them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from heapq import nlargest, nsmallest
from itertools import chain, islice
from operator import itemgetter
from typing import TypeVar

from jobctl.model.entry import Entry
from jobctl.model.jsontext import Number, text_of
from jobctl.model.layout import JOB_KINDS, Kind
from jobctl.model.times import Instant

Row = dict[str, object]
T = TypeVar("T")

_COMMON = (
    "jid", "jobtype", "queue", "args", "at", "created_at", "enqueued_at", "retry", "retry_count",
    "remaining", "failed_at", "errtype", "message", "class", "malformed",
)  # fmt: skip
_MORE: dict[Kind, tuple[str, ...]] = {
    Kind.DEAD: ("died_at", "purge_at"),
    Kind.WORKING: ("wid", "reserved_at", "expires_at"),
    Kind.QUEUE: ("position",),
}
_ALL = {kind: _COMMON + _MORE.get(kind, ()) for kind in JOB_KINDS}
RAW_KEYS = frozenset(("raw", "raw_b64"))


def listing_keys(kind: Kind) -> tuple[str, ...]:
    """Return the keys of every row of a structure, in order."""
    return _ALL[kind]


def listing_row(entry: Entry, keys: Sequence[str] | None = None) -> Row:
    """Return an entry's row; a malformed entry's row also has its bytes.

    Args:
        entry: the entry.
        keys: the listing keys; None for all keys of its structure.
    """
    if keys is None:
        row = _whole_row(entry)
    else:
        row = {key: _VALUES[key](entry) for key in keys if key not in RAW_KEYS}
    if entry.job.malformed or (keys is not None and not RAW_KEYS.isdisjoint(keys)):
        row |= raw_keys(entry.raw)
    return row


def _whole_row(entry: Entry) -> Row:
    """Return the same as `_VALUES` would give for every key, in a third of the time."""
    row: Row = dict.fromkeys(_ALL[entry.kind])
    row |= entry.job.listing()
    for key in ("at", "malformed", *_MORE.get(entry.kind, ())):
        row[key] = _VALUES[key](entry)
    return row


def without_plain_classes(
    rows: Iterable[Row], columns: Sequence[str]
) -> tuple[list[Row], tuple[str, ...]]:
    """Return rows and columns for people: a class is shown only if it is not the jobtype."""
    told = list(rows)
    for row in told:
        if row.get("class") == row.get("jobtype"):
            row["class"] = None
    wrapped = any(row["class"] is not None for row in told)
    return told, tuple(column for column in columns if column != "class" or wrapped)


def _from_payload(key: str) -> Callable[[Entry], object]:
    return lambda entry: entry.job.listed(key)


def _from_reservation(key: str) -> Callable[[Entry], object]:
    return lambda entry: entry.reservation.get(key)


_VALUES: dict[str, Callable[[Entry], object]] = {
    "at": lambda entry: entry.at,
    "malformed": lambda entry: entry.job.malformed,
    "died_at": lambda entry: entry.died_at,
    "purge_at": lambda entry: entry.at,
    "position": lambda entry: entry.place.position,
    **{key: _from_reservation(key) for key in _MORE[Kind.WORKING]},
    **{key: _from_payload(key) for key in _COMMON if key not in ("at", "malformed")},
}


def entry_value(key: str) -> Callable[[Entry], object]:
    """Return the function that reads the value under a listing key."""
    return _VALUES[key]


def raw_keys(raw: bytes) -> Row:
    """Return a member as text in ``raw``, or in ``raw_b64`` if it is not UTF-8."""
    try:
        return {"raw": raw.decode(), "raw_b64": None}
    except UnicodeDecodeError:
        return {"raw": None, "raw_b64": base64.b64encode(raw).decode()}


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
