r"""The lock of a unique job: the key that Faktory's plugin makes of its queue, type and arguments.

The key is the SHA-256 of ``<queue>-<jobtype>-<args>``, the arguments as Go's encoding/json writes
what it has read: all numbers are 64-bit floats, keys are sorted, the last of two equal keys
stays, there are no blanks, and what HTML could mistake is escaped.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from hashlib import sha256
from math import isinf

from jobctl.model.job import dig, glance
from jobctl.model.jsontext import Number, text_of
from jobctl.systems.faktory.layout import FAKTORY

_UNIQUE_FOR = ("custom", "unique_for")
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile('["\\\\\x00-\x1f<>&\u2028\u2029]')
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: Go reads it as U+FFFD
_PLAIN = (1e-6, 1e21)  # within these magnitudes a number is written without an exponent


def lock_key(raw: bytes) -> str | None:
    """Return the key of a unique job's lock; None for a job that is not unique."""
    if dig(glance(raw), _UNIQUE_FOR) is None:
        return None
    payload = _read(raw)
    queue = payload.get("queue") or FAKTORY.default_queue
    jobtype = payload.get("jobtype") or ""
    args = go_json(payload.get("args"))
    if args is None:
        return None
    text = _well_formed(f"{text_of(queue)}-{text_of(jobtype)}-{args}")
    return sha256(text.encode()).hexdigest()


def _read(raw: bytes) -> dict[str, object]:
    """Decode a job with all numbers as floats, -0 too, which is an integer to others."""
    try:
        found = json.loads(raw.decode("utf-8", "surrogatepass"), parse_int=float)
    except RecursionError:
        found = glance(raw)
    return found if isinstance(found, dict) else {}


def go_json(top: object) -> str | None:
    """Return a decoded value as Go's encoding/json writes it; None where a number is no float."""
    out: list[str] = []
    todo: list[tuple[bool, object]] = [(False, top)]  # (is it punctuation?, what); no recursion
    while todo:
        verbatim, value = todo.pop()
        if isinstance(value, dict):
            named = {_well_formed(key): item for key, item in value.items()}
            todo.append((True, "}"))
            for i, key in reversed(list(enumerate(sorted(named)))):
                todo += [(False, named[key]), (True, f"{',' if i else ''}{_go_text(key)}:")]
            todo.append((True, "{"))
        elif isinstance(value, list):
            todo.append((True, "]"))
            for i, item in reversed(list(enumerate(value))):
                todo += [(False, item), (True, "," if i else "")]
            todo.append((True, "["))
        else:
            text = str(value) if verbatim else _go_scalar(value)
            if text is None:
                return None
            out.append(text)
    return "".join(out)


def _go_scalar(value: object) -> str | None:
    if isinstance(value, str):
        return _go_text(value)
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    assert isinstance(value, int | float | Number)  # noqa: S101 (JSON has no others)
    return go_number(float(str(value)))


def go_number(value: float) -> str | None:
    """Return a float as Go's encoding/json writes it; None where it is infinite."""
    if isinf(value):
        return None
    smallest, largest = _PLAIN
    if value and not smallest <= abs(value) < largest:
        return re.sub(r"e-0(\d)$", r"e-\1", repr(value))
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def _go_text(value: str) -> str:
    return f'"{_ESCAPED.sub(_escape, _well_formed(value))}"'


def _escape(found: re.Match[str]) -> str:
    sign = found[0]
    return _SHORT.get(sign) or f"\\u{ord(sign):04x}"


def _well_formed(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)
