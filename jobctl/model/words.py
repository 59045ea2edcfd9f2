"""Near names for what was mistyped."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint: the near name, or all names where none is near."""
    names = list(known)
    near = get_close_matches(word, names, 1, 0.5)
    return f"did you mean {near[0]}?" if near else f"one of: {', '.join(names)}"
