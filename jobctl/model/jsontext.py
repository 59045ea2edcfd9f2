"""Decode and encode JSON without losing anything.

orjson does the work. Values that it refuses or would round go through the standard json with the
text of their numbers kept, and are printed as they stood.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

import orjson

# Finds 17 characters of numbers in a row: two passes in C, where a regex takes ten times as long.
# It may also find them in text ("-----------------"); that only costs time.
_NUMERIC = bytes(ord("0") if chr(c) in "0123456789.eE+-" else ord(" ") for c in range(256))
_LONG = b"0" * 17
_PART = 1024 * 1024  # bytes
_EXACT_DIGITS = 18  # an integer of this length or less fits into 64 bits
DEEPEST = 1024  # levels of nesting: the limit of orjson
_SHALLOW = 256  # levels that every interpreter's json reads, however deep the stack already is
_NO_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^"\[\]{}]++', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1, '"': 0}


Path = tuple[str | int, ...]  # keys of objects, positions in arrays


@dataclass(frozen=True, slots=True)
class Number:
    """A number whose text matters: longer than a float or a 64-bit integer can hold."""

    text: str

    def __str__(self) -> str:
        return self.text


def loads(raw: bytes) -> object:
    """Decode JSON bytes.

    Numbers become int and float, or `Number` if those would change their text.

    Raises:
        ValueError: it is not JSON (also not UTF-8, NaN, or nested deeper than `DEEPEST`).
    """
    if not _may_round(raw):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass
    # Decoded here: given bytes, json would read UTF-16 as well, which no job server does.
    text = raw.decode("utf-8-sig", "surrogatepass")
    with bounded_nesting(text):
        return json.loads(text, parse_int=_integer, parse_float=_fraction, parse_constant=_refuse)


def _may_round(raw: bytes) -> bool:
    """Check for a number that orjson might round; large bytes are searched in parts."""
    if len(raw) <= _PART:
        return _LONG in raw.translate(_NUMERIC)
    ends = range(0, len(raw), _PART)
    return any(_LONG in raw[at : at + _PART + len(_LONG)].translate(_NUMERIC) for at in ends)


@contextmanager
def bounded_nesting(text: str) -> Iterator[None]:
    """Raise the recursion limit so that the standard json can read this text.

    Raises:
        ValueError: it is nested deeper than `DEEPEST`.
    """
    most = text.count("[") + text.count("{")
    if most > DEEPEST and _depth(text) > DEEPEST:
        raise ValueError(f"nested too deeply: more than {DEEPEST:,} levels")
    if most <= _SHALLOW:
        yield
        return
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + DEEPEST)  # Python 3.11 counts each level of JSON as a call
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _depth(text: str) -> int:
    """Return the depth of nesting; brackets in strings do not count."""
    brackets = _NO_BRACKETS.sub("", text)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def loads_own(raw: bytes) -> object:
    """Decode JSON that jobctl wrote: its numbers are floats and 64-bit integers.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return loads(raw)  # with lone surrogates, for bytes that are not UTF-8: orjson refuses them


def _integer(text: str) -> int | Number:
    return int(text) if len(text) <= _EXACT_DIGITS and text != "-0" else Number(text)


def _fraction(text: str) -> float | Number:
    """Keep the text of a number that a float would print otherwise."""
    value = float(text)
    return value if orjson.dumps(value) == text.encode() else Number(text)


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def dumps(value: object, *, indent: bool = False, newline: bool = False) -> bytes:
    r"""Encode a value as JSON in UTF-8, on one line or indented by two spaces.

    Lone surrogates are written as ``\ud800`` escapes, as they came in. A value with surrogates, or
    nested deeper than orjson's limit, is written on one line.
    """
    # Number is a dataclass, which orjson would otherwise write out as an object.
    option = orjson.OPT_PASSTHROUGH_DATACLASS | (orjson.OPT_INDENT_2 if indent else 0)
    option |= orjson.OPT_APPEND_NEWLINE if newline else 0
    try:
        return orjson.dumps(value, default=_default, option=option)
    except orjson.JSONEncodeError:
        return _plainly(value) + (b"\n" if newline else b"")


def printable_string(text: str) -> str:
    r"""Return a text as a JSON string without control characters: ESC is ``\\u001b``."""
    return dumps(text).decode() if text.isprintable() else json.dumps(text)


def _default(value: object) -> object:
    if isinstance(value, Number):
        return orjson.Fragment(value.text.encode())
    raise TypeError(type(value).__name__)


def _plainly(top: object) -> bytes:
    """Encode lone surrogates, huge integers and deep nesting, which orjson refuses."""
    return write_json(top, _plain_scalar, dict.items).encode()


def write_json(
    top: object,
    scalar: Callable[[object], str],
    members: Callable[[dict[str, object]], Iterable[tuple[str, object]]],
) -> str:
    """Write a value as JSON without blanks, however deep it is nested.

    Args:
        top: the value.
        scalar: writes texts, keys among them, numbers, true, false and null.
        members: returns the members of an object, in order.
    """
    out: list[str] = []
    todo: list[tuple[bool, object]] = [(False, top)]  # (is it punctuation?, what); no recursion
    while todo:
        written, value = todo.pop()
        if isinstance(value, dict):
            parts: list[tuple[bool, object]] = []
            for key, item in members(value):
                parts += [(True, f"{',' if parts else '{'}{scalar(str(key))}:"), (False, item)]
            todo += reversed([*parts, (True, "}" if parts else "{}")])
        elif isinstance(value, list | tuple):
            parts = []
            for item in value:
                parts += [(True, "," if parts else "["), (False, item)]
            todo += reversed([*parts, (True, "]" if parts else "[]")])
        else:
            out.append(str(value) if written else scalar(value))
    return "".join(out)


def _plain_scalar(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    return value.text if isinstance(value, Number) else json.dumps(value)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=False)


def text_of(value: object) -> str:
    """Return a JSON value as plain text: a string as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    return dumps(value).decode()


def read_object(raw: bytes) -> dict[str, object] | None:
    """Decode a JSON object; None when it is anything else."""
    try:
        value = loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def glance(raw: bytes) -> dict[str, object] | None:
    """Decode a JSON object for its shape and texts, faster: its long numbers may be rounded."""
    try:
        value = loads_own(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def dig(value: object, path: Path) -> object:
    """Return what is at a path of keys and positions; None where any step is missing."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            return None
    return value


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
