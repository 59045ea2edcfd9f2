"""Queries as the library asks them: conditions, an order and a page, checked."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jobctl.errors import UsageProblem
from jobctl.model.record import ROW_KEYS, Record
from jobctl.model.rows import Page, SortOrder
from jobctl.records.query import Query
from jobctl.redis.record_reading import RecordReader

if TYPE_CHECKING:
    from jobctl.records.durations import Durations
    from jobctl.records.plan import QueryPlan


class RecordQueries(RecordReader):
    """The questions that ``backend.records`` answers."""

    @abstractmethod
    def now(self) -> float:
        """Return unix seconds by the server's clock."""

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
        from jobctl.records.find import find

        query, order, page = (
            _query(conditions),
            order_of(sort, reverse),
            page_of(limit, offset or None),
        )
        return find(self, query, order, page, self.now())

    def count(self, *conditions: Query | str, index: bool = False) -> int:
        """Count the records that meet all conditions.

        Args:
            conditions: as of `where`.
            index: count index entries instead, as the gem does; some may have no record, or
                another state. An id in the sets of two states counts twice.

        Raises:
            UsageProblem: an expression makes no sense, or with `index` no index answers it.
        """
        from jobctl.records.find import count, index_count

        query, now = _query(conditions), self.now()
        if index:
            return index_count(self, query, now)
        return count(self, query, now).records

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
        from jobctl.records.durations import measure, read_keys

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
        from jobctl.records.find import explain

        query, order, page = (
            _query(conditions),
            order_of(sort, reverse),
            page_of(limit, offset or None),
        )
        return explain(self, query, order, page, self.now())


def order_of(sort: str | None, reverse: bool) -> SortOrder:
    """Return an order.

    Raises:
        UsageProblem: records have no such key.
    """
    if sort is not None and sort not in ROW_KEYS:
        from jobctl.model.words import did_you_mean

        raise UsageProblem(f"records have no field {sort!r}", hint=did_you_mean(sort, ROW_KEYS))
    return SortOrder(sort, reverse)


def page_of(limit: int | None, offset: int | None, option: str = "") -> Page:
    """Return a page; `option` stands before the names in an error.

    Raises:
        UsageProblem: a number is negative, or there is an offset and no limit.
    """
    for name, number in (("limit", limit), ("offset", offset)):
        if number is not None and number < 0:
            raise UsageProblem(f"{option}{name} is negative: {number}")
    if offset is not None and limit is None:
        raise UsageProblem(
            f"{option}offset goes with {option}limit",
            hint="say how many records are wanted behind those that are left out",
        )
    return Page(offset or 0, limit)


def _query(conditions: tuple[Query | str, ...]) -> Query:
    query = Query()
    for condition in conditions:
        query &= Query.parse(condition) if isinstance(condition, str) else condition
    return query
