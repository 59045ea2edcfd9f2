"""The fingerprint of an error: its message without what differs from job to job."""

from __future__ import annotations

import re

_LONGEST = 500  # characters of a message that are looked at

# In this order: what is longer and surer first. Each has a placeholder, and stands in a filter
# for the shorter expression on its right. Every repetition is bounded by what cannot be in it, so
# that no text takes more than linear time.
_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_HEX = r"(?=[a-fA-F]{0,63}\d)(?=\d{0,63}[a-fA-F])[0-9a-fA-F]{8,64}"
_IP = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?"
_PARTS: tuple[tuple[str, str, str], ...] = (
    ("url", r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>()]+", r"[a-z][a-z0-9+.-]+://\S+"),
    ("email", r"\b[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", r"\S+@\S+"),
    ("uuid", rf"\b{_UUID}\b", r"[0-9a-fA-F-]{36}"),
    ("time", rf"\b{_DAY}(?:{_CLOCK})?", rf"{_DAY}[0-9TZUC:. +-]*"),
    ("ip", rf"\b{_IP}\b", r"\d+\.\d+\.\d+\.\d+(?::\d+)?"),
    ("hex", r"\b0x[0-9a-fA-F]+\b", r"0x[0-9a-fA-F]+"),
    ("hex", rf"\b{_HEX}\b", r"[0-9a-fA-F]{8,64}"),
    ("path", r"(?<![\w/.])\.{0,2}(?:/[\w.@%+~-]+){2,}/?", r"\.{0,2}/[\w.@%+~/-]+"),
    ("id", r"\b[A-Za-z]{1,20}[-_]\d[\w-]*", r"[A-Za-z]+[-_]\d[\w-]*"),
    ("n", r"(?<![\w.])[+-]?\d+(?:,\d{3})*(?:\.\d+)?(?![\w.]\w)", r"[+-]?\d[\d,]*(?:\.\d+)?"),
    ("n", r"\d+", r"\d+"),
)
_ALL = re.compile("|".join(f"(?P<p{i}>{part})" for i, (_, part, _) in enumerate(_PARTS)))
_SPACE = re.compile(r"\s+")


def fingerprint(message: str) -> str:
    """Return a message with ids, uuids, numbers, paths, times, addresses folded, on one line.

    ``Timeout after 30 s at 10.0.0.7:6379`` becomes ``Timeout after <n> s at <ip>``.
    """
    return _folded(message)[0]


def fingerprint_regex(message: str) -> str:
    """Return a regular expression that finds the messages with this fingerprint."""
    _, regex, whole = _folded(message)
    return rf"^\s*{regex}" + (r"\s*(?:\n|$)" if whole else "")


def _folded(message: str) -> tuple[str, str, bool]:
    """Return the folded first line, its expression, and whether all of that line was looked at."""
    line, _, rest = message.lstrip()[: _LONGEST + 1].partition("\n")
    whole = bool(rest) or len(line) <= _LONGEST
    line = line[:_LONGEST].rstrip()
    text: list[str] = []
    regex: list[str] = []
    at = 0
    for found in _ALL.finditer(line):
        name, _, stands_for = _PARTS[int(str(found.lastgroup)[1:])]
        text += [_SPACE.sub(" ", line[at : found.start()]), f"<{name}>"]
        regex += [_literal(line[at : found.start()]), stands_for]
        at = found.end()
    text.append(_SPACE.sub(" ", line[at:]))
    regex.append(_literal(line[at:]))
    return "".join(text), "".join(regex), whole


def _literal(text: str) -> str:
    """Return the expression of a text; any white space stands for any other."""
    return r"\s+".join(re.escape(piece) for piece in _SPACE.split(text))
