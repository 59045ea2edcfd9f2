"""What is left of a job when a Faktory server decodes and encodes it, as its poller does.

Go reads numbers as floats, takes the last of two keys of one name, and drops the keys that a job
does not have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

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
    """Tell whether a server that encodes a job anew keeps all that is in it."""
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
