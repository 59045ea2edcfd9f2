"""What became of an operation, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from jobctl.model.preview import Preview
from jobctl.model.report import Report
from jobctl.model.rows import Row
from jobctl.model.words import things
from jobctl.render.human import duration, number
from jobctl.render.safe import printable
from jobctl.render.table import print_table

_NAMED = 10  # JIDs
_LEDGER = ("structure", "before", "after", "by this", "by others")


def print_report(console: Console, report: Report, done: str) -> None:
    """Print the counts and the ledger; `done` is what became of the jobs, in a word."""
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
    """Yield which ids were asked for and matched nothing, the first of them.

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
