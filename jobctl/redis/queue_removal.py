"""Stage the lists of queues for their removal, and put them back: scripts, each applied once."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError
from jobctl.model.layout import Layout, QueueForm
from jobctl.model.queue import RemovedQueue
from jobctl.redis.queues import encode_name
from jobctl.redis.scripts import (
    KEPT,
    Chunk,
    Command,
    Reply,
    aside_key,
    back_key,
    batch_call,
    operation_key,
)

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection

QUEUES = 500  # of a call
_TOGETHER = 100  # commands under way at once
_NEAR = 1000  # jobs from either end of a list
_REMOVED = "removed"  # field of an operation's hash: the server has removed its queues


class ListFate(StrEnum):
    """The fate of lists when they are staged."""

    ASIDE = "aside"
    UNLINK = "unlink"
    STAY = "stay"


class NameFate(StrEnum):
    """The fate of the names of queues."""

    FORGET = "forget"  # removed from both sets
    MARK = "mark"  # paused if they are in a set, so that a server that removes them leaves a trace
    STAY = "stay"


class PauseFate(StrEnum):
    """The fate of a queue's pause, decided before its jobs are back."""

    PAUSE = "pause"
    UNPAUSE = "unpause"
    STAY = ""


@dataclass(frozen=True, slots=True)
class Staging:
    """One round of staging lists.

    Attributes:
        operation: its id.
        round: 1 is the first.
        lists, names: what happens to them.
        fewest, most: how many jobs there may be in all; None: any number.
    """

    operation: str
    round: int
    lists: ListFate
    names: NameFate
    fewest: int | None = None
    most: int | None = None

    def after(self, jobs: int, *, last: bool) -> Staging:
        """Return what the next call may take, after so many jobs; only the last has a minimum."""
        fewest = None if self.fewest is None or not last else max(0, self.fewest - jobs)
        return replace(
            self, fewest=fewest, most=None if self.most is None else max(0, self.most - jobs)
        )


@dataclass(frozen=True, slots=True)
class StagedQueue:
    """A queue as it was when its lists were staged.

    Attributes:
        number: the number of the call.
        jobs: of each of its lists; None if there was none.
        registered, paused: whether its name was in the sets.
        forgotten: whether its name was removed from both.
        marked: whether it was paused, so that its removal shows.
    """

    number: str
    jobs: tuple[int | None, ...]
    registered: bool
    paused: bool
    forgotten: bool = False
    marked: bool = False

    @property
    def total(self) -> int:
        """The jobs of all its lists."""
        return sum(jobs or 0 for jobs in self.jobs)


@dataclass(frozen=True, slots=True)
class ReturnedList:
    """A list that goes back to its queue: the jobs that are there now follow its own.

    Attributes:
        number: its batch.
        first: its key.
        queue, form: the queue, and the form of its list.
        registered: whether to put the name into the set of queues.
        pause: what happens to its pause.
    """

    number: str
    first: bytes
    queue: str
    form: QueueForm
    registered: bool
    pause: PauseFate


def staging_number(round_number: int, first: int) -> str:
    """Return the number of the call that stages the queues from a place on."""
    return f"a{round_number}.{first}"


def read_staged(number: str, text: str, queues: Sequence[RemovedQueue]) -> list[StagedQueue]:
    """Read the result of a call that staged the lists of these queues (more may follow)."""
    jobs_text, names_text, fate = text.split(" ")
    counts = iter(None if word == "-" else int(word) for word in jobs_text.split(","))
    return [
        StagedQueue(
            number,
            tuple(next(counts) for _ in queue.forms),
            word[0] == "r",
            word[1] == "p",
            fate == NameFate.FORGET,
            fate == NameFate.MARK,
        )
        for queue, word in zip(queues, names_text.split(","), strict=False)
    ]


class QueueRemoval:
    """The lists of queues that are removed from one Redis, or put back."""

    def __init__(self, connection: Connection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout

    def key(self, queue: str, form: QueueForm) -> bytes:
        """Return the key of a queue's list."""
        return encode_name(self._layout.queue_key(queue, form))

    def aside(self, operation: str, round_number: int, queue: str, form: QueueForm) -> bytes:
        """Return the key that a queue's list is renamed to."""
        return aside_key(operation, round_number, self.key(queue, form))

    def back(self, operation: str, queue: str, form: QueueForm) -> bytes:
        """Return the key at which a list is rebuilt before it goes back to its queue."""
        return back_key(operation, self.key(queue, form))

    def stage(self, staging: Staging, queues: Sequence[RemovedQueue]) -> list[StagedQueue] | int:
        """Stage the lists of queues; those of one call at the same instant.

        Returns:
            What each queue was; or how many jobs there are, if that is out of bounds. Then the call
            that met the bound did nothing, and what the calls before it staged has to go back.
        """
        found: list[StagedQueue] = []
        for first in range(0, len(queues), QUEUES):
            part, later = queues[first : first + QUEUES], queues[first + QUEUES :]
            jobs = sum(staged.total for staged in found)
            rest = staging.after(jobs, last=not later)
            reply: bytes = self._connection.call(*self._stage_call(rest, first, part))
            if reply.startswith(b"n"):
                uncounted = (self.key(queue.name, form) for queue in later for form in queue.forms)
                return jobs + int(reply[1:]) + sum(self.lengths(uncounted))
            number = staging_number(staging.round, first)
            found += read_staged(number, reply.decode(), part)
        return found

    def stream(
        self, lists: Sequence[tuple[bytes, int]]
    ) -> Generator[tuple[int, list[bytes]], None, None]:
        """Yield the members of lists, given as (key, jobs), in the order they run.

        Some members come at a time, with the index of their list. Several short lists are read in
        one go; the next ones are under way meanwhile.
        """
        chunk = Chunk()
        asked: deque[list[int]] = deque()
        slices = _Slices(lists)

        def follow(replies: list[Reply] | None) -> list[Command]:
            if replies is not None:
                members = [raw for reply in replies for raw in reply]
                chunk.learn(len(members), sum(map(len, members)))
            found = list(slices.take(chunk.size))
            asked.append([index for index, _, _ in found])
            return [("LRANGE", lists[i][0], -start - jobs, -start - 1) for i, start, jobs in found]

        for replies in self._connection.stream(follow):
            for index, members in zip(asked.popleft(), replies, strict=True):
                yield index, members[::-1]

    def lengths(self, keys: Iterable[bytes]) -> list[int]:
        """Return the lengths of lists; 0 for a key that is no list."""
        replies = self._attempt(("LLEN", key) for key in keys)
        return [0 if isinstance(reply, JobctlError) else int(reply) for reply in replies]

    def holds(self, lists: Iterable[tuple[bytes, bytes]]) -> bool:
        """Check whether any of these lists holds the member given with it."""
        replies = self._attempt(("LPOS", key, member) for key, member in lists)
        return any(isinstance(reply, int) for reply in replies)

    def near_an_end(self, keys: Sequence[bytes], members: Sequence[bytes]) -> int:
        """Return how many of these members are near an end of one of these lists."""
        asked: list[Command] = [
            ("LPOS", key, member, "RANK", rank, "MAXLEN", _NEAR)
            for member in members
            for key in keys
            for rank in (1, -1)
        ]
        replies = [isinstance(reply, int) for reply in self._attempt(asked)]
        width = 2 * len(keys)
        return sum(any(replies[i : i + width]) for i in range(0, len(replies), width))

    def registered(self, names: Sequence[str]) -> set[str]:
        """Return which of these queues are in the set of queues."""
        asked: list[Command] = [
            ("SISMEMBER", self._layout.queues, encode_name(name)) for name in names
        ]
        return {name for name, there in zip(names, self._all(asked), strict=True) if there}

    def register(self, names: Iterable[str]) -> None:
        """Add names to the set of queues."""
        self._all([("SADD", self._layout.queues, encode_name(name)) for name in names])

    def unmark(self, names: Iterable[str]) -> None:
        """Remove names from the set of paused queues."""
        self._attempt(("SREM", self._layout.paused, encode_name(name)) for name in names)

    def remember_removed(self, operation: str) -> None:
        """Note that the server has removed the queues: no list is staged for it any more."""
        key = operation_key(operation)
        self._connection.pipe([("HSET", key, _REMOVED, "d1"), ("EXPIRE", key, KEPT)])

    @staticmethod
    def was_removed(results: Iterable[str]) -> bool:
        """Check the results of an operation for the note that the server has removed its queues."""
        return _REMOVED in results

    def refill(self, operation: str, number: str, into: bytes, start: int) -> Command:
        """Return the call that appends jobs to a list, but for the jobs: they follow it."""
        return batch_call("refill", operation, number, [into], start)

    def join(
        self, operation: str, pairs: Iterable[tuple[bytes, bytes]], *, before: bool = False
    ) -> None:
        """Move the jobs of each second list to the first, to run after those that are there.

        With `before` they run before them.

        Raises:
            RefusedByRedis: a list could not be moved.
        """
        words = ("", "", "", "1" if before else "")
        commands = [
            self._rejoin_call(operation, "", first, second, words) for first, second in pairs
        ]
        for reply in self.until_done(commands):
            if isinstance(reply, JobctlError):
                raise reply

    def rejoin(self, operation: str, lists: Iterable[ReturnedList]) -> list[JobctlError | None]:
        """Put lists back in front of what is in their queues; return the error, if any, of each."""
        commands = [
            self._rejoin_call(
                operation,
                back.number,
                back.first,
                self.key(back.queue, back.form),
                (encode_name(back.queue), "1" if back.registered else "", back.pause.value, ""),
            )
            for back in lists
        ]
        replies = self.until_done(commands)
        return [reply if isinstance(reply, JobctlError) else None for reply in replies]

    def until_done(self, commands: Sequence[Command]) -> list[Reply]:
        """Send calls, those that reply `more` again; a refusal is returned in its place."""
        replies: list[Reply] = self._attempt(commands)
        while left := [i for i, reply in enumerate(replies) if reply == b"more"]:
            again = self._attempt(commands[i] for i in left)
            for i, reply in zip(left, again, strict=True):
                replies[i] = reply
        return replies

    def unlink(self, keys: Iterable[bytes | str]) -> None:
        """Remove keys; Redis frees their memory in its own time."""
        todo = iter(keys)
        while some := list(islice(todo, _TOGETHER)):
            self._connection.pipe([("UNLINK", key) for key in some])

    def forget(self, operation: str) -> None:
        """Drop the results of an operation that nobody will undo."""
        self.unlink([operation_key(operation)])

    def _stage_call(self, staging: Staging, first: int, queues: Sequence[RemovedQueue]) -> Command:
        lists = [(queue.name, form) for queue in queues for form in queue.forms]
        asides = [self.aside(staging.operation, staging.round, name, form) for name, form in lists]
        keys: list[str | bytes] = [
            self._layout.queues,
            self._layout.paused,
            *(self.key(name, form) for name, form in lists),
            *asides,
        ]
        bounds = ("" if n is None else n for n in (staging.fewest, staging.most))
        words: list[str | bytes | int] = [
            *bounds,
            staging.lists.value,
            staging.names.value,
            *(encode_name(q.name) for q in queues),
        ]
        number = staging_number(staging.round, first)
        return batch_call("remove", staging.operation, number, keys, *words)

    def _rejoin_call(
        self,
        operation: str,
        number: str,
        first: bytes,
        second: bytes,
        words: tuple[str | bytes, str, str, str],
    ) -> Command:
        keys = (self._layout.queues, self._layout.paused, first, second)
        return batch_call("rejoin", operation, number, keys, *words)

    def _all(self, commands: Sequence[Command]) -> list[Reply]:
        replies = self._attempt(commands)
        for reply in replies:
            if isinstance(reply, JobctlError):
                raise reply
        return replies

    def _attempt(self, commands: Iterable[Command]) -> list[Reply]:
        replies: list[Reply] = []
        todo = iter(commands)
        while some := list(islice(todo, _TOGETHER)):
            replies += self._connection.attempt(some)
        return replies


class _Slices:
    """Slices of lists, from the end where jobs run: which list, how many jobs before, how many."""

    def __init__(self, lists: Sequence[tuple[bytes, int]]) -> None:
        self._lists = lists
        self._index = 0
        self._start = 0

    def take(self, most: int) -> Iterator[tuple[int, int, int]]:
        """Yield the next slices, with at most so many jobs in all."""
        while most and self._index < len(self._lists):
            length = self._lists[self._index][1]
            jobs = min(most, length - self._start)
            if jobs:
                yield self._index, self._start, jobs
            self._start += jobs
            most -= jobs
            if self._start == length:
                self._index, self._start = self._index + 1, 0
