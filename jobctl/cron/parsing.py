"""A document as TOML: what it says and where, or why the server cannot read it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

from jobctl.cron.document import Document
from jobctl.cron.doubt import Level
from jobctl.cron.finding import Code, Finding, Stage
from jobctl.cron.notes import finding_at
from jobctl.cron.scanning import Path, Scan, Spot, Statement, scan

_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_DIGITS = re.compile(r"[\d_]{4000}")
_TOO_DEEP = "values are nested too deeply to be looked at"
_BOM = "\ufeff"
_DEEPEST = 200
# So many parts of a dotted key that begins a line: tomllib takes the square of their number.
_DEEP = re.compile(
    rf"^[ \t\[]*+(?:[\w\"'-]++[ \t]*+\.[ \t]*+){{{_DEEPEST}}}", re.ASCII | re.MULTILINE
)
# What tomllib says where a line, or the text, ends within quotes.
_OPEN = ("Illegal character '\\n'", 'Expected "\'"', "Unterminated string")
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document, what it says, and where."""

    document: Document
    data: dict[str, object]
    scan: Scan


def parse(document: Document) -> Parsed | Finding:
    """Read a document, or return what stops the server from reading it."""
    unfit = document.unfit
    if unfit is not None:
        return _stop(
            document, unfit.line, unfit.column, unfit.message, code=unfit.code, hint=unfit.hint
        )
    text = document.text
    deep = _DEEP.search(text)
    if deep is not None:
        return _stop(document, text.count("\n", 0, deep.start()) + 1, 1, _TOO_DEEP)
    try:
        data = tomllib.loads(text)
        found = scan(text)
        wide = next(
            (path for path in _large(data) if _too_large(document, found.spots[path])), None
        )
    except tomllib.TOMLDecodeError as error:
        return _refused(document, str(error))
    except RecursionError:
        return _stop(document, 1, 1, _TOO_DEEP)
    except ValueError:  # Python's own limit to the digits of a number
        line = next((n for n, each in enumerate(document.lines, 1) if _DIGITS.search(each)), 1)
        return _stop(document, line, 1, "a number is too long")
    if wide is not None:
        spot = found.spots[wide]
        message = "the number does not fit into 64 bits"
        return _stop(document, spot.value_line, spot.value_column, message)
    return Parsed(document, data, found)


def _refused(document: Document, said: str) -> Finding:
    """Make tomllib's message a finding."""
    where = _WHERE.search(said)
    message = said[: where.start()] if where else said
    line, column = document.end()
    if where and where[1]:
        line, column = int(where[1]), int(where[2])
    if message.startswith("Cannot "):
        again = _again(document, line)
        if again is not None:
            return again
    hint = None
    if document.line(line).startswith(_BOM):
        hint = "a byte order mark begins this line: save the file without it"
    if message in _OPEN:
        message, hint = (
            "a string is not closed",
            "close it with the quotes it begins with",
        )
    return _stop(document, line, column, message[:1].lower() + message[1:], hint=hint)


def _again(document: Document, line: int) -> Finding | None:
    """Return the finding of a table or key that was there before; None where that is unclear."""
    try:
        *before, this = scan("\n".join(document.lines[:line])).statements
    except (ValueError, RecursionError):
        return None
    first = _first(before, this)
    if first is None:
        return None
    where = document.place(first.line, first.column)
    here = document.place(this.line, this.column)
    there = f"line {where.line}" if where.file == here.file else f"{where.file} line {where.line}"
    hint = "keep one of them"
    if _strays(document, before, this):
        hint = f"begin the file with a header: without one it goes on in {headed(this.table)}"
    elif isinstance(this.path[-1], int):
        hint = f"begin each of them with {headed(this.path)}, in two pairs of brackets"
    elif where.file != here.file:
        hint += ": the server reads all of its files as one document"
    named = headed(this.path) if this.header else shown(this.path[len(this.table) :])
    message = f"{named} cannot be set again: it is set in {there}"
    return _stop(document, this.line, this.column, message, hint=hint)


def _strays(document: Document, before: list[Statement], this: Statement) -> bool:
    """Tell whether a key falls into a table of the file before."""
    part = document.part_of(this.line)
    return (
        part > 0
        and not this.header
        and not any(each.header and document.part_of(each.line) == part for each in before)
    )


def _first(before: list[Statement], this: Statement) -> Statement | None:
    """Return the first statement of the same thing, of what it is in, or of what is in it."""
    mine = _names(this.path)
    tests: tuple[Callable[[Path], bool], ...] = (
        lambda theirs: theirs == mine,
        lambda theirs: theirs == mine[: len(theirs)],
        lambda theirs: theirs[: len(mine)] == mine,
    )
    for test in tests:
        for each in before:
            if test(_names(each.path)) and (this.header or each.path != this.table):
                return each
    return None


def _names(path: Path) -> Path:
    """Return a path of an array of tables as that of the array."""
    return path[:-1] if path and isinstance(path[-1], int) else path


def shown(path: Path) -> str:
    """Return a path as it is written in headers: ``cron.job.args``."""
    return ".".join(step for step in path if isinstance(step, str))


def headed(path: Path) -> str:
    """Return a path as a header: ``[cron.job]``, ``[[cron]]``."""
    return f"[[{shown(path)}]]" if path and isinstance(path[-1], int) else f"[{shown(path)}]"


def _large(data: dict[str, object]) -> Iterator[Path]:
    """Yield where numbers stand that Go may not hold.

    Raises:
        RecursionError: what is read of the data later would go too deep.
    """
    todo: list[tuple[Path, object]] = [((), data)]
    while todo:
        path, value = todo.pop()
        if len(path) > _DEEPEST:
            raise RecursionError
        if (type(value) is int and value not in _INT64) or value in (inf, -inf):
            yield path
        elif isinstance(value, dict):
            todo += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            todo += [((*path, i), item) for i, item in enumerate(value)]


def _too_large(document: Document, spot: Spot) -> bool:
    """Tell whether a number is too large as it is written: an ``inf`` is not."""
    text = document.line(spot.value_line)[spot.value_column - 1 :]
    return not text.lstrip("+-").startswith("inf")


def _stop(
    document: Document,
    line: int,
    column: int,
    message: str,
    *,
    code: Code = Code.TOML,
    hint: str | None = None,
) -> Finding:
    return finding_at(
        document, line, column, Level.ERROR, code, message, hint=hint, stage=Stage.DOCUMENT
    )
