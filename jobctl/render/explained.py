"""A schedule explained, for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from jobctl.cron.firing import Explained
from jobctl.model.rows import Row
from jobctl.render.findings import print_findings
from jobctl.render.safe import printable
from jobctl.render.table import print_table

_FIELDS = ("field", "typed", "values", "count")


def print_explained(console: Console, explained: Explained, firings: Sequence[Row]) -> None:
    """Print what a schedule says: in words, field by field, its next firings, what is doubtful.

    Args:
        console: where.
        explained: what.
        firings: rows of the next ones; their keys are the columns.
    """
    for line in Text(printable(explained.words), style="bold").wrap(console, console.width):
        line.rstrip()
        console.print(line, soft_wrap=True)
    if explained.fields:
        console.print()
        rows: list[Row] = [{**field, "typed": field["text"]} for field in explained.fields]
        print_table(console, rows, _FIELDS, 0.0)
    if firings:
        console.print()
        print_table(console, firings, tuple(firings[0]), 0.0)
    if explained.findings:
        console.print()
        print_findings(console, explained.findings)
