"""Overviews for people: the screen of ``info``, and a document as a list of facts."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobctl.model.info import NOT_LOOKED, Overview
from jobctl.render.cells import duration, number, size, sparkline
from jobctl.render.consoles import Trimmed, print_labelled
from jobctl.render.machine import cell
from jobctl.render.safe import printable, printable_lines


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
            (key if exact_keys else key.replace("_", " "), Text(_plain(value)))
            for key, value in document.items()
            if value not in (None, "", {}, [])
        ),
    )


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
