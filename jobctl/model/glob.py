"""Redis' glob: the pattern language of MATCH, on bytes, and how to write one that is safe."""

from __future__ import annotations

import re

_SPECIAL = re.compile(rb"([*?\[\]\\^-])")


def escape(text: bytes) -> bytes:
    r"""Return a pattern that matches this text and nothing else (``*`` becomes ``\*``)."""
    return _SPECIAL.sub(rb"\\\1", text)


def compile_glob(pattern: bytes) -> re.Pattern[bytes]:
    """Compile a Redis glob; use `fullmatch`. Follows Redis' stringmatchlen.

    Between two stars the leftmost match is final (an atomic group), so that no pattern takes
    more than quadratic time.
    """
    segments: list[list[bytes]] = [[]]
    i = 0
    while i < len(pattern):
        i, piece = _piece(pattern, i)
        if piece is None:
            segments.append([])
        else:
            segments[-1].append(piece)
    first, *rest = (b"".join(s) for s in segments)
    if not rest:
        return re.compile(first, re.DOTALL)
    middle = b"".join(b"(?>.*?" + s + b")" for s in rest[:-1] if s)
    return re.compile(first + middle + b".*" + rest[-1], re.DOTALL)


def _piece(pattern: bytes, i: int) -> tuple[int, bytes | None]:
    """Return where the next piece starts, and this one as a regex (None for a star)."""
    char = pattern[i : i + 1]
    if char == b"*":
        return i + 1, None
    if char == b"?":
        return i + 1, b"."
    if char == b"[":
        return _class(pattern, i + 1)
    if char == b"\\" and i + 1 < len(pattern):
        return i + 2, re.escape(pattern[i + 1 : i + 2])
    return i + 1, re.escape(char)


def _class(pattern: bytes, i: int) -> tuple[int, bytes]:
    """Read a class after its bracket; one that is never closed ends with the pattern."""
    negated = pattern[i : i + 1] == b"^"
    i += negated
    members: list[bytes] = []
    while i < len(pattern) and pattern[i : i + 1] != b"]":
        if pattern[i : i + 1] == b"\\" and i + 1 < len(pattern):
            members.append(_byte(pattern[i + 1]))
            i += 2
        elif pattern[i + 1 : i + 2] == b"-" and i + 2 < len(pattern):
            low, high = sorted((pattern[i], pattern[i + 2]))
            members.append(_byte(low) + b"-" + _byte(high))
            i += 3
        else:
            members.append(_byte(pattern[i]))
            i += 1
    inside = b"".join(members)
    if negated:
        return i + 1, b"[^" + inside + b"]" if inside else b"."
    return i + 1, b"[" + inside + b"]" if inside else b"(?!)"


def _byte(value: int) -> bytes:
    return b"\\x%02x" % value
