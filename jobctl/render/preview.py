"""What a change would do, for people: how many, of what kind, and some of them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from jobctl.model.entry import Entry
from jobctl.model.preview import Preview
from jobctl.model.record import Record
from jobctl.model.rows import Row, listing_row, without_plain_classes
from jobctl.model.words import things
from jobctl.render.human import duration, number
from jobctl.render.report import missing_lines
from jobctl.render.safe import printable
from jobctl.render.table import print_table
from jobctl.systems.layout import Kind

_LINES = 10  # of the histogram
_COLUMNS = ("jid", "jobtype", "queue", "at", "errtype", "class")
_COUNTED = ("count", "type", "queue", "errtype")
_COUNTED_RECORDS = ("count", "state", "job_name")
_OWN = {
    Kind.DEAD: ("jid", "jobtype", "queue", "died_at", "errtype", "class"),
    Kind.WORKING: ("jid", "jobtype", "queue", "reserved_at", "expires_at", "wid", "class"),
    Kind.QUEUE: ("jid", "jobtype", "queue", "enqueued_at", "class"),
    Kind.RECORDS: ("id", "state", "job_name", "recorded_at", "provider_job_id"),
}


def print_preview(console: Console, preview: Preview, now: float) -> None:
    """Print what would be changed; `now` in unix seconds."""
    console.print(_headline(preview), soft_wrap=True)
    for line in _facts(preview):
        console.print(Text(f"  {printable(line)}", style="yellow"), soft_wrap=True)
    if len(preview.histogram) > 1:
        _print_histogram(console, preview, now)
    if preview.sample:
        more = preview.chosen - len(preview.sample)
        console.print()
        columns = _OWN.get(preview.kind, _COLUMNS)
        rows = [_row(entry) for entry in preview.sample]
        print_table(console, *without_plain_classes(rows, columns), now)
        if more > 0:
            console.print(Text(f"and {more:,} more", style="dim"))
    console.print()


def _row(entry: Entry | Record) -> Row:
    """Return a row; a job in a queue is in that one, whatever it says itself."""
    if isinstance(entry, Record):
        return entry.row()
    row = listing_row(entry)
    return row if entry.place.queue is None else row | {"queue": entry.place.queue}


def _headline(preview: Preview) -> Text:
    what = preview.action if preview.action == preview.change.verb else (
        f"{preview.action} of {preview.change.verb}"
    )  # fmt: skip
    rest = f": {number(preview.chosen)} of {number(preview.matched)} that match"
    if preview.chosen == preview.matched:
        rest = f": {number(preview.chosen)} {things(preview.chosen, preview.kind.thing)}"
    text = Text.assemble((f"{preview.kind.value} {what}", "bold"), rest, f" at {preview.server}")
    if preview.plan is not None:
        text.append(f"; written to {preview.plan}, nothing is changed")
    elif preview.rehearsed:
        text.append("; a dry run, nothing is changed")
    return text


def _facts(preview: Preview) -> Iterable[str]:
    change = preview.change
    if preview.skipped:
        yield f"{preview.skipped:,} more match and are skipped (--limit)"
    yield from missing_lines(preview)
    if change.delay is not None:
        yield f"all from {duration(change.delay)} from now on"
    if change.spread is not None:
        yield f"evenly over {duration(change.spread)}"
    if change.to is not None:
        yield f"all to queue {change.to}"
    yield from preview.notes


def _print_histogram(console: Console, preview: Preview, now: float) -> None:
    lines = list(preview.histogram.items())
    columns = _COUNTED_RECORDS if preview.kind is Kind.RECORDS else _COUNTED
    rows: list[Row] = [
        dict(zip(columns, (number(count), *names), strict=True)) for names, count in lines[:_LINES]
    ]
    console.print()
    print_table(console, rows, columns, now)
    rest = sum(count for _, count in lines[_LINES:])
    if rest:
        console.print(Text(f"and {rest:,} of {len(lines) - _LINES:,} other kinds", style="dim"))
