"""A zone's wall clock: offsets, changes, and local times as Go's time.Date reads them."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from jobctl.errors import UnknownZone
from jobctl.model.words import near_name

DAY = 86400
LOCAL = "Local"  # the zone of the machine that the server runs on
FIRST_YEAR, LAST_YEAR = 2, 9990  # a search looks five years ahead, and datetime ends at 9999
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH = _BEGINNING.toordinal()
_SAMPLE = 3 * DAY  # no zone has ever changed and changed back within less
_LONGEST = 60  # characters of a zone's name in a message
_OFFSET = re.compile(r"(?:(?:etc/)?utc|gmt|z)?[+-][0-9:]{1,5}", re.I)
_DIGIT = re.compile(r"\d", re.ASCII)
_OUTSIDE = re.compile(r"^[/\\]|\.\.")  # Go's own test


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A clock change: the first instant after it (unix seconds), the offsets before and after."""

    at: int
    before: int
    after: int

    @property
    def takes_midnight(self) -> bool:
        """Whether a local midnight is skipped or comes twice."""
        low, high = sorted((self.at + self.before, self.at + self.after))
        return high // DAY * DAY >= low


@dataclass(frozen=True, slots=True)
class _Span:
    """Time without a clock change: the first instant, the one behind the last, the offset."""

    start: int
    end: int
    offset: int


class Clock:
    """A zone's wall clock. Instants are unix seconds; wall times are the same, as if in UTC."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._fixed = _fixed(zone)
        self._years: dict[int, tuple[ClockChange, ...]] = {}
        self._span = _Span(0, 0, 0)  # the one asked for last: a search stays in it for long

    @classmethod
    def named(cls, name: str) -> Clock:
        """Return the clock of an IANA zone; the empty name is UTC, as Go has it.

        Raises:
            UnknownZone: there is none of this name; it is case-sensitive.
        """
        return _named(name)

    @classmethod
    def of(cls, zone: tzinfo) -> Clock:
        """Return the clock of a zone; an IANA zone's is kept, with the changes it has found."""
        return _kept(zone) if isinstance(zone, ZoneInfo) else cls(zone)

    @property
    def name(self) -> str:
        """The zone's name."""
        return getattr(self.zone, "key", None) or str(self.zone)

    @property
    def fixed(self) -> bool:
        """Whether it never changes."""
        return self._fixed is not None

    def offset(self, instant: int) -> int:
        """Return how far the wall clock is ahead of UTC, in seconds."""
        if self._fixed is not None:
            return self._fixed
        span = self._span
        if not span.start <= instant < span.end:
            span = self._span = self._find(instant)
        return span.offset

    def wall(self, instant: int) -> int:
        """Return what the wall clock reads."""
        return instant + self.offset(instant)

    def instant(self, wall: int) -> int:
        """Return when the wall clock reads this, as Go's time.Date says.

        A time that a change skips comes out before or behind the gap, one that comes twice as one
        of the two.
        """
        return wall - self.offset(wall - self.offset(wall))

    def changes(self, start: int, end: int) -> list[ClockChange]:
        """Return the clock changes from `start` until before `end`, in order.

        No zone changes in the first year, and datetime knows none before it to compare with.
        """
        if self._fixed is not None or end <= start:
            return []
        found: list[ClockChange] = []
        for year in range(max(year_of(start), FIRST_YEAR), year_of(end) + 1):
            found += self._changes_of(year)
        ats = [change.at for change in found]
        return found[bisect_left(ats, start) : bisect_left(ats, end)]

    def _find(self, instant: int) -> _Span:
        """Return the part of a year around an instant that no change disturbs."""
        year = max(year_of(instant), FIRST_YEAR)
        start, end = min(instant, _start(year)), _start(year + 1)
        for change in self._changes_of(year):
            if change.at > instant:
                end = change.at
                break
            start = change.at
        return _Span(start, end, self._read(instant))

    def _read(self, instant: int) -> int:
        away = datetime.fromtimestamp(instant, self.zone).utcoffset()
        assert away is not None  # noqa: S101 (an aware one has it)
        return away.days * DAY + away.seconds

    def _changes_of(self, year: int) -> tuple[ClockChange, ...]:
        """Return the changes of a year in UTC; each year is looked at once."""
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = tuple(self._look(_start(year), _start(year + 1)))
        return known

    def _look(self, start: int, end: int) -> list[ClockChange]:
        found = []
        low, before = start - 1, self._read(start - 1)
        while low < end - 1:
            high = min(low + _SAMPLE, end - 1)
            after = self._read(high)
            if after != before:
                found.append(self._narrow(low, high, before))
            low, before = high, after
        return found

    def _narrow(self, low: int, high: int, before: int) -> ClockChange:
        """Find the change between two instants by halves."""
        span = range(low + 1, high + 1)
        at = span[bisect_left(span, True, key=lambda instant: self._read(instant) != before)]
        return ClockChange(at, before, self._read(at))


def midnight(year: int, month: int, day: int) -> int:
    """Return a date's midnight on a wall clock."""
    return (date(year, month, day).toordinal() - _EPOCH) * DAY


def date_of(wall: int) -> date:
    """Return the date that a wall clock reads."""
    return date.fromordinal(wall // DAY + _EPOCH)


def moment(instant: int, zone: tzinfo) -> datetime:
    """Return an instant as an aware datetime."""
    return datetime.fromtimestamp(instant, zone)


def whole_seconds(time: datetime) -> int:
    """Return the instant of an aware datetime, cut to the whole second.

    Raises:
        TypeError: it is not aware.
    """
    since = time - _BEGINNING
    return since.days * DAY + since.seconds


def year_of(wall: int) -> int:
    """Return the year that a wall clock reads."""
    return date_of(wall).year


@lru_cache(maxsize=1024)
def _start(year: int) -> int:
    return midnight(year, 1, 1)


def _fixed(zone: tzinfo) -> int | None:
    """Return the offset of a zone that never changes; None where it may."""
    away = zone.utcoffset(None)
    return None if away is None else away.days * DAY + away.seconds


@lru_cache(maxsize=256)
def _kept(zone: ZoneInfo) -> Clock:
    return Clock(zone)


@lru_cache(maxsize=256)
def _named(name: str) -> Clock:
    if name in ("", "UTC"):
        return Clock(UTC)
    shown = repr(name if len(name) <= _LONGEST else name[:_LONGEST] + "…")
    if _OUTSIDE.search(name):
        raise UnknownZone(
            f"{shown} is a path, not a time zone", hint="zones look like Europe/Berlin"
        )
    try:
        return Clock.of(ZoneInfo(_plain(name)))
    except (LookupError, ValueError, OSError):  # a folder, a file that is none, too long a name
        raise UnknownZone(f"there is no time zone {shown}", hint=_near(name)) from None


def _plain(name: str) -> str:
    """Return a file's path without the ``//`` and ``./`` that Go lets the system pass over."""
    *folders, last = name.split("/")
    return "/".join([*(folder for folder in folders if folder not in ("", ".")), last])


def _near(name: str) -> str:
    if _OFFSET.fullmatch(name):
        return "an offset is no zone: UTC+2 is Etc/GMT-2, its sign turned around"
    names = available_timezones()
    same = next((known for known in names if known.lower() == name.lower()), None)
    if same is not None:
        return f"did you mean {same}? upper and lower case matter"
    last = {known.rpartition("/")[2]: known for known in sorted(names)}
    near = last.get(name.rpartition("/")[2])
    # A near name with digits, or a near abbreviation (EST for CEST), has another offset.
    if near is None and not _DIGIT.search(name) and not (name.isalpha() and name.isupper()):
        near = near_name(name, [known for known in names if not _DIGIT.search(known)])
    return f"did you mean {near}?" if near else "zones look like Europe/Berlin, or UTC"
