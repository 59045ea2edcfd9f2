r"""Read and write JSON as Faktory's server does, in Go: for the lock of a unique job.

Go reads all numbers as 64-bit floats and takes the last of two keys of one name. It writes keys
sorted, without blanks, and what HTML could mistake escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from math import isinf
from operator import itemgetter
from typing import TypeVar

from jobctl.model.jsontext import Number, dig, glance, text_of, write_json
from jobctl.systems.faktory.layout import FAKTORY

_UNIQUE_FOR = ("custom", "unique_for")
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile('["\\\\\x00-\x1f<>&\u2028\u2029]')
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: Go reads it as U+FFFD
_PLAIN = (1e-6, 1e21)  # within these magnitudes a number is written without an exponent


def lock_key(raw: bytes) -> str | None:
    """Return the key of a unique job's lock; None for a job that is not unique.

    Faktory's plugin makes it of queue, type and arguments: the SHA-256 of
    ``<queue>-<jobtype>-<args>``, the arguments in Go's form.
    """
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
    """Return a decoded value as Go's encoding/json writes it; None if a number is no float."""
    try:
        return write_json(top, _go_scalar, _go_members)
    except OverflowError:
        return None


def _go_members(found: dict[str, object]) -> list[tuple[str, object]]:
    return sorted(
        {_well_formed(key): item for key, item in found.items()}.items(), key=itemgetter(0)
    )


def _go_scalar(value: object) -> str:
    if isinstance(value, str):
        return f'"{_ESCAPED.sub(_escape, _well_formed(value))}"'
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    assert isinstance(value, int | float | Number)  # noqa: S101 (JSON has no others)
    return go_number(float(str(value)))


def go_number(value: float) -> str:
    """Return a float as Go's encoding/json writes it.

    Raises:
        OverflowError: it is infinite.
    """
    if isinf(value):
        raise OverflowError
    smallest, largest = _PLAIN
    if value and not smallest <= abs(value) < largest:
        return re.sub(r"e-0(\d)$", r"e-\1", repr(value))
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def _escape(found: re.Match[str]) -> str:
    sign = found[0]
    return _SHORT.get(sign) or f"\\u{ord(sign):04x}"


def _well_formed(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)


_EXACT = 2**53  # from here on a float leaves integers out
_FAILURE: Mapping[str, type] = {
    "retry_count": int, "remaining": int, "failed_at": str, "next_at": str, "message": str,
    "errtype": str, "backtrace": list,
}  # fmt: skip
_JOB: Mapping[str, type] = {
    "jid": str, "queue": str, "jobtype": str, "args": list, "created_at": str,
    "enqueued_at": str, "at": str, "reserve_for": int, "retry": int, "backtrace": int,
    "failure": dict, "custom": dict,
}  # fmt: skip

_T = TypeVar("_T")


def survives_recoding(raw: bytes) -> bool:
    """Tell whether a server that decodes and encodes a job, as its poller does, keeps all of it.

    It drops the keys that its jobs do not have.
    """
    try:
        payload = json.loads(
            raw.decode(),
            object_pairs_hook=_once,
            parse_int=_integer,
            parse_float=_fraction,
            parse_constant=_refuse,
        )
        json.dumps(payload, ensure_ascii=False).encode()  # half characters are not kept
    except (ValueError, RecursionError):
        return False
    if not isinstance(payload, dict) or not _fits(payload, _JOB) or not payload.get("jid"):
        return False
    failure = payload.get("failure")
    return failure is None or (
        _fits(failure, _FAILURE) and all(isinstance(t, str) for t in failure.get("backtrace") or ())
    )


def _fits(found: Mapping[str, object], known: Mapping[str, type]) -> bool:
    """Tell whether Go's struct takes all of it; null is a zero there."""
    return all(
        name in known and (value is None or type(value) is known[name])
        for name, value in found.items()
    )


def _once(pairs: list[tuple[str, _T]]) -> dict[str, _T]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _integer(text: str) -> int:
    if len(text) > len(str(_EXACT)) + 1 or abs(int(text)) > _EXACT:
        raise ValueError("an integer that a float does not hold")
    return int(text)


def _fraction(text: str) -> float:
    value = float(text)
    if Decimal(repr(value)) != Decimal(text):
        raise ValueError("a number that a float does not hold")
    return value


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
