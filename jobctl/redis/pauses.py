"""Paused queues: the set, the notes of who paused them, and the leases of those who hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobctl.errors import JobctlError, NoPermission, Refused, WrongType
from jobctl.model.pausing import STALE, Author, Hold, Lease
from jobctl.redis.connection import Command, Connection, Reply
from jobctl.redis.keys import KEPT, PAUSES, hold_key
from jobctl.redis.queues import decode_name, encode_name
from jobctl.redis.scripts import ready, script
from jobctl.systems.layout import Layout

_MOST = 250  # queues of a call: well under 10 ms

Word = str | bytes | int | float


@dataclass(frozen=True, slots=True)
class Names:
    """The sets of names: of the queues that a server has met, and of those that are paused."""

    known: frozenset[str]
    paused: frozenset[str]


class Pauses:
    """The paused and held queues of one Redis."""

    def __init__(self, connection: Connection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout

    def names(self) -> Names:
        """Return the names of all queues, and of the paused ones."""
        known, paused = self._connection.pipe(
            [("SMEMBERS", self._layout.queues), ("SMEMBERS", self._layout.paused)]
        )
        return Names(frozenset(map(decode_name, known)), frozenset(map(decode_name, paused)))

    def paused(self, names: Sequence[str]) -> list[bool]:
        """Tell of each queue whether it is in the set of paused ones now."""
        words = list(map(encode_name, names))
        commands: list[Command] = [
            ("SMISMEMBER", self._layout.paused, *words[i : i + 1000])
            for i in range(0, len(words), 1000)
        ]
        return [bool(flag) for reply in self._connection.pipe(commands) for flag in reply]

    def pause(
        self,
        names: Sequence[str],
        author: Author,
        *,
        by_redis: bool,
        before: Sequence[bool] = (),
    ) -> str:
        """Pause queues, or note who did so by way of their server.

        A note that is there stays, unless there is a new reason; a queue that is held stays paused
        when its holders are gone.

        Args:
            names: the queues.
            author: who, when and why.
            by_redis: write the set here.
            before: which of them were paused before; without it, that is looked up here.

        Returns:
            A letter for each: ``a`` it was paused already, ``p`` paused now.
        """
        if by_redis:
            self._check("pause")
        flags = "".join("1" if was else "0" for was in before)
        anew = "1" if author.reason else ""
        calls = [
            self._call("pause", [self._layout.paused, PAUSES], part,
                       author.encode(), anew, "1" if by_redis else "", flags[i : i + len(part)])
            for i, part in _parts(names)
        ]  # fmt: skip
        return self._letters(calls)

    def resume(self, names: Sequence[str], *, by_redis: bool, force: bool) -> str:
        """Resume queues, or forget the notes of those that were resumed by way of their server.

        Returns:
            A letter for each: ``r`` it was paused, ``n`` it was not.

        Raises:
            Refused: somebody came to hold one of them just now.
        """
        if by_redis:
            self._check("resume")
        calls = [
            self._call("resume", [self._layout.paused, PAUSES], part,
                       STALE, "1" if force else "", "1" if by_redis else "")
            for _, part in _parts(names)
        ]  # fmt: skip
        letters = self._letters(calls)
        if len(letters) != len(names):
            raise Refused(
                "one of these queues came to be held just now",
                hint="who holds it: jobctl queue ls; --force resumes it all the same",
            )
        return letters

    def mark(self, names: Sequence[str], ident: str, *, force: bool) -> tuple[str, str] | None:
        """Mark queues that are about to be resumed by way of their server.

        Whoever comes to hold one of them waits until `unmark`, or until the mark is stale.

        Returns:
            None; or ``held`` or ``wait`` (somebody else is resuming it just now) and the queue:
            then call `unmark`, and try again or give up.
        """
        for _, part in _parts(names):
            call = self._call("mark", [], part, ident, STALE, "1" if force else "")
            outcome, *rest = self._connection.call(*call)
            if outcome != b"ok":
                return outcome.decode(), decode_name(rest[0])
        return None

    def unmark(self, names: Sequence[str], ident: str) -> None:
        """Take the marks of queues away again."""
        self._connection.pipe(
            [self._call("unmark", [], part, ident, STALE) for _, part in _parts(names)]
        )

    def notes(self) -> dict[str, Author]:
        """Return who paused each queue, when and why, as far as somebody noted it."""
        (flat,) = self._connection.attempt([("HGETALL", PAUSES)])
        if isinstance(flat, WrongType | NoPermission):
            return {}
        if isinstance(flat, JobctlError):
            raise flat
        pairs = zip(flat[::2], flat[1::2], strict=True)
        found = {decode_name(name): Author.decode(text) for name, text in pairs}
        return {name: author for name, author in found.items() if author is not None}

    def holds(self, names: Sequence[str], now: float) -> dict[str, Hold]:
        """Return who holds each of these queues; those that nobody holds are left out.

        Args:
            names: the queues.
            now: unix seconds by the clock of Redis.
        """
        replies = self._connection.attempt(
            [("HGETALL", encode_name(hold_key(name))) for name in names]
        )
        found: dict[str, Hold] = {}
        for name, reply in zip(names, replies, strict=True):
            if isinstance(reply, JobctlError) and not isinstance(reply, WrongType | NoPermission):
                raise reply
            if isinstance(reply, list) and reply:
                hold = Hold.read(dict(zip(reply[::2], reply[1::2], strict=True)), now)
                if hold or hold.leaving:
                    found[name] = hold
        return found

    def take(self, names: Sequence[str], lease: Lease, *, by_redis: bool) -> list[bool] | str:
        """Take a lease on queues.

        Returns:
            For each whether it was paused before the first lease; or a queue that somebody is
            resuming just now: then none was taken, and it may be tried again.

        Raises:
            Refused: another version of jobctl holds one of them.
        """
        self._check("take")
        before: list[bool] = []
        for _, part in _parts(names):
            call = self._call("take", [self._layout.paused], part, lease.ident, lease.encode(),
                              STALE, KEPT, "1" if by_redis else "")  # fmt: skip
            outcome, *rest = self._connection.call(*call)
            if outcome == b"version":
                raise Refused(
                    f"queue {decode_name(rest[0])} is held by another version of jobctl "
                    f"(leases of version {rest[1].decode('utf-8', 'replace')})",
                    hint="use that version, or remove its leases: "
                    f"redis-cli del {hold_key(decode_name(rest[0]))}",
                )
            if outcome == b"wait":
                return decode_name(rest[0])
            before += [flag == b"1" for flag in rest]
        return before

    def beat(self, names: Sequence[str], ident: str, *, ends: bool = False) -> str:
        """Say that the holder of a lease lives; `ends`: that it has given up, and counts as dead.

        Returns:
            A letter for each queue: ``p`` held and paused, ``r`` held, and somebody resumed it,
            ``l`` the lease is lost.
        """
        calls = [
            self._call("beat", [self._layout.paused], part, ident, KEPT, "1" if ends else "")
            for _, part in _parts(names)
        ]
        return self._letters(calls)

    def leave(
        self, names: Sequence[str], ident: str, *, by_redis: bool, before: Sequence[bool]
    ) -> str:
        """Give a lease back; the last living holder resumes the queue.

        Returns:
            A letter for each queue: ``o`` others hold it, ``s`` it stays paused, ``r`` resumed,
            ``w`` to be resumed by way of its server, then call `left`; ``n`` it is not paused.
        """
        flags = "".join("1" if was else "0" for was in before)
        calls = [
            self._call("leave", [self._layout.paused, PAUSES], part,
                       ident, STALE, "1" if by_redis else "", flags[i : i + len(part)])
            for i, part in _parts(names)
        ]  # fmt: skip
        return self._letters(calls)

    def clear(self, names: Sequence[str], ident: str, *, by_redis: bool) -> str:
        """Clear the leases of dead holders; a queue that nobody else holds is resumed.

        Returns:
            A letter for each queue: ``x`` there was none, ``o`` others hold it, ``s`` it stays
            paused, ``r`` resumed, ``w`` to be resumed by way of its server, then call `left`;
            ``n`` it is not paused, ``v`` another version's.
        """
        calls = [
            self._call("clear", [self._layout.paused, PAUSES], part,
                       ident, STALE, "1" if by_redis else "")
            for _, part in _parts(names)
        ]  # fmt: skip
        return self._letters(calls)

    def left(self, names: Sequence[str], ident: str) -> None:
        """Say that queues were resumed by way of their server, and that their holding is over."""
        self._connection.pipe(
            [self._call("left", [PAUSES], part, ident) for _, part in _parts(names)]
        )

    def _check(self, name: str) -> None:
        """Check, before it writes anything, that a script can do its work: half is not undone.

        Its own commands are enough: those of the shared beginning are called before it writes.
        """
        self._connection.call(*ready(name))

    def _letters(self, calls: Sequence[Command]) -> str:
        replies: list[Reply] = self._connection.pipe(calls)
        return "".join(reply.decode() for reply in replies)

    def _call(self, name: str, keys: Sequence[str], queues: Sequence[str], *words: Word) -> Command:
        every: list[Word] = [*keys, *(encode_name(hold_key(queue)) for queue in queues)]
        named: list[Word] = [encode_name(queue) for queue in queues]
        return ("EVAL", script("holding", name), len(every), *every, *words, *named)


def _parts(names: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    return ((i, names[i : i + _MOST]) for i in range(0, len(names), _MOST))
