"""A document as a list of facts, for people."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobctl.render.consoles import Trimmed
from jobctl.render.human import number
from jobctl.render.machine import cell
from jobctl.render.safe import printable, printable_lines


def print_facts(
    console: Console, document: Mapping[str, object], *, exact_keys: bool = False
) -> None:
    """Print what a document says, a line a key; what is null is left out.

    Args:
        console: where.
        document: what.
        exact_keys: whether people type these keys, so that they are spelled as they are.
    """
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for key, value in document.items():
        if value not in (None, "", {}, []):
            label = key if exact_keys else key.replace("_", " ")
            grid.add_row(label, Text(_plain(value)))
    console.print(Trimmed(grid))


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, list):
        return " ".join(printable(cell(item)) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items() if item is not None)
    return printable_lines(cell(value))
