"""The text of a document of cron entries, and the files its lines come from.

The server appends the bytes of each file and a line feed, in order of name, and reads all of it as
one document of TOML.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from jobctl.cron.finding import Code

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file, and the line and column in it, each from 1 on."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Unfit:
    """Bytes that no TOML may hold, and where they are.

    Attributes:
        code: ``not-utf-8`` or ``nul-byte``.
        line: of the whole document, from 1 on.
        column: in characters, from 1 on.
        hint: what to do about it.
    """

    code: Code
    message: str
    line: int
    column: int
    hint: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document, as the server makes it of its files.

    Attributes:
        parts: the name of each file and its bytes, in order.
        directory: whether these are all the files of a directory.
        unread: files with entries there that the server does not read.
        lines: its text; what is no UTF-8 is replaced in it.
        starts: the line, from 0 on, at which each part begins.
        marked: whether a byte order mark begins it, which is no part of its text.
        unfit: why it cannot be read as text at all.
    """

    parts: tuple[tuple[str, bytes], ...]
    directory: bool
    lines: tuple[str, ...]
    starts: tuple[int, ...]
    marked: bool
    unfit: Unfit | None
    unread: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        parts: Iterable[tuple[str, bytes]],
        *,
        directory: bool = False,
        unread: Iterable[str] = (),
    ) -> Document:
        """Make the document of files, each a name and its bytes."""
        held = tuple(parts)
        whole = b"".join(raw + b"\n" for _, raw in held)
        starts, line = [], 0
        for _, raw in held:
            starts.append(line)
            line += raw.count(b"\n") + 1
        text = whole.decode("utf-8", "replace")
        marked, text = text.startswith(_BOM), text.removeprefix(_BOM)
        lines = tuple(each.removesuffix("\r") for each in text.split("\n"))
        unfit = _unfit(whole)
        return cls(held, directory, lines, tuple(starts), marked, unfit, tuple(unread))

    @property
    def text(self) -> str:
        """The whole text, its lines ended by line feeds alone, as TOML may count them."""
        return "\n".join(self.lines)

    @property
    def raw(self) -> bytes:
        """The bytes of its files, one after the other."""
        return b"".join(raw for _, raw in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its files."""
        return tuple(name for name, _ in self.parts)

    def part_of(self, line: int) -> int:
        """Return which part a line of the document is in; lines count from 1, parts from 0."""
        return max(0, bisect_right(self.starts, line - 1) - 1)

    def place(self, line: int, column: int) -> Place:
        """Return the file that a line of the document is in, and the line there."""
        part = self.part_of(line)
        return Place(self.parts[part][0], line - self.starts[part], column)

    def line(self, line: int) -> str:
        """Return the text of a line of the document, from 1 on."""
        return self.lines[line - 1] if line <= len(self.lines) else ""

    def line_of(self, place: Place) -> int:
        """Return which line of the document a file's line is."""
        return self.starts[self.names.index(place.file)] + place.line

    def end(self) -> tuple[int, int]:
        """Return line and column behind the last character that is no blank."""
        for line in range(len(self.lines), 0, -1):
            text = self.lines[line - 1].rstrip()
            if text:
                return line, len(text) + 1
        return 1, 1


def _unfit(whole: bytes) -> Unfit | None:
    """Return the first byte that stops the server from reading the text."""
    try:
        whole.decode()
    except UnicodeDecodeError as error:
        byte, at = f"0x{whole[error.start]:02x}", error.start
        message = f"the byte {byte} is not UTF-8"
        code, hint = Code.NOT_UTF_8, "save the file as UTF-8: TOML knows no other encoding"
    else:
        at = whole.find(b"\0")
        if at < 0:
            return None
        code, message = Code.NUL_BYTE, "a NUL byte"
        hint = "save the file as UTF-8 text: is it UTF-16, or no text at all?"
    before = whole[:at].removeprefix(_BOM.encode())
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    return Unfit(code, message, line, column, hint)
