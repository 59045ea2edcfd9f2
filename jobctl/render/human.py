"""Times, durations and sizes as people say them."""

from __future__ import annotations

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
    """Return how long something took, short ones finely: ``8.2ms``, ``340ms``, ``4.1s``, ``2m``."""
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
    """Return a count with its thousands apart; a dash where there is none."""
    return "-" if count is None else f"{count:,}"


def bar(fraction: float, width: int) -> str:
    """Return a bar that fills so much of a width; what is not nothing is seen."""
    eighths = max(1, round(fraction * width * 8)) if fraction > 0 else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[rest].strip()


def whole_percent(fraction: float) -> int:
    """Return a share in whole percent: 100 is all of it, and no rounding."""
    return int(fraction * 100 + 1e-9)  # 0.57 * 100 is a little less than 57


def percent(fraction: float) -> str:
    """Return a share in percent, with a small bar; what is no share comes as it is."""
    if not 0 <= fraction <= 1:
        return f"{fraction:g}"
    return f"{whole_percent(fraction):>3}% {bar(fraction, 5)}".rstrip()


def sparkline(values: list[int]) -> str:
    """Return a bar per value, the highest full; nothing is the lowest."""
    top = max([*values, 1])
    return "".join(_BARS[min(7, max(0, value) * 8 // (top + 1))] for value in values)
