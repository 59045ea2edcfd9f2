"""The queues: their names, and their lists in both of Faktory's forms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from jobctl.errors import JobctlError, NoPermission, WrongType
from jobctl.filter.spelling import may_hold_jid
from jobctl.model.entry import Entry
from jobctl.model.job import Job
from jobctl.model.queue import Queue, is_queue_name
from jobctl.redis.connection import Command, Connection, Reply
from jobctl.redis.line import Line
from jobctl.systems.layout import Layout, QueueForm

STRAY_SEARCH = 1_000_000  # keys; in a larger keyspace nobody looks for lists without a name


class Queues:
    """All queues of one Redis. Reading only."""

    def __init__(self, connection: Connection, layout: Layout) -> None:
        self.unsearched: str | None = None  # why nobody looked for lists without a name
        self._connection = connection
        self._layout = layout

    def names(self) -> list[str]:
        """Return the names in the set of queues, sorted."""
        return sorted(map(decode_name, self._connection.call("SMEMBERS", self._layout.queues)))

    def named(self) -> list[Queue]:
        """Return the queues of the sets of names: one per list, or one without a list.

        A set that is no set holds no names.
        """
        known, stopped = (
            _names(reply)
            for reply in self._connection.attempt(
                [("SMEMBERS", self._layout.queues), ("SMEMBERS", self._layout.paused)]
            )
        )
        all_names = sorted(known | stopped)
        kinds = self._types([self._key(name, form) for name in all_names for form in QueueForm])
        found: list[Queue] = []
        for name, pair in zip(all_names, zip(kinds[::2], kinds[1::2], strict=True), strict=True):
            queue = Queue(name, None, None, 0, name in known, name in stopped)
            found += self._lists(queue, dict(zip(QueueForm, pair, strict=True)))
        return self._measured(found)

    def strays(self, known: Iterable[Queue]) -> list[Queue]:
        """Return the lists of jobs whose name is in no set of names; reads the whole keyspace.

        They are an extra: where nobody may look for them, or there are too many keys, there are
        none, and `unsearched` says why.
        """
        taken = {queue.key for queue in known}
        self.unsearched = None
        try:
            if self._connection.call("DBSIZE") > STRAY_SEARCH:
                self.unsearched = f"there are more than {STRAY_SEARCH:,} keys"
                return []
            found = [self._stray(key) for key in self._list_keys() if key not in taken]
        except NoPermission as error:
            self.unsearched = error.message
            return []
        # Behind q: any name is a queue's; a bare one may be anybody's key.
        named = [q for q in found if q.form is QueueForm.Q or is_queue_name(q.name)]
        return [q for q in self._measured(named) if _holds_jobs(q)]

    def at(self, name: str, form: QueueForm) -> list[Queue]:
        """Return the queue of this name with its list of one form; none where there is no list."""
        if form not in self._layout.queue_forms(name):
            return []
        key = self._key(name, form)
        (kind,) = self._types([key])
        return [Queue(name, form, key, 0, registered=True, paused=False)] if kind == "list" else []

    def type_of(self, name: str, form: QueueForm) -> str:
        """Return the type of the key of a queue's list; ``none`` where it is not there."""
        (kind,) = self._types([self._key(name, form)])
        return kind

    def waiting(self, lists: Iterable[tuple[str, QueueForm]]) -> int:
        """Return how many jobs wait in these lists together; what is no list holds none."""
        asked: list[Command] = [("LLEN", self._key(name, form)) for name, form in lists]
        replies = self._connection.attempt(asked)
        for reply in replies:
            if isinstance(reply, JobctlError) and not isinstance(reply, WrongType):
                raise reply
        return sum(reply for reply in replies if isinstance(reply, int))

    def line(self, queue: Queue) -> Line:
        """Return the jobs of a queue."""
        return Line(self._connection, queue, self._layout)

    def find(
        self, queues: Iterable[Queue], jids: Collection[str], *, damaged: bool = False
    ) -> Iterator[Entry]:
        """Yield the entries of these jobs, however many, in one pass over each queue.

        With `damaged` also the malformed members that hold such an id's bytes.
        """
        wanted = frozenset(jids)
        possible = may_hold_jid(wanted)
        for queue in queues:
            yield from self.line(queue).find(wanted, possible, damaged=damaged)

    def _key(self, name: str, form: QueueForm) -> bytes:
        return encode_name(self._layout.queue_key(name, form))

    def _types(self, keys: list[bytes]) -> list[str]:
        return [kind.decode() for kind in self._connection.pipe([("TYPE", key) for key in keys])]

    def _lists(self, queue: Queue, kinds: dict[QueueForm, str]) -> list[Queue]:
        """Return the queue once for each of its lists, or once where it has none."""
        lists = [f for f in self._layout.queue_forms(queue.name) if kinds[f] == "list"]
        if lists:
            return [replace(queue, form=f, key=self._key(queue.name, f)) for f in lists]
        # A bare name may be anybody's key; one behind q: is the queue's own.
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

    def _stray(self, key: bytes) -> Queue:
        form = QueueForm.Q if key.startswith(b"q:") else QueueForm.BARE
        name = self._layout.queue_name(decode_name(key), form)
        return Queue(name, form, key, 0, registered=False, paused=False)


def _names(reply: Reply) -> set[str]:
    if isinstance(reply, WrongType):
        return set()
    if isinstance(reply, JobctlError):
        raise reply
    return set(map(decode_name, reply))


def _holds_jobs(queue: Queue) -> bool:
    return queue.head is not None and Job.decode(queue.head).get("jid") is not None


def decode_name(name: bytes) -> str:
    """Return a queue's name as text; bytes that are no UTF-8 survive the way back."""
    return name.decode("utf-8", "surrogateescape")


def encode_name(name: str) -> bytes:
    """Return a queue's name as Redis has it."""
    return name.encode("utf-8", "surrogateescape")
