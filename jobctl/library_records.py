"""``store.records``: the status records, as the library hands them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jobctl.errors import NotFound, Refused, RefusedByRedis
from jobctl.model.jobba import Record
from jobctl.model.layout import Kind
from jobctl.model.verbs import Change, Guards, Verb
from jobctl.records.find import count, explain, find, index_count, order_of, page_of
from jobctl.records.plan import QueryPlan
from jobctl.records.query import Query, RecordWhere
from jobctl.records.stats import Durations, measure, read_keys
from jobctl.redis.record_writing import RecordWriter
from jobctl.redis.scripts import Command

if TYPE_CHECKING:
    from jobctl.backend import Backend
    from jobctl.model.report import Report
    from jobctl.operations.request import Watch


_NO_GUARDS = Guards()
_TRIES = 20  # somebody else has changed the same record each time


class Records(RecordWriter):
    """Jobba's status records: found, queried and changed.

    Changes to all that a query finds take it as text, as a `Query` or a `RecordWhere`, with
    `guards` and a `watch` as the verbs on jobs do. They keep a file in the journal, for resume, and
    where it is a deletion for undo. They return a `Report`, and raise what those raise.
    """

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

    def delete(self, ident: str, *, force: bool = False) -> None:
        """Delete one record at once: nothing is kept, nothing can be undone.

        Raises:
            NotFound: there is none, and no index entry of it either.
            Refused: it neither succeeded nor failed, and this is without `force`.
        """
        backend = self._backend
        backend.rules.allow()
        for _ in range(_TRIES):
            snapshots = backend.snapshots(backend.record_layout)
            ((_, snapshot),) = next(snapshots.take([ident]))
            if snapshot is None:
                raise NotFound(
                    f"there is no record {ident} in {backend.target}",
                    hint=snapshots.wrong_types.note,
                )
            if not (force or snapshot.orphan or snapshot.record.completed):
                state = snapshot.record.state or "in no state"
                raise Refused(
                    f"record {ident} is not completed: it is {state}; nothing was changed",
                    hint="force=True deletes it all the same",
                )
            if snapshots.delete(snapshot):
                return
        raise RefusedByRedis(
            f"others change the record {ident} all the time; nothing was changed", hint="try again"
        )

    def delete_all(
        self,
        where: Query | RecordWhere | str,
        *,
        force: bool = False,
        guards: Guards = _NO_GUARDS,
        watch: Watch | None = None,
    ) -> Report:
        """Delete records; without `force` it is refused where one of them is not completed."""
        return self._do(where, Change(Verb.DELETE, force=force), guards, watch)

    def request_kill_all(
        self,
        where: Query | RecordWhere | str,
        *,
        guards: Guards = _NO_GUARDS,
        watch: Watch | None = None,
    ) -> Report:
        """Ask for the end of jobs; the first request stays. It cannot be undone."""
        return self._do(where, Change(Verb.REQUEST_KILL), guards, watch)

    def mark_all(
        self,
        where: Query | RecordWhere | str,
        state: str,
        *,
        guards: Guards = _NO_GUARDS,
        watch: Watch | None = None,
    ) -> Report:
        """Let records enter a state; once more started, they restart. It cannot be undone."""
        return self._do(where, Change(Verb.MARK, state=state), guards, watch)

    def cleanup(
        self,
        older_than: str,
        *,
        force: bool = False,
        guards: Guards = _NO_GUARDS,
        watch: Watch | None = None,
    ) -> Report:
        """Delete what completed and was recorded so long ago (``12w``); with `force` all of it.

        Ids of which only index entries are left go as well.
        """
        where = RecordWhere.older(older_than, completed=not force)
        return self._do(where, Change(Verb.DELETE, force=force), guards, watch)

    def _do(
        self,
        where: Query | RecordWhere | str,
        change: Change,
        guards: Guards,
        watch: Watch | None,
    ) -> Report:
        # A fifth of a query's start, which changes nothing.
        from jobctl.operations.begin import begin
        from jobctl.operations.request import Request, Watch

        if isinstance(where, str):
            where = Query.parse(where) if where else Query()
        if isinstance(where, Query):
            where = RecordWhere(None, where)
        request = Request(Kind.RECORDS, change, where, guards=guards)
        return begin(self._backend, request, watch or Watch())

    def _change(self, ident: str, call: Command) -> bytes:
        self._backend.rules.allow()  # whatever else asked before: a context's word is the last
        return super()._change(ident, call)
