"""``store.records``: the status records, as the library hands them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jobctl.actions.records.changing import RecordChanges
from jobctl.model.query import Query
from jobctl.model.record import Record
from jobctl.store.connection import Connection
from jobctl.store.records.writing import RecordWriter

if TYPE_CHECKING:
    from jobctl.actions.jobs import Store
    from jobctl.actions.records.planning import Plan


class Records(RecordChanges, RecordWriter):
    """Jobba's status records: found, queried and changed."""

    def __init__(self, store: Store, connection: Connection) -> None:
        super().__init__(connection, store.record_layout)
        self._store = store

    def where(
        self,
        *conditions: Query | str,
        limit: int | None = None,
        offset: int = 0,
        sort: str | None = None,
        reverse: bool = False,
    ) -> Iterator[Record]:
        """Yield the records that meet all conditions; without any every record.

        Args:
            conditions: queries, or expressions: ``"state=failed"``, ``"recorded_at>=-2d"``.
            limit: at most so many.
            offset: leave so many out; goes with a limit.
            sort: a key of their rows; without it the newest recorded first.
            reverse: the other way round. Those without what is sorted by come last all the same.

        Raises:
            UsageProblem: an expression, a number or a name makes no sense.
        """
        from jobctl.actions.records.asking import order_of, page_of
        from jobctl.actions.records.querying import find

        query, order, page = _query(conditions), order_of(sort, reverse), page_of(limit, offset)
        return find(self, query, order, page, self._store.server.now())

    def count(self, *conditions: Query | str, unverified: bool = False) -> int:
        """Count the records that meet all conditions.

        Args:
            conditions: as of `where`.
            unverified: count index entries instead, as the gem does; some may have no record.
        """
        from jobctl.actions.records.querying import count, index_count

        query, now = _query(conditions), self._store.server.now()
        if unverified:
            return index_count(self, query, now)
        return count(self, query, now).records

    def explain(
        self,
        *conditions: Query | str,
        limit: int | None = None,
        offset: int = 0,
        sort: str | None = None,
        reverse: bool = False,
    ) -> Plan:
        """Return how `where` would find them. Nothing but sizes and a sample is read."""
        from jobctl.actions.records.asking import order_of, page_of
        from jobctl.actions.records.querying import explain

        query, order, page = _query(conditions), order_of(sort, reverse), page_of(limit, offset)
        return explain(self, query, order, page, self._store.server.now())


def _query(conditions: tuple[Query | str, ...]) -> Query:
    query = Query()
    for condition in conditions:
        query &= Query.parse(condition) if isinstance(condition, str) else condition
    return query
