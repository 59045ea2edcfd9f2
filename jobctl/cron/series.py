"""Numbers in a sentence: runs, steps and lists that stay short."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

_STEPPED = 5  # values with one step between them, from which on the first three tell the rest
_RUN = 3  # values in a row that are told by the first and the last
_PIECES = 8  # of a list
_KEPT = 6  # of one that has more


def joined(parts: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def runs(values: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending values as runs, each its first and last."""
    found: list[tuple[int, int]] = []
    for value in values:
        if found and value == found[-1][1] + 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return found


def single_run(values: Sequence[int], size: int, least: int = 0) -> tuple[int, int] | None:
    """Return the first and last of values that follow each other, in a cycle of so many.

    None where they do not, are all there are, or are fewer than three.
    """
    found = runs(values)
    if not _RUN <= len(values) < size or len(found) > 2:
        return None
    if len(found) == 1:
        return found[0]
    first, last = found
    return (last[0], first[1]) if (first[0], last[1]) == (least, least + size - 1) else None


def step_of(values: Sequence[int]) -> int | None:
    """Return what lies between each two values; None where that differs, or there is but one."""
    steps = {after - before for before, after in pairwise(values)}
    return steps.pop() if len(steps) == 1 else None


def cycle_of(values: Sequence[int], size: int) -> int | None:
    """Return what lies between each two values where that goes on over the end of the cycle."""
    step = step_of(values)
    return step if step is not None and step * len(values) == size else None


def is_spelled(values: Sequence[int]) -> bool:
    """Tell whether `series` names each of them."""
    return all(len(piece) == 1 for piece in _pieces(values)) and len(values) <= _KEPT


def series(values: Sequence[int], name: Callable[[int], str] = str) -> str:
    """Return values for a sentence: ``1 to 5 and 9``, ``0, 7, 14 … 56``, ``.. and 37 more``."""
    step = step_of(values)
    if step is not None and step > 1 and len(values) >= _STEPPED:
        return f"{', '.join(name(value) for value in values[:3])} … {name(values[-1])}"
    pieces = list(_pieces(values))
    kept = pieces if len(pieces) <= _PIECES else pieces[:_KEPT]
    words = [" to ".join(name(value) for value in dict.fromkeys((p[0], p[-1]))) for p in kept]
    more = sum(len(piece) for piece in pieces[len(kept) :])
    return joined([*words, f"{more} more"] if more else words)


def _pieces(values: Sequence[int]) -> Iterator[range]:
    """Yield runs whole, and what is too short for one value by value."""
    for first, last in runs(values):
        if last - first + 1 >= _RUN:
            yield range(first, last + 1)
        else:
            yield from (range(value, value + 1) for value in range(first, last + 1))
