"""Pause, resume and hold queues: the set of paused ones, notes of who paused them, and leases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, NoPermission, Refused, WrongType
from jobctl.model.layout import Layout
from jobctl.model.queue import STALE, Author, Holders, Lease
from jobctl.redis.queues import decode_name, encode_name
from jobctl.redis.scripts import KEPT, PAUSES, Command, Reply, Word, hold_key, ready, script_call

if TYPE_CHECKING:
    from jobctl.redis.connection import Connection

_MOST = 250  # queues of a call: well under 10 ms
_WORDS = 3  # arguments of an action


@dataclass(frozen=True, slots=True)
class QueueNames:
    """The names in the set of queues that a server knows, and in the set of paused ones."""

    known: frozenset[str]
    paused: frozenset[str]


class Pauses:
    """The paused and held queues of one Redis."""

    def __init__(self, connection: Connection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout

    def names(self) -> QueueNames:
        """Return the names of all queues, and of the paused ones."""
        known, paused = self._connection.pipe(
            [("SMEMBERS", self._layout.queues), ("SMEMBERS", self._layout.paused)]
        )
        return QueueNames(frozenset(map(decode_name, known)), frozenset(map(decode_name, paused)))

    def paused(self, names: Sequence[str]) -> dict[str, bool]:
        """Return by queue whether it is in the set of paused ones now."""
        asked: list[Command] = [
            ("SISMEMBER", self._layout.paused, encode_name(name)) for name in names
        ]
        return dict(zip(names, map(bool, self._connection.pipe(asked)), strict=True))

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
            before: which of them were paused before; looked up here if not given.

        Returns:
            A letter for each: ``a`` it was paused already, ``p`` paused now.
        """
        if by_redis:
            self._check("pause")
        words = (author.encode(), "1" if author.reason else "")
        return self._letters("pause", names, *words, by_redis=by_redis, before=before)

    def resume(self, names: Sequence[str], *, by_redis: bool, force: bool) -> str:
        """Resume queues, or forget the notes of those that were resumed by way of their server.

        Returns:
            A letter for each: ``r`` it was paused, ``n`` it was not.

        Raises:
            Refused: one of them was just taken hold of.
        """
        if by_redis:
            self._check("resume")
        calls = self._calls("resume", names, "1" if force else "", by_redis=by_redis)
        replies = self._connection.pipe(calls)
        if any(outcome != b"ok" for outcome, *_ in replies):
            raise Refused(
                "one of these queues came to be held just now",
                hint="who holds it: jobctl queue ls; --force resumes it all the same",
            )
        return _joined(replies)

    def mark(self, names: Sequence[str], ident: str, *, force: bool) -> tuple[str, str] | None:
        """Mark queues that are about to be resumed by way of their server.

        New holders wait until `unmark`, or until the mark is stale.

        Returns:
            None; or ``held`` or ``wait`` (somebody else is resuming it just now) and the queue:
            then call `unmark`, and try again or give up.
        """
        for call in self._calls("mark", names, "1" if force else "", ident=ident):
            outcome, *rest = self._connection.call(*call)
            if outcome != b"ok":
                return outcome.decode(), decode_name(rest[0])
        return None

    def unmark(self, names: Sequence[str], ident: str) -> None:
        """Remove the marks of queues."""
        self._connection.pipe(self._calls("unmark", names, ident=ident))

    def notes(self) -> dict[str, Author]:
        """Return who paused each queue, when and why, as far as that was noted."""
        (flat,) = self._connection.attempt([("HGETALL", PAUSES)])
        if isinstance(flat, WrongType | NoPermission):
            return {}
        if isinstance(flat, JobctlError):
            raise flat
        pairs = zip(flat[::2], flat[1::2], strict=True)
        found = {decode_name(name): Author.decode(text) for name, text in pairs}
        return {name: author for name, author in found.items() if author is not None}

    def holds(self, names: Sequence[str], now: float) -> dict[str, Holders]:
        """Return who holds each of these queues; queues without a holder are left out.

        Args:
            names: the queues.
            now: unix seconds by the clock of Redis.
        """
        replies = self._connection.attempt(
            [("HGETALL", encode_name(hold_key(name))) for name in names]
        )
        found: dict[str, Holders] = {}
        for name, reply in zip(names, replies, strict=True):
            if isinstance(reply, JobctlError) and not isinstance(reply, WrongType | NoPermission):
                raise reply
            if isinstance(reply, list) and reply:
                hold = Holders.read(dict(zip(reply[::2], reply[1::2], strict=True)), now)
                if hold or hold.leaving:
                    found[name] = hold
        return found

    def take(self, names: Sequence[str], lease: Lease, *, by_redis: bool) -> list[bool] | str:
        """Take a lease on queues.

        Returns:
            For each queue whether it was paused before the first lease; or the name of a queue that
            somebody is resuming just now: then no lease was taken, and it may be tried again.

        Raises:
            Refused: another version of jobctl holds one of them.
        """
        self._check("take")
        before = ""
        words = (lease.encode(), KEPT)
        for call in self._calls("take", names, *words, ident=lease.ident, by_redis=by_redis):
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
            before += rest[0].decode()
        return [flag == "1" for flag in before]

    def beat(self, names: Sequence[str], ident: str, *, ends: bool = False) -> str:
        """Note that the holder of a lease lives; with `ends`, that it has given up.

        Returns:
            A letter for each queue: ``p`` held and paused, ``r`` held, and somebody resumed it,
            ``l`` the lease is lost.
        """
        return self._letters("beat", names, "1" if ends else "", KEPT, ident=ident)

    def leave(
        self, names: Sequence[str], ident: str, *, by_redis: bool, before: Sequence[bool]
    ) -> str:
        """Give a lease back; the last living holder resumes the queue.

        Returns:
            A letter for each queue: ``o`` others hold it, ``s`` it stays paused, ``r`` resumed,
            ``w`` to be resumed by way of its server, then call `left`; ``n`` it is not paused.
        """
        return self._letters("leave", names, ident=ident, by_redis=by_redis, before=before)

    def clear(self, names: Sequence[str], ident: str, *, by_redis: bool) -> str:
        """Clear the leases of dead holders; a queue that nobody else holds is resumed.

        Returns:
            A letter for each queue: ``x`` there was none, ``o`` others hold it, ``s`` it stays
            paused, ``r`` resumed, ``w`` to be resumed by way of its server, then call `left`;
            ``n`` it is not paused, ``v`` another version's.
        """
        return self._letters("clear", names, ident=ident, by_redis=by_redis)

    def left(self, names: Sequence[str], ident: str) -> None:
        """End the holding of queues that were resumed by way of their server."""
        self._connection.pipe(self._calls("left", names, ident=ident))

    def _check(self, action: str) -> None:
        """Check that an action can do its work before it writes: half of it is not undone.

        Its own commands are enough: those of the functions it calls come before it writes.
        """
        self._connection.call(*ready("pauses", action=action))

    def _letters(
        self,
        action: str,
        names: Sequence[str],
        *words: Word,
        ident: str = "",
        by_redis: bool = False,
        before: Sequence[bool] | None = None,
    ) -> str:
        calls = self._calls(action, names, *words, ident=ident, by_redis=by_redis, before=before)
        return _joined(self._connection.pipe(calls))

    def _calls(
        self,
        action: str,
        names: Sequence[str],
        *words: Word,
        ident: str = "",
        by_redis: bool = False,
        before: Sequence[bool] | None = None,
    ) -> Iterator[Command]:
        """Yield the calls for an action on queues, a bounded number of queues in each.

        Args:
            action: as the script names it.
            names: the queues.
            words: its arguments; `before`, if given, comes first.
            ident: whose lease or mark it is.
            by_redis: write the set of paused queues here.
            before: which of the queues were paused before.
        """
        for i in range(0, len(names), _MOST):
            part = names[i : i + _MOST]
            own = list(words) if before is None else [_flags(before[i : i + _MOST]), *words]
            own += [""] * (_WORDS - len(own))
            holds = [encode_name(hold_key(name)) for name in part]
            keys: list[str | bytes] = [self._layout.paused, PAUSES, *holds]
            common = (action, ident, STALE, "1" if by_redis else "")
            queues = map(encode_name, part)
            yield script_call("pauses", keys, *common, *own, *queues)


def _flags(values: Sequence[bool]) -> str:
    return "".join("1" if value else "0" for value in values)


def _joined(replies: Sequence[Reply]) -> str:
    return "".join(letters.decode() for _, letters in replies)
