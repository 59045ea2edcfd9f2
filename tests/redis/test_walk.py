"""Walking in order while others push, pop and remove: none twice that stayed, none left out."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pytest
import redis

from jobctl import Store
from jobctl.model.entry import Entry
from tests.builders import NOW, job

COUNT = 900
LARGEST = 100  # of the chunks, so that there are ten of them

Change = Callable[[list[bytes]], object]


def member(name: str) -> bytes:
    return b'{"jid":"%b"}' % name.encode()


@dataclass
class Structure:
    """Something that is walked, with `COUNT` members; changes count from the walk's start."""

    raw: redis.Redis
    store: Store
    kind: str  # scores: a set of different ones; ties: of one score; list
    descending: bool

    def __post_init__(self) -> None:
        # In the order of the walk, and of their bytes, so that ties come in this order too.
        names = [f"m-{i:05}" for i in range(COUNT)]
        self.members = [member(n) for n in (reversed(names) if self.descending else names)]
        self.moved: set[bytes] = set()
        self.added = itertools.count()
        self._put(self.members, 0)

    def walk(self, *, offset: int = 0, limit: int | None = None) -> Iterator[Entry]:
        if self.kind == "list":
            source = self.store.queues.jobs(self.store.queues.named()[0])
            return source.walk(descending=self.descending, offset=offset, limit=limit)
        return self.store.dead.walk(descending=self.descending, offset=offset, limit=limit)

    def add(self, count: int, *, ahead: bool) -> None:
        """Add members where the walk comes to them (ahead), or was already."""
        names = [f"{'z' if ahead != self.descending else 'a'}-{next(self.added)}" for _ in
                 range(count)]  # fmt: skip
        self._put([member(n) for n in names], NOW if ahead else -NOW)

    def remove(self, members: Iterable[bytes]) -> None:
        pipe = self.raw.pipeline(transaction=False)
        for each in members:
            self.moved.add(each)
            pipe.lrem("q:default", 1, each) if self.kind == "list" else pipe.zrem("dead", each)
        pipe.execute()

    def again(self, members: Iterable[bytes], *, ahead: bool) -> None:
        """Move members: to another score, or to an end of the list."""
        members = list(members)
        self.remove(members)
        self._put(members, 2 * NOW if ahead else -2 * NOW)

    def _put(self, members: list[bytes], where: float) -> None:
        if self.kind == "list":
            self.raw.sadd("queues", "default")
            push = self.raw.rpush if (where < 0) != self.descending else self.raw.lpush
            push("q:default", *members)
            return
        step = 0 if self.kind == "ties" else 1
        sign = -1 if self.descending else 1
        pairs = {m: sign * (where * step + i * step) for i, m in enumerate(members)}
        self.raw.zadd("dead", pairs)


@pytest.fixture(params=itertools.product(("scores", "ties", "list"), (False, True)), ids=str)
def structure(
    request: pytest.FixtureRequest, raw: redis.Redis, store: Store, monkeypatch: pytest.MonkeyPatch
) -> Structure:
    monkeypatch.setattr("jobctl.redis.scripts._BYTES", LARGEST * len(member("m-00000")))
    return Structure(raw, store, *request.param)


def interrupted(walk: Iterable[Entry], changes: dict[int, Change]) -> list[bytes]:
    """Walk to the end; after so many entries make a change, given what was shown."""
    shown: list[bytes] = []
    for entry in walk:
        shown.append(entry.raw)
        if len(shown) in changes:
            changes[len(shown)](shown)
    return shown


def assert_faithful(structure: Structure, shown: list[bytes]) -> None:
    """None of those that stayed is missing or doubled; those come in order."""
    counts = Counter(shown)
    stayed = [m for m in structure.members if m not in structure.moved]
    apart = frozenset(stayed)
    assert [m for m in shown if m in apart] == stayed
    assert {m for m, n in counts.items() if n > 1} <= structure.moved


def test_what_stands_still_is_shown_whole_and_in_order(structure: Structure) -> None:
    assert interrupted(structure.walk(), {}) == structure.members


@pytest.mark.parametrize("gone", [1, 25, COUNT])
@pytest.mark.parametrize("at", [1, 40, 300])
def test_the_last_shown_may_be_removed(structure: Structure, at: int, gone: int) -> None:
    shown = interrupted(structure.walk(), {at: lambda seen: structure.remove(seen[-gone:])})
    assert_faithful(structure, shown)


def test_all_but_the_first_shown_may_be_removed(structure: Structure) -> None:
    shown = interrupted(structure.walk(), {500: lambda seen: structure.remove(seen[5:])})
    assert_faithful(structure, shown)


def test_what_comes_may_be_removed(structure: Structure) -> None:
    def remove(seen: list[bytes]) -> None:
        structure.remove(m for i, m in enumerate(structure.members[len(seen) :]) if i % 3)

    assert_faithful(structure, interrupted(structure.walk(), {10: remove, 150: remove}))


def test_everything_may_be_removed(structure: Structure) -> None:
    shown = interrupted(structure.walk(), {150: lambda seen: structure.raw.flushdb()})
    assert shown == structure.members[: len(shown)]
    assert len(shown) < COUNT


@pytest.mark.parametrize("count", [3, 50, 1500])
def test_others_may_come_in_before_and_behind(structure: Structure, count: int) -> None:
    def come(seen: list[bytes]) -> None:
        structure.add(count, ahead=False)
        structure.add(count, ahead=True)

    shown = interrupted(structure.walk(), {7: come, 300: come})
    assert_faithful(structure, shown)
    assert len(shown) == len(set(shown)) >= COUNT + 2 * count


@pytest.mark.parametrize("ahead", [False, True])
def test_the_last_shown_may_be_moved(structure: Structure, ahead: bool) -> None:
    def move(seen: list[bytes]) -> None:
        structure.again(seen[-30:], ahead=ahead)

    assert_faithful(structure, interrupted(structure.walk(), {100: move, 400: move}))


@pytest.mark.parametrize("seed", range(5))
def test_all_of_this_may_happen_at_once(structure: Structure, seed: int) -> None:
    chance = random.Random(seed)

    def change(seen: list[bytes]) -> None:
        structure.remove(chance.sample(seen, min(len(seen), 40)))
        structure.remove(seen[-chance.choice((1, 25, 150)) :])
        structure.remove(chance.sample(structure.members, 30))
        structure.add(chance.choice((1, 5, 200)), ahead=True)
        structure.add(chance.choice((1, 5, 200)), ahead=False)

    changes = dict.fromkeys(chance.sample(range(1, 800), 12), change)
    assert_faithful(structure, interrupted(structure.walk(), changes))


@pytest.mark.parametrize(
    ("offset", "limit"),
    [(0, 0), (0, 1), (0, 5), (3, 40), (0, 899), (890, 50), (400, None), (COUNT, 1), (9999, 9)],
)
def test_a_page_is_a_slice(structure: Structure, offset: int, limit: int | None) -> None:
    end = None if limit is None else offset + limit
    page = interrupted(structure.walk(offset=offset, limit=limit), {})
    assert page == structure.members[offset:end]


def test_a_limit_holds_while_the_place_is_lost(structure: Structure) -> None:
    changes = {40: structure.remove, 200: structure.remove}
    shown = interrupted(structure.walk(limit=500), changes)
    assert shown == structure.members[:500]


def test_a_walk_left_early_leaves_the_connection_usable(structure: Structure) -> None:
    for count in (1, 4, 5, 100):
        walk = structure.walk()
        assert [entry.raw for entry in itertools.islice(walk, count)] == structure.members[:count]
        walk.close()
        structure.store.retries.count()
    page = structure.walk(limit=50)
    assert len(list(itertools.islice(page, 50))) == 50
    structure.store.retries.count()  # a page that was read asks for nothing more


def test_a_worker_that_pops_does_not_make_others_be_skipped(raw, store) -> None:
    jobs = [job(f"jid-{i:05}") for i in range(2000)]
    raw.sadd("queues", "default")
    raw.lpush("q:default", *jobs)
    shown = []
    for entry in store.queues.jobs(store.queues.named()[0]).walk():
        shown.append(entry.raw)
        raw.rpop("q:default")
        raw.lpush("q:default", member(f"new-{len(shown)}"))
        if len(shown) == 2000:
            break
    # Each was popped while it, or one behind it, was shown: what the walk had not read yet was
    # a chunk ahead of the worker, and none of that is skipped or doubled.
    assert shown == jobs


def test_members_that_are_equal_are_all_shown(raw, store) -> None:
    raw.sadd("queues", "default")
    raw.lpush("q:default", *[job("twin")] * 1500)
    line = store.queues.jobs(store.queues.named()[0])
    assert sum(1 for _ in line.walk()) == 1500
    assert sum(1 for _ in line.walk(descending=True)) == 1500


def test_large_members_are_asked_for_one_by_one(server, raw) -> None:
    from jobctl import connect

    large = [job(f"jid-{i}", args=["x" * 1_000_000]) for i in range(12)]
    raw.sadd("queues", "default")
    for i, each in enumerate(large):
        raw.lpush("q:default", each)
        raw.zadd("dead", {each: i})
    lines: list[str] = []
    with connect(server.url, trace=lines.append) as store:
        line = store.queues.jobs(store.queues.named()[0])
        walks = (line.walk(), line.walk(descending=True), store.dead.walk(),
                 store.dead.walk(descending=True), line.find(frozenset(["jid-11"]), bool),
                 store.dead.find(["jid-11", "jid-2"]))  # fmt: skip
        assert [len(list(walk)) for walk in walks] == [12, 12, 12, 12, 1, 2]
    sizes = [abs(int(words[3]) - int(words[4])) + 1 for line in lines
             if (words := line.split()) and words[0] == ">" and "RANGE" in words[1]]  # fmt: skip
    assert max(sizes) == 2  # with the one before, which tells the place
    assert sizes[0] == 1
    scans = [int(line.split()[-1]) for line in lines if line.startswith("> ZSCAN")]
    assert max(scans) <= 32
