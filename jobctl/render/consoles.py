"""The console, and how labelled lines are printed on it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

__all__ = ["Console", "Trimmed", "make_console", "print_labelled"]


class Trimmed:
    """A renderable without the blanks at the ends of its lines."""

    def __init__(self, whole: RenderableType) -> None:
        self._whole = whole

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self._whole, options, pad=False):
            while line and not line[-1].text.strip(" "):
                line.pop()
            if line:
                last = line.pop()
                yield from line
                yield Segment(last.text.rstrip(" "), last.style)
            yield Segment.line()


_PIPED = (200, 50)  # cells and lines where nothing tells
_TERMINAL = (80, 25)
_LEAST = 20  # cells: no narrower table says anything
_DIGITS = 5  # of a width that can be meant


def _size(out: TextIO) -> tuple[int, int]:
    """Return width and height: COLUMNS where it is a number, else those of the terminal."""
    width, height = _TERMINAL if out.isatty() else _PIPED
    if out.isatty():
        with suppress(OSError):
            size = os.get_terminal_size(out.fileno())
            width, height = size.columns or width, size.lines or height
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and len(given) <= _DIGITS:
        width = int(given) or width  # docker exec -t says 0
    return max(_LEAST, width), height


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to cli.main: rich would exit with 1, but nothing has failed."""
        raise BrokenPipeError


def make_console(out: TextIO, color: str) -> Console:
    """Return a console that interprets nothing in what it prints.

    NO_COLOR and TERM=dumb are rich's own to respect.

    Args:
        out: where it prints.
        color: ``auto``, ``always`` or ``never``.
    """
    width, height = _size(out)
    forced = {"always": True, "never": False}.get(color)
    return _Console(
        file=out,
        force_terminal=True if forced else None,
        no_color=True if forced is False else (False if forced else None),
        color_system=None if forced is False else "auto",
        markup=False,
        emoji=False,
        highlight=False,
        width=width,
        height=height,
    )


def print_labelled(console: Console, lines: Iterable[tuple[str, str | Text]]) -> None:
    """Print lines, each behind a dim label; the labels are one column."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in lines:
        grid.add_row(label, text)
    console.print(Trimmed(grid))
