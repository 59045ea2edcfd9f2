"""Names in sentences: near ones for what was mistyped, the first of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jobctl.errors import UsageProblem

_NAMED = 10  # names in a sentence


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint: the near name, or all names where none is near."""
    names = list(known)
    near = near_name(word, names, 0.5)
    return f"did you mean {near}?" if near else f"one of: {', '.join(names)}"


def near_name(word: str, known: Iterable[str], least: float) -> str | None:
    """Return the name that is most like a word; None where none is, at `least` (0..1)."""
    from difflib import get_close_matches  # a start without a mistake does not pay for it

    return next(iter(get_close_matches(word, list(known), 1, least)), None)


def things(count: int, thing: str) -> str:
    """Return the word for so many of a thing."""
    return thing if count == 1 else f"{thing}s"


def listed(names: Sequence[str]) -> str:
    """Return names in a sentence, the first of them where they are many."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def read_names(option: str, text: str, known: Sequence[str]) -> tuple[str, ...]:
    """Read the names that an option gives, with commas between them; each counts once.

    Raises:
        UsageProblem: one of them is not known.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in known:
            raise UsageProblem(f"{option}: there is no {name!r}", hint=did_you_mean(name, known))
    return names
