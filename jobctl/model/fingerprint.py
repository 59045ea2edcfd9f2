"""The fingerprint of an error: its message with the parts that vary from job to job replaced."""

from __future__ import annotations

import re
from hashlib import sha256

_LONGEST = 500  # characters of a message that count

# Longer and more certain patterns first, each with its placeholder. Every repetition is bounded by
# characters that it cannot contain, so that no text takes more than linear time.
_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_HEX = r"(?=[a-fA-F]{0,63}\d)(?=\d{0,63}[a-fA-F])[0-9a-fA-F]{8,64}"
_IP = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?"
_PARTS: tuple[tuple[str, str], ...] = (
    ("url", r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>()]+"),
    ("email", r"\b[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"),
    ("uuid", rf"\b{_UUID}\b"),
    ("time", rf"\b{_DAY}(?:{_CLOCK})?"),
    ("ip", rf"\b{_IP}\b"),
    ("hex", r"\b0x[0-9a-fA-F]+\b"),
    ("hex", rf"\b{_HEX}\b"),
    ("path", r"(?<![\w/.])\.{0,2}(?:/[\w.@%+~-]+){2,}/?"),
    ("id", r"\b[A-Za-z]{1,20}[-_]\d[\w-]*"),
    ("n", r"(?<![\w.])[+-]?\d+(?:,\d{3})*(?:\.\d+)?(?![\w.]\w)"),
    ("n", r"\d+"),
)
_ALL = re.compile("|".join(f"(?P<p{i}>{part})" for i, (_, part) in enumerate(_PARTS)))
_SPACE = re.compile(r"\s+")


def fingerprint(message: str) -> str:
    """Return the first line of a message with ids, numbers, paths, times and addresses replaced.

    ``Timeout after 30 s at 10.0.0.7:6379`` becomes ``Timeout after <n> s at <ip>``.
    """
    line = message.lstrip()[:_LONGEST].partition("\n")[0].rstrip()
    return _SPACE.sub(" ", _ALL.sub(_placeholder, line))


def digests(text: str) -> tuple[str, str]:
    """Return the short forms of a fingerprint in filters: six hex digits, and twelve."""
    whole = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return whole[:6], whole[:12]


def _placeholder(found: re.Match[str]) -> str:
    name, _ = _PARTS[int(str(found.lastgroup)[1:])]
    return f"<{name}>"
