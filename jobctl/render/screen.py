"""The console; labelled lines and documents on it; the screen of ``info``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TextIO

from rich.console import Console as Console
from rich.console import ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from jobctl.model.info import NOT_LOOKED, Overview
from jobctl.render.cells import duration, number, size, sparkline
from jobctl.render.formats import printable, printable_lines
from jobctl.render.machine import cell


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


def print_screen(console: Console, view: Overview) -> None:
    """Print totals, days and servers."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, count, note in _totals(view):
        grid.add_row(label, count, note)
    console.print(Text(printable(view.target), style="bold"))
    console.print(Trimmed(grid))
    console.print()
    if any(day.processed or day.failures for day in view.days):
        console.print(Trimmed(_days(view)))
        console.print()
    for warning in view.warnings:
        text = Text(printable(f"warning: {warning}"), style="yellow", overflow="fold")
        console.print(Trimmed(text))
    for line in (_faktory(view), _server(view), view.lists):
        if line:
            console.print(Trimmed(Text(line, style="dim", overflow="fold")))


def _totals(view: Overview) -> list[tuple[str, str, Text]]:
    where = Text() if view.queues is None else Text(f"in {view.queues} queues")
    if view.paused:
        where.append(", ").append(f"{view.paused} paused", style="yellow")
    share = ""
    if view.processed and view.failures is not None:
        share = f"{view.failures / view.processed:.1%} of processed"
    return [
        ("enqueued", number(view.enqueued), where),
        ("working", number(view.working), Text()),
        ("scheduled", number(view.scheduled), Text()),
        ("retries", number(view.retries), Text()),
        ("dead", number(view.dead), Text()),
        ("processed", number(view.processed), Text()),
        ("failures", number(view.failures), Text(share)),
    ]  # fmt: skip


def _days(view: Overview) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for label, style, values in (
        ("processed", "green", [day.processed or 0 for day in view.days]),
        ("failures", "red", [day.failures or 0 for day in view.days]),
    ):
        today = f"today {values[-1]:,}, most {max(values):,} a day"
        grid.add_row(label, Text(sparkline(values), style=style), Text(today))
    ends = f"until {view.days[-1].date} in the server's own zone"
    grid.add_row("", Text(f"{len(view.days)} days", style="dim"), Text(ends))
    return grid


def _faktory(view: Overview) -> str:
    told = view.faktory
    if told is None:
        return ""
    parts = [f"Faktory {told.version or 'of an unknown version'}"]
    parts += [] if told.uptime is None else [f"up {duration(told.uptime)}"]
    parts += [] if told.connections is None else [f"{told.connections} connected"]
    parts += [] if told.memory is None else [f"memory {told.memory}"]
    return printable(", ".join(parts))


def _server(view: Overview) -> str:
    server = view.server
    if not view.whole:
        return NOT_LOOKED
    if server is None:
        return "what this Redis is cannot be told: INFO is denied, or not there"
    memory = size(server.memory)
    if server.memory_limit:
        memory += f" of {size(server.memory_limit)}"
    role = "" if server.role in ("", "master") else f", {server.role}"
    return printable(
        f"{server.product} {server.version}{role}, up {duration(server.uptime)}, memory {memory}"
    )


def print_facts(
    console: Console, document: Mapping[str, object], *, exact_keys: bool = False
) -> None:
    """Print a document, a line for each key that is not null or empty.

    Args:
        console: where.
        document: what.
        exact_keys: whether people type these keys, so that they are spelled as they are.
    """
    print_labelled(
        console,
        (
            (key if exact_keys else key.replace("_", " "), Text(_fact(value)))
            for key, value in document.items()
            if value not in (None, "", {}, [])
        ),
    )


def _fact(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, list):
        return " ".join(printable(cell(item)) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_fact(item)}" for key, item in value.items() if item is not None)
    return printable_lines(cell(value))
