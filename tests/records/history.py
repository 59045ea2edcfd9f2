"""Random histories of records: by jobctl, by the gem, and behind the back of both."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from jobctl import Store
from jobctl.errors import NotFound
from jobctl.errors import Refused as RefusedByJobctl
from jobctl.records.find import count, found, page_of
from jobctl.records.plan import QueryPlan, Way
from jobctl.records.query import Query
from tests.records.gem import COMPLETED, STATES, Gem, Status, raw
from tests.records.model import Refused, World, dump
from tests.records.oracle import ARGS, NAMES, PIDS, Asked, Question, question

IDENTS = ("a", "a:0", "b", "Zoë:1", "two words", "null")
ODD_IDENT = "\udcff\udcfe"  # no UTF-8: only what is there already can be so named
HOUR = 3_600_000_000
# As the gem's clock jumps, times tie and lie far apart.
AGOS = (0, 0, HOUR // 2, HOUR // 2 + 1, 36 * HOUR, 36 * HOUR)

idents = st.sampled_from(IDENTS)
all_idents = st.sampled_from((*IDENTS, ODD_IDENT))
states = st.sampled_from(STATES)
writers = st.booleans()  # whether the gem does it
args = st.dictionaries(st.sampled_from(("user", "odd:key")), st.sampled_from(ARGS), max_size=2)
data = st.sampled_from(("saved", None, {"k": [1, 2.5, "Zoë"]}, ""))


class History(RuleBasedStateMachine):
    """The model, beside a real database."""

    def __init__(self, client: redis.Redis, store: Store, directory: Path) -> None:
        super().__init__()
        self.redis, self.store = client, store
        store.backend.scope = replace(store.backend.scope, operations_directory=directory)
        client.flushdb()
        self.began = self.clock()
        self.ago = 0
        self.gem = Gem(client, lambda: self.began - self.ago)
        self.world = World(self.stamp)

    def clock(self) -> int:
        seconds, micro = self.redis.time()
        return seconds * 1_000_000 + micro

    def stamp(self, ident: str, field: str) -> int:
        """Read the time that a change left; it is one of the clock, or of the gem's."""
        text = self.redis.hget(self.world.record(ident), field)
        assert text is not None, (ident, field)
        micro = int(text)
        assert micro == self.gem.now() or self.before <= micro <= self.clock()
        return micro

    def change(self, real: Callable[[], Any], modelled: Callable[[], Any]) -> None:
        """Do it in Redis and in the model; what one refuses the other refuses."""
        self.before = self.clock()
        try:
            real()
        except (RefusedByJobctl, NotFound):
            with contextlib.suppress(Refused):
                modelled()
                raise AssertionError("refused, and the model has it") from None
        else:
            modelled()

    def of_gem(self, ident: str) -> Status | None:
        """Find by the gem, where its JSON reads the record."""
        try:
            return self.gem.find(ident)
        except ValueError:
            return None

    @initialize()
    def begin(self) -> None:
        """Have two records, so that there is something to change."""
        for ident in IDENTS[:2]:
            self.create(ident, "queued", {"user": "u-1"}, by_gem=False)

    @rule(ident=idents, state=states, given=args, by_gem=writers)
    def create(self, ident: str, state: str, given: dict[str, str], by_gem: bool) -> None:
        records, world = self.store.records, self.world
        if not by_gem:
            fields: dict[str, Any] = {"job_name": NAMES[len(given)], "job_args": given}
            self.change(
                lambda: records.create(ident, fields, state=state),
                lambda: world.create(ident, state, **fields),
            )
        elif self.gem.find(ident) is None:
            state = "unqueued" if state in COMPLETED else "unknown"  # the gem makes no others
            self.change(
                lambda: self.gem.create(ident, state),
                lambda: world.create(ident, state, gem=True),
            )

    @rule(ident=all_idents, state=st.one_of(states, st.just("started")), by_gem=writers)
    def mark(self, ident: str, state: str, by_gem: bool) -> None:
        status = self.of_gem(ident)
        if not by_gem:
            self.change(
                lambda: self.store.records.mark(ident, state),
                lambda: self.world.mark(ident, state),
            )
        elif status is not None:
            self.change(
                lambda: status.enter(state), lambda: self.world.mark(ident, state, gem=True)
            )

    @rule(
        ident=all_idents,
        field=st.sampled_from(("job_name", "job_args", "provider_job_id")),
        name=st.sampled_from(NAMES),
        given=args,
        pid=st.sampled_from(PIDS),
        by_gem=writers,
    )
    def reindex(
        self, ident: str, field: str, name: str, given: dict[str, str], pid: Any, by_gem: bool
    ) -> None:
        value = {"job_name": name, "job_args": given, "provider_job_id": pid}[field]
        writer: Any = self.store.records if not by_gem else self.of_gem(ident)
        if writer is not None:
            setter = getattr(writer, f"set_{field}")
            words = (value,) if by_gem else (ident, value)
            self.change(lambda: setter(*words), lambda: self.world.reindex(ident, field, value))

    @rule(
        ident=all_idents,
        verb=st.sampled_from(("set_progress", "save", "add_error", "request_kill")),
        progress=st.sampled_from(((0.375,), (1,), (3, 8))),
        value=data,
        by_gem=writers,
    )
    def write(
        self, ident: str, verb: str, progress: tuple[float, ...], value: Any, by_gem: bool
    ) -> None:
        world = self.world
        words: tuple[Any, ...] = {
            "set_progress": progress, "save": (value,), "add_error": (value or "boom",),
        }.get(verb, ())  # fmt: skip
        done = progress[0] / (progress[1:] or (1.0,))[0]
        modelled = {
            "set_progress": lambda: world.set(ident, "progress", done, gem=by_gem),
            "save": lambda: world.set(ident, "data", value, gem=by_gem),
            "add_error": lambda: world.add_error(ident, value or "boom", gem=by_gem),
            "request_kill": lambda: world.request_kill(ident, gem=by_gem),
        }[verb]
        writer: Any = self.store.records if not by_gem else self.of_gem(ident)
        if writer is not None:
            if not by_gem:
                words = (ident, *words)
            self.change(lambda: getattr(writer, verb)(*words), modelled)

    @rule(ident=all_idents, force=st.booleans(), by_gem=writers)
    def delete(self, ident: str, force: bool, by_gem: bool) -> None:
        status = self.of_gem(ident)
        if not by_gem:
            self.change(
                lambda: self.store.records.delete(ident, force=force),
                lambda: self.world.delete(ident, force=force),
            )
        elif status is not None and self._readable(ident):
            self.change(lambda: status.delete(force=True), lambda: self.world.delete_by_gem(ident))

    @rule(words=st.sampled_from(("completed", "started", "queued", "failed")), undone=st.booleans())
    def delete_all(self, words: str, undone: bool) -> None:
        """Delete all of a state at once; an undo leaves no trace of that."""
        asked = Question((Asked("state", "=", (words,)),))
        going = asked.matching(self.world)
        report = self.store.records.delete_all(asked.texts[0], force=True)
        assert (report.matched, report.done) == (len(going), len(going))
        if undone and going:
            assert self.store.undo(report.operation).done == len(going)
        else:
            self.world.delete_all(going)

    def _readable(self, ident: str) -> bool:
        return all(self.of_gem(each) or not self.world.hash(each) for each in (ident, f"{ident}:0"))

    @rule(ago=st.sampled_from(AGOS))
    def jump(self, ago: int) -> None:
        """Let the gem's clock be another."""
        self.ago = ago

    @rule(ident=all_idents)
    def lose(self, ident: str) -> None:
        """Let a hash expire: its index entries become orphans."""
        self.redis.delete(self.world.record(ident))
        self.world.drop(ident)

    @rule(ident=all_idents, progress=st.sampled_from((0.5, 1e308)))
    def bring_back(self, ident: str, progress: float) -> None:
        """Write as a client that does not know of a deletion: a stub is there."""
        status = Status(self.gem, ident)
        status.set_progress(progress)
        self.world.write(ident, {"progress": progress}, alone=True)

    @rule(ident=all_idents, state=states)
    def confuse_states(self, ident: str, state: str) -> None:
        """Put it into one more set of a state."""
        self.redis.sadd(self.world.key(state), raw(ident))
        self.world.add(ident, state)

    @rule(ident=all_idents, name=st.sampled_from(NAMES))
    def confuse_names(self, ident: str, name: str) -> None:
        """Put it into one more set of a job name."""
        self.redis.sadd(self.world.key("job_name", name), raw(ident))
        self.world.add(ident, "job_name", name)

    @rule(ident=all_idents, field=st.sampled_from(("queued_at", "started_at", "recorded_at")))
    def forget_time(self, ident: str, field: str) -> None:
        """Let a time be null, in the hash."""
        if self.world.hash(ident):
            self.redis.hset(self.world.record(ident), field, "null")
            self.world.write(ident, {field: None})

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        real, modelled = dump(self.redis), self.world.dump()
        keys = [key for key in {**real, **modelled} if real.get(key) != modelled.get(key)]
        assert not keys, [(key, real.get(key), modelled.get(key)) for key in keys]

    @rule(seed=st.integers(0, 2**32))
    def ask(self, seed: int) -> None:
        """Ask a few questions, each in every way that there is to answer it."""
        self.ask_many(Random(seed), 10)

    def teardown(self) -> None:
        if dump(self.redis) == self.world.dump():  # else a step has failed, and said so
            self.ask_many(Random(1), 40)

    def ask_many(self, rng: Random, many: int) -> None:
        for _ in range(many):
            check(self.store, self.world, question(rng, self.world, (*IDENTS, ODD_IDENT)))


def check(
    store: Store,
    world: World,
    asked: Question,
    walks: Sequence[tuple[int, int | None]] = ((1, None), (2, 1), (1, 3)),
) -> None:
    """Hold the answers to a question, in every way that there is to find them, to the oracle's."""
    records, rows, now = store.records, asked.rows(world), store.server.now()
    got = [record.id for record in records.where(*asked.texts, **asked.paging)]
    assert got == rows, (asked.texts, asked.paging, got, rows)
    if asked.limit is None:
        counted = count(records, Query.parse(*asked.texts), now)
        assert counted.records == records.count(*asked.texts) == len(rows), asked
        assert counted.orphans == asked.orphans(world), asked
        if all(one.indexed for one in asked.asked):
            assert records.count(*asked.texts, index=True) == asked.entries(world), asked
    plan = records.explain(*asked.texts, **asked.paging)
    page = page_of(asked.limit, asked.paging["offset"])
    for forced in ways(plan, walks):
        got = [record.id for record in found(records, forced, page, now)]
        assert got == rows, (asked.texts, asked.paging, got, rows, forced)


def ways(plan: QueryPlan, walks: Sequence[tuple[int, int | None]]) -> list[QueryPlan]:
    """Return other plans that must find the same."""
    if plan.way is Way.NOTHING:
        return []
    turned = replace(plan, clauses=tuple(reversed(plan.clauses)))
    driven = [replace(one, way=Way.DRIVE) for one in (plan, turned)]
    if plan.order is None:
        return driven
    return driven + [
        replace(plan, way=Way.WALK, chunk=chunk, budget=budget) for chunk, budget in walks
    ]
