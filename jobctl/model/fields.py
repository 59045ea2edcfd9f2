"""The names that a filter can use, and what they stand for in an entry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobctl.errors import BadFilter
from jobctl.model.comparing import Literal
from jobctl.model.entry import Entry
from jobctl.model.jsontext import dumps, loads
from jobctl.model.layout import FAKTORY, JOB_KINDS, Kind, Layout
from jobctl.model.rows import entry_value, listing_keys
from jobctl.model.words import near_name

Step = str | int
Read = Callable[[Any, float], tuple[object, ...]]  # of an entry, or of a record
Find = Callable[[str, tuple[str, int]], "Field"]  # a name; the expression and its place in it

_PLAIN = r"[A-Za-z_][A-Za-z0-9_-]*"
_FIELD = re.compile(rf'{_PLAIN}(?:\.(?:{_PLAIN}|"(?:[^"\\]|\\.)*")|\[\d+\])*')
_STEP = re.compile(rf'\[(\d+)\]|\.?({_PLAIN})|\.("(?:[^"\\]|\\.)*")')
_ALIASES = {"type": "jobtype"}
_TIMES = frozenset(
    ("at", "created_at", "enqueued_at", "failed_at", "died_at", "purge_at", "reserved_at",
     "expires_at")
)  # fmt: skip
# What the bytes of a member need not hold as it is compared: made of the score, or put into UTC.
_MADE = _TIMES | {"position", "malformed"}


class Sort(StrEnum):
    """How a field is compared."""

    PLAIN = "plain"
    TIME = "time"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class Field:
    """A field as it was named.

    Attributes:
        name: its normalised name.
        sort: how it is compared.
        read: returns its values: one, or for ``error`` two; None where it is missing.
        verbatim: whether a text it equals must be in the member's bytes.
        check: raises `BadFilter` for a value that it never has; given the place of it too.
    """

    name: str
    sort: Sort
    read: Read
    verbatim: bool
    check: Callable[[Literal, tuple[str, int]], None] | None = None

    def __str__(self) -> str:
        return self.name


def match_field(text: str, start: int) -> re.Match[str] | None:
    """Find a field's name at a place in a text."""
    return _FIELD.match(text, start)


def find_field(
    name: str, at: tuple[str, int], kind: Kind | None = None, layout: Layout = FAKTORY
) -> Field:
    """Return the field of this name.

    Args:
        name: as it was typed.
        at: the expression and the place in it, for the error.
        kind: the structure it is asked of; None: any.
        layout: the job system's names.

    Raises:
        BadFilter: there is none; says which is near.
    """
    name = _ALIASES.get(name, name)
    if name == "age":
        return Field(name, Sort.AGE, lambda entry, now: (entry.age(now),), verbatim=False)
    if name == "error":
        return Field(name, Sort.PLAIN, _read_error, verbatim=True)
    every = {key for each in JOB_KINDS for key in listing_keys(each)}
    known = every if kind is None else set(listing_keys(kind))
    if name in known:
        sort = Sort.TIME if name in _TIMES else Sort.PLAIN
        return Field(name, sort, _listed(name), verbatim=name not in _MADE)
    first, *rest = path = split_path(name)
    if first == "payload" and rest:
        path = path[1:]
    elif first not in layout.payload_keys:
        raise _unknown(
            name, str(first), (*known, *layout.payload_keys, "type", "error", "age"), kind, at
        )
    return Field(
        shortest(name), Sort.PLAIN, dug(path, lambda entry: entry.job.payload), verbatim=True
    )


def _unknown(
    name: str, first: str, known: Iterable[str], kind: Kind | None, at: tuple[str, int]
) -> BadFilter:
    near = near_name(first, sorted(known), 0.7)
    hint = f"did you mean {near}?" if near else f"payload.{name} reaches any key of the payload"
    whose = "" if kind is None else f" in {kind.value}"
    return BadFilter(f"-w: there is no field {name!r}{whose}", hint=hint, at=at)


def _read_error(entry: Entry, now: float) -> tuple[object, ...]:  # noqa: ARG001
    return (entry.job.get("errtype"), entry.job.get("message"))


def _listed(key: str) -> Read:
    value = entry_value(key)
    return lambda entry, now: (value(entry),)  # noqa: ARG005


def dug(path: Sequence[Step], top: Callable[[Any], object]) -> Read:
    """Return what reads the value at a path below what `top` gives."""

    def read(subject: Any, now: float) -> tuple[object, ...]:  # noqa: ARG001
        value = top(subject)
        for step in path:
            if isinstance(step, int):
                value = value[step] if isinstance(value, list) and step < len(value) else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
        return (value,)

    return read


def split_path(name: str) -> list[Step]:
    """Return the steps of a path, from its text."""
    path: list[Step] = []
    for found in _STEP.finditer(name):
        index, plain, quoted = found.groups()
        path.append(int(index) if index else plain if plain else str(loads(quoted.encode())))
    return path


def shortest(name: str) -> str:
    """Return a path in its shortest form."""
    text = ""
    for step in split_path(name):
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = re.fullmatch(_PLAIN, step) is not None
            text += ("." if text else "") + (step if plain else dumps(step).decode())
    return text
