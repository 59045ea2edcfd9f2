"""Which firings are asked for, and how people see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from sys import maxsize
from typing import TYPE_CHECKING, TypeVar

from jobctl.cli.cron_options import end, local_clock, start
from jobctl.cli.output import ON_A_TERMINAL, say
from jobctl.cli.session import Session

if TYPE_CHECKING:
    from jobctl.cron.clock import Clock
    from jobctl.model.rows import Row

_T = TypeVar("_T")

COUNT = 5  # firings that nobody asked to be more
_COUNTED = 100_000  # of those that a terminal does not show


@dataclass(frozen=True, slots=True)
class Window:
    """Which firings are asked for.

    Attributes:
        now: unix seconds.
        after: the second to search from.
        until: the last second; None for no end.
        count: at most so many; None for all until then.
        local: the clock of schedules that name no zone.
        heading: of how far away they are: ``in``, or ``later`` where they do not count from now.
    """

    now: float
    after: int
    until: int | None
    count: int | None
    local: Clock
    heading: str

    @classmethod
    def read(cls, session: Session, now: float) -> Window:
        """Read ``--from``, ``--until``, ``--count`` and ``--tz``.

        Raises:
            UsageProblem: one of them does not make sense.
        """
        until, count = end(session, now), session.number("count")
        heading = "in" if session.text("start") is None else "later"
        if until is None and count is None:
            count = COUNT
        if count is not None:
            count = min(count, maxsize)  # more than islice takes
        return cls(now, start(session, now), until, count, local_clock(session), heading)

    def of(self, firings: Iterable[tuple[int, _T]]) -> Iterator[tuple[int, _T]]:
        """Yield the firings in it, and read no more than one behind it."""
        for at, what in islice(firings, self.count):
            if self.until is not None and at > self.until:
                return
            yield at, what

    def cells(self, at: int, clock: Clock) -> Row:
        """Return a firing for people: RFC 3339 as a clock shows it, the weekday, how far away."""
        from jobctl.cron.clock import moment
        from jobctl.render.cells import duration

        when = moment(at, clock.zone)
        return {
            "fires": when.isoformat(),
            "day": when.strftime("%a"),
            self.heading: duration(at - self.after),
        }

    def brief(self, session: Session, firings: Iterator[_T]) -> Iterator[_T]:
        """Yield what a table shows; of a long one on a terminal say how many more there are."""
        if not session.brief or self.count is not None:
            yield from firings
            return
        yield from islice(firings, ON_A_TERMINAL)
        more = sum(1 for _ in islice(firings, _COUNTED))
        if more:
            least = "more than " if more == _COUNTED else ""
            say(f"{least}{more:,} more: --count N, or -o wide")
