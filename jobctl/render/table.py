"""Rows as a table for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobctl.model.rows import Row
from jobctl.render.cells import RIGHT, human_cell
from jobctl.render.columns import GAP, fit
from jobctl.render.consoles import Trimmed

_PADDED = 80  # cells: a longer value runs over the columns behind it, in its own row only


@dataclass(frozen=True, slots=True)
class Made:
    """A table, and the columns that found no room."""

    table: Table
    hidden: tuple[str, ...]


def print_table(
    console: Console,
    rows: Iterable[Row],
    columns: Sequence[str],
    now: float,
    *,
    wide: bool = False,
    header: bool = True,
) -> tuple[str, ...]:
    """Print rows, and return the columns that found no room.

    Args:
        console: where; its width is what the columns share.
        rows: what.
        columns: the keys to show, in order.
        now: unix seconds that relative times count from.
        wide: show every column and value whole, however long the lines get.
        header: whether the keys stand above.
    """
    if wide:
        _print_wide(console, rows, columns, now, header=header)
        return ()
    made = make_table(rows, columns, now, width=console.width, header=header)
    console.print(Trimmed(made.table))
    return made.hidden


def _print_wide(
    console: Console, rows: Iterable[Row], columns: Sequence[str], now: float, *, header: bool
) -> None:
    """Print every value whole, a row a line, however long the lines get."""
    cells = _cells(rows, columns, now, exact=True)
    widths = [min(_PADDED, width) for width in _natural(cells, columns, header=header).values()]
    lines = [[Text(key, style="bold") for key in columns]] if header else []
    for line in [*lines, *cells]:
        text = Text()
        for key, cell, width in zip(columns, line, widths, strict=True):
            padding = " " * (width - cell.cell_len)
            text.append_text(Text(padding) + cell if key in RIGHT else cell + Text(padding))
            text.append(" " * GAP)
        text.rstrip()
        console.print(text, soft_wrap=True)
        if header and line is lines[0]:
            console.print(
                Text("─" * (sum(widths) + GAP * (len(widths) - 1)), style="dim"), soft_wrap=True
            )


def _cells(
    rows: Iterable[Row], columns: Sequence[str], now: float, *, exact: bool
) -> list[list[Text]]:
    def of(row: Row) -> list[Text]:
        return [human_cell(key, row, now, exact=exact) for key in columns]

    return list(map(of, rows))  # no row is held while the next one is read: it may be large


def _natural(
    cells: Sequence[Sequence[Text]], columns: Sequence[str], *, header: bool
) -> dict[str, int]:
    """Return the width that each column needs to show everything."""
    return {
        key: max([len(key) if header else 1, *(line[i].cell_len for line in cells)])
        for i, key in enumerate(columns)
    }


def make_table(
    rows: Iterable[Row], columns: Sequence[str], now: float, *, width: int, header: bool = True
) -> Made:
    """Make a table of rows, of a width."""
    cells = _cells(rows, columns, now, exact=False)
    fitted = fit(columns, _natural(cells, columns, header=header), width)
    table = Table(
        box=box.SIMPLE_HEAD if header else None,
        show_header=header,
        show_edge=False,
        pad_edge=False,
        # The box draws one blank between columns, the padding the rest of the gap.
        padding=(0, GAP - 1 if header else GAP, 0, 0),
        header_style="bold",
        border_style="dim",
    )
    for key, its in fitted.widths.items():
        justify: Literal["left", "right"] = "right" if key in RIGHT else "left"
        table.add_column(Text(key), width=its, justify=justify, no_wrap=True, overflow="ellipsis")
    shown = [i for i, key in enumerate(columns) if key in fitted.widths]
    for line in cells:
        table.add_row(*(line[i] for i in shown))
    return Made(table, fitted.hidden)
