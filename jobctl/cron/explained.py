"""All that can be said of a schedule at a time."""

from __future__ import annotations

from dataclasses import dataclass

from jobctl.cron.clock import Clock
from jobctl.cron.doubt import Code, Doubt, Level
from jobctl.cron.doubting import doubts
from jobctl.cron.schedule import Schedule
from jobctl.cron.words import Expanded, expanded, in_words
from jobctl.errors import HangingSchedule
from jobctl.model.rows import Row
from jobctl.model.times import Instant

KEYS = ("expr", "dialect", "zone", "words", "fields", "next", "warnings")
_NEXT = 5


@dataclass(frozen=True, slots=True)
class Explained:
    """A schedule, explained.

    Attributes:
        schedule: what.
        clock: the one it is read by.
        words: what it says.
        fields: what each lets through.
        firings: the next five, in unix seconds.
        doubts: what may not be meant, errors first.
    """

    schedule: Schedule
    clock: Clock
    words: str
    fields: tuple[Expanded, ...]
    firings: tuple[int, ...]
    doubts: tuple[Doubt, ...]

    @classmethod
    def of(cls, schedule: Schedule, after: int, local: Clock) -> Explained:
        """Explain a schedule, as of a second; `local` is the server's own clock."""
        found: list[int] = []
        doubted = doubts(schedule, after, local)
        try:
            for firing in schedule.seconds(after, local):
                found.append(firing)
                if len(found) == _NEXT:
                    break
        except HangingSchedule as error:
            if all(doubt.code != Code.HANGS for doubt in doubted):
                doubted = [Doubt(Level.ERROR, Code.HANGS, error.message), *doubted]
        clock = schedule.clock(local)
        return cls(
            schedule, clock, in_words(schedule), expanded(schedule), tuple(found), tuple(doubted)
        )

    def row(self, dialect: str) -> Row:
        """Return its row, under `KEYS`; instants in UTC."""
        return {
            "expr": self.schedule.text,
            "dialect": dialect,
            "zone": self.clock.name,
            "words": self.words,
            "fields": [
                {"field": f.field, "text": f.text, "values": f.values, "count": f.count}
                for f in self.fields
            ],
            "next": [Instant(firing).rfc3339() for firing in self.firings],
            "warnings": [
                {
                    "level": doubt.level.value,
                    "code": str(doubt.code),
                    "message": doubt.message,
                    "hint": doubt.hint,
                }
                for doubt in self.doubts
            ],
        }
