"""Schedules and starts at random, from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

from tests.cron.server import LEAST, MOST, offset

DAY = 86400
# Of a field, seconds first: how often it is a star, and how often its least value.
STARS = (0.05, 0.2, 0.3, 0.6, 0.7, 0.6)
LEASTS = (0.7, 0.4, 0.3, 0.05, 0.05, 0.1)


@dataclass
class Maker:
    """Makes schedules that are legal everywhere, and instants to begin at."""

    random: Random

    def schedule(self, *, seconds: float = 0.5) -> str:
        """Return a schedule; `seconds` is how often it has six fields."""
        words = [self._field(i) for i in range(6)]
        return " ".join(words if self.random.random() < seconds else words[1:])

    def _field(self, i: int) -> str:
        drawn = self.random.random()
        if drawn < STARS[i]:
            return "*"
        if drawn < STARS[i] + LEASTS[i]:
            return str(LEAST[i])
        count = self.random.choice((1, 1, 1, 2, 3))
        return ",".join(self._part(LEAST[i], MOST[i]) for _ in range(count))

    def _part(self, least: int, most: int) -> str:
        draw = self.random.randint
        step = f"/{draw(1, most)}"
        match self.random.randrange(6):
            case 0 | 1:
                return str(draw(least, most))
            case 2:
                low, high = sorted((draw(least, most), draw(least, most)))
                return f"{low}-{high}{step if self.random.random() < 0.4 else ''}"
            case 3:
                return f"*{step}"
            case 4:
                return f"{draw(least, most)}{step}"
            case _:
                return self.random.choice("*?")

    def start(self, zone: ZoneInfo, years: tuple[int, int]) -> int:
        """Return an instant, mostly near a clock change of the zone."""
        draw = self.random.randint
        instant = int(datetime(draw(*years), 1, 1, tzinfo=UTC).timestamp()) + draw(0, 365 * DAY)
        if self.random.random() < 0.4:
            return instant
        near = self.random.choice((2 * 3600, 5 * DAY, 40 * DAY))
        return change_after(zone, instant) + draw(-near, near)


def change_after(zone: ZoneInfo, instant: int) -> int:
    """Return a day with a clock change in the year to come, else the instant itself."""
    for day in range(instant, instant + 366 * DAY, DAY):
        if offset(day, zone) != offset(day + DAY, zone):
            return day
    return instant
