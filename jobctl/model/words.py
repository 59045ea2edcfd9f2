"""Names in messages: suggestions for a mistyped one, plurals, long lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jobctl.errors import UsageProblem

_FAR = 2  # letters in which a mistyped name differs at most
_SHORT = 3  # letters of a name that may differ in one only
# Names in other tools; the first of the names here that is known is meant.
_SYNONYMS = {
    "active": ("working", "started"),
    "attempts": ("retry_count", "attempt"),
    "busy": ("working",),
    "complete": ("completed", "success"),
    "completed": ("success", "succeeded"),
    "delete": ("discard", "remove"),
    "done": ("success", "succeeded"),
    "error": ("message", "errors"),
    "error_class": ("errtype",),
    "error_message": ("message",),
    "errors": ("message",),
    "exception": ("errtype",),
    "finished": ("success", "succeeded"),
    "flush": ("clear",),
    "get": ("show",),
    "inspect": ("show",),
    "job_id": ("jid", "id"),
    "klass": ("class", "jobtype"),
    "length": ("count", "size"),
    "list": ("ls",),
    "morgue": ("dead",),
    "name": ("jobtype", "job_name"),
    "pending": ("enqueued", "queued"),
    "processing": ("working", "started"),
    "purge": ("clear", "discard"),
    "queues": ("queue",),
    "reason": ("message",),
    "remove": ("discard", "delete"),
    "rerun": ("requeue",),
    "reserved": ("working",),
    "retries": ("retry", "retry_count"),
    "retry": ("requeue", "retries"),
    "rm": ("discard", "remove", "delete"),
    "run_at": ("at",),
    "running": ("working", "started"),
    "search": ("query", "ls"),
    "size": ("count",),
    "start": ("resume",),
    "stop": ("pause",),
    "succeeded": ("success",),
    "unpause": ("resume",),
    "worker": ("wid",),
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint: the name that was probably meant, or all names."""
    names = list(known)
    near = near_name(word, names)
    return f"did you mean {near}?" if near else f"one of: {', '.join(names)}"


def near_name(word: str, known: Iterable[str]) -> str | None:
    """Return the name that was probably meant by a word: a synonym, or a mistyped name.

    None if no name is within two letters of it: a wrong guess is worse than none.
    """
    names = list(known)
    meant = next((name for name in _SYNONYMS.get(word.lower(), ()) if name in names), None)
    if meant is not None:
        return meant
    far, near = min(((_distance(word, name), name) for name in names), default=(_FAR + 1, ""))
    return near if far <= _FAR else None


def _distance(word: str, name: str) -> int:
    """Return how many letters must be inserted, deleted, replaced or swapped with the next.

    A result above `_FAR` only means that it is more.
    """
    one, other = word.lower(), name.lower()
    most = _FAR if min(len(one), len(other)) > _SHORT else 1
    if abs(len(one) - len(other)) > most:
        return _FAR + 1
    before, above = [0], list(range(len(other) + 1))
    for i, letter in enumerate(one):
        row = [i + 1]
        for j, wanted in enumerate(other):
            row.append(min(above[j + 1] + 1, row[j] + 1, above[j] + (letter != wanted)))
            if i and j and (letter, wanted) == (other[j - 1], one[i - 1]):
                row[-1] = min(row[-1], before[j - 1] + 1)
        before, above = above, row
    return above[-1] if above[-1] <= most else _FAR + 1


def things(count: int, thing: str) -> str:
    """Return the singular or plural of a word for this count."""
    return thing if count == 1 else f"{thing}s"


def listed(names: Sequence[str], most: int = 10) -> str:
    """Return names separated by commas, the first `most` of them."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def read_names(option: str, text: str, known: Sequence[str]) -> tuple[str, ...]:
    """Split the comma-separated names that an option gives, without duplicates.

    Raises:
        UsageProblem: one of them is not known.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in known:
            raise UsageProblem(f"{option}: there is no {name!r}", hint=did_you_mean(name, known))
    return names
