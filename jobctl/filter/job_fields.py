"""The names that a filter can use, and what they stand for in an entry."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobctl.errors import BadFilter
from jobctl.filter.values import Literal
from jobctl.model.entry import Entry
from jobctl.model.job import dig
from jobctl.model.jsontext import dumps, loads
from jobctl.model.layout import JOB_KINDS, Kind, Path
from jobctl.model.rows import entry_value, listing_keys
from jobctl.model.words import near_name

Read = Callable[[Any, float], tuple[object, ...]]  # of an entry, or of a record
Find = Callable[[str, tuple[str, int]], "FilterField"]  # a name; the expression and its place in it

_PLAIN = r"[A-Za-z_][A-Za-z0-9_-]*"
_FIELD = re.compile(rf'{_PLAIN}(?:\.(?:{_PLAIN}|"(?:[^"\\]|\\.)*")|\[\d+\])*')
_STEP = re.compile(rf'\[(\d+)\]|\.?({_PLAIN})|\.("(?:[^"\\]|\\.)*")')
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
class FilterField:
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
    name: str,
    at: tuple[str, int],
    kind: Kind | None = None,
    payload_keys: Collection[str] | None = None,
) -> FilterField:
    """Return the field of this name.

    Args:
        name: as it was typed.
        at: the expression and the place in it, for the error.
        kind: the structure it is asked of; None: any.
        payload_keys: the top-level keys that payloads have; None: any may be there.

    Raises:
        BadFilter: there is none; says which is near.
    """
    if name == "age":
        return FilterField(name, Sort.AGE, lambda entry, now: (entry.age(now),), verbatim=False)
    if name in _SEVERAL:
        return FilterField(name, Sort.PLAIN, _SEVERAL[name], verbatim=name != "fingerprint")
    every = {key for each in JOB_KINDS for key in listing_keys(each)}
    known = every if kind is None else set(listing_keys(kind))
    if name in known:
        sort = Sort.TIME if name in _TIMES else Sort.PLAIN
        return FilterField(name, sort, _listed(name), verbatim=name not in _MADE)
    first, *rest = path = split_path(name)
    if first == "payload" and rest:
        path = path[1:]
    elif first in every - known if payload_keys is None else first not in payload_keys:
        raise _unknown(
            name, str(first), (*known, *(payload_keys or ()), *_SEVERAL, "age"), kind, at
        )
    return FilterField(
        shortest(name), Sort.PLAIN, dug(path, lambda entry: entry.job.payload), verbatim=True
    )


def _unknown(
    name: str, first: str, known: Iterable[str], kind: Kind | None, at: tuple[str, int]
) -> BadFilter:
    near = near_name(first, sorted(known))
    hint = f"did you mean {near}?" if near else f"payload.{name} reaches any key of the payload"
    whose = "" if kind is None else f" in {kind.value}"
    return BadFilter(f"-w: there is no field {name!r}{whose}", hint=hint, at=at)


def _read_type(entry: Entry, now: float) -> tuple[object, ...]:  # noqa: ARG001
    return (entry.job.get("jobtype"), entry.job.get("class"))


def _read_error(entry: Entry, now: float) -> tuple[object, ...]:  # noqa: ARG001
    return (entry.job.get("errtype"), entry.job.get("message"))


def _read_fingerprint(entry: Entry, now: float) -> tuple[object, ...]:  # noqa: ARG001
    from jobctl.model.fingerprint import digests, fingerprint  # few filters need it

    message = entry.job.text("message")
    if message is None:
        return (None,)
    text = fingerprint(message)
    return (text, *digests(text))


# Fields with several values: any of them can be meant.
_SEVERAL: dict[str, Read] = {
    "type": _read_type, "error": _read_error, "fingerprint": _read_fingerprint,
}  # fmt: skip


def _listed(key: str) -> Read:
    value = entry_value(key)
    return lambda entry, now: (value(entry),)  # noqa: ARG005


def dug(path: Path, top: Callable[[Any], object]) -> Read:
    """Return what reads the value at a path below what `top` gives."""
    return lambda subject, now: (dig(top(subject), path),)  # noqa: ARG005


def split_path(name: str) -> Path:
    """Return the steps of a path, from its text."""
    path: list[str | int] = []
    for found in _STEP.finditer(name):
        index, plain, quoted = found.groups()
        path.append(int(index) if index else plain if plain else str(loads(quoted.encode())))
    return tuple(path)


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
