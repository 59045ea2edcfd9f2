"""Read the queues: their names, and their lists in both of Faktory's forms.

A list is pushed at the left, and its jobs run from the right.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, NoPermission, WrongType
from jobctl.filter.patterns import may_hold_jid
from jobctl.model.entry import Entry, Job, Place
from jobctl.model.layout import Kind, Layout, QueueForm
from jobctl.model.queue import Queue
from jobctl.redis.scripts import Chunk, Command, Reply
from jobctl.redis.sets import Item, walk

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection

# How many of the last members read are kept, to find the place by; at least one is.
_ANCHORS = 16
_ANCHOR_BYTES = 1024 * 1024
_RECENT = 2000  # members: more than others push while one chunk is on its way
STRAY_SEARCH = 1_000_000  # keys; a larger keyspace is not searched for lists without a name


class QueueJobs:
    """The jobs of one queue: a list; only read."""

    kind = Kind.QUEUE

    def __init__(self, connection: Connection, queue: Queue, layout: Layout) -> None:
        self.queue = queue
        self._connection = connection
        self._layout = layout

    def count(self) -> int:
        """Return how many jobs wait."""
        return 0 if self.queue.key is None else int(self._connection.call("LLEN", self.queue.key))

    def walk(
        self, *, descending: bool = False, offset: int = 0, limit: int | None = None
    ) -> Generator[Entry, None, None]:
        """Yield the jobs in the order they run, or the last pushed first."""
        if self.queue.key is not None:
            order = _ByPosition(self._connection, self.queue.key, descending)
            yield from walk(self._connection, order, self.entry, offset=offset, limit=limit)

    def scan(self, pattern: bytes) -> None:
        """Return None: Redis cannot match the members of a list."""

    def find(
        self, wanted: Collection[str], possible: Callable[[bytes], object], *, damaged: bool = False
    ) -> Iterator[Entry]:
        """Yield the entries of these JIDs.

        The list is read from the left, where jobs come in: what is pushed meanwhile shifts the
        others ahead of the reader, so that none is missed.
        """
        for raw, position in self.raws():
            if possible(raw):
                entry = self.entry(raw, position)
                if entry.jid in wanted or (damaged and entry.may_be(wanted)):
                    yield entry

    def span(
        self, near: bytes, far: bytes, reach: int, *, from_right: bool
    ) -> tuple[int | None, int | None] | None:
        """Return the indices of two members, counted from the end that is searched from.

        Args:
            near: the member nearer to that end.
            far: the other one.
            reach: how many members to search through.
            from_right: search from the right, where the next job runs; then indices are negative.

        Returns:
            Both indices, None for one that is not there; None if neither is.
        """
        if self.queue.key is None:
            return None
        way = ("RANK", -1 if from_right else 1, "MAXLEN", reach)
        length, *found = self._connection.pipe(
            [("LLEN", self.queue.key), *(("LPOS", self.queue.key, m, *way) for m in (near, far))]
        )
        if from_right:
            found = [None if index is None else index - length for index in found]
        return None if found == [None, None] else (found[0], found[1])

    def raws(self) -> Iterator[tuple[bytes, int]]:
        """Yield all members with their positions, from the left."""
        key = self.queue.key
        if key is None:
            return
        chunk = Chunk()
        first, index, asked = 0, 0, 0

        def follow(replies: list[Reply] | None) -> list[Command]:
            nonlocal index, asked
            if replies is not None:
                members = replies[0]
                if len(members) < asked:
                    return []
                index += len(members)
                chunk.learn(len(members), sum(map(len, members)))
            asked = chunk.size
            return [("LRANGE", key, index, index + asked - 1), ("LLEN", key)]

        recent: list[int] = []
        for members, length in self._connection.stream(follow):
            hashes = list(map(hash, members))
            again, many = _repeated(recent, hashes), len(members)
            members.reverse()
            for i in range(first + again, first + many):
                del members[first + many - i :]
                yield members.pop(), max(0, length - 1 - i)  # none is kept: it may be large
            first += many
            recent = (recent + hashes)[-_RECENT:]

    def entry(self, raw: bytes, rank: float) -> Entry:
        """Return the entry of a member and its position."""
        place = Place(Kind.QUEUE, self.queue.name, int(rank), self.queue.form)
        return Entry.queued(raw, place, self._layout)


def _repeated(recent: list[int], members: list[int]) -> int:
    """Return how many members of a chunk were read before: a push shifts them to the right.

    Both are given as the hashes of members.
    """
    start = 0
    while members and members[0] in recent[start:]:
        start = recent.index(members[0], start)
        known = recent[start : start + len(members)]
        if known == members[: len(known)]:
            return len(known)
        start += 1
    return 0


class _ByPosition:
    """A list in the order its jobs run (index -1 first), or in reverse, for a walk."""

    def __init__(self, connection: Connection, key: bytes, descending: bool) -> None:
        self._connection = connection
        self._key = key
        self._descending = descending
        self._reach = 0
        self._shown = array("q")  # hashes: eight bytes for each
        self._skipped: frozenset[int] = frozenset()
        self._tail: list[bytes] = []  # the last ones read

    def commands(self, start: int, stop: int) -> list[Command]:
        ends = (start, stop) if self._descending else (-1 - stop, -1 - start)
        return [("LRANGE", self._key, *ends), ("LLEN", self._key)]

    def read(self, replies: list[Reply], start: int) -> list[Item]:
        members, length = replies
        if self._descending:
            return [(raw, max(0, length - 1 - start - i)) for i, raw in enumerate(members)]
        return [(raw, start + i) for i, raw in enumerate(reversed(members))]

    def fresh(self, items: list[Item], start: int, overlap: int) -> list[Item] | None:
        known = self._known(items, overlap)
        if known is None:
            return None
        self._reach = start + len(items)
        fresh = items[known:]
        if self._skipped:
            fresh = [item for item in fresh if hash(item[0]) not in self._skipped]
        self._shown.extend([hash(raw) for raw, _ in fresh])
        self._tail = _last([*self._tail, *(raw for raw, _ in items[known:])])
        return fresh

    def find_again(self) -> int:
        way = ("RANK", "1" if self._descending else "-1", "MAXLEN", 2 * self._reach + 1000)
        while self._tail:
            index, length = self._connection.pipe(
                [("LPOS", self._key, self._tail[-1], *way), ("LLEN", self._key)]
            )
            if index is not None:
                return int(index) + 1 if self._descending else int(length) - int(index)
            self._tail.pop()
        # All of them left: most likely they ran, and what is next now was not read.
        self._skipped = frozenset(self._shown)
        return 0

    def _known(self, items: list[Item], overlap: int) -> int | None:
        """Return how many of the items come before and at the last one read."""
        if not self._tail:
            return 0
        if overlap and len(items) >= overlap and items[overlap - 1][0] == self._tail[-1]:
            return overlap
        at = {raw: i for i, (raw, _) in reversed(list(enumerate(items)))}
        return next((at[raw] + 1 for raw in reversed(self._tail) if raw in at), None)


def _last(shown: list[bytes]) -> list[bytes]:
    kept, size = 0, 0
    for raw in reversed(shown[-_ANCHORS:]):
        size += len(raw)
        if kept and size > _ANCHOR_BYTES:
            break
        kept += 1
    return shown[len(shown) - kept :]


class Queues:
    """All queues of one Redis; only read."""

    def __init__(self, connection: Connection, layout: Layout) -> None:
        self.unsearched: str | None = None  # why lists without a name were not searched for
        self._connection = connection
        self._layout = layout

    def names(self) -> list[str]:
        """Return the names in the set of queues, sorted."""
        return sorted(map(decode_name, self._connection.call("SMEMBERS", self._layout.queues)))

    def named(self) -> list[Queue]:
        """Return the queues that the sets name: one for each list, or one without a list.

        A key of another type holds no names.
        """
        known, stopped = (
            _names(reply)
            for reply in self._connection.attempt(
                [("SMEMBERS", self._layout.queues), ("SMEMBERS", self._layout.paused)]
            )
        )
        all_names = sorted(known | stopped)
        forms = self._layout.prefixes
        kinds = iter(self._types([self._key(name, form) for name in all_names for form in forms]))
        found: list[Queue] = []
        for name in all_names:
            queue = Queue(name, None, None, 0, name in known, name in stopped)
            found += self._lists(queue, {form: next(kinds) for form in forms})
        return self._measured(found)

    def strays(self, known: Iterable[Queue]) -> list[Queue]:
        """Return the lists of jobs whose names are in no set; reads the whole keyspace.

        They are an extra: if this user may not look for them, or there are too many keys, none is
        returned, and `unsearched` says why.
        """
        taken = {queue.key for queue in known}
        self.unsearched = None
        try:
            if self._connection.call("DBSIZE") > STRAY_SEARCH:
                self.unsearched = f"there are more than {STRAY_SEARCH:,} keys"
                return []
            found = [
                Queue(*owner, key, 0, registered=False, paused=False)
                for key in self._list_keys()
                if key not in taken
                and (owner := self._layout.queue_of_key(decode_name(key))) is not None
            ]
        except NoPermission as error:
            self.unsearched = error.message
            return []
        # Behind the prefix any name is a queue's; a bare one may be anybody's key.
        named = [q for q in found if q.form is QueueForm.Q or self._layout.is_queue_name(q.name)]
        return [q for q in self._measured(named) if self._holds_jobs(q)]

    def at(self, name: str, form: QueueForm) -> list[Queue]:
        """Return the queue of this name with its list of one form; none if there is no list."""
        if form not in self._layout.queue_forms(name):
            return []
        key = self._key(name, form)
        (kind,) = self._types([key])
        return [Queue(name, form, key, 0, registered=True, paused=False)] if kind == "list" else []

    def type_of(self, name: str, form: QueueForm) -> str:
        """Return the type of the key of a queue's list; ``none`` if there is no such key."""
        (kind,) = self._types([self._key(name, form)])
        return kind

    def waiting(self, lists: Iterable[tuple[str, QueueForm]]) -> int:
        """Return how many jobs wait in all these lists; a key of another type holds none."""
        asked: list[Command] = [("LLEN", self._key(name, form)) for name, form in lists]
        replies = self._connection.attempt(asked)
        for reply in replies:
            if isinstance(reply, JobctlError) and not isinstance(reply, WrongType):
                raise reply
        return sum(reply for reply in replies if isinstance(reply, int))

    def jobs(self, queue: Queue) -> QueueJobs:
        """Return the jobs of a queue."""
        return QueueJobs(self._connection, queue, self._layout)

    def find(
        self, queues: Iterable[Queue], jids: Collection[str], *, damaged: bool = False
    ) -> Iterator[Entry]:
        """Yield the entries of any number of jobs in one pass over each queue.

        With `damaged` also the malformed members that hold the bytes of such an id.
        """
        wanted = frozenset(jids)
        possible = may_hold_jid(wanted)
        for queue in queues:
            yield from self.jobs(queue).find(wanted, possible, damaged=damaged)

    def _key(self, name: str, form: QueueForm) -> bytes:
        return encode_name(self._layout.queue_key(name, form))

    def _types(self, keys: list[bytes]) -> list[str]:
        return [kind.decode() for kind in self._connection.pipe([("TYPE", key) for key in keys])]

    def _lists(self, queue: Queue, kinds: dict[QueueForm, str]) -> list[Queue]:
        """Return the queue once for each of its lists, or once if it has none."""
        lists = [f for f in self._layout.queue_forms(queue.name) if kinds[f] == "list"]
        if lists:
            return [replace(queue, form=f, key=self._key(queue.name, f)) for f in lists]
        # A bare name may be anybody's key; one behind the prefix is the queue's own.
        own = kinds[QueueForm.Q]
        return [queue if own == "none" else replace(queue, form=QueueForm.Q, wrong_type=own)]

    def _measured(self, queues: list[Queue]) -> list[Queue]:
        asked: list[Command] = []
        for queue in queues:
            if queue.key is not None:
                asked += [("LLEN", queue.key), ("LINDEX", queue.key, -1)]
        replies = iter(self._connection.pipe(asked))
        return [
            q if q.key is None else replace(q, size=next(replies), head=next(replies))
            for q in queues
        ]

    def _list_keys(self) -> Iterator[bytes]:
        cursor, seen = 0, set[bytes]()
        while True:
            reply = self._connection.call("SCAN", cursor, "COUNT", 1000, "TYPE", "list")
            cursor = int(reply[0])
            yield from (key for key in reply[1] if key not in seen)
            seen.update(reply[1])
            if cursor == 0:
                return

    def _holds_jobs(self, queue: Queue) -> bool:
        head = queue.head
        return head is not None and Job.decode(head, self._layout).get("jid") is not None


def _names(reply: Reply) -> set[str]:
    if isinstance(reply, WrongType):
        return set()
    if isinstance(reply, JobctlError):
        raise reply
    return set(map(decode_name, reply))


def decode_name(name: bytes) -> str:
    """Return a queue's name as text; bytes that are no UTF-8 survive the round trip."""
    return name.decode("utf-8", "surrogateescape")


def encode_name(name: str) -> bytes:
    """Return a queue's name as Redis has it."""
    return name.encode("utf-8", "surrogateescape")
