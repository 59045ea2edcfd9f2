"""Queries answered by looking at everything: no index is clever here, no page is cut early."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from operator import ge, gt, le, lt
from random import Random
from typing import Any

from tests.records.asking import spelled
from tests.records.gem import COMPLETED, INCOMPLETE, MOMENTS, STATES, raw
from tests.records.model import World, decoded

ORDERS = {"<": lt, "<=": le, ">": gt, ">=": ge}
GROUPS = {
    "completed": COMPLETED, "incomplete": INCOMPLETE, "working": ("started",),
    "enqueued": ("queued",), "success": ("succeeded",),
}  # fmt: skip
KEYS = (
    "id", "state", "progress", "job_name", "job_args", "provider_job_id", "attempt", *MOMENTS,
    "kill_requested_at", "errors", "data",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One condition: a field, an operator and values as they are, null as None.

    With `inner` it is ``(inner or this)``, or ``not (this)``.
    """

    field: str
    op: str
    values: tuple[Any, ...]
    inner: Asked | None = None
    negated: bool = False

    def __str__(self) -> str:
        words = ["null" if v is None else _word(v) for v in self.values]
        text = f"{self.field}{self.op}{','.join(words)}"
        text = f"not ({text})" if self.negated else text
        return f"({self.inner} or {text})" if self.inner else text

    @property
    def indexed(self) -> bool:
        """Whether an index answers it."""
        if self.inner or self.negated or None in self.values:
            return False
        if self.field == "state":
            return True
        if self.field in MOMENTS:
            return self.op != "!="
        return self.op == "=" and self.field in ("job_name", "job_arg", "provider_job_id", "id")

    def in_index(self, world: World, ident: str) -> bool:
        """Ask the indexes."""
        if self.field == "id":
            return ident in self.values
        if self.field in MOMENTS:
            score = world.times.get(world.key(self.field), {}).get(raw(ident))
            return score is not None and self._ordered(score)
        if self.field == "state":
            return any(raw(ident) in world.sets.get(world.key(s), ()) for s in self.wanted_states())
        keys = (world.key(self.field, str(value)) for value in self.values)
        return any(raw(ident) in world.sets.get(key, ()) for key in keys)

    def wanted_states(self) -> set[str]:
        """Return the states that it lets through."""
        return self._states() if self.op == "=" else set(STATES) - self._states()

    def in_hash(self, values: dict[str, Any]) -> bool:
        """Ask the record itself."""
        if self.inner and self.inner.in_hash(values):
            return True
        return self._in_hash(values) != self.negated

    def _in_hash(self, values: dict[str, Any]) -> bool:
        found = values.get(self.field)
        if self.field == "job_arg":
            args = list((values.get("job_args") or {}).values()) or [None]
            return any(value in self.values for value in args)
        if self.field == "state":
            wanted = {*self._states(), *([None] if None in self.values else [])}
            return found in wanted if self.op == "=" else found is not None and found not in wanted
        if self.op in ORDERS:
            return isinstance(found, int | float) and self._ordered(found)
        if self.op == "=":
            return found in self.values
        return found is not None and found not in self.values

    def _states(self) -> set[str]:
        return {s for v in self.values if v is not None for s in GROUPS.get(v, (v,))}

    def _ordered(self, found: float) -> bool:
        if self.op == "=":
            return found in self.values
        return any(ORDERS[self.op](found, value) for value in self.values)


def _word(value: Any) -> str:
    return spelled(str(value), quoted=isinstance(value, str) and value in ("null", "42"))


@dataclass(frozen=True)
class Question:
    """A whole query."""

    asked: tuple[Asked, ...] = ()
    sort: str | None = None
    reverse: bool = False
    limit: int | None = None
    offset: int = 0

    @property
    def texts(self) -> list[str]:
        return list(map(str, self.asked))

    @property
    def paging(self) -> dict[str, Any]:
        found = {"limit": self.limit, "offset": None if self.limit is None else self.offset}
        return found | {"sort": self.sort, "reverse": self.reverse}

    def ids(self, world: World) -> list[str]:
        """Return the ids that the indexes give, of records and orphans."""
        indexed = [one for one in self.asked if one.indexed]
        everything = {raw_id for name in STATES for raw_id in world.sets.get(world.key(name), ())}
        everything |= set(world.times.get(world.key("recorded_at"), ()))
        if indexed:
            for part in (*world.sets.values(), *world.times.values()):
                everything |= set(part)
            for one in indexed:
                everything |= {raw(v) for v in one.values} if one.field == "id" else set()
        known = (one.decode("utf-8", "surrogateescape") for one in everything)
        return [ident for ident in known if all(one.in_index(world, ident) for one in indexed)]

    def entries(self, world: World) -> int:
        """Count index entries as the gem does: of states alone the sizes of their sets."""
        states = [one.wanted_states() for one in self.asked if one.field == "state"]
        if not self.asked or (len(self.asked) == 1 and states):
            wanted = states[0] if states else STATES
            return sum(len(world.sets.get(world.key(name), ())) for name in wanted)
        return len(self.ids(world)) if not states or set.intersection(*states) else 0

    def orphans(self, world: World) -> int:
        """Count the ids on the way that have no record; none where only ids were asked for."""
        indexed = [one for one in self.asked if one.indexed]
        if indexed and all(one.field == "id" for one in indexed):
            return 0
        states = [one.wanted_states() for one in indexed if one.field == "state"]
        if states and not set.intersection(*states):
            return 0
        return sum(not world.hash(ident) for ident in self.ids(world))

    def matching(self, world: World) -> list[str]:
        """Return the ids of the records that match, in no order."""
        return [ident for ident in self.ids(world) if self._holds(world, ident)]

    def _holds(self, world: World, ident: str) -> bool:
        found = world.hash(ident)
        if not found:
            return False
        values = {name.decode(): decoded(text) for name, text in found.items()} | {"id": ident}
        # The state that the hash tells is the truth, beside the index.
        tests = [one for one in self.asked if one.field == "state" or not one.indexed]
        return all(one.in_hash(values) for one in tests)

    def rows(self, world: World) -> list[str]:
        """Return the page, in order."""
        keyed = [(self._key(world, ident), raw(ident), ident) for ident in self.matching(world)]
        default = self.sort is None
        present = sorted(one for one in keyed if one[0] is not None)
        if self.reverse != default:
            present.reverse()
        ordered = [*present, *sorted(one for one in keyed if one[0] is None)]
        end = None if self.limit is None else self.offset + self.limit
        return [ident for _, _, ident in ordered[self.offset : end]]

    def _key(self, world: World, ident: str) -> Any:
        name = self.sort or "recorded_at"
        if name in MOMENTS:
            return world.times.get(world.key(name), {}).get(raw(ident))
        if name == "id":
            return raw(ident)
        value = world.value(ident, name)
        if value is None:
            return None
        if isinstance(value, int | float):
            return (0, value, str(value))
        text = value if isinstance(value, str) else None
        return (2, 0, text) if text is not None else (4, 0, _json(value))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


NAMES = ("Import", "Send:Mail", "two words", "Zoë", "42", "null")
ARGS = ("u-1", "", "a:b", "42", "Import")
PIDS: tuple[str | int, ...] = ("pj-1", 7, "a,b", "Import")
POOLS = {"job_name": NAMES, "job_arg": ARGS, "provider_job_id": PIDS}
REST = (
    Asked("attempt", ">=", (1,)),
    Asked("progress", ">", (0.4,)),
    Asked("kill_requested_at", "!=", (None,)),
    Asked("killed_at", "=", (None,)),
    Asked("recorded_at", "=", (None,)),
    Asked("job_name", "=", (None,)),
    Asked("provider_job_id", "!=", (None,)),
    Asked("data", "=", ("saved",)),
    Asked("state", "=", (None,)),
)


def question(rng: Random, world: World, idents: tuple[str, ...]) -> Question:
    """Choose a query that has much to do with what there is."""
    limit = rng.choice((None, None, 0, 1, 2, 3, 10))
    return Question(
        tuple(_condition(rng, world, idents) for _ in range(rng.choice((0, 1, 1, 2, 2, 3)))),
        rng.choice((None, None, None, *KEYS)),
        rng.random() < 0.5,
        limit,
        rng.randrange(5) if limit is not None else 0,
    )


def _condition(rng: Random, world: World, idents: tuple[str, ...]) -> Asked:
    """Choose a condition, rarely one that negates or joins."""
    one = _simple(rng, world, idents)
    if rng.random() < 0.1:
        return replace(one, negated=True)
    if rng.random() < 0.1:
        return replace(one, inner=_simple(rng, world, idents))
    return one


def _simple(rng: Random, world: World, idents: tuple[str, ...]) -> Asked:
    field = rng.choice(("state", "state", "time", "time", "value", "value", "id", "rest"))
    if field == "state":
        words = rng.choices((*STATES, *GROUPS), k=rng.randint(1, 3))
        return Asked("state", rng.choice(("=", "=", "!=")), tuple(words))
    if field == "time":
        there = sorted({int(s) for scored in world.times.values() for s in scored.values()})
        micro = rng.choice(there or [10**15]) + rng.choice((-1, 0, 0, 1))
        name = rng.choice(("recorded_at", "recorded_at", *MOMENTS))
        return Asked(name, rng.choice(("=", *ORDERS)), (micro,))
    if field == "id":
        return Asked("id", "=", tuple(rng.choices(idents, k=rng.randint(1, 3))))
    if field == "value":
        name = rng.choice(tuple(POOLS))
        op = rng.choice(("=", "=", "=", "!=")) if name == "job_name" else "="
        return Asked(name, op, tuple(rng.choices(POOLS[name], k=rng.randint(1, 3))))
    return rng.choice(REST)
