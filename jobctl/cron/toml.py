"""Where the keys of a TOML document stand; tomllib tells only what they are.

The scanner expects valid text: tomllib has read it before. What stands inside an array or an inline
table is not looked for: its place is that of the key it belongs to.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isinf

from jobctl.cron.files import Document, Unfit

Path = tuple[str | int, ...]

_STRING = (
    r'''"""(?:[^"\\]++|\\[\s\S]|"(?!""))*+"{3,5}'''
    r"""|'''(?:[^']++|'(?!''))*+'{3,5}"""
    r"""|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'"""
)
_BLANK = re.compile(r"(?:[ \t\n]+|#[^\n]*)*+")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'""")
_DOT = re.compile(r"[ \t]*+\.[ \t]*+")
_EQUALS = re.compile(r"[ \t]*+=[ \t]*+")
_OPENING = re.compile(r"\[{1,2}[ \t]*+")
_CLOSING = re.compile(r"[ \t]*+\]{1,2}")
_PIECE = re.compile(rf"{_STRING}|[\[{{\]}}\n]|#[^\n]*+|[^\[{{\]}}\n#\"']++")
_PLAIN = re.compile(r"""(?!\"\"\"|''')(?:"[^"\\\n]*+"|'[^'\n]*+')""")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a key stands, or the header that makes a table; all count from 1.

    Attributes:
        line: of the key; its value begins there too.
        column: of the key.
        value_column: of the value; that of the key where it has none.
        plain: whether the value is a string on one line without escapes: its characters stand
            one by one behind the quote.
        header: whether a header makes it: ``[table]`` or ``[[table]]``.
    """

    line: int
    column: int
    value_column: int
    plain: bool = False
    header: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A line that says something: a header, or a key and its value.

    Attributes:
        line: where it begins, from 1 on.
        column: where it begins there, from 1 on.
        path: what it speaks of.
        table: the path of the table it falls into; its own for a header.
        header: whether it is a header.
        end: the line in which it ends.
    """

    line: int
    column: int
    path: Path
    table: Path
    header: bool
    end: int


@dataclass(frozen=True, slots=True)
class Scan:
    """The keys of a document and where they stand; its statements in order."""

    spots: dict[Path, Spot]
    statements: tuple[Statement, ...]

    def spot(self, path: Path) -> Spot:
        """Return where a path stands; of one that has no line of its own, what it is in."""
        while path and path not in self.spots:
            path = path[:-1]
        return self.spots.get(path, Spot(1, 1, 1))


def scan(text: str) -> Scan:
    """Find where everything stands in a valid document with line feeds alone.

    Raises:
        ValueError: it is not valid after all.
    """
    scanner = _Scanner(text)
    statements = tuple(scanner.run())
    return Scan(scanner.spots, statements)


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._table: Path = ()
        self._starts = [0, *(found.end() for found in re.finditer(r"\n", text))]
        self._last: dict[Path, int] = {}  # of each array of tables, its table's number
        self.spots: dict[Path, Spot] = {}

    def run(self) -> Iterator[Statement]:
        self._take(_BLANK)
        while self._at < len(self._text):
            yield self._header() if self._text[self._at] == "[" else self._pair()
            self._take(_BLANK)

    def _header(self) -> Statement:
        start = self._at
        double = self._take(_OPENING).startswith("[[")
        *above, (last, at) = self._keys()
        self._take(_CLOSING)
        path: Path = ()
        for key, its in above:
            path = self._within((*path, key))
            self.spots.setdefault(path, self._spot(its, its, header=True))
        path = (*path, last)
        if double:
            self.spots.setdefault(path, self._spot(at, at, header=True))
            self._last[path] = self._last.get(path, -1) + 1
            path = self._within(path)
        self.spots[path] = self._spot(at, at, header=True)
        self._table = path
        return self._statement(start, path, header=True)

    def _pair(self) -> Statement:
        start, path = self._at, self._table
        *above, (last, at) = self._keys()
        for key, its in above:
            path = (*path, key)
            self.spots.setdefault(path, self._spot(its, its))
        path = (*path, last)
        self._take(_EQUALS)
        self.spots[path] = self._spot(at, self._at)
        self._skip_value()
        return self._statement(start, path, header=False)

    def _skip_value(self) -> None:
        """Go to the end of the line in which a value ends."""
        depth, start = 0, self._at
        while self._at < len(self._text) and (depth or self._text[self._at] not in "\n#"):
            piece = self._take(_PIECE)
            depth += (piece in ("[", "{")) - (piece in ("]", "}"))
        if depth or start == self._at:
            raise ValueError(f"not TOML at {self._at}")

    def _keys(self) -> list[tuple[str, int]]:
        """Read a dotted key: its parts, and where each begins."""
        found = []
        while True:
            at = self._at
            found.append((_unquoted(self._take(_KEY)), at))
            dot = _DOT.match(self._text, self._at)
            if dot is None:
                return found
            self._at = dot.end()

    def _within(self, path: Path) -> Path:
        """Return the path of the last table, where it is that of an array of tables."""
        return (*path, self._last[path]) if path in self._last else path

    def _statement(self, start: int, path: Path, *, header: bool) -> Statement:
        line, column = self._place(start)
        return Statement(line, column, path, self._table, header, self._place(self._at - 1)[0])

    def _spot(self, key: int, value: int, *, header: bool = False) -> Spot:
        line, column = self._place(key)
        plain = _PLAIN.match(self._text, value) is not None and value != key
        return Spot(line, column, column + value - key, plain, header)

    def _place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"not TOML at {self._at}")
        self._at = found.end()
        return found[0]


def _unquoted(key: str) -> str:
    if key[0] == '"':
        return str(tomllib.loads(f"k={key}")["k"]) if "\\" in key else key[1:-1]
    return key[1:-1] if key[0] == "'" else key


_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_BOM = "\ufeff"
_DEEPEST = 200
# What tomllib says where a line, or the text, ends within quotes.
_OPEN = ("Illegal character '\\n'", 'Expected "\'"', "Unterminated string")
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document, what it says, and where."""

    document: Document
    data: dict[str, object]
    scan: Scan


def parse(document: Document) -> Parsed | Unfit:
    """Read a document, or return what stops the server from reading it."""
    if document.unfit is not None:
        return document.unfit
    text = document.text
    lone = text.find("\r")
    if lone >= 0:  # tomllib takes one before a line's end
        line, column = text.count("\n", 0, lone) + 1, lone - text.rfind("\n", 0, lone)
        return _unfit(line, column, "a carriage return without a line feed")
    try:
        data = tomllib.loads(text, parse_float=_go_float)
        wide = next(_too_wide(data), None)
    except tomllib.TOMLDecodeError as error:
        return _refused(document, str(error))
    except RecursionError:
        return _unfit(1, 1, "values are nested too deeply to be looked at")
    except ValueError:  # Python's own limit to the digits of a number
        return _unfit(1, 1, "a number is too long")
    found = scan(text)
    if wide is not None:
        spot = found.spot(wide)
        return _unfit(spot.line, spot.value_column, "the number does not fit into 64 bits")
    return Parsed(document, data, found)


def _go_float(text: str) -> float:
    """Read a float; one that is too large becomes an integer that is too wide as well."""
    value = float(text)
    return 2**64 if isinf(value) and "inf" not in text else value


def _too_wide(data: dict[str, object]) -> Iterator[Path]:
    """Yield where numbers stand that Go does not hold.

    Raises:
        RecursionError: what is read of the data later would go too deep.
    """
    todo: list[tuple[Path, object]] = [((), data)]
    while todo:
        path, value = todo.pop()
        if len(path) > _DEEPEST:
            raise RecursionError
        if type(value) is int and value not in _INT64:
            yield path
        elif isinstance(value, dict):
            todo += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            todo += [((*path, i), item) for i, item in enumerate(value)]


def _unfit(line: int, column: int, message: str, hint: str | None = None) -> Unfit:
    return Unfit("toml", message, line, column, hint)


def _refused(document: Document, said: str) -> Unfit:
    """Return what tomllib says, in better words where there are some."""
    where = _WHERE.search(said)
    message = said[: where.start()] if where else said
    line, column = document.end()
    if where and where[1]:
        line, column = int(where[1]), int(where[2])
    if message.startswith("Cannot "):
        again = _set_again(document, line)
        if again is not None:
            return again
    hint = None
    if message in _OPEN:
        message, hint = "a string is not closed", "close it with the quotes it begins with"
    elif document.line(line).startswith(_BOM):
        hint = "a byte order mark begins this line: save the file without it"
    return _unfit(line, column, message[:1].lower() + message[1:], hint)


def _set_again(document: Document, line: int) -> Unfit | None:
    """Return what is wrong with a table or key that was set before; None where that is unclear."""
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
    return _unfit(
        this.line, this.column, f"{named} cannot be set again: it is set in {there}", hint
    )


def _strays(document: Document, before: list[Statement], this: Statement) -> bool:
    """Check whether a key falls into a table of the file before."""
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
