"""All records and all indexes as plain dicts and sets, changed by the rules of the layout."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import redis

from tests.everything import everything
from tests.records.gem import COMPLETED, MOMENTS, STATES, raw, to_json

Hash = dict[bytes, bytes]
Stamp = Callable[[str, str], int]  # id and field: the microseconds that the change left there


class Refused(Exception):
    """A change that is to change nothing."""


def dump(client: redis.Redis, namespace: str = "jobba") -> dict[bytes, Any]:
    """Return everything below a namespace, and under b"ttl" which keys have a time to live."""
    found = everything(client, f"{namespace}:*")
    with client.pipeline(transaction=False) as pipe:
        for key in found:
            pipe.ttl(key)
        mortal = {key for key, left in zip(found, pipe.execute(), strict=True) if left > 0}
    return {b"ttl": mortal} | found


class World:
    """What Redis should hold. `stamp` reads the time of a change that was made there already."""

    def __init__(self, stamp: Stamp, namespace: str = "jobba") -> None:
        self.stamp = stamp
        self.namespace = namespace
        self.hashes: dict[bytes, Hash] = {}
        self.sets: dict[bytes, set[bytes]] = {}
        self.times: dict[bytes, dict[bytes, float]] = {}
        self.mortal: set[bytes] = set()

    @classmethod
    def read(cls, client: redis.Redis) -> World:
        """Return what a database holds; it is looked at, and not changed."""
        found = dump(client)
        world = cls(lambda ident, field: 0)
        world.mortal = found.pop(b"ttl")
        for key, value in found.items():
            if isinstance(value, set):
                world.sets[key] = value
            else:
                (world.hashes if key.startswith(world.key("id", "")) else world.times)[key] = value
        return world

    def dump(self) -> dict[bytes, Any]:
        full = {k: v for part in (self.hashes, self.sets, self.times) for k, v in part.items() if v}
        return full | {b"ttl": self.mortal & self.hashes.keys()}

    # How the keyspace is written to.

    def key(self, *parts: str) -> bytes:
        return raw(":".join((self.namespace, *parts)))

    def record(self, ident: str) -> bytes:
        return self.key("id", ident)

    def hash(self, ident: str) -> Hash | None:
        return self.hashes.get(self.record(ident))

    def value(self, ident: str, field: str) -> Any:
        text = (self.hash(ident) or {}).get(field.encode())
        return None if text is None else decoded(text)

    def write(self, ident: str, fields: dict[str, Any], *, alone: bool = False) -> None:
        found = self.hashes.setdefault(self.record(ident), {})
        found |= {name.encode(): to_json(value) for name, value in fields.items()}
        if alone:
            self.mortal.add(self.record(ident))

    def add(self, ident: str, *key: str) -> None:
        self.sets.setdefault(self.key(*key), set()).add(raw(ident))

    def remove(self, ident: str, *key: str) -> None:
        self.sets.get(self.key(*key), set()).discard(raw(ident))

    def time(self, ident: str, name: str, micro: int) -> None:
        self.times.setdefault(self.key(name), {})[raw(ident)] = float(micro)

    def forget_times(self, ident: str) -> None:
        for name in MOMENTS:
            self.times.get(self.key(name), {}).pop(raw(ident), None)

    def drop(self, ident: str) -> None:
        self.hashes.pop(self.record(ident), None)
        self.mortal.discard(self.record(ident))

    def in_states(self, ident: str) -> set[str]:
        return {s for s in STATES if raw(ident) in self.sets.get(self.key(s), ())}

    def known(self, ident: str) -> bool:
        timed = any(raw(ident) in self.times.get(self.key(name), ()) for name in MOMENTS)
        return timed or bool(self.in_states(ident))

    # The changes; `gem` where its way differs.

    def create(
        self, ident: str, state: str = "unqueued", *, gem: bool = False, **fields: Any
    ) -> None:
        if self.hash(ident):
            raise Refused
        progress: Any = 1.0 if state == "succeeded" else 0
        start = {"id": ident, "progress": progress, "errors": [], "attempt": 0, "state": state}
        self.write(ident, start)
        for name in dict.fromkeys(("recorded_at", moment(state))):
            self._stamped(ident, name)
        self._into(ident, state, leaving=() if gem else STATES)
        for name, value in fields.items():
            self.write(ident, {name: value})
            for key in indexes(name, value):
                self.add(ident, *key)

    def mark(self, ident: str, state: str, *, gem: bool = False) -> None:
        found, name = self._there(ident), moment(state)
        if state == "started" and self.value(ident, name) is not None:
            self._restart(ident, gem=gem)
            return
        was = self.value(ident, "state")
        if was == state:
            return
        if gem or self.value(ident, name) is None:
            self._stamped(ident, name)
        found[b"state"] = to_json(state)
        if state == "succeeded":
            found[b"progress"] = b"1.0"
        self._into(ident, state, leaving=[was or ""] if gem else STATES)

    def _restart(self, ident: str, *, gem: bool) -> None:
        was = self._there(ident)
        number = self.attempt(ident)
        aside = f"{ident}:{number}"
        if self.hash(aside) and not gem:
            raise Refused
        mortal = self.record(ident) in self.mortal
        self.drop(aside)
        self.drop(ident)
        self.hashes[self.record(aside)] = was
        fresh: Hash = {
            b"id": to_json(ident), b"attempt": to_json(number + 1), b"progress": b"0",
            b"errors": b"[]", b"state": b'"started"', b"job_args": b"{}",
        }  # fmt: skip
        for name in (b"recorded_at", b"queued_at", b"job_name", b"provider_job_id"):
            fresh[name] = was.get(name, b"null")
        if was.get(b"job_args", b"null") != b"null":
            fresh[b"job_args"] = was[b"job_args"]
        self.write(aside, {"id": aside})
        self.hashes[self.record(ident)] = fresh
        if mortal:
            self.mortal |= {self.record(aside)} if gem else {self.record(aside), self.record(ident)}
        if gem:
            for name in ("recorded_at", "queued_at"):
                if (micro := self.value(ident, name)) is not None:
                    self.time(ident, name, micro)
        self._stamped(ident, "started_at")
        self._into(ident, "started", leaving=() if gem else STATES)

    def attempt(self, ident: str) -> int:
        text = (self.hash(ident) or {}).get(b"attempt", b"")
        return int(text) if re.fullmatch(rb"[1-9][0-9]{0,14}", text) else 0

    def _stamped(self, ident: str, name: str) -> None:
        micro = self.stamp(ident, name)
        self.write(ident, {name: micro})
        self.time(ident, name, micro)

    def _into(self, ident: str, state: str, leaving: Iterable[str]) -> None:
        for other in leaving:
            self.remove(ident, other)
        self.add(ident, state)

    def set(self, ident: str, field: str, value: Any, *, gem: bool = False) -> None:
        """Set progress or data."""
        self._there(ident)
        self.write(ident, {field: value}, alone=gem)

    def add_error(self, ident: str, error: Any, *, gem: bool = False) -> None:
        self._there(ident)
        found = self.value(ident, "errors")
        self.write(ident, {"errors": [*(found or []), error]}, alone=gem)

    def reindex(self, ident: str, field: str, value: Any) -> None:
        """Set job_name, job_args or provider_job_id."""
        self._there(ident)
        for key in indexes(field, self.value(ident, field)):
            self.remove(ident, *key)
        self.write(ident, {field: value})
        for key in indexes(field, value):
            self.add(ident, *key)

    def request_kill(self, ident: str, *, gem: bool = False) -> None:
        self._there(ident)
        if self.value(ident, "kill_requested_at") is None:
            micro = self.stamp(ident, "kill_requested_at")
            self.write(ident, {"kill_requested_at": micro}, alone=gem)

    def delete(self, ident: str, *, force: bool = False) -> None:
        found = self.hash(ident)
        if not found and not self.known(ident):
            raise Refused
        if found and not force and self.value(ident, "state") not in COMPLETED:
            raise Refused
        for number in range(self.attempt(ident)):
            if not self.in_states(f"{ident}:{number}"):
                self.drop(f"{ident}:{number}")
        self._unindex(ident)

    def delete_all(self, idents: Iterable[str]) -> None:
        """Delete records at once, by force: which attempts are records is asked before."""
        going = list(idents)
        aside = [f"{i}:{n}" for i in going for n in range(self.attempt(i))]
        archived = [ident for ident in aside if not self.in_states(ident)]
        for ident in going:
            self._unindex(ident)
        for ident in archived:
            self.drop(ident)

    def delete_by_gem(self, ident: str) -> None:
        """Delete by force; each attempt is deleted as a status of its own."""
        attempts = self.attempt(ident)
        self._unindex(ident)
        for number in range(attempts):
            self.delete_by_gem(f"{ident}:{number}")

    def _unindex(self, ident: str) -> None:
        for field in ("job_name", "job_args", "provider_job_id"):
            for key in indexes(field, self.value(ident, field)):
                self.remove(ident, *key)
        for state in STATES:
            self.remove(ident, state)
        self.forget_times(ident)
        self.drop(ident)

    def _there(self, ident: str) -> Hash:
        found = self.hash(ident)
        if not found:
            raise Refused
        return found


def moment(state: str) -> str:
    """Return the time that a state stamps."""
    return "recorded_at" if state in ("unqueued", "unknown") else f"{state}_at"


def indexes(field: str, value: Any) -> list[tuple[str, str]]:
    """Return the sets that lead to a record by a value."""
    if value is None:
        return []
    if field == "job_args":
        return [("job_arg", each) for each in value.values()]
    return [(field, str(value))] if field in ("job_name", "provider_job_id") else []


def decoded(text: bytes) -> Any:
    """Return a value; what is no JSON as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text.decode("utf-8", "surrogateescape")
