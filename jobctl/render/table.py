"""Rows as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class Made:
    """A table, the columns that found no room, and the width it needs to show everything."""

    table: Table
    hidden: tuple[str, ...]
    total: int


def print_table(
    console: Console,
    rows: Sequence[Row],
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
    made = make_table(rows, columns, now, width=None if wide else console.width, header=header)
    if wide:
        console.width = max(made.total, console.width)
    console.print(Trimmed(made.table))
    return made.hidden


def make_table(
    rows: Sequence[Row],
    columns: Sequence[str],
    now: float,
    *,
    width: int | None,
    header: bool = True,
) -> Made:
    """Make a table of rows, of a width; None: as wide as it takes."""
    cells = [[human_cell(key, row, now, exact=width is None) for key in columns] for row in rows]
    natural = {
        key: max([len(key) if header else 1, *(line[i].cell_len for line in cells)])
        for i, key in enumerate(columns)
    }
    total = sum(natural.values()) + GAP * len(columns)
    fitted = fit(columns, natural, total if width is None else width)
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
    return Made(table, fitted.hidden, total)
