from __future__ import annotations

import re

_V = re.compile(rb'"enqueued_at"\s*:\s*("[^"\\]*")')


def enqueued(raw: bytes, payload: dict[str, object], moment: bytes) -> bytes:
    m = _V.search(raw)
    if m is None:
        i = raw.rindex(b"}")
        return raw[:i] + b',"enqueued_at":"' + moment + b'"' + raw[i:]
    return raw[: m.start(1)] + b'"' + moment + b'"' + raw[m.end(1) :]


def without_failure(raw: bytes, payload: dict[str, object]) -> bytes:
    return raw
