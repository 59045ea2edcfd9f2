"""Status records as the Jobba gem keeps them, in plain commands: written by its layout alone.

Nothing of jobctl is used here, so that what agrees with this agrees with the gem.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import redis

STATES = ("unqueued", "queued", "started", "succeeded", "failed", "killed", "unknown")
MOMENTS = ("recorded_at", "queued_at", "started_at", "succeeded_at", "failed_at", "killed_at")
COMPLETED = ("succeeded", "failed")
INCOMPLETE = ("unqueued", "queued", "started", "killed")
YEARS_68 = 2_145_916_800  # seconds: what a write outside of MULTI lets a hash live


class NotCompletedError(Exception):
    """The gem's refusal to delete."""


def to_json(value: Any) -> bytes:
    """Write a value as Ruby does."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogateescape")


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class Gem:
    """The gem, on one database: makes statuses, finds and queries them."""

    def __init__(
        self, client: redis.Redis, clock: Callable[[], int], namespace: str = "jobba"
    ) -> None:
        self.redis = client
        self.now = clock
        self.namespace = namespace

    def key(self, *parts: str) -> bytes:
        return raw(":".join((self.namespace, *parts)))

    def create(self, ident: str, state: str = "unqueued") -> Status:
        status = Status(self, ident)
        with self.redis.pipeline(transaction=True) as multi:
            status.set(multi, {"id": ident, "progress": 0, "errors": [], "attempt": 0})
            status.move(multi, state)
            multi.execute()
        return status

    def find(self, ident: str) -> Status | None:
        found = self.redis.hgetall(self.key("id", ident))
        return Status(self, ident, found) if found else None

    def find_always(self, ident: str) -> Status:
        """Find, or create as unknown: what `find!` does."""
        return self.find(ident) or self.create(ident, "unknown")

    def where(
        self, *, limit: int | None = None, offset: int | None = None, **clauses: Any
    ) -> list[str]:
        """Return the ids that meet all clauses, in the gem's order; no hash is looked at.

        One time alone: by time. Ids alone: as given, also twice. Else by id, bytewise.
        """
        if offset is not None and limit is None:
            raise ValueError("offset without limit")
        ids = [one.decode("utf-8", "surrogateescape") for one in self._ordered(clauses)]
        start = offset or 0
        if limit is None:
            return ids
        if len(clauses) > 1:  # the defect: ZRANGE 0 -1 is everything
            last = start + limit - 1
            return ids[start:] if last == -1 else ids[start : last + 1]
        return ids[start : start + limit]

    def all(self, **clauses: Any) -> list[Status]:
        """Return the statuses, as `to_a` does: an id whose hash is gone is left out."""
        found = (self.find(ident) for ident in self.where(**clauses))
        return [status for status in found if status is not None]

    def count(self, **clauses: Any) -> int:
        """Count index entries. Of states alone the sizes of their sets are added up."""
        if not clauses or set(clauses) == {"state"}:
            return sum(map(self.redis.scard, self._state_keys(clauses.get("state", STATES))))
        return len(self._ordered(clauses))

    def _ordered(self, clauses: dict[str, Any]) -> list[bytes]:
        if len(clauses) == 1:
            ((name, wanted),) = clauses.items()
            if name == "id":
                return [raw(each) for each in _several(wanted)]
            if name in MOMENTS:
                return self.redis.zrangebyscore(self.key(name), *_ends(wanted))
        sets = [self._ids(name, wanted) for name, wanted in clauses.items()]
        return sorted(set.intersection(*sets))

    def _state_keys(self, wanted: Any) -> list[bytes]:
        groups = {"completed": COMPLETED, "incomplete": INCOMPLETE}
        return [self.key(s) for each in _several(wanted) for s in groups.get(each, (each,))]

    def _ids(self, name: str, wanted: Any) -> set[bytes]:
        if name in MOMENTS:
            return set(self.redis.zrangebyscore(self.key(name), *_ends(wanted)))
        if name == "id":
            return {raw(each) for each in _several(wanted)}
        if name == "state":
            keys = self._state_keys(wanted)
        else:
            keys = [self.key(name, each) for each in _several(wanted)]
        return set().union(*(self.redis.smembers(key) for key in keys))


def _several(wanted: Any) -> list[str]:
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _ends(wanted: tuple[int | None, int | None]) -> tuple[int | str, int | str]:
    low, high = wanted
    return "-inf" if low is None else low, "+inf" if high is None else high


class Status:
    """One status, as its last look at Redis left it: it may be stale, as the gem's is."""

    def __init__(self, gem: Gem, ident: str, found: dict[bytes, bytes] | None = None) -> None:
        self.gem = gem
        self.id = ident
        self.values = {name.decode(): json.loads(text) for name, text in (found or {}).items()}

    @property
    def key(self) -> bytes:
        return self.gem.key("id", self.id)

    @property
    def state(self) -> str | None:
        return self.values.get("state")

    @property
    def attempt(self) -> int:
        return int(self.values.get("attempt") or 0)

    @property
    def job_args(self) -> dict[str, str]:
        return self.values.get("job_args") or {}

    def enter(self, state: str) -> None:
        """Do what `queued!`, `started!` .. do."""
        with self.gem.redis.pipeline(transaction=True) as multi:
            if state == "started" and self.values.get("started_at") is not None:
                self._restart(multi)
            elif state != self.state:
                self.move(multi, state)
            multi.execute(raise_on_error=False)  # a null time is no score: that write fails alone

    def move(self, multi: Any, state: str) -> None:
        """Enter a state from another one: its time is stamped, whether or not there was one."""
        moment = "recorded_at" if state in ("unqueued", "unknown") else f"{state}_at"
        self.set(multi, {"state": state, moment: self.gem.now()})

    def _restart(self, multi: Any) -> None:
        kept = ("recorded_at", "queued_at", "job_name", "job_args", "provider_job_id")
        fields = {"id": self.id, "attempt": self.attempt + 1}
        fields |= {name: self.values.get(name) for name in kept[:2]}
        fields |= {"progress": 0, "errors": []}
        fields |= {"job_name": self.values.get("job_name"), "job_args": self.job_args}
        fields["provider_job_id"] = self.values.get("provider_job_id")
        aside = f"{self.id}:{self.attempt}"
        multi.rename(self.key, self.gem.key("id", aside))
        multi.hset(self.gem.key("id", aside), "id", to_json(aside))
        self.values = {}  # the defect: the old state is forgotten, and its set keeps the id
        self.set(multi, fields)
        self.move(multi, "started")

    def set(self, multi: Any, fields: dict[str, Any]) -> None:
        if fields.get("state") == "succeeded":
            fields["progress"] = 1.0
        multi.hset(self.key, mapping={name: to_json(value) for name, value in fields.items()})
        if "state" in fields:
            if self.state is not None:
                multi.srem(self.gem.key(self.state), raw(self.id))
            multi.sadd(self.gem.key(fields["state"]), raw(self.id))
        for name in MOMENTS:
            if name in fields:
                score = "" if fields[name] is None else fields[name]
                multi.execute_command("ZADD", self.gem.key(name), score, raw(self.id))
        self.values |= fields

    def _set_alone(self, name: str, value: Any) -> None:
        """Write outside of MULTI: the hash gets a time to live."""
        self.gem.redis.hset(self.key, name, to_json(value))
        self.gem.redis.expire(self.key, YEARS_68)
        self.values[name] = value

    def set_progress(self, at: float, out_of: float | None = None) -> None:
        self._set_alone("progress", float(at) / float(out_of or 1))

    def add_error(self, error: Any) -> None:
        self._set_alone("errors", [*(self.values.get("errors") or []), error])

    def save(self, data: Any) -> None:
        self._set_alone("data", data)

    def request_kill(self) -> None:
        now = self.gem.now()
        if self.gem.redis.hsetnx(self.key, "kill_requested_at", now):
            self.gem.redis.expire(self.key, YEARS_68)
            self.values["kill_requested_at"] = now

    def set_job_name(self, name: str) -> None:
        self._reindex("job_name", name, self._text("job_name"), [name])

    def set_job_args(self, args: dict[str, str]) -> None:
        self._reindex("job_args", args, self.job_args.values(), args.values())

    def set_provider_job_id(self, ident: str | int) -> None:
        self._reindex("provider_job_id", ident, self._text("provider_job_id"), [str(ident)])

    def _reindex(self, field: str, value: Any, old: Iterable[str], new: Iterable[str]) -> None:
        prefix = "job_arg" if field == "job_args" else field
        with self.gem.redis.pipeline(transaction=True) as multi:
            for each in old:
                multi.srem(self.gem.key(prefix, each), raw(self.id))
            self.set(multi, {field: value})
            for each in new:
                multi.sadd(self.gem.key(prefix, each), raw(self.id))
            multi.execute()

    def _text(self, field: str) -> list[str]:
        found = self.values.get(field)
        return ["" if found is None else str(found)]

    def prior_attempts(self) -> list[Status]:
        return [self.gem.find_always(f"{self.id}:{n}") for n in range(self.attempt)]

    def delete(self, *, force: bool = False) -> None:
        if not force and self.state not in COMPLETED:
            raise NotCompletedError(self.id)
        with self.gem.redis.pipeline(transaction=True) as multi:
            multi.delete(self.key)
            for state in STATES:
                multi.srem(self.gem.key(state), raw(self.id))
            for name in MOMENTS:
                multi.zrem(self.gem.key(name), raw(self.id))
            for name in self._text("job_name"):
                multi.srem(self.gem.key("job_name", name), raw(self.id))
            for value in self.job_args.values():
                multi.srem(self.gem.key("job_arg", value), raw(self.id))
            for ident in self._text("provider_job_id"):
                multi.srem(self.gem.key("provider_job_id", ident), raw(self.id))
            multi.execute()
        for prior in self.prior_attempts():
            prior.delete(force=True)
