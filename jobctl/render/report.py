"""A change for people: the preview before it, and the report after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from jobctl.model.entry import Entry, listing_row, without_plain_classes
from jobctl.model.jobba import Record
from jobctl.model.layout import Kind
from jobctl.model.report import Preview, Report
from jobctl.model.rows import Row
from jobctl.model.verbs import Verb
from jobctl.model.words import things
from jobctl.render.cells import duration, number
from jobctl.render.formats import printable
from jobctl.render.table import print_table

_NAMED = 10  # JIDs
_LEDGER = ("structure", "before", "after", "by this", "by others")


def print_report(console: Console, report: Report) -> None:
    """Print the counts and the ledger."""
    done = "put back" if report.action == "undo" else Verb(report.action).row.done
    jobs = things(report.done, report.thing)
    took = f" in {duration(report.seconds)}" if report.seconds >= 1 else ""
    rest = _rest(report)
    of = f" of {number(report.matched)} that matched" if rest else ""
    headline = f"{done} {number(report.done)}{of}" if of else f"{done} {number(report.done)} {jobs}"
    when = ", by an earlier run" if report.earlier else took
    console.print(Text.assemble((headline, "bold"), f"{when}{rest}"), soft_wrap=True)
    for reason, count in report.reasons.items():
        line = f"  failed, {number(count)}: {printable(reason)}"
        console.print(Text(line, style="red"), soft_wrap=True)
    if report.failed_jids:
        line = f"  failed: {_some(report.failed_jids, report.failed)}"
        console.print(Text(line, style="red"), soft_wrap=True)
    if report.merged_text is not None:
        console.print(Text(f"  {report.merged_text}", style="yellow"), soft_wrap=True)
    for line in missing_lines(report, left=report.action == "undo"):
        console.print(Text(f"  {line}", style="yellow"), soft_wrap=True)
    if report.before:
        print_ledger(console, report)


def print_ledger(console: Console, report: Report) -> None:
    """Print what each structure held before and after, and who changed it."""
    others = report.others
    rows: list[Row] = [
        {
            "structure": name,
            "before": number(count),
            "after": number(report.after.get(name)),
            "by this": _signed(report.moved.get(name, 0)),
            "by others": _signed(others.get(name, 0)),
        }
        for name, count in report.before.items()
    ]
    columns = _LEDGER if any(others.values()) else _LEDGER[:-1]
    print_table(console, rows, columns, 0.0)


def _rest(report: Report) -> str:
    parts = [
        f"{number(count)} {word}"
        for count, word in (
            (report.gone, "gone meanwhile"),
            (report.failed, "failed"),
            (report.skipped, "skipped"),
            (report.left, "still to do"),
        )
        if count
    ]
    return f": {', '.join(parts)}" if parts else ""


def missing_lines(told: Report | Preview, *, left: bool = False) -> Iterator[str]:
    """Yield lines that name ids which were asked for and matched nothing.

    `left`: they are those that have left, in an undo.
    """
    others = frozenset(told.unmatched)
    gone = [ident for ident in told.missing if ident not in others]
    if gone:
        yield f"{'left meanwhile' if left else 'not there'}: {_some(gone, len(gone))}"
    if others:
        some = _some(told.unmatched, len(others))
        yield f"there, but not what the rest of the filter asks for: {some}"


def _some(jids: Sequence[str], total: int) -> str:
    named = jids[:_NAMED]
    rest = total - len(named)
    some = ", ".join(printable(jid) for jid in named)
    return some + (f" and {number(rest)} more" if rest > 0 else "")


def _signed(count: int) -> str:
    return f"{count:+,}" if count else "0"


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
    """Return a row; the queue of a job is the one it is in, whatever its payload says."""
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
