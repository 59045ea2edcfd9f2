"""Numbers in a sentence: runs, steps and lists that stay short."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from jobctl.model.words import things

_STEPPED = 5  # values with one step between them, from which on the first three tell the rest
_RUN = 3  # values in a row that are told by the first and the last
_PIECES = 8  # of a list
_KEPT = 6  # of one that has more


def joined(parts: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def runs(values: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending values as runs, each its first and last."""
    found: list[tuple[int, int]] = []
    for value in values:
        if found and value == found[-1][1] + 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return found


def single_run(values: Sequence[int], size: int, least: int = 0) -> tuple[int, int] | None:
    """Return the first and last of values that follow each other, in a cycle of so many.

    None where they do not, are all there are, or are fewer than three.
    """
    found = runs(values)
    if not _RUN <= len(values) < size or len(found) > 2:
        return None
    if len(found) == 1:
        return found[0]
    first, last = found
    return (last[0], first[1]) if (first[0], last[1]) == (least, least + size - 1) else None


def step_of(values: Sequence[int]) -> int | None:
    """Return what lies between each two values; None where that differs, or there is but one."""
    steps = {after - before for before, after in pairwise(values)}
    return steps.pop() if len(steps) == 1 else None


def cycle_of(values: Sequence[int], size: int) -> int | None:
    """Return what lies between each two values where that goes on over the end of the cycle."""
    step = step_of(values)
    return step if step is not None and step * len(values) == size else None


def is_spelled(values: Sequence[int]) -> bool:
    """Check whether `series` names each of them."""
    return all(len(piece) == 1 for piece in _pieces(values)) and len(values) <= _KEPT


def series(values: Sequence[int], name: Callable[[int], str] = str) -> str:
    """Return values for a sentence: ``1 to 5 and 9``, ``0, 7, 14 … 56``, ``.. and 37 more``."""
    step = step_of(values)
    if step is not None and step > 1 and len(values) >= _STEPPED:
        return f"{', '.join(name(value) for value in values[:3])} … {name(values[-1])}"
    pieces = list(_pieces(values))
    kept = pieces if len(pieces) <= _PIECES else pieces[:_KEPT]
    words = [" to ".join(name(value) for value in dict.fromkeys((p[0], p[-1]))) for p in kept]
    more = sum(len(piece) for piece in pieces[len(kept) :])
    return joined([*words, f"{more} more"] if more else words)


def _pieces(values: Sequence[int]) -> Iterator[range]:
    """Yield runs whole, and what is too short for one value by value."""
    for first, last in runs(values):
        if last - first + 1 >= _RUN:
            yield range(first, last + 1)
        else:
            yield from (range(value, value + 1) for value in range(first, last + 1))


_FEW, _SOME = 4, 8  # times of a day that are listed rather than described; rather than counted
_HOURS, _SIXTY = 24, 60


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds, minutes and hours, ascending and not empty; each with each is a time.

    Attributes:
        wrap: whether a run of hours may go on over midnight: where every day is like the next.
    """

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    wrap: bool

    def words(self) -> str:
        """Return ``at 09:30``, ``every 5 minutes from 09:00 to 17:55``, ``every second``."""
        if len(self.seconds) * len(self.minutes) * len(self.hours) <= _FEW:
            return self._listed()
        if len(self.seconds) == 1:
            return self._by_minute()
        return self._by_second()

    @property
    def all_day(self) -> bool:
        """Whether they come in every hour."""
        return len(self.hours) == _HOURS

    def _listed(self) -> str:
        times = product(self.hours, self.minutes, self.seconds)
        return f"at {joined([self._clock(*time) for time in times])}"

    def _by_minute(self) -> str:
        """Return the words where there is one second."""
        second = self.seconds[0]
        if len(self.minutes) == 1:
            return self._by_hour(self.minutes[0])
        span = self._span()
        every = self._every(cycle_of(self.minutes, _SIXTY), "minute", self.minutes[0])
        if every and span:
            return self._from_to(every, (span[0], self.minutes[0]), (span[1], self.minutes[-1]))
        step = step_of(self.minutes)
        if step and len(self.hours) == 1:
            hour = self.hours[0]
            every = _each(step, "minute")
            return self._from_to(every, (hour, self.minutes[0]), (hour, self.minutes[-1]))
        past = f"at {_seconds(second)} past the minute, " if second else ""
        if every and self.all_day:
            if every == "every minute" and second:
                return f"at {_seconds(second)} past every minute"
            return f"{past}{every}"
        if every and not self.minutes[0]:
            return f"{past}{every} in the hours {series(self.hours, _two)}"
        if len(self.minutes) * len(self.hours) <= _SOME and is_spelled(self.minutes):
            return self._listed()
        return f"{past}{_at(self.minutes, 'minute')} {self._of_hours()}"

    def _by_hour(self, minute: int) -> str:
        """Return the words where there is one minute of the hour, and one second of that."""
        second = self.seconds[0]
        if self.all_day:
            if second:
                past = f"{minute} {things(minute, 'minute')} and {_seconds(second)}"
                return f"at {past if minute else _seconds(second)} past every hour"
            past = f"at {minute} {things(minute, 'minute')} past every hour"
            return past if minute else "every hour, on the hour"
        span, step = self._span(), step_of(self.hours)
        if span:
            return self._from_to("every hour", (span[0], minute), (span[1], minute))
        if step:
            ends = self.hours[0], self.hours[-1]
            return self._from_to(_each(step, "hour"), (ends[0], minute), (ends[1], minute))
        found = runs(self.hours)
        long = [run for run in found if run[1] - run[0] > 1]
        lone = [hour for hour in self.hours if not any(a <= hour <= b for a, b in long)]
        spans = [
            f"from {self._clock(a, minute, second)} to {self._clock(b, minute, second)}"
            for a, b in long
        ]
        at = f"at {joined([self._clock(hour, minute, second) for hour in lone])}" if lone else ""
        every = f"every hour {joined(spans)}" if spans else ""
        return f"{every}, and {at}" if every and at else every or at

    def _by_second(self) -> str:
        """Return the words where there are several seconds of the minute."""
        seconds, minutes, hours = self.seconds, self.minutes, self.hours
        every_minute = len(minutes) == _SIXTY
        every = self._every(cycle_of(seconds, _SIXTY), "second", seconds[0])
        if every and every_minute and self.all_day:
            return every
        span = self._span()
        if every and every_minute and span:
            return self._from_to(every, (span[0], 0), (span[1], 59))
        step = step_of(seconds)
        ends = (minutes[0], minutes[-1]) if len(runs(minutes)) == 1 else None
        if len(hours) == 1 and step and ((every and ends) or len(minutes) == 1):
            each = every or _each(step, "second")
            return self._from_to(each, (hours[0], minutes[0]), (hours[0], minutes[-1]))
        if every and not seconds[0]:
            if every_minute:
                return f"{every} in the hours {series(hours, _two)}"
            word = things(len(minutes), "minute")
            return f"{every} in {word} {series(minutes)} {self._of_hours(past=False)}"
        at = _at(seconds, "second")
        if every_minute and self.all_day:
            return f"{at} every minute"
        if len(minutes) == len(hours) == 1:
            return f"{at} {_two(hours[0])}:{_two(minutes[0])}"
        whole = Times((0,), minutes, hours, self.wrap)
        return f"{at} the minute, {whole.words()}"

    def _every(self, cycle: int | None, unit: str, first: int) -> str | None:
        """Return ``every 5 minutes``; where it does not begin at 0 all day long, also where."""
        if cycle is None:
            return None
        every = _each(cycle, unit)
        whole = self.all_day and (unit == "minute" or len(self.minutes) == _SIXTY)
        if first and whole:
            values = self.minutes if unit == "minute" else self.seconds
            over = "hour" if unit == "minute" else "minute"
            return f"{every}, at {series(values)} past the {over}"
        return every

    def _from_to(self, every: str, first: tuple[int, int], last: tuple[int, int]) -> str:
        begin = self._clock(*first, self.seconds[0])
        return f"{every} from {begin} to {self._clock(*last, self.seconds[-1])}"

    def _of_hours(self, *, past: bool = True) -> str:
        if self.all_day:
            return "every hour" if past else "of every hour"
        span = self._span()
        of = "" if past else "of "
        if span and len(self.hours) > 1:
            return f"{of}every hour from {_two(span[0])} to {_two(span[1])}"
        return f"{of}the {things(len(self.hours), 'hour')} {series(self.hours, _two)}"

    def _span(self) -> tuple[int, int] | None:
        """Return the first and last hour where they are one run of several, or but one."""
        if len(self.hours) == 1:
            return self.hours[0], self.hours[0]
        if len(self.hours) == 2 and self.hours[1] == self.hours[0] + 1:
            return self.hours[0], self.hours[1]
        span = single_run(self.hours, _HOURS)
        return span if span and (self.wrap or span[0] <= span[1]) else None

    def _clock(self, hour: int, minute: int, second: int) -> str:
        shown = f"{_two(hour)}:{_two(minute)}"
        return f"{shown}:{_two(second)}" if any(self.seconds) else shown


def _at(values: Sequence[int], unit: str) -> str:
    """Return ``at 10 and 40 minutes past``, ``at minutes 0, 7, 14 … 56 of``."""
    if is_spelled(values):
        return f"at {series(values)} {things(values[-1], unit)} past"
    return f"at {unit}s {series(values)} of"


def _each(step: int, unit: str) -> str:
    return f"every {unit}" if step == 1 else f"every {step} {unit}s"


def _seconds(count: int) -> str:
    return f"{count} {things(count, 'second')}"


def _two(value: int) -> str:
    return f"{value:02}"
