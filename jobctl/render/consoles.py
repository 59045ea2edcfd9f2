"""The console that tables are printed on."""

from __future__ import annotations

import os
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment

__all__ = ["Console", "Trimmed", "make_console"]


class Trimmed:
    """What is printed without the blanks at the ends of its lines."""

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


def _width(out: TextIO) -> int | None:
    """Return the cells of a line: COLUMNS if it is set, the terminal's, 200 in a pipe."""
    if os.environ.get("COLUMNS"):
        return None
    if not out.isatty():
        return 200
    try:
        return os.get_terminal_size(out.fileno()).columns or None  # rich takes a dumb one for 80
    except OSError:
        return None


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the front door: rich would exit with 1, and nothing has failed."""
        raise BrokenPipeError


def make_console(out: TextIO, color: str) -> Console:
    """Return a console that interprets nothing in what it prints.

    NO_COLOR, TERM=dumb and COLUMNS are rich's own to respect.

    Args:
        out: where it prints.
        color: ``auto``, ``always`` or ``never``.
    """
    forced = {"always": True, "never": False}.get(color)
    return _Console(
        file=out,
        force_terminal=True if forced else None,
        no_color=True if forced is False else (False if forced else None),
        color_system=None if forced is False else "auto",
        markup=False,
        emoji=False,
        highlight=False,
        width=_width(out),
    )
