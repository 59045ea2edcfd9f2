"""Counts as a heat map: shaded by glyph, so that it reads without colour, and coloured."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from jobctl.cron.load import Line
from jobctl.render.cells import number, sparkline
from jobctl.render.formats import printable
from jobctl.render.screen import Trimmed

_SHADES = "░▒▓█"
_NONE = "·"
_FIRST = "queue"  # above the labels
_STYLES = ("green", "yellow", "red", "bright_magenta")
_LEVELS = len(_SHADES)
_SKEWED = 20  # times the usual count: the scale then grows by factors
_LABEL = 11  # cells of a label, at least: a day and an hour
_LONGEST = 40  # and at most
_WIDEST = 6  # cells of a column
_NUMBERS = 4  # cells of a column that has numbers in it, at least
_GAP = 2
_ARTICLES = {"hour": "an", "minute": "a"}
_STEPS = {24: (1, 2, 3, 6, 12), 60: (1, 5, 10, 15, 30)}


@dataclass(frozen=True, slots=True)
class Scale:
    """The largest count of each shade; a shade that no count has repeats the one before."""

    tops: tuple[int, ...]

    @classmethod
    def of(cls, counts: Sequence[int]) -> Scale:
        """Make a scale for counts, in equal steps, or by factors where few are much the largest."""
        some = [count for count in counts if count]
        top = max(some, default=0)
        if top > _SKEWED * median(some or [1]):
            return cls(tuple(int(top ** (i / _LEVELS) + 1e-9) for i in range(1, _LEVELS + 1)))
        return cls(tuple(top * i // _LEVELS for i in range(1, _LEVELS + 1)))

    def level(self, count: int) -> int:
        """Return the shade of a count, from 0 on."""
        return bisect_left(self.tops, count)

    def legend(self, what: str) -> Text:
        """Return what each shade stands for."""
        text = Text.assemble((f"{_NONE} 0", "dim"))
        least = 1
        for shade, style, top in zip(_SHADES, _STYLES, self.tops, strict=True):
            if top >= least:
                span = number(top) if top == least else f"{number(least)}-{number(top)}"
                text += Text.assemble("  ", (shade, style), f" {span}")
                least = top + 1
        return text + Text(f"  {what}")


@dataclass(frozen=True, slots=True)
class _Layout:
    """How wide things are, how many columns share one, whether there are numbers."""

    label: int
    cell: int
    merged: int
    total: int
    numbers: bool


def print_heatmap(
    console: Console, lines: Sequence[Line], unit: str, *, together: str = "", every: Line | None
) -> None:
    """Print a row for each queue, its columns numbered above, totals beside, the scale below.

    Args:
        console: where; its width is what the columns share.
        lines: the counts of each queue.
        unit: what a column is: ``hour``, ``minute``.
        together: what is added up in a column, where something is.
        every: a last row for all of them, as bars, of its own scale.
    """
    columns = len(lines[0].cells)
    layout = _layout(console.width, [*lines, *([every] if every else [])], columns)
    merged = [_merged(line, layout.merged) for line in lines]
    scale = Scale.of([count for line in merged for count in line.cells if count])
    _print(console, _header(layout, columns))
    for line in merged:
        _print(console, _row(line, layout, _shaded(line, layout, scale)))
    if every:
        bars = _merged(every, layout.merged)
        _print(console, _row(bars, layout, _bars(bars, layout)))
    many = f"in {layout.merged} {unit}s" if layout.merged > 1 else f"{_ARTICLES[unit]} {unit}"
    console.print(Trimmed(scale.legend(f"jobs {many}{together and f', {together}'}")))


def _print(console: Console, line: Text) -> None:
    line.rstrip()
    console.print(line, soft_wrap=True)


def _layout(width: int, lines: Sequence[Line], columns: int) -> _Layout:
    """Share a width out: first to cells, one each, then to labels, then to wider cells."""
    total = max(5, *(len(number(line.total)) for line in lines))
    natural = max(cell_len(_FIRST), *(cell_len(printable(line.label)) for line in lines))
    natural = min(natural, _LONGEST)
    room = width - total - 2 * _GAP
    least = min(natural, _LABEL)
    merged = next(
        (
            n
            for n in (1, 2, 3, 4, 5, 6, 10, 12)
            if columns % n == 0 and columns // n + least <= room
        ),
        columns,
    )
    shown = columns // merged
    cell = max(1, min(_WIDEST, (room - natural) // shown, 120 // shown))
    label = max(1, min(natural, room - shown * cell))
    most = max((count or 0 for line in lines for count in line.cells), default=0)
    numbers = cell >= max(_NUMBERS, len(number(most * merged)) + 2)
    return _Layout(label, cell, merged, total, numbers)


def _merged(line: Line, count: int) -> Line:
    if count == 1:
        return line
    cells: list[int | None] = []
    for i in range(0, len(line.cells), count):
        some = [cell for cell in line.cells[i : i + count] if cell is not None]
        cells.append(sum(some) if some else None)
    return Line(line.label, tuple(cells), line.total)


def _header(layout: _Layout, columns: int) -> Text:
    """Return the columns' numbers, as many of them as have room."""
    steps = _STEPS[columns]
    step = next((n for n in steps if n * layout.cell >= 3 * layout.merged), steps[-1])
    width = step * layout.cell // layout.merged
    lead = layout.cell - 4 if layout.numbers else 0  # above the numbers, that end there
    marks = " " * lead + "".join(f"{i:02}".ljust(width) for i in range(0, columns, step))
    room = columns // layout.merged * layout.cell
    text = f"{set_cell_size(_FIRST, layout.label)}{'':{_GAP}}{marks[:room]:<{room}}{'':{_GAP}}"
    return Text(f"{text}{'total':>{layout.total}}", style="bold")


def _row(line: Line, layout: _Layout, cells: Text) -> Text:
    label = printable(line.label)
    if cell_len(label) > layout.label:
        label = set_cell_size(label, layout.label - 1) + "…"
    head = Text(set_cell_size(label, layout.label) + " " * _GAP)
    return head + cells + Text(f"{'':{_GAP}}{number(line.total):>{layout.total}}")


def _shaded(line: Line, layout: _Layout, scale: Scale) -> Text:
    text = Text()
    for glyphs, style in _glyphs(line, layout, scale):
        text.append(glyphs, style=style)
    return text


def _glyphs(line: Line, layout: _Layout, scale: Scale) -> Iterator[tuple[str, str]]:
    width = layout.cell
    for count in line.cells:
        if count is None:
            yield " " * width, ""
        elif count == 0:
            yield (f"{_NONE:>{width - 2}}  " if layout.numbers else _NONE.ljust(width)), "dim"
        else:
            level = scale.level(count)
            shade, style = _SHADES[level], _STYLES[level]
            yield (
                f"{number(count):>{width - 2}}{shade} " if layout.numbers else shade * width,
                style,
            )


def _bars(line: Line, layout: _Layout) -> Text:
    counts = [count or 0 for count in line.cells]
    bars = sparkline(counts)
    shown = (bar if count else " " for bar, count in zip(bars, counts, strict=True))
    return Text("".join(bar * layout.cell for bar in shown), style="cyan")
