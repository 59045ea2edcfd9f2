"""The ids that a query may mean, as the indexes have them: no record is read."""

from __future__ import annotations

from collections.abc import Iterator

from jobctl.actions.records.matching import pages_of
from jobctl.model.query import Query
from jobctl.store.records.reading import RecordReader


def candidates(reader: RecordReader, query: Query, now: float) -> Iterator[list[bytes]]:
    """Yield pages of ids that the indexes give for a query, in no order, some perhaps twice.

    The smallest index leads, the others are asked. `now` in unix seconds.
    """
    clauses = query.sort(now).clauses
    sizes = reader.indexes.sizes(clauses)
    pairs = sorted(zip(sizes, clauses, strict=True), key=lambda pair: pair[0])
    yield from pages_of(reader.indexes, tuple(clause for _, clause in pairs))
