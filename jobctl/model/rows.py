"""Rows: what an entry says, under the listing keys, as plain JSON values."""

from __future__ import annotations

import base64

from jobctl.model.entry import Entry
from jobctl.model.layout import FAKTORY, Kind

Row = dict[str, object]

_COMMON = (
    "jid", "jobtype", "queue", "args", "at", "created_at", "enqueued_at", "retry", "retry_count",
    "remaining", "failed_at", "errtype", "message", "malformed",
)  # fmt: skip
_MORE: dict[Kind, tuple[str, ...]] = {
    Kind.DEAD: ("died_at", "purge_at"),
    Kind.WORKING: ("wid", "reserved_at", "expires_at"),
    Kind.QUEUE: ("position",),
}
RAW_KEYS = ("raw", "raw_b64")


def listing_keys(kind: Kind) -> tuple[str, ...]:
    """Return the keys of every row of a structure, in order."""
    return _COMMON + _MORE.get(kind, ())


def listing_row(entry: Entry) -> Row:
    """Return an entry's row. Every key is there; a malformed one also carries its bytes."""
    job, kind = entry.job, entry.kind
    row: Row = {}
    for key in _COMMON:
        if key in FAKTORY.fields:
            row[key] = job.listed(key)
        else:
            row[key] = entry.at if key == "at" else job.malformed
    if kind is Kind.DEAD:
        row |= {"died_at": entry.died_at, "purge_at": entry.at}
    elif kind is Kind.WORKING:
        row |= {key: entry.reservation.get(key) for key in _MORE[kind]}
    elif kind is Kind.QUEUE:
        row["position"] = entry.place.position
    if job.malformed:
        row |= raw_keys(entry.raw)
    return row


def raw_keys(raw: bytes) -> Row:
    """Return a member as text in ``raw``, or, where it is none, in ``raw_b64``."""
    try:
        return {"raw": raw.decode(), "raw_b64": None}
    except UnicodeDecodeError:
        return {"raw": None, "raw_b64": base64.b64encode(raw).decode()}
