"""A snapshot of a status record: all that brings it back, as one line of an operation's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from itertools import chain
from typing import Required, TypedDict

from jobctl.model.jobba import Record, attempt_number, decode, encode
from jobctl.model.jsontext import dumps, loads_own
from jobctl.model.typed import typed

_ZERO = b"\0"  # in no JSON text
RECORDS = "records"  # the ledger's name of all records


@dataclass(frozen=True, slots=True)
class Attempt:
    """An archived attempt: its number, its hash (names and values in turn), when it expires."""

    number: int
    flat: Sequence[bytes]
    expires: int | None = None


class _Attempt(TypedDict):
    number: int
    hash: dict[str, str]
    expires: int | None


class _Line(TypedDict, total=False):
    """A snapshot as it is written."""

    id: Required[str]
    hash: Required[dict[str, str]]
    expires: int
    states: Required[list[str]]
    times: Required[dict[str, str]]
    sets: list[str]
    attempts: list[_Attempt]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A record and its index entries, as they stood.

    Attributes:
        id: the record's.
        flat: the hash as HGETALL gives it, names and values in turn; empty: an orphan, of which
            there are index entries alone. A change that is never undone keeps a part of it.
        expires: when the hash expires, in milliseconds since the epoch; None: never.
        states: the sets of states that it is in.
        times: the scores that it has, by the name of the time, as Redis writes them.
        sets: the keys, behind the namespace, of the other sets that it is in.
        attempts: its archived attempts.
        decoded: the record, where it was decoded already.
    """

    id: str
    flat: Sequence[bytes] = ()
    expires: int | None = None
    states: tuple[str, ...] = ()
    times: Mapping[str, str] = field(default_factory=dict)
    sets: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    decoded: Record | None = field(default=None, compare=False, repr=False)

    @property
    def orphan(self) -> bool:
        """Whether only its index entries are left."""
        return not self.flat

    @property
    def record(self) -> Record:
        """The record, decoded."""
        return self.decoded or Record.read(self.id, list(self.flat))

    @property
    def score(self) -> bytes:
        """When it was recorded, as its index has it; what has no such time comes first."""
        return self.times.get("recorded_at", "0").encode()

    @property
    def fields(self) -> tuple[bytes, ...]:
        """The names of its fields, in their order."""
        return tuple(self.flat[::2])

    @property
    def digest(self) -> str:
        """What tells its hash from any other; as redis/record_delete.lua makes it."""
        text = _ZERO.join(self.flat)
        if text.count(_ZERO) == len(self.flat) - 1:
            return sha1(text).hexdigest()  # noqa: S324
        counted = b"".join([b"%d:%b" % (len(word), word) for word in self.flat])
        return f"l{sha1(counted).hexdigest()}"  # noqa: S324

    def text(self, name: bytes) -> bytes:
        """Return a field as it stands in the hash; nothing where it is not there."""
        return next((value for field, value in self._pairs() if field == name), b"")

    @property
    def restarts_from(self) -> int:
        """The number of its attempt, as a restart reads it."""
        return attempt_number(self.text(b"attempt"))

    def entering(self, state: str) -> dict[str, int]:
        """By how much each structure changes where it enters a state."""
        left = [held for held in self.states if held != state]
        found = {state_name(held): -1 for held in left}
        return found if state in self.states else found | {state_name(state): 1}

    def stands(self, flat: Sequence[bytes], *, whole: bool) -> bool:
        """Tell whether a hash is as it was, in any order; not `whole`: its state and attempt."""
        now = dict(zip(flat[::2], flat[1::2], strict=True))
        if whole:
            return now == dict(self._pairs())
        number = attempt_number(now.get(b"attempt", b""))
        return number == self.restarts_from and now.get(b"state", b"") == self.text(b"state")

    def within(self, flat: Sequence[bytes]) -> bool:
        """Tell whether a hash has every field that is known of it, as it was."""
        now = dict(zip(flat[::2], flat[1::2], strict=True))
        return all(now.get(name) == value for name, value in self._pairs())

    def _pairs(self) -> Iterator[tuple[bytes, bytes]]:
        return zip(self.flat[::2], self.flat[1::2], strict=True)

    @property
    def ledger(self) -> dict[str, int]:
        """By how much each structure changes where it is deleted, as the ledger names them."""
        found = {state_name(state): -1 for state in self.states}
        if "recorded_at" in self.times:
            found[RECORDS] = -1
        return found

    def line(self) -> bytes:
        """Return it as one line of JSON; bytes that are no UTF-8 come as lone surrogates."""
        document: dict[str, object] = {"id": self.id, "hash": _object(self.flat)}
        if self.expires is not None:
            document["expires"] = self.expires
        document |= {"states": self.states, "times": self.times}
        if self.sets:
            document["sets"] = self.sets
        if self.attempts:
            document["attempts"] = [
                {"number": a.number, "hash": _object(a.flat), "expires": a.expires}
                for a in self.attempts
            ]
        return dumps(document)

    @classmethod
    def read(cls, line: bytes) -> Snapshot:
        """Read a line.

        Raises:
            ValueError: it is none.
        """
        found: _Line = typed(_Line, loads_own(line), "a record")
        return cls(
            found["id"],
            _flat(found["hash"]),
            found.get("expires"),
            tuple(found["states"]),
            found["times"],
            tuple(found.get("sets", ())),
            tuple(
                Attempt(a["number"], _flat(a["hash"]), a["expires"])
                for a in found.get("attempts", ())
            ),
        )


def state_name(state: str) -> str:
    """Return the ledger's name of the records in a state."""
    return f"{RECORDS}:{state}"


def _object(flat: Sequence[bytes]) -> dict[str, str]:
    together = _ZERO.join(flat)
    if together.count(_ZERO) == len(flat) - 1:  # one decoding instead of one for each
        texts = decode(together).split("\0")
    else:
        texts = list(map(decode, flat))
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _flat(found: Mapping[str, str]) -> list[bytes]:
    texts = list(chain.from_iterable(found.items()))
    together = encode("\0".join(texts))
    if texts and together.count(_ZERO) == len(texts) - 1:
        return together.split(_ZERO)
    return list(map(encode, texts))
