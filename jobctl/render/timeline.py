"""What happened when, a line each, and texts cut to a length that people read."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from jobctl.model.times import Instant, epoch
from jobctl.render.cells import relative
from jobctl.render.safe import printable

_NARROW = 13  # cells of what happened, at least
_LONGEST = 1000  # characters of an error or a name


def timeline(events: Iterable[tuple[str, object]], now: float) -> list[Text]:
    """Return a line for each event whose time is one, in their order; `now` in unix seconds."""
    known = [(when, what, text) for what, text in events if (when := epoch(text)) is not None]
    width = max((_NARROW, *(len(what) + 1 for _, what, _ in known)))
    return [
        Text.assemble(f"{what:<{width}}{relative(when, now):<13}", (clock(text), "dim"))
        for when, what, text in sorted(known, key=lambda event: event[0])
    ]


def clock(text: object) -> str:
    """Return a time to the second: people do not read nanoseconds."""
    moment = Instant.parse(str(text))
    return str(text) if moment is None else Instant(moment.seconds).rfc3339()


def shortened(text: str, most: int = _LONGEST) -> str:
    """Return printable text, and of a long one the beginning and how long it is."""
    shown = printable(text[:most])
    return shown if len(text) <= most else f"{shown}… ({len(text):,} characters)"
