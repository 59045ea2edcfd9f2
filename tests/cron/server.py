"""The server's search in its plainest form: robfig/cron v3's SpecSchedule.Next over Go's time.

Written from the server's rules, statement by statement, and not from jobctl's search: both must
come to the same firings. Only zoneinfo is shared. A gap that a step cannot get over is a loop
without an end there; here it is `Hangs`.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

STAR = "star"
LEAST = (0, 0, 0, 1, 1, 0)
MOST = (59, 59, 23, 31, 12, 6)
STEPS = 400_000


class Hangs(Exception):
    """The server would still be searching."""


@dataclass(frozen=True)
class Time:
    """An instant in a zone: Go's time.Time, without nanoseconds."""

    unix: int
    zone: ZoneInfo

    @property
    def wall(self) -> datetime:
        return datetime.fromtimestamp(self.unix, self.zone)

    @property
    def weekday(self) -> int:
        return self.wall.isoweekday() % 7

    def add(self, seconds: int) -> Time:
        return Time(self.unix + seconds, self.zone)

    def add_date(self, months: int, days: int) -> Time:
        wall = self.wall
        return date(
            wall.year, wall.month + months, wall.day + days,
            wall.hour, wall.minute, wall.second, self.zone,
        )  # fmt: skip

    def truncate(self, seconds: int) -> Time:
        return Time(self.unix - self.unix % seconds, self.zone)


def offset(unix: int, zone: ZoneInfo) -> int:
    away = datetime.fromtimestamp(unix, zone).utcoffset()
    assert away is not None
    return int(away.total_seconds())


def date(
    year: int, month: int, day: int, hour: int, minute: int, second: int, zone: ZoneInfo
) -> Time:
    """Go's time.Date: months and days beyond their end go on into the next."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    first = calendar.timegm((year, month, 1, hour, minute, second))
    unix = first + (day - 1) * 86400
    found = offset(unix, zone)
    if found != 0:
        found = offset(unix - found, zone)
    return Time(unix - found, zone)


@dataclass(frozen=True)
class Spec:
    """A SpecSchedule: sets of values, and the star bit of the two fields of days."""

    sets: tuple[frozenset[int], ...]
    dom_star: bool
    dow_star: bool

    def day_matches(self, t: Time) -> bool:
        dom, dow = t.wall.day in self.sets[3], t.weekday in self.sets[5]
        if self.dom_star or self.dow_star:
            return dom and dow
        return dom or dow

    def next(self, t: Time) -> Time | None:  # noqa: C901  (one function, as it is there)
        """Return the next firing; None where it gives up."""
        seconds, minutes, hours, _, months, _ = self.sets
        t = t.add(1)
        added = False
        year_limit = t.wall.year + 5
        for _ in range(STEPS):  # goto WRAP
            wrapped = False
            if t.wall.year > year_limit:
                return None
            while t.wall.month not in months:
                if not added:
                    added = True
                    t = date(t.wall.year, t.wall.month, 1, 0, 0, 0, t.zone)
                t = t.add_date(1, 0)
                if t.wall.month == 1:
                    wrapped = True
                    break
            if wrapped:
                continue
            tried = 0
            while not self.day_matches(t):
                if not added:
                    added = True
                    t = date(t.wall.year, t.wall.month, t.wall.day, 0, 0, 0, t.zone)
                t = t.add_date(0, 1)
                if t.wall.hour != 0:
                    if t.wall.hour > 12:
                        t = t.add((24 - t.wall.hour) * 3600)
                    else:
                        t = t.add(-t.wall.hour * 3600)
                tried += 1
                if tried > 1000:
                    raise Hangs
                if t.wall.day == 1:
                    wrapped = True
                    break
            if wrapped:
                continue
            while t.wall.hour not in hours:
                if not added:
                    added = True
                    t = date(t.wall.year, t.wall.month, t.wall.day, t.wall.hour, 0, 0, t.zone)
                t = t.add(3600)
                if t.wall.hour == 0:
                    wrapped = True
                    break
            if wrapped:
                continue
            while t.wall.minute not in minutes:
                if not added:
                    added = True
                    t = t.truncate(60)
                t = t.add(60)
                if t.wall.minute == 0:
                    wrapped = True
                    break
            if wrapped:
                continue
            while t.wall.second not in seconds:
                if not added:
                    added = True
                t = t.add(1)
                if t.wall.second == 0:
                    wrapped = True
                    break
            if wrapped:
                continue
            return t
        raise Hangs

    def firings(self, unix: int, zone: ZoneInfo) -> Iterator[int]:
        """Yield firing after firing, until it gives up, hangs, or leads back."""
        t = Time(unix, zone)
        while (found := self.next(t)) is not None and found.unix > t.unix:
            yield found.unix
            t = found


def spec(text: str) -> Spec:
    """Read five or six fields of numbers; what is odd about the dialect is tested elsewhere."""
    words = text.split()
    if len(words) == 5:
        words = ["0", *words]
    sets = tuple(
        frozenset(value for part in word.split(",") for value in values(part, i))
        for i, word in enumerate(words)
    )
    return Spec(sets, starred(words[3]), starred(words[5]))


def starred(word: str) -> bool:
    return any(part in ("*", "?", "*/1", "?/1") for part in word.split(","))


def values(part: str, i: int) -> range:
    span, _, step = part.partition("/")
    if span in ("*", "?"):
        return range(LEAST[i], MOST[i] + 1, int(step or 1))
    low, hyphen, high = span.partition("-")
    last = int(high) if hyphen else MOST[i] if step else int(low)
    return range(int(low), last + 1, int(step or 1))


def unix_of(text: str) -> int:
    """Return the instant of a time such as 2012-03-11T00:00:00-05:00; UTC without an offset."""
    found = datetime.fromisoformat(text)
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
