"""A status record as a story: what it is, how far, what happened when, and its attempts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobctl.model.jobba import KILL_REQUESTED, MOMENTS, RecordState
from jobctl.model.jsontext import dumps, text_of
from jobctl.model.record import Record, moment_text
from jobctl.render.human import bar, relative, size
from jobctl.render.safe import printable, printable_lines

_STYLES = {
    RecordState.QUEUED: "bold blue",
    RecordState.STARTED: "bold cyan",
    RecordState.SUCCEEDED: "bold green",
    RecordState.FAILED: "bold red",
    RecordState.KILLED: "bold yellow",
}
_LONGEST = 1000  # characters of a name, an argument or an error
_LAST = 10  # errors and attempts that people get to see at once
_SHOWN = 8192  # bytes of its data
_MICRO = 1_000_000


def print_record(console: Console, record: Record, attempts: Sequence[Record], now: float) -> None:
    """Print everything that a record says; `attempts` before it, `now` in unix seconds."""
    title = Text(_cut(record.id), style="bold")
    if record.job_name is not None:
        title.append(f"  {_cut(record.job_name)}", style="not bold")
    state = record.state
    said = state.value if state else _cut(text_of(record.values.get("state") or "no state"))
    title.append("  ")
    title.append(said, style=_STYLES.get(state, "bold") if state else "bold")
    console.print(title)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in _lines(record, attempts, now):
        grid.add_row(f"  {label}", text)
    console.print(grid)


def _lines(record: Record, attempts: Sequence[Record], now: float) -> Iterator[tuple[str, Text]]:
    if record.stub:
        stub = "a stub: it lacks its id or state; a write after its deletion leaves such"
        yield "warning", Text(stub, style="yellow")
    yield "progress", Text(_progress(record.progress))
    if record.kill_requested:
        yield "kill", Text("requested: its job is to answer with killed", style="yellow")
    for key, value in record.job_args.items():
        yield "argument", Text(f"{_cut(key)} = {_cut(text_of(value))}")
    if record.provider_job_id is not None:
        yield "job", Text(_cut(record.provider_job_id))
    for i, line in enumerate(_timeline(record, now)):
        yield "" if i else "timeline", line
    yield from _errors(record)
    yield from _attempts(record, attempts)
    if record.data is not None:
        yield "data", _data(record.data)


def _progress(progress: object) -> str:
    if isinstance(progress, bool) or not isinstance(progress, int | float):
        return "none" if progress is None else _cut(text_of(progress))
    if not 0 <= progress <= 1:
        return f"{progress:g}, which is none"
    return f"{bar(progress, 20)} {progress:.0%}".lstrip()


def _timeline(record: Record, now: float) -> Iterator[Text]:
    known: list[tuple[float, str, str]] = []
    for name in (*MOMENTS, KILL_REQUESTED):
        micro = record.microseconds(name)
        # To the second: people do not read microseconds.
        text = None if micro is None else moment_text(micro // _MICRO * _MICRO)
        if micro is not None and text is not None:
            known.append((micro / _MICRO, name.removesuffix("_at").replace("_", " "), text))
    for when, what, text in sorted(known, key=lambda event: event[0]):
        yield Text.assemble(f"{what:<16}{relative(when, now):<13}", (text, "dim"))


def _errors(record: Record) -> Iterator[tuple[str, Text]]:
    errors = record.errors
    if len(errors) > _LAST:
        yield "errors", Text(f"{len(errors):,}, the last {_LAST} of them:")
    for error in errors[-_LAST:]:
        yield "error", Text(_cut(text_of(error)), style="red")


def _attempts(record: Record, attempts: Sequence[Record]) -> Iterator[tuple[str, Text]]:
    lost = record.attempt - len(attempts)
    if record.attempt:
        more = f", {lost:,} of those before are gone" if lost > 0 else ""
        yield "attempt", Text(f"{record.attempt + 1:,}{more}")
    for attempt in attempts[-_LAST:]:
        state = attempt.state
        errors = attempt.errors
        last = f": {_cut(text_of(errors[-1]))}" if errors else ""
        yield "before", Text(f"{_cut(attempt.id)}  {state.value if state else 'no state'}{last}")


def _cut(text: str) -> str:
    shown = printable(text[:_LONGEST])
    return shown if len(text) <= _LONGEST else f"{shown}… ({len(text):,} characters)"


def _data(data: object) -> Text:
    text = dumps(data, indent=True)
    if len(text) <= _SHOWN:
        return Text(printable_lines(text.decode()))
    start = text[:_SHOWN].decode("utf-8", "ignore")
    return Text(f"{printable_lines(start)}\n.. {size(len(text))} in all; whole with -o json")
