"""The indexes of the records: how large they are, who is in them, in what order. Only read.

Ids are the bytes that Redis holds. Every call is bounded by a page, however large an index is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobctl.model.jobba import RecordLayout, RecordState, encode
from jobctl.model.query import Clause, Span, Values
from jobctl.store.connection import Command, Connection
from jobctl.store.records.walking import Scored, walk

PAGE = 1000  # ids of one call
_TESTS = 8  # sets that a whole page is tested against in one pipe; of more, less of it


class Indexes:
    """The sets and sorted sets of one namespace."""

    def __init__(self, connection: Connection, layout: RecordLayout) -> None:
        self._connection = connection
        self._layout = layout
        self._record = layout.record("")

    def sizes(self, clauses: Sequence[Clause]) -> list[int]:
        """Return how many ids meet each clause; of several sets at most, for they may overlap."""
        asked = [self._size(clause) for clause in clauses]
        replies = iter(self._connection.pipe(command for mine in asked for command in mine))
        return [
            len(clause.values)
            if isinstance(clause, Values) and clause.field == "id"
            else sum(int(next(replies)) for _ in mine)
            for clause, mine in zip(clauses, asked, strict=True)
        ]

    def members(self, clause: Clause) -> Iterator[list[bytes]]:
        """Yield the ids that meet a clause, page by page, in no order, some perhaps repeated."""
        if isinstance(clause, Span):
            for scored in self.walk(clause):
                yield [ident for _, ident in scored]
        elif clause.field == "id":
            ids = [encode(value) for value in clause.values]
            yield from (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))
        else:
            for key in self._keys(clause):
                yield from self._scan(key)

    def walk(
        self, span: Span, *, descending: bool = False, size: int = PAGE
    ) -> Iterator[list[Scored]]:
        """Yield the ids within a span of time, page by page, in order of time, then of id."""
        if not span.empty:
            key = self._layout.moment(span.field)
            ends = (_end(span.low, b"-inf"), _end(span.high, b"+inf"))
            yield from walk(self._connection, key, ends, descending=descending, size=size)

    def passing(self, ids: Sequence[bytes], clauses: Sequence[Clause]) -> list[bytes]:
        """Return those ids that meet all of the clauses, in the order they came."""
        tests = sum(len(c.values) if isinstance(c, Values) else 1 for c in clauses)
        size = max(1, PAGE * _TESTS // max(tests, _TESTS))
        found: list[bytes] = []
        for start in range(0, len(ids), size):
            found += self._passing(list(ids[start : start + size]), clauses)
        return found

    def scores(self, moment: str, ids: Sequence[bytes]) -> list[float | None]:
        """Return the time of each id in an index, in microseconds; None where it is not in it."""
        if not ids:
            return []
        key = self._layout.moment(moment)
        return [
            None if score is None else float(score)
            for start in range(0, len(ids), PAGE)
            for score in self._connection.call("ZMSCORE", key, *ids[start : start + PAGE])
        ]

    def existing(self, ids: Sequence[bytes]) -> int:
        """Return how many of these ids have a record."""
        record = self._record
        pages = (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))
        asked: list[Command] = [("EXISTS", *(record + ident for ident in page)) for page in pages]
        return sum(self._connection.pipe(asked))

    def own_states(self, ids: Sequence[bytes]) -> list[bytes | None]:
        """Return the text that stands as state in the record of each id; None where none does."""
        record = self._record
        found: list[bytes | None] = []
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            found += self._connection.pipe(("HGET", record + ident, "state") for ident in page)
        return found

    def _passing(self, ids: list[bytes], clauses: Sequence[Clause]) -> list[bytes]:
        for clause in clauses:
            if isinstance(clause, Values) and clause.field == "id":
                named = frozenset(map(encode, clause.values))
                ids = [ident for ident in ids if ident in named]
        asked: list[Command] = []
        if ids:
            asked = [test for clause in clauses for test in self._tests(clause, ids)]
        replies = iter(self._connection.pipe(asked))
        keep: list[bool] | None = None
        for clause in clauses:
            if isinstance(clause, Values) and clause.field == "id":
                continue
            if not ids:
                return []
            mine = _meets(clause, [next(replies) for _ in self._tests(clause, ())])
            keep = mine if keep is None else [a and b for a, b in zip(keep, mine, strict=True)]
        if keep is None:
            return ids
        return [ident for ident, kept in zip(ids, keep, strict=True) if kept]

    def _tests(self, clause: Clause, ids: Sequence[bytes]) -> list[Command]:
        if isinstance(clause, Span):
            return [("ZMSCORE", self._layout.moment(clause.field), *ids)]
        if clause.field == "id":
            return []
        return [("SMISMEMBER", key, *ids) for key in self._keys(clause)]

    def _size(self, clause: Clause) -> list[Command]:
        if isinstance(clause, Span):
            key = self._layout.moment(clause.field)
            return [("ZCOUNT", key, _end(clause.low, b"-inf"), _end(clause.high, b"+inf"))]
        return [("SCARD", key) for key in self._keys(clause)]

    def _keys(self, clause: Values) -> list[bytes]:
        layout, values = self._layout, clause.values
        if clause.field == "state":
            return [layout.state(RecordState(value)) for value in values]
        if clause.field == "job_name":
            return [layout.job_name(value) for value in values]
        if clause.field == "job_arg":
            return [layout.job_arg(value) for value in values]
        if clause.field == "provider_job_id":
            return [layout.provider_job_id(value) for value in values]
        return []

    def _scan(self, key: bytes) -> Iterator[list[bytes]]:
        cursor = b"0"
        while True:
            cursor, ids = self._connection.call("SSCAN", key, cursor, "COUNT", PAGE)
            if ids:
                yield ids
            if cursor == b"0":
                return


def _meets(clause: Clause, replies: list[list[int | bytes | None]]) -> list[bool]:
    if isinstance(clause, Span):
        low = float("-inf") if clause.low is None else float(clause.low)
        high = float("inf") if clause.high is None else float(clause.high)
        return [score is not None and low <= float(score) <= high for score in replies[0]]
    if len(replies) == 1:
        return [found == 1 for found in replies[0]]
    return [any(found) for found in zip(*replies, strict=True)]


def _end(micro: int | None, opened: bytes) -> bytes:
    return opened if micro is None else b"%d" % micro
