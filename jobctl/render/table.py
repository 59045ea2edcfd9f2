"""Rows as a table for people: which columns fit, and how they share the width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobctl.model.rows import Row
from jobctl.render.cells import RIGHT, human_cell
from jobctl.render.screen import Trimmed

# What may be cut short, and to how little; everything else is shown whole or not at all.
_MINIMUM = {
    "fingerprint": 24,
    "type": 14,
    "args": 12,
    "message": 20,
    "errtype": 14,
    "jobtype": 14,
    "class": 14,
    "job_name": 14,
    "job_args": 12,
    "errors": 16,
    "data": 12,
    "problem": 16,
    "wid": 10,
    "paused_by": 8,
    "reason": 10,
    "holders": 12,
    "url": 24,
    "faktory": 20,
    "value": 20,
    "source": 14,
    "meaning": 24,
    "hint": 20,
    "file": 14,
    "schedule": 18,
    "words": 24,
}
# What goes first when the terminal is narrow.
_EXPENDABLE = (
    "hint", "entry", "column", "day",
    "rethinkdb", "layout", "current", "journal", "reason_required", "faktory",
    "paused_at", "paused_by", "filter", "newest", "oldest", "bar", "share", "wait p50", "run p50",
    "schedule", "last",
    "data", "job_args", "kill_requested_at", "killed_at", "succeeded_at", "queued_at",
    "provider_job_id", "attempt", "errors", "recorded_at", "progress",
    "raw_b64", "raw", "malformed", "form", "registered", "purge_at", "remaining", "retry",
    "created_at", "wid", "args", "file", "queue", "words", "line", "retry_count", "message",
    "enqueued_at", "reserved_at", "errtype", "class", "problem", "working", "expires_at", "at",
    "died_at", "latency", "protected", "read_only", "in", "later",
)  # fmt: skip
_PASTED = ("filter",)  # of use only as a whole
GAP = 2
_LONGEST = 40  # cells that one column may take at the cost of others: a UUID and some


def _fit(
    columns: Sequence[str], natural: dict[str, int], width: int
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Divide a width among the columns; return what each gets, and those without room.

    Args:
        columns: the keys, in order.
        natural: what each would need to show everything.
        width: the cells there are.
    """
    most = max(_LONGEST, width // 2)
    natural = {
        column: cells if column in _PASTED else min(cells, most)
        for column, cells in natural.items()
    }
    shown = list(columns)
    hidden: list[str] = []
    for column in (c for c in _EXPENDABLE if c != columns[0]):
        if _needed(shown, natural) <= width or len(shown) == 1:
            break
        if column in shown:
            shown.remove(column)
            hidden.append(column)
    widths = {column: _least(column, natural) for column in shown}
    spare = max(0, width - sum(widths.values()) - GAP * (len(shown) - 1))
    for column in sorted(shown, key=lambda c: natural[c] - widths[c]):
        given = min(spare, natural[column] - widths[column])
        widths[column] += given
        spare -= given
    if len(shown) == 1:
        widths[shown[0]] = min(widths[shown[0]], width)
    return widths, tuple(c for c in columns if c in hidden)


def _least(column: str, natural: dict[str, int]) -> int:
    return min(natural[column], _MINIMUM.get(column, natural[column]))


def _needed(columns: Sequence[str], natural: dict[str, int]) -> int:
    return sum(_least(c, natural) for c in columns) + GAP * (len(columns) - 1)


_PADDED = 80  # cells: a longer value runs over the columns behind it, in its own row only


def print_table(
    console: Console,
    rows: Iterable[Row],
    columns: Sequence[str],
    now: float,
    *,
    wide: bool = False,
    header: bool = True,
) -> tuple[str, ...]:
    """Print rows, and return the columns left out for lack of room.

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
    table, hidden = make_table(rows, columns, now, width=console.width, header=header)
    console.print(Trimmed(table))
    return hidden


def _print_wide(
    console: Console, rows: Iterable[Row], columns: Sequence[str], now: float, *, header: bool
) -> None:
    """Print a line for each row, every value whole."""
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
    """Return the width that each column needs to show its values whole."""
    return {
        key: max([len(key) if header else 1, *(line[i].cell_len for line in cells)])
        for i, key in enumerate(columns)
    }


def make_table(
    rows: Iterable[Row], columns: Sequence[str], now: float, *, width: int, header: bool = True
) -> tuple[Table, tuple[str, ...]]:
    """Make a table of rows that fits a width; return the columns left out for lack of room, too."""
    cells = _cells(rows, columns, now, exact=False)
    widths, hidden = _fit(columns, _natural(cells, columns, header=header), width)
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
    for key, its in widths.items():
        justify: Literal["left", "right"] = "right" if key in RIGHT else "left"
        table.add_column(Text(key), width=its, justify=justify, no_wrap=True, overflow="ellipsis")
    shown = [i for i, key in enumerate(columns) if key in widths]
    for line in cells:
        table.add_row(*(line[i] for i in shown))
    return table, hidden
