"""``store.records``: the status records, as the library hands them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jobctl.model.record import Record
from jobctl.records.changing import RecordChanges
from jobctl.records.find import count, explain, find, index_count, order_of, page_of
from jobctl.records.plan import QueryPlan
from jobctl.records.query import Query
from jobctl.records.stats import Durations, measure, read_keys
from jobctl.redis.record_writing import RecordWriter
from jobctl.redis.scripts import Command

if TYPE_CHECKING:
    from jobctl.backend import Backend


class Records(RecordChanges, RecordWriter):
    """Jobba's status records: found, queried and changed."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend.connection, backend.record_layout)
        self._backend = backend

    def now(self) -> float:
        """Return unix seconds by the server's clock."""
        return self._backend.server.now()

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
        order, page = order_of(sort, reverse), page_of(limit, offset or None)
        return find(self, Query.all_of(conditions), order, page, self.now())

    def count(self, *conditions: Query | str, index: bool = False) -> int:
        """Count the records that meet all conditions.

        Args:
            conditions: as of `where`.
            index: count index entries instead, as the gem does; some may have no record, or
                another state. An id in the sets of two states counts twice.

        Raises:
            UsageProblem: an expression makes no sense, or with `index` no index answers it.
        """
        query, now = Query.all_of(conditions), self.now()
        return index_count(self, query, now) if index else count(self, query, now).records

    def durations(
        self, *conditions: Query | str, by: Sequence[str] = ("job_name", "state")
    ) -> Durations:
        """Count records, and measure how long their jobs waited and ran: groups, largest first.

        Args:
            conditions: as of `where`.
            by: what the groups have in common: job_name, state.

        Raises:
            UsageProblem: an expression or a key makes no sense.
        """
        return measure(self.where(*conditions), read_keys(",".join(by)))

    def explain(
        self,
        *conditions: Query | str,
        limit: int | None = None,
        offset: int = 0,
        sort: str | None = None,
        reverse: bool = False,
    ) -> QueryPlan:
        """Return how `where` would find them. Only the sizes of indexes are read."""
        order, page = order_of(sort, reverse), page_of(limit, offset or None)
        return explain(self, Query.all_of(conditions), order, page, self.now())

    def _change(self, ident: str, call: Command) -> bytes:
        self._backend.rules.allow()  # whatever else asked before: a context's word is the last
        return super()._change(ident, call)
