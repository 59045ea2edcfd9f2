r"""How JSON may spell a text: as it is, or with any character as ``\u00XX``.

Redis can only test bytes. The patterns here let every spelling through, and a few members too
many; the exact test is always the decoded field's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from jobctl.model.glob import escape
from jobctl.model.jsontext import dumps

# Characters that JSON spells either as themselves or as \u00XX (not \" \\ \/ \n, nor UTF-8).
_PLAIN = re.compile(r"[A-Za-z0-9 !#$%&'()*+,.:;<=>?@\[\]^_`{|}~-]+")
_HEX_CLASS = 6  # \u00XX: what a literal and an escape can have in common is this long
_MANY = 8
# A text that may stand for a JSON number of another spelling: 100000.0 is 1e5.
_FRACTION = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_JID_FIELD = re.compile(rb'"jid"\s*:\s*(?:"([^"\\]*)"|([^\s"\[\]{},]+))')


def match_pattern(text: str) -> bytes | None:
    r"""Return a MATCH that lets through every member holding this text, however it is spelled.

    Redis' globs know no "or", but their classes do, place by place: ``[a\\][bu][c0][d0]..``
    matches both ``abcd`` and ``\u00``, so a few characters of the text are enough to keep
    nearly everything else on the server. None when the text has no plain character.
    """
    runs = _PLAIN.findall(text)
    if not runs or _other_number(text):
        return None
    gram = max(runs, key=len)[-_HEX_CLASS:].encode()
    codes = [b"%02x" % ord(c) for c in text if ord(c) < 256]
    high = _both_cases({c[:1] for c in codes})
    low = _both_cases({c[1:] for c in codes})
    escaped = (b"\\", b"u", b"0", b"0", high, low)
    return (
        b"*"
        + b"".join(
            b"[" + escape(bytes([char]) + other) + b"]"
            for char, other in zip(gram, escaped, strict=False)
        )
        + b"*"
    )


def _other_number(text: str) -> bool:
    """Tell whether JSON may spell this text as a number written otherwise: 100000.0 is 1e5.

    Only what a float prints as can be; a longer number keeps the text it was written with.
    """
    if text == "0":
        return True  # or -0
    if text.isdigit() or _FRACTION.fullmatch(text) is None:
        return False
    return dumps(float(text)) == text.encode()


def _both_cases(digits: set[bytes]) -> bytes:
    return b"".join(sorted(digits | {d.upper() for d in digits}))


def may_hold_jid(jids: Collection[str]) -> Callable[[bytes], object]:
    """Return a fast test of a raw member: false only where none of these JIDs can be in it."""
    if any(_other_number(jid) for jid in jids):
        return lambda raw: True  # noqa: ARG005
    needles = [jid.encode("utf-8", "surrogatepass") for jid in jids]
    escapes = _escapes(jids)
    if len(needles) == 1:
        needle = needles[0]
        return lambda raw: needle in raw or (b"\\" in raw and escapes(raw))
    if len(needles) < _MANY:
        return lambda raw: any(n in raw for n in needles) or (b"\\" in raw and escapes(raw))
    wanted = frozenset(needles)

    def one_of_many(raw: bytes) -> object:
        for text, other in _JID_FIELD.findall(raw):  # no generator: this is the hot path
            if (text or other) in wanted:
                return True
        return b"\\" in raw and escapes(raw)

    return one_of_many


def _escapes(jids: Collection[str]) -> Callable[[bytes], object]:
    r"""Return a test for a backslash that can be part of one of these JIDs' spelling."""
    characters = set("".join(jids)) | set("jid")
    if any(_PLAIN.fullmatch(c) is None for c in characters):
        return lambda raw: True  # noqa: ARG005
    codes = "|".join(sorted(f"{ord(c):02x}" for c in characters)).encode()
    return re.compile(rb"\\u00(?:" + codes + rb")", re.IGNORECASE).search
