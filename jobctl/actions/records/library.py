"""``store.records``: the status records, as the library hands them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.actions.records.changing import RecordChanges
from jobctl.store.connection import Connection
from jobctl.store.records.writing import RecordWriter

if TYPE_CHECKING:
    from jobctl.actions.jobs import Store


class Records(RecordChanges, RecordWriter):
    """Jobba's status records: found, queried and changed."""

    def __init__(self, store: Store, connection: Connection) -> None:
        super().__init__(connection, store.record_layout)
        self._store = store
