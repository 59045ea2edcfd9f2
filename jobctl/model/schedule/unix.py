"""A crontab's line, as croniter reads it: ``--dialect unix``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from croniter import CroniterBadDateError, croniter

from jobctl.errors import BadSchedule
from jobctl.model.schedule.clock import Clock, moment

_QUOTED = 40


@dataclass(frozen=True, slots=True)
class Crontab:
    """A line that croniter takes: 5 fields, 6 with the seconds last, 7 with the year."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Crontab:
        """Read a line.

        Raises:
            BadSchedule: croniter refuses it, or it names times at random.
        """
        try:
            croniter.expand(text)
        except Exception as error:  # whatever a foreign parser makes of odd text
            said = str(error).partition("\n")[0].strip() or type(error).__name__
            raise BadSchedule(f"not a crontab's schedule: {said[:200]}", at=(text, 0)) from None
        if any(word[:1] in ("r", "R") for word in text.split()):
            raise BadSchedule(
                "R stands for a time at random: nobody knows when it fires", at=(text, 0)
            )
        return cls(text)

    def after(self, start: int, clock: Clock) -> Iterator[int]:
        """Yield every firing after an instant, in unix seconds, until croniter finds no more."""
        found = croniter(self.text, moment(start, clock.zone), ret_type=float)
        while True:
            try:
                yield int(found.get_next())
            except (CroniterBadDateError, OverflowError, ValueError):
                return
