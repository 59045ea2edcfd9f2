"""Snapshots of records that somebody changes while they are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jobctl import Store
from jobctl.redis.connection import Connection
from jobctl.redis.record_reading import WrongTypes
from jobctl.redis.record_snapshots import Snapshots
from tests.recording import START, record

COMMANDS = 15  # of a snapshot: the hash, 6 times, 7 states, what it expires and is named in


class OneByOne:
    """A way to Redis on which somebody else comes between two commands, once."""

    def __init__(self, connection: Connection, place: int, act: Callable[[], Any]) -> None:
        self.pipe = connection.pipe
        self._connection, self._left, self._act = connection, place, act

    def stream(self, follow: Callable[[Any], Any], *, kept: object) -> Iterator[Any]:
        commands = follow(None)
        while commands:
            replies = [self._call(command) for command in commands]
            commands = follow(replies)
            yield replies

    def _call(self, command: Any) -> Any:
        if self._left == 0:
            self._act()
        self._left -= 1
        return self._connection.call(*command)


@pytest.mark.parametrize("place", range(COMMANDS + 1))
def test_one_that_still_stands_knows_its_indexes(raw: Any, store: Store, place: int) -> None:
    record(raw, "a", state="started", started_at=START, job_name="Import")
    way: Any = OneByOne(store.backend.connection, place, lambda: store.records.mark("a", "failed"))
    ((_, snapshot),) = next(
        Snapshots(way, store.backend.record_layout, WrongTypes(store.backend.record_layout)).take(
            ["a"]
        )
    )
    assert snapshot is not None
    if store.backend.snapshots(store.backend.record_layout).delete(snapshot):
        failed = ("failed",) if place < COMMANDS else ("started",)
        assert snapshot.states == failed
        assert ("failed_at" in snapshot.times) == (failed == ("failed",))
    else:
        assert raw.hget("jobba:id:a", "state") == b'"failed"'
