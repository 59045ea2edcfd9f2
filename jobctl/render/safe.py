"""Text that cannot do anything to a terminal."""

from __future__ import annotations

import re
import unicodedata

_SUSPECT = re.compile(r"[^ -~]")
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


def _shown(found: re.Match[str]) -> str:
    char = found[0]
    if char in _SHORT:
        return _SHORT[char]
    if char in _KEPT or unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
