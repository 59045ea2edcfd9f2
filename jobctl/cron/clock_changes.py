"""Check what clock changes do to a schedule: times that are skipped, doubled, missed, made up.

Skipped and doubled times are told only where it shows: a schedule that also fires within the length
of the change before it and behind it (``*/5 * * * *``, ``0 * * * *``) goes on at its pace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from jobctl.cron.clock import DAY, Clock, ClockChange, date_of
from jobctl.cron.fields import Days, Fields
from jobctl.cron.schedule_words import joined
from jobctl.cron.search import firings

_AHEAD = 366 * DAY
_NEAR = 3 * DAY  # of a change: a search that begins further behind it knows nothing of it
_NAMED = 3  # times in a sentence; of more the first and the last
_HOUR = 3600

Told = tuple[str, str]  # the code of a finding, and its message


def check_clock_changes(fields: Fields, clock: Clock, now: int) -> Iterator[Told]:
    """Yield what the clock changes of the year from `now` on do, each change once a kind.

    Raises:
        HangingSchedule: the server's search never gets over one.
    """
    # The server never gets lost within a minute: the first second of each tells of the rest.
    thinned = replace(fields, second=replace(fields.second, values=fields.second.values[:1]))
    for change in clock.changes(now, now + _AHEAD):
        yield from _Disturbance(thinned, clock, change).told()


@dataclass(frozen=True, slots=True)
class _Disturbance:
    """A schedule and a clock change."""

    fields: Fields
    clock: Clock
    change: ClockChange

    def told(self) -> Iterator[Told]:
        low, high = self._span
        within = list(wall_times(self.fields, low, high))
        if within and not self._goes_on():
            yield from self._skipped(within) if self._gap > 0 else self._doubled(within)
        harmless = not (low % _HOUR or high % _HOUR or self.change.takes_midnight)
        every_hour = self.fields.decided_by is Days.NEITHER and self.fields.hour.full
        if not harmless and not (every_hour and self.fields.month.full):
            yield from self._differing()

    @property
    def _gap(self) -> int:
        return self.change.after - self.change.before

    @property
    def _span(self) -> tuple[int, int]:
        """The wall times that are skipped or come twice: from, until before."""
        at, before, after = self.change.at, self.change.before, self.change.after
        return min(at + before, at + after), max(at + before, at + after)

    def _goes_on(self) -> bool:
        """Check whether it fires on both sides of the change, within its length."""
        low, high = self._span
        size = high - low
        return self._fires(low - size, low) and self._fires(high, high + size)

    def _fires(self, low: int, high: int) -> bool:
        return any(True for _ in wall_times(self.fields, low, high))

    def _skipped(self, within: Sequence[int]) -> Iterator[Told]:
        low, high = self._span
        days = {wall // DAY * DAY for wall in within}
        other = any(self._fires(day, low) or self._fires(high, day + DAY) for day in days)
        then = "then" if other else "that day" if len(days) == 1 else "on these days"
        does = "does" if len(within) == 1 else "do"
        yield (
            "skipped-time",
            f"{_times(within)} {does} not exist in {self.clock.name}: it does not fire {then}",
        )

    def _doubled(self, within: Sequence[int]) -> Iterator[Told]:
        before, after = self.change.before, self.change.after
        first, last = self.change.at + self._gap, self.change.at - self._gap
        fired = set(self._fired(first, last))
        twice = [wall for wall in within if {wall - before, wall - after} <= fired]
        if twice:
            both = " and ".join(f"{_clock(twice[0] - offset)}Z" for offset in (before, after))
            come, fires = "comes twice", f"fires at {both}"
            if len(twice) > 1:
                come, fires = "come twice", f"fires twice, first at {both}"
            yield "doubled-time", f"{_times(twice)} {come} in {self.clock.name}: {fires}"

    def _differing(self) -> Iterator[Told]:
        """Yield where the server's search finds other firings than the wall clock has."""
        start, end = self.change.at - _NEAR, self.change.at + _NEAR
        fired = list(self._fired(start, start + _AHEAD, enough=end))
        if fired and fired[-1] >= end:
            end = fired[-1] + 1
        meant = dict(self._meant(start, end))
        missed = sorted(set(meant.values()) - {meant[at] for at in fired if at in meant})
        odd = sorted(self.clock.wall(at) for at in fired if at not in meant)
        zone, date = self.clock.name, date_of(self._span[0])
        why = f"its search is led astray by the clock change of {date}"
        if missed:
            yield "missed-firing", f"the server misses {_times(missed)} in {zone}: {why}"
        if odd:
            said = f"fires at {_times(odd)} in {zone}, which it does not say"
            yield "odd-firing", f"{said}: {why}"

    def _fired(self, start: int, end: int, enough: int | None = None) -> Iterator[int]:
        """Yield the firings from `start` until before `end`, or the first from `enough` on."""
        for firing in takewhile(lambda at: at < end, firings(self.fields, self.clock, start - 1)):
            yield firing
            if enough is not None and firing >= enough:
                return

    def _meant(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield every instant from `start` until before `end` whose wall time matches, and that."""
        at = start
        for until in (*(change.at for change in self.clock.changes(start, end)), end):
            offset = self.clock.offset(at)
            for wall in wall_times(self.fields, at + offset, until + offset):
                yield wall - offset, wall
            at = until


def wall_times(fields: Fields, low: int, high: int) -> Iterator[int]:
    """Yield the wall times that match, from `low` until before `high`, existing or not."""
    for midnight in range(low // DAY * DAY, high, DAY):
        today = date_of(midnight)
        if today.month not in fields.month.values or not fields.day_matches(today):
            continue
        for hour in fields.hour.values:
            begun = midnight + hour * _HOUR
            if begun >= high or begun + _HOUR <= low:
                continue
            for minute in fields.minute.values:
                for second in fields.second.values:
                    wall = begun + minute * 60 + second
                    if low <= wall < high:
                        yield wall


def _times(found: Sequence[int]) -> str:
    """Return wall times in a sentence: the date once where they share it."""
    many = len(found) > _NAMED
    shown: list[str] = []
    date = None
    for wall in (found[0], found[-1]) if many else found:
        today = date_of(wall)
        shown.append(_clock(wall) if today == date else f"{today} {_clock(wall)}")
        date = today
    return " to ".join(shown) if many else joined(shown)


def _clock(wall: int) -> str:
    minutes, second = divmod(wall % DAY, 60)
    shown = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{shown}:{second:02}" if second else shown
