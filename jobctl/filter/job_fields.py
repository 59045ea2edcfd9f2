"""The fields of jobs that a filter can name, and what they stand for in an entry."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from jobctl.errors import BadFilter
from jobctl.filter.conditions import FilterField, Read, Sort, dug
from jobctl.filter.values import shortest, split_path
from jobctl.model.entry import Entry
from jobctl.model.fingerprint import digests, fingerprint
from jobctl.model.layout import JOB_KINDS, Kind
from jobctl.model.rows import entry_value, listing_keys
from jobctl.model.words import near_name

_TIMES = frozenset(
    ("at", "created_at", "enqueued_at", "failed_at", "died_at", "purge_at", "reserved_at",
     "expires_at")
)  # fmt: skip
# What the bytes of a member need not hold as it is compared: made of the score, or put into UTC.
_MADE = _TIMES | {"position", "malformed"}


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
