"""What operations leave in Redis, and what they ask of it beside their batches."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from jobctl.errors import JobctlError, NoMemory, NoPermission
from jobctl.model.jobba import RecordLayout, RecordState
from jobctl.model.layout import Kind, Layout, QueueForm
from jobctl.store.connection import Command, Connection, Reply
from jobctl.store.keys import FAKTORY, IDENTITY, operation_key
from jobctl.store.queues import encode_name

if TYPE_CHECKING:  # few starts are about records
    from jobctl.model.record_snapshot import Snapshot


class Operations:
    """The batches of operations on one Redis."""

    def __init__(self, connection: Connection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout

    def identity(self) -> str | None:
        """Return what tells this database from any other; None before the first change."""
        found = self._connection.call("GET", IDENTITY)
        return None if found is None else found.decode("utf-8", "replace")

    def claim_identity(self) -> str | None:
        """Return the identity, written now if there is none.

        None where a full server, or this user's permissions, leave no way to write it.
        """
        found = self.identity()
        if found is not None:
            return found
        self._note("SET", IDENTITY, secrets.token_hex(12), "NX")
        return self.identity()

    def server_version(self) -> str | None:
        """Return the version of the Faktory server that an earlier change noted."""
        (found,) = self._connection.attempt([("GET", FAKTORY)])
        return found.decode("utf-8", "replace") if isinstance(found, bytes) else None

    def note_server(self, version: str) -> None:
        """Note the version of the Faktory server, as far as this Redis lets us."""
        if version != self.server_version():
            self._note("SET", FAKTORY, version)

    def _note(self, *command: str) -> None:
        """Write what is done without where a server is full, or this user may not."""
        (refused,) = self._connection.attempt([command])
        if isinstance(refused, JobctlError) and not isinstance(refused, NoPermission | NoMemory):
            raise refused

    def results(self, operation: str) -> dict[str, str]:
        """Return the results of the batches that were applied, by number; empty when forgotten."""
        flat = self._connection.call("HGETALL", operation_key(operation))
        texts = [text.decode("utf-8", "replace") for text in flat]
        pairs = zip(texts[::2], texts[1::2], strict=True)
        return {number: result for number, result in pairs if result}

    def void(self, operation: str, numbers: Iterable[int]) -> None:
        """Let batches that were not applied do nothing, should they come late."""
        key = operation_key(operation)
        self._connection.pipe([("HSETNX", key, number, "g0") for number in numbers])

    def sizes(
        self, kinds: Iterable[Kind], lists: Iterable[tuple[str, QueueForm]]
    ) -> dict[str, int]:
        """Return the members of sets and queues, as the ledger names them."""
        asked: dict[str, Command] = {k.value: ("ZCARD", self._layout.sets[k]) for k in kinds}
        for name, form in lists:
            asked[f"queue:{name}"] = ("LLEN", encode_name(self._layout.queue_key(name, form)))
        replies = self._connection.attempt(asked.values())
        found = zip(asked, replies, strict=True)
        return {name: reply for name, reply in found if not isinstance(reply, JobctlError)}

    def record_sizes(self, layout: RecordLayout) -> dict[str, int]:
        """Return how many records there are, and in each state, as the ledger names them.

        All of them are those whose recording has a time: it is the one index that a record enters
        once and stays in.
        """
        from jobctl.model.record_snapshot import RECORDS, state_name

        asked: dict[str, Command] = {RECORDS: ("ZCARD", layout.moment("recorded_at"))}
        for state in RecordState:
            asked[state_name(state.value)] = ("SCARD", layout.state(state))
        replies = self._connection.attempt(asked.values())
        found = zip(asked, replies, strict=True)
        return {name: reply for name, reply in found if not isinstance(reply, JobctlError)}

    def clear(self, kind: Kind) -> int:
        """Remove a whole set at once, and return how many members it had."""
        key = self._layout.sets[kind]
        replies = self._connection.pipe([("MULTI",), ("ZCARD", key), ("UNLINK", key), ("EXEC",)])
        return int(replies[-1][0])

    def present(self, kind: Kind, members: Sequence[bytes]) -> list[bytes | None]:
        """Return the score of each member that is there."""
        found: list[bytes | None] = self._connection.call(
            "ZMSCORE", self._layout.sets[kind], *members
        )
        return found

    def delete_record(self, layout: RecordLayout, snapshot: Snapshot) -> bool:
        """Delete one record that is still as it was seen; tell whether it was."""
        from jobctl.store.records.batches import RecordCall  # no other operation needs it

        name = secrets.token_hex(8)
        call = RecordCall(layout, name, "1").delete([snapshot])
        result, _ = self._connection.pipe([call, ("UNLINK", operation_key(name))])
        return bytes(result) == b"d1"

    def one(self, command: Command) -> Reply:
        """Return the reply to one script; a refusal as the error."""
        (reply,) = self._connection.attempt([command])
        return reply

    def each(self, commands: Iterator[Command]) -> Iterator[Reply]:
        """Yield the reply to each script; a refusal is yielded, as the error."""
        return self._connection.each(commands)
