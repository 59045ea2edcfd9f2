r"""Edit one top-level key of a JSON object in place; every other byte stays.

Encoding a decoded job again would change its key order, escapes and long integers. Keys are
compared as JSON readers do: with escapes decoded, and the last of equal keys wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jobctl.model.jsontext import loads

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]:,]', re.DOTALL)
_LARGE = 1024 * 1024  # bytes
_SPACE = b" \t\n\r"


Replace = Callable[[bytes, Mapping[str, object], bytes], bytes]


def replacer(key: str) -> Replace:
    """Return a function that sets the value of a key; a missing key is added at the end.

    Args:
        key: a top-level key in plain ASCII.

    Returns:
        A function of the job's exact bytes, the same decoded, and the new value as JSON; it raises
        ValueError if the bytes are not a JSON object.
    """
    spelled = b'"%b"' % key.encode()
    size = len(spelled)

    def replace(raw: bytes, payload: Mapping[str, object], value: bytes) -> bytes:
        if key not in payload:
            brace = raw.rindex(b"}")  # behind the closing one there is only white space
            added = b"%b%b:%b" % (b"," if payload else b"", spelled, value)
            return _spliced(raw, brace, brace, added)
        # Fast path. Without escapes the key has only one spelling; if its bytes occur once, they
        # are that key, and neither a nested key nor a text.
        found = raw.find(spelled)
        # One byte is found much faster than two.
        plain = b"\\" not in raw or b"\\u" not in raw
        if plain and found >= 0 and raw.find(spelled, found + size) < 0:
            start = found + size + (2 if raw.startswith(b": ", found + size) else 1)
            end = raw.find(b'"', start + 1) + 1
            text = raw[start:end]
            if raw.startswith(b":", found + size) and text[:1] == b'"' and b"\\" not in text:
                return _spliced(raw, start, end, value)
        start, end = _last(raw, key)
        return _spliced(raw, start, end, value)

    return replace


def _spliced(raw: bytes, start: int, end: int, value: bytes) -> bytes:
    """Return the bytes with the span replaced; large ones are copied only once."""
    if len(raw) <= _LARGE:
        return raw[:start] + value + raw[end:]
    view = memoryview(raw)
    return b"".join((view[:start], value, view[end:]))


def without(raw: bytes, payload: Mapping[str, object], key: str) -> bytes:
    """Return a job without a key, each time it occurs, and without the commas that go with it.

    Raises:
        ValueError: it is not a JSON object.
    """
    if key not in payload:
        return raw
    members = _members(raw)
    spans: list[tuple[int, int]] = []
    kept: _Member | None = None
    for i, member in enumerate(members):
        if member.name != key:
            kept = member
        elif i + 1 < len(members):  # up to the next key: its own comma goes
            spans.append((member.start, members[i + 1].start))
        else:  # the last one: the comma before it goes
            spans.append((member.start if kept is None else kept.end, member.end))
    pieces: list[memoryview] = []
    view = memoryview(raw)
    at = 0
    for start, end in sorted(spans):
        pieces.append(view[at : max(at, start)])
        at = max(at, end)
    return b"".join((*pieces, view[at:]))


def inside(raw: bytes, path: Sequence[str]) -> bytes:
    """Return the exact bytes of the value at a path of keys; the path must exist.

    Raises:
        ValueError: a value on the way is not an object.
    """
    for key in path:
        start, end = _last(raw, key)
        raw = raw[start:end]
    return raw


def _last(raw: bytes, key: str) -> tuple[int, int]:
    """Return the span of the value of a key: of equal keys the last one counts."""
    return next((m.value, m.end) for m in reversed(_members(raw)) if m.name == key)


@dataclass(frozen=True, slots=True)
class _Member:
    """A top-level key, and the offsets of the key, its value and the value's end."""

    name: str
    start: int
    value: int
    end: int


def _members(raw: bytes) -> list[_Member]:
    """Return the top-level keys in order, without recursion.

    Raises:
        ValueError: it is not a JSON object.
    """
    members: list[_Member] = []
    depth = 0
    key: tuple[str, int] | None = None
    value = -1
    for token in _TOKEN.finditer(raw):
        text = token[0]
        if text in b"{[":
            depth += 1
        elif text in b"}]" or (text == b"," and depth == 1):
            if depth == 1 and key is not None:
                members.append(_Member(*key, value, _trimmed(raw, token.start())))
                key = None
            depth -= text != b","
        elif depth != 1:
            continue
        elif text == b":":
            value = _begun(raw, token.end())
        elif key is None:
            key = (_name(text), token.start())
    if depth or not raw.lstrip(b"\xef\xbb\xbf" + _SPACE).startswith(b"{"):
        raise ValueError("no JSON object")
    return members


def _trimmed(raw: bytes, end: int) -> int:
    while raw[end - 1] in _SPACE:
        end -= 1
    return end


def _begun(raw: bytes, start: int) -> int:
    while raw[start : start + 1] and raw[start] in _SPACE:
        start += 1
    return start


def _name(text: bytes) -> str:
    name = loads(text)
    if not isinstance(name, str):
        raise ValueError("a key that is no text")
    return name
