"""Values for people: times, durations, sizes, and the cells of a table."""

from __future__ import annotations

from rich.text import Text

from jobctl.model.jsontext import dumps
from jobctl.model.rows import Row
from jobctl.model.times import epoch
from jobctl.render.formats import printable, printable_lines
from jobctl.render.machine import cell

_STEPS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")
_BARS = "▁▂▃▄▅▆▇█"


def duration(seconds: float) -> str:
    """Return the two largest units: ``2h 5m``, ``41s``, ``3d``, ``0s``."""
    left = round(abs(seconds))
    for i, (step, unit) in enumerate(_STEPS):
        count, left = divmod(left, step)
        if count:
            rest = left // _STEPS[i + 1][0] if i + 1 < len(_STEPS) else 0
            exact = rest and not (unit == "d" and count >= 14)
            return f"{count}{unit} {rest}{_STEPS[i + 1][1]}" if exact else f"{count}{unit}"
    return "0s"


def elapsed(seconds: float) -> str:
    """Return how long something took: ``8.2ms``, ``340ms``, ``4.1s``, ``2m``."""
    if seconds < 0.01:
        return f"{seconds * 1000:.1f}ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    return f"{seconds:.1f}s" if seconds < 59.95 else duration(seconds)


def relative(moment: float, now: float) -> str:
    """Return ``in 3m`` or ``2h ago``; ``now`` within a second."""
    away = moment - now
    if abs(away) < 1:
        return "now"
    return f"in {duration(away)}" if away > 0 else f"{duration(away)} ago"


def size(count: float) -> str:
    """Return bytes in binary units."""
    value = float(count)
    for unit in _SIZES:
        if value < 1024 or unit == _SIZES[-1]:
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def number(count: int | None) -> str:
    """Return a count with thousands separators; a dash for None."""
    return "-" if count is None else f"{count:,}"


def bar(fraction: float, width: int) -> str:
    """Return a bar that fills a fraction of a width; at least a sliver unless it is 0."""
    eighths = max(1, round(fraction * width * 8)) if fraction > 0 else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[rest].strip()


def whole_percent(fraction: float) -> int:
    """Return a share in percent, rounded down: 100 means all of it."""
    return int(fraction * 100 + 1e-9)  # 0.57 * 100 is a little less than 57


def percent(fraction: float) -> str:
    """Return a share in percent with a small bar; a number that is no share as it is."""
    if not 0 <= fraction <= 1:
        return f"{fraction:g}"
    return f"{whole_percent(fraction):>3}% {bar(fraction, 5)}".rstrip()


def sparkline(values: list[int]) -> str:
    """Return a bar for each value; the highest is full."""
    top = max([*values, 1])
    return "".join(_BARS[min(7, max(0, value) * 8 // (top + 1))] for value in values)


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
_MOST_JSON = 8192  # bytes of a document that people get to see at once
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
    """Return the holders of a queue, the dead ones marked."""
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


def json_text(value: object) -> Text:
    """Return a value as indented JSON, of a long one the beginning."""
    text = dumps(value, indent=True)
    if len(text) <= _MOST_JSON:
        return Text(printable_lines(text.decode()))
    start = text[:_MOST_JSON].decode("utf-8", "ignore")
    return Text(f"{printable_lines(start)}\n.. {size(len(text))} in all; whole with -o json")
