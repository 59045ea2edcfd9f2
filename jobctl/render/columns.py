"""Which columns a table has, and how they share the width there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# What may be cut short, and to how little; everything else is shown whole or not at all.
_MINIMUM = {
    "fingerprint": 24,
    "type": 14,
    "args": 12,
    "message": 20,
    "errtype": 14,
    "jobtype": 14,
    "class": 14,
    "job_name": 14,
    "job_args": 12,
    "errors": 16,
    "data": 12,
    "problem": 16,
    "wid": 10,
    "paused_by": 8,
    "reason": 10,
    "holders": 12,
    "url": 24,
    "faktory": 20,
    "value": 20,
    "source": 14,
    "meaning": 24,
    "hint": 20,
    "file": 14,
    "schedule": 18,
    "words": 24,
}
# What goes first when the terminal is narrow.
_EXPENDABLE = (
    "hint", "entry", "column", "day",
    "rethinkdb", "layout", "current", "journal", "reason_required", "faktory",
    "paused_at", "paused_by", "filter", "newest", "oldest", "bar", "share", "wait p50", "run p50",
    "schedule", "last",
    "data", "job_args", "kill_requested_at", "killed_at", "succeeded_at", "queued_at",
    "provider_job_id", "attempt", "errors", "recorded_at", "progress",
    "raw_b64", "raw", "malformed", "form", "registered", "purge_at", "remaining", "retry",
    "created_at", "wid", "args", "file", "queue", "words", "line", "retry_count", "message",
    "enqueued_at", "reserved_at", "errtype", "class", "problem", "working", "expires_at", "at",
    "died_at", "latency", "protected", "read_only", "in", "later",
)  # fmt: skip
_PASTED = ("filter",)  # of use only as a whole
GAP = 2
_LONGEST = 40  # cells that one column may take at the cost of others: a UUID and some


@dataclass(frozen=True, slots=True)
class Fit:
    """The columns that are shown, each with its width, and those that found no room."""

    widths: dict[str, int]
    hidden: tuple[str, ...] = ()


def fit(columns: Sequence[str], natural: dict[str, int], width: int) -> Fit:
    """Share a terminal's width out.

    Args:
        columns: the keys, in order.
        natural: what each would need to show everything.
        width: the cells there are.
    """
    most = max(_LONGEST, width // 2)
    natural = {
        column: cells if column in _PASTED else min(cells, most)
        for column, cells in natural.items()
    }
    shown = list(columns)
    hidden: list[str] = []
    for column in (c for c in _EXPENDABLE if c != columns[0]):
        if _needed(shown, natural) <= width or len(shown) == 1:
            break
        if column in shown:
            shown.remove(column)
            hidden.append(column)
    widths = {column: _least(column, natural) for column in shown}
    spare = max(0, width - sum(widths.values()) - GAP * (len(shown) - 1))
    for column in sorted(shown, key=lambda c: natural[c] - widths[c]):
        given = min(spare, natural[column] - widths[column])
        widths[column] += given
        spare -= given
    if len(shown) == 1:
        widths[shown[0]] = min(widths[shown[0]], width)
    return Fit(widths, tuple(c for c in columns if c in hidden))


def _least(column: str, natural: dict[str, int]) -> int:
    return min(natural[column], _MINIMUM.get(column, natural[column]))


def _needed(columns: Sequence[str], natural: dict[str, int]) -> int:
    return sum(_least(c, natural) for c in columns) + GAP * (len(columns) - 1)
