"""One value as one cell for people."""

from __future__ import annotations

from rich.text import Text

from jobctl.model.rows import Row
from jobctl.model.times import epoch
from jobctl.render.human import duration, number, percent, relative
from jobctl.render.machine import cell
from jobctl.render.safe import printable

_TIMES = frozenset(
    ("at", "created_at", "enqueued_at", "failed_at", "died_at", "purge_at", "reserved_at",
     "expires_at", "started_at", "paused_at", "recorded_at", "queued_at", "succeeded_at",
     "killed_at", "kill_requested_at",
     "oldest", "newest", "next", "last")
)  # fmt: skip
_COUNTS = frozenset(
    ("size", "position", "working", "retry_count", "remaining", "retry", "matched", "done", "gone",
     "failed", "skipped", "count", "attempt", "line", "column", "entry")
)  # fmt: skip
_TOOK = {"wait p50", "wait p95", "run p50", "run p95"}
RIGHT = _COUNTS | _TOOK | {
    "latency", "share", "before", "after", "by this", "by others", "in", "later",
}  # fmt: skip
_STYLES = {
    "errtype": "red",
    "errors": "red",
    "problem": "yellow",
    "queue": "cyan",
    "args": "dim",
    "wid": "dim",
}
_STATES = {"failed": "red", "dead": "red", "killed": "yellow", "succeeded": "green"}
_MOST, _MOST_WIDE = 500, 5000  # characters of a cell; whole values are for programs
LEVELS = {"error": "bold red", "warning": "bold yellow"}
_NOTHING = Text("-", style="dim")


def human_cell(key: str, row: Row, now: float, *, exact: bool) -> Text:
    """Return a row's value under a key, safe for a terminal.

    Args:
        key: the listing key.
        row: the row it is in.
        now: unix seconds that relative times count from.
        exact: show times in full instead of relative to now.
    """
    value = row.get(key)
    if row.get("malformed") is True and key in ("jid", "message", "args"):
        return _malformed(key, row)
    if value is None or value in ("", []):
        return _NOTHING
    if key == "errors" and isinstance(value, list) and not exact:
        value = value[-1]  # the last one tells why it is where it is
    if key == "holders" and isinstance(value, list):
        return _holders(value)
    text = _plain(key, value, now, exact=exact)
    most = _MOST_WIDE if exact else _MOST
    return Text(_cut(text, most), style=_style(key, value, now))


def _plain(key: str, value: object, now: float, *, exact: bool) -> str:
    if key in _TIMES and not exact:
        moment = epoch(value)
        return cell(value) if moment is None else relative(moment, now)
    if key == "latency" and isinstance(value, int | float):
        return duration(value)
    if key == "share" and isinstance(value, float):
        return f"{value:.1%}"
    if key in _COUNTS and type(value) is int:
        return number(value)
    if key == "progress" and isinstance(value, int | float) and not isinstance(value, bool):
        return percent(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return cell(value)


def _style(key: str, value: object, now: float) -> str:
    if key == "expires_at":
        moment = epoch(value)
        return "bold red" if moment is not None and moment < now else ""
    if key == "paused":
        return "bold yellow" if value is True else "dim"
    if key == "state":
        return _STATES.get(str(value), "")
    if key == "level":
        return LEVELS.get(str(value), "")
    return _STYLES.get(key, "")


def _holders(leases: list[dict[str, object]]) -> Text:
    """Return who holds a queue; the dead stand out."""
    text = Text()
    for lease in leases:
        dead = lease.get("dead") is True
        text.append(", " if text else "")
        who = _cut(f"{lease.get('who')}@{lease.get('host')}", _MOST)
        text.append(f"{who} (dead)" if dead else who, style="bold yellow" if dead else "")
    return text


def _malformed(key: str, row: Row) -> Text:
    if key == "jid":
        return Text("(malformed)", style="yellow")
    return Text(_cut(str(row.get("raw") or row.get("raw_b64") or ""), _MOST), style="dim")


def _cut(text: str, most: int) -> str:
    return printable(text) if len(text) <= most else printable(text[:most]) + "…"
