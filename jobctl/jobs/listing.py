"""List the jobs of a structure: filtered, sorted, page by page, or counted in groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from re import escape
from shlex import quote
from typing import Protocol, TypeVar

from jobctl.errors import Refused
from jobctl.filter.values import Literal
from jobctl.filter.where import Where
from jobctl.model.entry import Entry, listing_row
from jobctl.model.fingerprint import digests, fingerprint
from jobctl.model.jsontext import printable_string
from jobctl.model.layout import Kind
from jobctl.model.rows import Page, Row, SortOrder, sorted_by
from jobctl.model.times import Instant, score_time
from jobctl.model.words import read_names

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


KEYS = ("type", "class", "queue", "errtype", "fingerprint", "hour", "day")
MOST = 100_000  # groups that are held
_FIELDS = {"type": "jobtype", "class": "class", "queue": "queue", "errtype": "errtype"}
_SPANS = {"hour": 3600, "day": 86400}


@dataclass(slots=True)
class JobGroup:
    """The jobs that have the same values.

    Attributes:
        values: under each key that was asked for; None where they have none.
        count: how many.
        share: of all that were looked at, 0 to 1.
        oldest, newest: the extremes of their scores, unix seconds.
        filter: options that select them.
    """

    values: dict[str, str | None]
    count: int = 0
    share: float = 0.0
    oldest: float = float("inf")
    newest: float = float("-inf")
    filter: str = ""
    malformed: bool = False

    def row(self) -> Row:
        """Return it under its JSON keys."""
        return {
            **self.values,
            "count": self.count,
            "share": round(self.share, 6),
            "oldest": score_time(self.oldest),
            "newest": score_time(self.newest),
            "filter": self.filter,
        }


def read_keys(text: str) -> tuple[str, ...]:
    """Read what to group by: names with commas between them.

    Raises:
        UsageProblem: one of them is none.
    """
    return read_names("--by", text, KEYS)


def group(
    source: Source, where: Where, by: Sequence[str], now: float, *, given: str = ""
) -> list[JobGroup]:
    """Count the jobs of a set by their values, the most frequent first.

    Args:
        source: the set.
        where: which of its jobs.
        by: the keys: type, class, queue, errtype, fingerprint, hour, day.
        now: unix seconds.
        given: the filter as options; each group's own is added to it.

    Raises:
        Refused: there are more groups than anybody could read.
    """
    groups: dict[tuple[str | None, ...], JobGroup] = {}
    total = 0
    readers = [_READERS[key] for key in by]
    for entry in matching(source, where, now):
        total += 1
        malformed = entry.job.malformed
        values = tuple(None if malformed else read(entry) for read in readers)
        key = (*values, "malformed" if malformed else None)
        found = groups.get(key)
        if found is None:
            if len(groups) == MOST:
                raise Refused(
                    f"more than {MOST:,} groups", hint="group by less, or narrow the filter"
                )
            found = groups[key] = JobGroup(dict(zip(by, values, strict=True)), malformed=malformed)
        found.count += 1
        score = entry.rank
        found.oldest = min(found.oldest, score)
        found.newest = max(found.newest, score)
        del entry  # it may be large: it goes before the next one comes
    prints = _fingerprints(groups.values())
    for each in groups.values():
        each.share = each.count / total
        each.filter = _filter(source.kind, each, prints, given)
    return sorted(groups.values(), key=_order)


def _order(each: JobGroup) -> tuple[object, ...]:
    return (-each.count, each.malformed, *(value or "" for value in each.values.values()))


def _text(name: str) -> Callable[[Entry], str | None]:
    return lambda entry: entry.job.text(_FIELDS[name])


def _message(entry: Entry) -> str | None:
    message = entry.job.text("message")
    return None if message is None else fingerprint(message)


def _span(name: str) -> Callable[[Entry], str | None]:
    def read(entry: Entry) -> str | None:
        text = entry.died_at if entry.kind is Kind.DEAD else entry.at
        if text is None:
            return None
        return text[:13] if name == "hour" else text[:10]

    return read


_READERS: dict[str, Callable[[Entry], str | None]] = {
    **{name: _text(name) for name in _FIELDS},
    "fingerprint": _message,
    **{name: _span(name) for name in _SPANS},
}


def _fingerprints(groups: Iterable[JobGroup]) -> dict[str | None, str]:
    """Return the digest that selects each fingerprint: the short one if no other group has it."""
    texts = {each.values.get("fingerprint") for each in groups} - {None}
    found = {text: digests(text) for text in texts if text is not None}
    shared = Counter(short for short, _ in found.values())
    return {None: "null"} | {
        text: short if shared[short] == 1 else long for text, (short, long) in found.items()
    }


def _filter(kind: Kind, found: JobGroup, prints: dict[str | None, str], given: str) -> str:
    parts: list[str] = [given] if given else []
    if found.malformed:
        return " ".join(parts if "--malformed" in parts else [*parts, "--malformed"])
    for key, value in found.values.items():
        if key == "fingerprint":
            text = f"fingerprint={prints[value]}"
        elif key in _SPANS:
            text = _within("died_at" if kind is Kind.DEAD else "at", key, value)
        else:
            text = _equal(_FIELDS[key], value)
        parts.append(f"-w {quote(text)}")
    return " ".join(parts)


def _equal(name: str, value: str | None) -> str:
    if value is None:
        return f"{name}=null"
    literal = Literal(value, quoted=value == "null")
    if literal.number is None and value[:1] not in ("[", "{"):
        return f"{name}={literal}"
    # 5 equals 5.0, which is another group, and nothing equals an object: the whole text counts.
    whole = rf"^{escape(value)}\Z"
    return f"{name}~{printable_string(whole)}"


def _within(name: str, key: str, value: str | None) -> str:
    if value is None:
        return f"{name}=null"
    last = Instant.parse(f"{value}:59:59Z" if key == "hour" else f"{value}T23:59:59Z")
    assert last is not None  # noqa: S101 (made of a time)
    start, end = last.later(1 - _SPANS[key]), last.later(1)  # None: before, behind all times
    parts = [] if start is None else [f"{name}>={start.rfc3339()}"]
    return " and ".join(parts + ([] if end is None else [f"{name}<{end.rfc3339()}"]))
