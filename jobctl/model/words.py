"""Near names for what was mistyped."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint: the near name, or all names where none is near."""
    from difflib import get_close_matches  # a start without a mistake does not pay for it

    names = list(known)
    near = get_close_matches(word, names, 1, 0.5)
    return f"did you mean {near[0]}?" if near else f"one of: {', '.join(names)}"
