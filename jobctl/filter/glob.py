"""Redis' glob: the pattern language of MATCH, on bytes, and how to write one that is safe."""

from __future__ import annotations

import re

_SPECIAL = re.compile(rb"([*?\[\]\\^-])")
_DEEPEST = 1000  # stars that Redis follows; a pattern with more matches nothing


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
    if len(rest) > 1 and not any((first, *rest)):
        return re.compile(b".+", re.DOTALL)  # only a star alone matches the empty member
    *between, last = rest
    found = [b"(?>.*?" + s + b")" for s in between if s]
    if len(found) + bool(last) > _DEEPEST:
        return re.compile(b"(?!)")
    return re.compile(first + b"".join(found) + b".*" + last, re.DOTALL)


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
            members.append(_range(pattern[i], pattern[i + 2]))
            i += 3
        else:
            members.append(_byte(pattern[i]))
            i += 1
    inside = b"".join(members)
    if negated:
        return i + 1, b"[^" + inside + b"]" if inside else b"."
    return i + 1, b"[" + inside + b"]" if inside else b"(?!)"


def _range(one: int, other: int) -> bytes:
    """Write a range; its bytes compare as C's signed char does, so 0xff comes before 0x00."""
    low, high = sorted((one, other), key=lambda byte: (byte + 128) % 256)
    if low <= high:
        return _byte(low) + b"-" + _byte(high)
    return _byte(low) + b"-\\xff\\x00-" + _byte(high)


def _byte(value: int) -> bytes:
    return b"\\x%02x" % value
