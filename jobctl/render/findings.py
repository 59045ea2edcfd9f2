"""Findings in files, for people: what, where, the line with a caret under it, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from jobctl.cron.finding import Finding
from jobctl.cron.firing import Explained
from jobctl.model.rows import Row
from jobctl.render.cells import LEVELS
from jobctl.render.formats import printable
from jobctl.render.table import print_table

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


_FIELDS = ("field", "typed", "values", "count")


def print_explained(console: Console, explained: Explained, firings: Sequence[Row]) -> None:
    """Print what a schedule says: in words, field by field, its next firings, what is doubtful.

    Args:
        console: where.
        explained: what.
        firings: rows of the next ones; their keys are the columns.
    """
    for line in Text(printable(explained.words), style="bold").wrap(console, console.width):
        line.rstrip()
        console.print(line, soft_wrap=True)
    if explained.fields:
        console.print()
        rows: list[Row] = [{**field, "typed": field["text"]} for field in explained.fields]
        print_table(console, rows, _FIELDS, 0.0)
    if firings:
        console.print()
        print_table(console, firings, tuple(firings[0]), 0.0)
    if explained.findings:
        console.print()
        print_findings(console, explained.findings)


_STYLES = {b"--- ": "bold", b"+++ ": "bold", b"@@": "cyan", b"+": "green", b"-": "red"}
_LINES_AROUND = 3  # lines
_NO_BREAK = b"\\ No newline at end of file\n"


def print_diff(console: Console, name: str, old: bytes | None, new: bytes) -> None:
    """Print the lines that differ, with some of those around them.

    Args:
        console: where.
        name: of the file.
        old: its bytes; None where there is none yet.
        new: those it is to have.
    """
    for line in diff_lines(name, old, new):
        style = next((its for mark, its in _STYLES.items() if line.startswith(mark)), "")
        for each in line.removesuffix(b"\n").split(b"\n"):  # two where a file does not end a line
            text = each.removesuffix(b"\r").decode("utf-8", "replace")
            console.print(Text(printable(text.expandtabs(4)), style=style), soft_wrap=True)
            style = ""


def diff_lines(name: str, old: bytes | None, new: bytes) -> Iterator[bytes]:
    """Yield the lines of a unified diff with their line breaks: what patch takes."""
    script = _script(_lines(old or b""), _lines(new))
    hunks = _hunks(script)
    label = name.encode("utf-8", "surrogateescape")
    if hunks:
        yield b"--- " + (b"/dev/null" if old is None else label) + b"\n"
        yield b"+++ " + label + b"\n"
    for hunk in hunks:
        yield _hunk_head(script, hunk)
        for mark, line in script[hunk.start : hunk.stop]:
            yield mark + (line if line.endswith(b"\n") else line + b"\n" + _NO_BREAK)


def _script(old: list[bytes], new: list[bytes]) -> list[tuple[bytes, bytes]]:
    """Return all lines, each with what becomes of it.

    Not by difflib: an entry's lines are much like those of the next, and it loses its way among
    them. Whole entries come or go here, so both ends are compared, and then what lies between.
    """
    most = min(len(old), len(new))
    lead = next((i for i in range(most) if old[i] != new[i]), most)
    rest = most - lead
    tail = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    script = [(b" ", line) for line in old[:lead]]
    left = iter([*new[lead : len(new) - tail], None])
    wanted = next(left)
    for line in old[lead : len(old) - tail]:
        if line == wanted:
            script.append((b" ", line))
            wanted = next(left)
        else:
            script.append((b"-", line))
    while wanted is not None:
        script.append((b"+", wanted))
        wanted = next(left)
    return script + [(b" ", line) for line in old[len(old) - tail :]]


def _hunks(script: list[tuple[bytes, bytes]]) -> list[range]:
    """Return the parts of a script that are shown: what changes, and some lines around it."""
    hunks: list[range] = []
    for i, (mark, _) in enumerate(script):
        if mark == b" ":
            continue
        end = min(i + _LINES_AROUND + 1, len(script))
        if hunks and i - _LINES_AROUND <= hunks[-1].stop:
            hunks[-1] = range(hunks[-1].start, end)
        else:
            hunks.append(range(max(0, i - _LINES_AROUND), end))
    return hunks


def _hunk_head(script: list[tuple[bytes, bytes]], hunk: range) -> bytes:
    """Return where a part begins in the old and in the new file, and its lengths there."""
    where = []
    for other in (b"+", b"-"):
        start = sum(mark != other for mark, _ in script[: hunk.start])
        count = sum(mark != other for mark, _ in script[hunk.start : hunk.stop])
        where.append(f"{start + 1 if count else start},{count}")
    return f"@@ -{where[0]} +{where[1]} @@\n".encode()


def _lines(raw: bytes) -> list[bytes]:
    *lines, last = raw.split(b"\n")  # not splitlines: a lone \r ends no line
    return [line + b"\n" for line in lines] + ([last] if last else [])
