"""The output formats, and text that is safe on a terminal: no control characters or bidi marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol


class Format(StrEnum):
    """What ``-o`` takes: table and wide for people, the others for programs."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    IDS = "ids"

    @property
    def human(self) -> bool:
        """Whether people read it."""
        return self in (Format.TABLE, Format.WIDE)


_SUSPECT = re.compile(r"[^ -~]")
_INSIDE = re.compile(r"[^ -~\t\n]")  # what does not belong to the form of a machine format
_KEPT = "\u200c\u200d"  # joiners: Persian and emoji need them, and they move nothing
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    r"""Return text with control characters, escapes and bidi marks shown as ``\x1b``, ``\u202e``.

    What it returns moves no cursor, sets no colour or title, and reads in the order it is in.
    """
    return _SUSPECT.sub(_shown, text)


def printable_lines(text: str) -> str:
    """Return printable text that keeps its line breaks."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _hidden(char: str) -> bool:
    return char not in _KEPT and unicodedata.category(char) in _HIDDEN


def _shown(found: re.Match[str]) -> str:
    char = found[0]
    if char in _SHORT:
        return _SHORT[char]
    if not _hidden(char):
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable_json(text: str) -> str:
    r"""Return JSON whose control characters and bidi marks are spelled ``\u009b``, as JSON may."""
    return _INSIDE.sub(_json_escape, text)


def _json_escape(found: re.Match[str]) -> str:
    char = found[0]
    if not _hidden(char):
        return char
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def printable_output(text: str) -> str:
    """Return printable text that keeps its line breaks and tabs."""
    return _INSIDE.sub(_shown, text)


class Writable(Protocol):
    """A binary output."""

    def write(self, data: bytes, /) -> int:
        """Write whole characters."""


class Terminal:
    """A filter before a terminal: it shows control characters instead of sending them.

    Attributes:
        changed: whether there were any.
    """

    def __init__(self, out: Writable, show: Callable[[str], str]) -> None:
        self.changed = False
        self._out = out
        self._show = show

    def write(self, data: bytes, /) -> int:
        """Write whole characters."""
        shown = self._show(data.decode("utf-8", "backslashreplace")).encode()
        self.changed = self.changed or shown != data
        return self._out.write(shown)
