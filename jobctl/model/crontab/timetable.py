"""When the entries of a crontab fire, all of them in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge

from jobctl.errors import HangingSchedule
from jobctl.model.crontab.entry import CronEntry
from jobctl.model.rows import Row
from jobctl.model.schedule.clock import Clock
from jobctl.model.times import Instant

KEYS = ("at", "file", "line", "schedule", "jobtype", "queue")


class Timetable:
    """The firings of entries after a second; entries that fire together come in their order.

    Attributes:
        silent: entries that never fire.
        hanging: entries over which the server hangs, and the error.
    """

    def __init__(self, entries: Sequence[CronEntry], after: int, local: Clock) -> None:
        self._entries = entries
        self._after = after
        self._local = local
        self.silent: list[CronEntry] = []
        self.hanging: list[tuple[CronEntry, HangingSchedule]] = []

    def __iter__(self) -> Iterator[tuple[int, CronEntry]]:
        """Yield unix seconds and the entry that fires then, for ever where entries do."""
        return merge(*(self._of(entry) for entry in self._entries), key=lambda pair: pair[0])

    def _of(self, entry: CronEntry) -> Iterator[tuple[int, CronEntry]]:
        if entry.parsed is None:
            return
        fired = False
        try:
            for firing in entry.parsed.seconds(self._after, self._local):
                fired = True
                yield firing, entry
        except HangingSchedule as error:
            self.hanging.append((entry, error))
        else:
            if not fired:
                self.silent.append(entry)


def timetable_row(at: int, entry: CronEntry) -> Row:
    """Return the row of a firing, under `KEYS`."""
    return {
        "at": Instant(at).rfc3339(),
        "file": entry.file,
        "line": entry.line,
        "schedule": entry.schedule,
        "jobtype": entry.jobtype,
        "queue": entry.queue,
    }
