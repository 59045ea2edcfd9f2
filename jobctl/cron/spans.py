"""Which lines of a document belong to which entry: what an edit takes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobctl.cron.parsing import Parsed


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of one entry, from 1 on, the last one included.

    Most entries have one; one whose tables stand apart, with others in between, has several.

    Attributes:
        entry: its number, from 1 on.
    """

    entry: int
    first: int
    last: int


def entry_spans(parsed: Parsed) -> tuple[Span, ...]:
    """Return the lines of each entry that headers make, in order.

    Comments between its lines belong to an entry. So does a block of them directly above its first
    header, no blank line in between, unless it begins the file; and one directly below its last
    line where a blank line, or the end, follows.
    """
    lines = parsed.document.lines[:-1]  # the last one is the line feed behind the last file
    spans: list[Span] = []
    mine: int | None = None
    for each in parsed.scan.statements:
        before = mine
        if each.header:
            mine = _number(each.path)
        if mine is None:
            continue
        if each.header and mine != before:
            spans.append(Span(mine, each.line, each.end))
        else:
            spans[-1] = Span(mine, spans[-1].first, each.end)
    begun: set[int] = set()
    whole = []
    for span in spans:
        first = span.first if span.entry in begun else _above(lines, span.first)
        begun.add(span.entry)
        whole.append(Span(span.entry, first, _below(lines, span.last)))
    return tuple(whole)


def _number(path: Sequence[str | int]) -> int | None:
    """Return the number of the entry that a header's path is of."""
    if len(path) > 1 and path[0] == "cron" and isinstance(path[1], int):
        return path[1] + 1
    return None


def _above(lines: Sequence[str], first: int) -> int:
    """Return the first line with the comments above it; those that begin the file are its head."""
    line = first
    while line > 1 and _is_comment(lines[line - 2]):
        line -= 1
    return first if line == 1 else line


def _below(lines: Sequence[str], last: int) -> int:
    """Return the last line with the comments below it that are not those of what follows."""
    line = last
    while line < len(lines) and _is_comment(lines[line]):
        line += 1
    return line if line == len(lines) or not lines[line].strip() else last


def _is_comment(line: str) -> bool:
    return line.lstrip(" \t").startswith("#")
