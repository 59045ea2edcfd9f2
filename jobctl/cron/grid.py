"""A load as grids: hours of the day, or minutes of the hour, against days, hours or queues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from jobctl.cron.buckets import HOUR, Buckets
from jobctl.cron.clock import DAY, date_of
from jobctl.cron.counting import Load

BUSIEST = 24  # hours of a grid of minutes, where there are more with jobs


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a grid.

    Attributes:
        label: what it is of.
        cells: jobs by column; None where there is no such time.
        total: of all jobs.
    """

    label: str
    cells: tuple[int | None, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Jobs by row and column.

    Attributes:
        lines: its rows.
        left_out: how many there are beside them.
    """

    lines: tuple[Line, ...]
    left_out: int = 0


def by_time(load: Load) -> Grid:
    """Return the jobs of all queues: a row a day, or for minutes an hour, in order of time.

    Of hours only those with jobs come, and of many the busiest.
    """
    row, columns = _shape(load.buckets)
    rows: dict[int, list[int | None]] = {}
    for wall, count in zip(load.buckets.walls(), load.totals, strict=True):
        cells = rows.setdefault(wall // row, [None] * columns)
        column = wall % row // load.buckets.size
        cells[column] = (cells[column] or 0) + count
    several = len({key * row // DAY for key in rows}) > 1
    lines = [(_label(key * row, row, several), tuple(cells)) for key, cells in rows.items()]
    made = [Line(label, cells, _total(cells)) for label, cells in lines]
    if row == DAY:
        return Grid(tuple(made))
    busy = [line for line in made if line.total]
    order = sorted(range(len(busy)), key=lambda i: -busy[i].total)[:BUSIEST]
    shown = tuple(busy[i] for i in sorted(order))
    return Grid(shown, len(busy) - len(shown))


def by_queue(load: Load, most: int | None) -> Grid:
    """Return the jobs of each queue, all days or hours together; the busiest first.

    Args:
        load: what was counted.
        most: how many queues; None for all.
    """
    lines = sorted(
        (_line(queue, counts, load.buckets) for queue, counts in load.queues.items()),
        key=lambda line: (-line.total, line.label),
    )
    lines = [line for line in lines if line.total]
    shown = lines[:most]
    return Grid(tuple(shown), len(lines) - len(shown))


def all_queues(load: Load) -> Line:
    """Return the jobs of all queues as one row, likewise."""
    return _line("all", load.totals, load.buckets)


def clock_changes(buckets: Buckets) -> list[tuple[int, int]]:
    """Return what the wall clock reads before and after each change within, as if in UTC."""
    return [
        (there.start + here.offset, there.start + there.offset)
        for here, there in pairwise(buckets.pieces)
    ]


def _line(label: str, counts: Sequence[int], buckets: Buckets) -> Line:
    row, columns = _shape(buckets)
    cells: list[int | None] = [None] * columns
    for wall, count in zip(buckets.walls(), counts, strict=True):
        column = wall % row // buckets.size
        cells[column] = (cells[column] or 0) + count
    return Line(label, tuple(cells), _total(cells))


def _shape(buckets: Buckets) -> tuple[int, int]:
    """Return the seconds of a row, and how many columns it has."""
    row = DAY if buckets.size == HOUR else HOUR
    return row, row // buckets.size


def _label(wall: int, row: int, several: bool) -> str:
    day = date_of(wall)
    if row == DAY:
        return f"{day:%a} {day.isoformat()}"
    hour = f"{wall % DAY // HOUR:02}:00"
    return f"{day:%m-%d} {hour}" if several else hour


def _total(cells: Iterable[int | None]) -> int:
    return sum(cell or 0 for cell in cells)
