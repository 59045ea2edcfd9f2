"""Operations: the calls of their batches, and what else they read and write in Redis.

A call is one script: bounded, applied once, with every key in KEYS.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, NoMemory, NoPermission, WrongType
from jobctl.model.layout import Kind, Layout, QueueForm
from jobctl.model.operation import Header, Lock, Rising
from jobctl.redis.queues import encode_name
from jobctl.redis.scripts import (
    CLAIM,
    IDENTITY,
    SERVER_VERSION,
    Command,
    Reply,
    Word,
    batch_call,
    operation_key,
    ready,
    script_call,
)

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection

Scores = Rising | Sequence[float]

MOST = 500  # members of a call: well under 10 ms
BYTES = 1024 * 1024  # of a call
_PRIVATE = 10  # seconds that the lists of a private queue live at most
_TOGETHER = 1000  # results that are asked for, or batches that are voided, in one go


@dataclass(frozen=True, slots=True)
class Push:
    """Jobs of one batch that go to one queue: the members, and what is pushed in their place."""

    queue: str
    members: Sequence[bytes]
    pushed: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a list in which jobs were seen; both indices count from the same end."""

    queue: str
    form: QueueForm
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Requeued:
    """Jobs that go back from a queue: the members they were, as they are now, their scores."""

    members: Sequence[bytes]
    present: Sequence[bytes]
    scores: Sequence[float]


@dataclass(frozen=True, slots=True)
class Call:
    """Make the command that applies one batch of an operation; its reply is the result."""

    layout: Layout
    operation: str
    number: str

    def claim(self, probe: str | bytes, claimant: bytes) -> Command:
        """Claim an operation; the reply says who has claimed it, now or before.

        Args:
            probe: a sorted set that the operation will remove members from.
            claimant: who claims it.
        """
        return self._eval("claim", [probe], claimant)

    def move(
        self,
        kinds: tuple[Kind, Kind],
        members: Sequence[bytes],
        scores: Scores,
        becoming: Sequence[bytes] = (),
    ) -> Command:
        """Move members from one set to another; `becoming`: what they change into, if they do."""
        first, given = _scores(scores)
        keys = [self.layout.sets[kind] for kind in kinds]
        return self._eval("move", keys, *first, len(members), *members, *becoming, *given)

    def discard(self, kind: Kind, members: Sequence[bytes]) -> Command:
        """Remove members."""
        return self._eval("discard", [self.layout.sets[kind]], *members)

    def restore(self, kind: Kind, members: Sequence[bytes], scores: Sequence[float]) -> Command:
        """Put members back that were removed."""
        return self._eval("restore", [self.layout.sets[kind]], *members, *_texts(scores))

    def reschedule(
        self, kind: Kind, members: Sequence[bytes], scores: Scores, expected: Sequence[float] = ()
    ) -> Command:
        """Give members new scores; with a score for each only those that have the expected one."""
        first, given = _scores(scores)
        return self._eval(
            "reschedule", [self.layout.sets[kind]], *first, *members, *given, *_texts(expected)
        )

    def requeue(
        self, kind: Kind, pushes: Sequence[Push], form: QueueForm, *, front: bool
    ) -> Command:
        """Move members to queues; the first of each queue runs first."""
        words: list[Word] = ["RPUSH" if front else "LPUSH"]
        for push in pushes:
            words += [encode_name(push.queue), len(push.members), *push.members, *push.pushed]
        return self._eval("requeue", self._lists(kind, [p.queue for p in pushes], form), *words)

    def probe(self, kind: Kind, queues: Sequence[str], form: QueueForm) -> Command:
        """Ask each of these queues why it would not take a job, if so, before any job is taken."""
        return self._eval("probe", self._lists(kind, queues, form), *map(encode_name, queues))

    def push(self, kind: Kind, pushes: Sequence[Push], form: QueueForm, result: str) -> Command:
        """Push jobs that have left their set already; the last of each queue runs first."""
        words: list[Word] = [result]
        for push in pushes:
            words += [encode_name(push.queue), len(push.pushed), *push.pushed]
        return self._eval("push", self._lists(kind, [p.queue for p in pushes], form), *words)

    def unqueue(
        self, kind: Kind, stretch: Stretch, taken: Requeued, *, into: bytes | None = None
    ) -> Command:
        """Take jobs out of a stretch of a queue, back into their set or, with `into`, to a list."""
        key = encode_name(self.layout.queue_key(stretch.queue, stretch.form))
        ends = (stretch.start, stretch.stop, len(taken.members))
        words = [*taken.present, *taken.members]
        target = self.layout.sets[kind] if into is None else into
        scores = _texts(taken.scores) if into is None else ()
        return self._eval("unqueue", [target, key], *ends, *words, *scores)

    def _lists(self, kind: Kind, queues: Sequence[str], form: QueueForm) -> list[str | bytes]:
        lists = [encode_name(self.layout.queue_key(name, form)) for name in queues]
        return [self.layout.sets[kind], self.layout.queues, *lists]

    def _eval(self, name: str, keys: Sequence[str | bytes], *words: Word) -> Command:
        return batch_call(name, self.operation, self.number, keys, *words)


def _scores(scores: Scores) -> tuple[tuple[Word, Word], Sequence[str]]:
    """Return the first score and the step (empty: none), and a score for each member if so."""
    if isinstance(scores, Rising):
        return (repr(scores.first), repr(scores.step)), ()
    return ("", ""), _texts(scores)


def _texts(scores: Sequence[float]) -> list[str]:
    return [repr(score) for score in scores]


class Operations:
    """The state that operations keep in one Redis, and what else they read and write there."""

    def __init__(self, connection: Connection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout

    def identity(self) -> str | None:
        """Return the identity of this database; None before the first change."""
        found = self._connection.call("GET", IDENTITY)
        return None if found is None else found.decode("utf-8", "replace")

    def claim_identity(self) -> str | None:
        """Return the identity of this database, and write one if there is none.

        None if the server is full, or this user may not write it.
        """
        found = self.identity()
        if found is not None:
            return found
        self._note("SET", IDENTITY, secrets.token_hex(12), "NX")
        return self.identity()

    def server_version(self) -> str | None:
        """Return the version of the Faktory server that an earlier change wrote down."""
        (found,) = self._connection.attempt([("GET", SERVER_VERSION)])
        return found.decode("utf-8", "replace") if isinstance(found, bytes) else None

    def note_server(self, version: str) -> None:
        """Write down the version of the Faktory server, if this Redis allows it."""
        if version != self.server_version():
            self._note("SET", SERVER_VERSION, version)

    def _note(self, *command: str) -> None:
        """Write something that is done without if the server is full, or this user may not."""
        (refused,) = self._connection.attempt([command])
        if isinstance(refused, JobctlError) and not isinstance(refused, NoPermission | NoMemory):
            raise refused

    def check_script(self, name: str, kind: Kind | None = None) -> None:
        """Check that a script can do its work here, before an operation is begun.

        Args:
            name: the script's.
            kind: the set that it takes jobs from.

        Raises:
            RefusedByRedis: it cannot; the error says why.
        """
        source = None if kind is None else self._layout.sets.get(kind)
        self._connection.call(*ready(name, keys=[] if source is None else [source]))

    def begun(self, operation: str) -> bool:
        """Check whether this Redis has a result of any batch of an operation."""
        return bool(self._connection.call("EXISTS", operation_key(operation)))

    def claim(self, header: Header, claimant: bytes) -> str:
        """Claim an operation, and return who has claimed it, now or before.

        Raises:
            RefusedByRedis: the changes would be refused as well; nothing was changed.
        """
        probe: str | bytes
        if header.kind is Kind.RECORDS:
            probe = header.record_layout.moment("recorded_at")
        else:
            probe = self._layout.sets[header.kind]
        call = Call(self._layout, header.operation, CLAIM)
        found = self._connection.call(*call.claim(probe, claimant))
        return bytes(found).decode("utf-8", "replace")

    def results(self, operation: str) -> dict[str, str]:
        """Return the results of the batches that were applied, by number, and the claim.

        Empty once Redis has dropped them.
        """
        found: dict[str, str] = {}
        cursor: bytes = b"0"
        while True:
            cursor, flat = self._connection.call(
                "HSCAN", operation_key(operation), cursor, "COUNT", _TOGETHER
            )
            texts = [text.decode("utf-8", "replace") for text in flat]
            found.update(zip(texts[::2], texts[1::2], strict=True))
            if cursor == b"0":
                return {number: result for number, result in found.items() if result}

    def void(self, operation: str, numbers: Iterable[int]) -> None:
        """Void batches that were not applied, so that a late arrival is a no-op."""
        key = operation_key(operation)
        todo = iter(numbers)
        while some := list(islice(todo, _TOGETHER)):
            self._connection.pipe([("HSETNX", key, number, "g0") for number in some])

    def sizes(
        self, kinds: Iterable[Kind], lists: Iterable[tuple[str, QueueForm]]
    ) -> dict[str, int]:
        """Return how many members sets and queues have, by their names in the ledger."""
        asked: dict[str, Command] = {k.value: ("ZCARD", self._layout.sets[k]) for k in kinds}
        for name, form in lists:
            asked[f"queue:{name}"] = ("LLEN", encode_name(self._layout.queue_key(name, form)))
        replies = self._connection.attempt(asked.values())
        found = zip(asked, replies, strict=True)
        return {name: reply for name, reply in found if not isinstance(reply, JobctlError)}

    def clear(self, kind: Kind) -> int:
        """Remove a whole set, and return how many members it had."""
        key = self._layout.sets[kind]
        self._connection.call("MULTI")  # alone: were it refused, the next ones would be applied
        replies = self._connection.pipe([("ZCARD", key), ("UNLINK", key), ("EXEC",)])
        return int(replies[-1][0])

    def present(self, kind: Kind, members: Sequence[bytes]) -> list[bytes | None]:
        """Return the score of each member; None for one that is not there."""
        found: list[bytes | None] = self._connection.call(
            "ZMSCORE", self._layout.sets[kind], *members
        )
        return found

    def locks(self, keys: Sequence[str], now: float) -> list[Lock | JobctlError | None]:
        """Return the lock at each of these keys; None if there is none.

        A refusal is returned in its place, as the error. `now`: unix seconds by Redis' clock.
        """
        asked: list[Command] = [(verb, key) for key in keys for verb in ("GET", "PTTL")]
        replies = self._connection.attempt(asked)
        found: list[Lock | JobctlError | None] = []
        for key, value, left in zip(keys, replies[::2], replies[1::2], strict=True):
            refused = next((r for r in (value, left) if isinstance(r, JobctlError)), None)
            if refused is not None or value is None:
                found.append(None if isinstance(refused, WrongType) else refused)
            else:
                found.append(Lock(key, value, now + left / 1000 if left >= 0 else None))
        return found

    def lock_again(self, locks: Sequence[Lock], now: float) -> list[bytes | JobctlError | None]:
        """Put back locks that are gone, for the time they had left; return who holds each."""
        asked: list[Command] = []
        for lock in locks:
            left = () if lock.expires_at is None else ("PX", int((lock.expires_at - now) * 1000))
            asked += [("SET", lock.key, lock.value, "NX", *left), ("GET", lock.key)]
        replies = self._connection.attempt(asked)
        pairs = zip(replies[::2], replies[1::2], strict=True)
        return [put if isinstance(put, JobctlError) else holder for put, holder in pairs]

    def put_private(self, queue: str, job: bytes) -> None:
        """Push a job to the lists, of both forms, of a queue that only this process knows.

        Redis drops them after a few seconds.

        Raises:
            RefusedByRedis: nothing can be written here; nothing was.
        """
        self._connection.call(*script_call("private", self._private(queue), job, _PRIVATE))

    def has_private(self, queue: str) -> bool:
        """Check whether there is a job in a list of such a queue."""
        replies = self._connection.pipe([("LINDEX", key, -1) for key in self._private(queue)])
        return any(replies)

    def drop_private(self, queue: str) -> None:
        """Remove the lists of such a queue, if this user may."""
        self._connection.attempt([("UNLINK", *self._private(queue))])

    def _private(self, queue: str) -> list[bytes]:
        return [encode_name(self._layout.queue_key(queue, form)) for form in self._layout.prefixes]

    def one(self, command: Command) -> Reply:
        """Send one call and return its reply; a refusal is returned as the error."""
        (reply,) = self._connection.attempt([command])
        return reply

    def each(self, commands: Iterator[Command]) -> Iterator[Reply]:
        """Yield the reply to each call; a refusal is yielded as the error."""
        return self._connection.each(commands)
