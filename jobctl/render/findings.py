"""Findings in files, for people: what, where, the line with a caret under it, what to do."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from jobctl.cron.finding import Finding
from jobctl.render.cells import LEVELS
from jobctl.render.safe import printable

_INDENT = 2
_AROUND = 400  # characters of a long line that are looked at on either side of the caret


def print_findings(console: Console, findings: Iterable[Finding]) -> None:
    """Print findings, an empty line between them."""
    for i, finding in enumerate(findings):
        if i:
            console.print()
        for line in _head(finding).wrap(console, console.width):
            console.print(_stripped(line), soft_wrap=True)
        for line in (*_source(finding, console.width - _INDENT), *_hint(finding, console)):
            console.print(Text(" " * _INDENT) + line, soft_wrap=True)


def _hint(finding: Finding, console: Console) -> list[Text]:
    if finding.hint is None:
        return []
    hint = Text.assemble(("hint: ", "cyan"), printable(finding.hint))
    return [_stripped(line) for line in hint.wrap(console, max(20, console.width - _INDENT))]


def _stripped(line: Text) -> Text:
    line.rstrip()
    return line


def _head(finding: Finding) -> Text:
    where = (finding.file, finding.line, finding.column)
    place = (
        "" if finding.file is None else ":".join(str(each) for each in where if each is not None)
    )
    text = Text(f"{printable(place)}: " if place else "", style="bold")
    return text + Text.assemble(
        (f"{finding.level}: ", LEVELS[finding.level]),
        (printable(finding.message), "bold"),
        (f" [{finding.code}]", "dim"),
    )


def _source(finding: Finding, width: int) -> list[Text]:
    """Return the line, cut to a width around the position, and the caret under that."""
    text, position = finding.at or ("", 0)
    if not text.strip():
        return []
    lead = min(len(text) - len(text.lstrip()), position)
    start = max(lead, position - _AROUND)
    before = _plain(text[start:position])
    behind = _plain(text[position : position + _AROUND])
    cut_before, cut_behind = start > lead, position + _AROUND < len(text)
    while cell_len(before) + min(cell_len(behind), width // 3) > max(width - 2, 8) and before:
        before, cut_before = before[1:], True
    before = f"…{before}" if cut_before else before
    while cell_len(before) + cell_len(behind) + cut_behind > width and behind:
        behind, cut_behind = behind[:-1], True
    line = f"{before}{behind}{'…' if cut_behind else ''}"
    if finding.column is None:
        return [Text(line)]
    return [Text(line), Text(" " * cell_len(before) + "^", style=LEVELS[finding.level])]


def _plain(text: str) -> str:
    return printable(text.replace("\t", "    "))
