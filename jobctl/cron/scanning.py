"""Where the keys and values of a TOML document stand; tomllib tells only what they are.

The scanner takes its text for valid: whoever calls it lets tomllib read it first.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\n]+|#[^\n]*)*+")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'""")
_DOT = re.compile(r"[ \t]*+\.[ \t]*+")
_EQUALS = re.compile(r"[ \t]*+=[ \t]*+")
_STRING = re.compile(
    r'''"""(?:[^"\\]++|\\[\s\S]|"(?!""))*+"{3,5}'''
    r"""|'''(?:[^']++|'(?!''))*+'{3,5}"""
    r"""|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'"""
)
_SCALAR = re.compile(r"[^,\]}\n#]++")
_PLAIN = re.compile(r"""(?!\"\"\"|''')(?:"[^"\\\n]*+"|'[^'\n]*+')""")
_END = re.compile(r"[ \t]*+(?:#[^\n]*)?")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a key and its value stand; lines and columns count from 1.

    Attributes:
        line: of the key, or of the header that makes the table.
        column: of the key there.
        value_line: of the value; a table's own line where it has a header.
        value_column: of the value there.
        plain: whether the value is a string on one line without escapes: its characters stand
            one by one behind the quote.
        header: whether a header makes it: ``[table]`` or ``[[table]]``.
    """

    line: int
    column: int
    value_line: int
    value_column: int
    plain: bool = False
    header: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A line that says something: a header, or a key and its value.

    Attributes:
        line: where it begins, from 1 on.
        column: likewise.
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
    """Every path of a document and where it stands; its statements in order."""

    spots: dict[Path, Spot]
    statements: tuple[Statement, ...]


def scan(text: str) -> Scan:
    """Find where everything stands in a valid document with line feeds alone.

    Raises:
        ValueError: it is not valid after all.
    """
    scanner = _Scanner(text)
    try:
        statements = tuple(scanner.run())
    except IndexError:
        raise ValueError("not TOML at its end") from None
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
            self._take(_END)
            self._take(_BLANK)

    def _header(self) -> Statement:
        start = self._at
        double = self._text.startswith("[[", start)
        self._at += 2 if double else 1
        self._blanks()
        *above, (last, at) = self._keys()
        self._blanks()
        self._at += 2 if double else 1
        path: Path = ()
        for key, its in above:
            path = self._within((*path, key))
            self._note(path, its, header=True)
        path = (*path, last)
        if double:
            self._note(path, at, header=True)
            self._last[path] = self._last.get(path, -1) + 1
            path = self._within(path)
        self.spots[path] = self._spot(at, at, header=True)
        self._table = path
        return Statement(*self._place(start), path, path, header=True, end=self._line())

    def _pair(self) -> Statement:
        start, table = self._at, self._table
        path = self._assign(table)
        return Statement(*self._place(start), path, table, header=False, end=self._line())

    def _assign(self, table: Path) -> Path:
        """Read a key and its value, and return the path."""
        *above, (last, at) = self._keys()
        path = table
        for key, its in above:
            path = (*path, key)
            self._note(path, its)
        path = (*path, last)
        self._take(_EQUALS)
        self._value(path, at)
        return path

    def _value(self, path: Path, key_at: int) -> None:
        text, at = self._text, self._at
        self.spots[path] = self._spot(key_at, at, plain=_PLAIN.match(text, at) is not None)
        if text[at] == "[":
            self._array(path)
        elif text[at] == "{":
            self._inline(path)
        elif text[at] in "\"'":
            self._take(_STRING)
        else:
            self._take(_SCALAR)

    def _array(self, path: Path) -> None:
        self._at += 1
        self._take(_BLANK)
        number = 0
        while self._text[self._at] != "]":
            self._value((*path, number), self._at)
            number += 1
            self._comma()
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        self._take(_BLANK)
        while self._text[self._at] != "}":
            self._assign(path)
            self._comma()
        self._at += 1

    def _comma(self) -> None:
        self._take(_BLANK)
        if self._text[self._at] == ",":
            self._at += 1
            self._take(_BLANK)

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

    def _note(self, path: Path, at: int, *, header: bool = False) -> None:
        """Note a table that is only named on the way to another one, the first time."""
        if path not in self.spots:
            self.spots[path] = self._spot(at, at, header=header)

    def _spot(self, key: int, value: int, *, plain: bool = False, header: bool = False) -> Spot:
        return Spot(*self._place(key), *self._place(value), plain, header)

    def _place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1

    def _line(self) -> int:
        """Return the line of what was read last."""
        return self._place(self._at - 1)[0]

    def _blanks(self) -> None:
        while self._text[self._at] in " \t":
            self._at += 1

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
