"""``backend.records``: the status records, as the library hands them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.records.asking import RecordQueries
from jobctl.records.changing import RecordChanges
from jobctl.redis.connection import Command
from jobctl.redis.record_writing import RecordWriter

if TYPE_CHECKING:
    from jobctl.backend import Backend


class Records(RecordChanges, RecordQueries, RecordWriter):
    """Jobba's status records: found, queried and changed."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend.connection, backend.record_layout)
        self._backend = backend

    def now(self) -> float:
        """Return unix seconds by the server's clock."""
        return self._backend.server.now()

    def _change(self, ident: str, call: Command) -> bytes:
        self._backend.rules.allow()  # whatever else asked before: a context's word is the last
        return super()._change(ident, call)
