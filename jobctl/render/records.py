"""A status record as a story: what it is, how far, what happened when, and its attempts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobctl.model.jsontext import dumps, text_of
from jobctl.model.record import Record
from jobctl.render.consoles import Trimmed
from jobctl.render.human import size
from jobctl.render.record_parts import progress_text, record_timeline, state_text
from jobctl.render.safe import printable_lines
from jobctl.render.timeline import shortened

_BAR = 20  # cells
_LAST = 10  # errors and attempts that people get to see at once
_SHOWN = 8192  # bytes of its data


def print_record(console: Console, record: Record, attempts: Sequence[Record], now: float) -> None:
    """Print everything that a record says; `attempts` before it, `now` in unix seconds."""
    title = Text(shortened(record.id), style="bold")
    if record.job_name is not None:
        title.append(f"  {shortened(record.job_name)}", style="not bold")
    title.append("  ")
    title.append(state_text(record))
    console.print(title)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in _lines(record, attempts, now):
        grid.add_row(f"  {label}", text)
    console.print(Trimmed(grid))


def _lines(record: Record, attempts: Sequence[Record], now: float) -> Iterator[tuple[str, Text]]:
    if record.stub:
        stub = "a stub: it lacks its id or state; a write after its deletion leaves such"
        yield "warning", Text(stub, style="yellow")
    yield "progress", Text(progress_text(record.progress, _BAR) or "none")
    if record.kill_requested:
        yield "kill", Text("requested: its job is to answer with killed", style="yellow")
    for key, value in record.job_args.items():
        yield "argument", Text(f"{shortened(key)} = {shortened(text_of(value))}")
    if record.provider_job_id is not None:
        yield "job", Text(shortened(record.provider_job_id))
    for i, line in enumerate(record_timeline(record, now)):
        yield "" if i else "timeline", line
    yield from _errors(record)
    yield from _attempts(record, attempts)
    if record.data is not None:
        yield "data", _data(record.data)


def _errors(record: Record) -> Iterator[tuple[str, Text]]:
    errors = record.errors
    if len(errors) > _LAST:
        yield "errors", Text(f"{len(errors):,}, the last {_LAST} of them:")
    for error in errors[-_LAST:]:
        yield "error", Text(shortened(text_of(error)), style="red")


def _attempts(record: Record, attempts: Sequence[Record]) -> Iterator[tuple[str, Text]]:
    lost = record.attempt - len(attempts)
    if record.attempt:
        more = f", {lost:,} of those before are gone" if lost > 0 else ""
        yield "attempt", Text(f"{record.attempt:,}{more}")
    for attempt in attempts[-_LAST:]:
        state = attempt.state
        errors = attempt.errors
        last = f": {shortened(text_of(errors[-1]))}" if errors else ""
        yield (
            "before",
            Text(f"{shortened(attempt.id)}  {state.value if state else 'no state'}{last}"),
        )


def _data(data: object) -> Text:
    text = dumps(data, indent=True)
    if len(text) <= _SHOWN:
        return Text(printable_lines(text.decode()))
    start = text[:_SHOWN].decode("utf-8", "ignore")
    return Text(f"{printable_lines(start)}\n.. {size(len(text))} in all; whole with -o json")
