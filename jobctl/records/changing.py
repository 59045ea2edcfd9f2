"""The changes to records that `backend.records` has beside those to a single one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.errors import NotFound, Refused, RefusedByRedis
from jobctl.model.guards import Guards
from jobctl.model.layout import Kind
from jobctl.model.verbs import Change, Verb
from jobctl.records.query import Query, RecordWhere

if TYPE_CHECKING:
    from jobctl.backend import Backend
    from jobctl.model.report import Report
    from jobctl.operations.request import Watch

_NO_GUARDS = Guards()
_TRIES = 20  # somebody else has changed the same record each time


class RecordChanges:
    """Changes to all records that a query finds.

    Each takes a query, as text or as a `Query`, or a `RecordWhere`; `guards` and a `watch` as
    the verbs on jobs do. It keeps a file in the journal, for resume, and where it is a deletion for
    undo. It returns a `Report`, and raises what those raise.
    """

    _backend: Backend

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
        from jobctl.operations.begin import begin
        from jobctl.operations.request import Request
        from jobctl.operations.request import Watch as Silent

        if isinstance(where, str):
            where = Query.parse(where) if where else Query()
        if isinstance(where, Query):
            where = RecordWhere(None, where)
        request = Request(Kind.RECORDS, change, where, guards=guards)
        return begin(self._backend, request, watch or Silent())
