"""What servers refuse: a denied command, a full memory, a replica; and who comes between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis

from jobctl import Store, Watch, connect


@contextmanager
def denied(
    raw: redis.Redis, url: str, *rules: str, keys: tuple[str, ...] = ("~*",)
) -> Iterator[str]:
    """Yield the URL of a user who may do all but this: ``denied(raw, url, "-zadd")``."""
    raw.execute_command(
        "ACL", "SETUSER", "clerk", "reset", "on", ">pw", *keys, "&*", "+@all", *rules
    )
    try:
        yield url.replace("unix://", "unix://clerk:pw@")
    finally:
        raw.acl_deluser("clerk")


@contextmanager
def full(raw: redis.Redis) -> Iterator[None]:
    """Let the server take no more memory."""
    raw.config_set("maxmemory", 1)
    try:
        yield
    finally:
        raw.config_set("maxmemory", 0)


@contextmanager
def replica(raw: redis.Redis) -> Iterator[None]:
    """Make the server a read-only replica; nobody is there, so that it keeps its data."""
    raw.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        raw.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def meanwhile(
    store: Store, act: Callable[[Store], Any], url: str, times: int = 1
) -> Iterator[None]:
    """Let another client act before each of the next scripts that a store sends."""
    connection = store.backend.connection
    call, left = connection.call, times

    def interrupted(*command: Any) -> Any:
        nonlocal left
        if command[0] == "EVAL" and left:
            left -= 1
            with connect(url) as other:
                act(other)
        return call(*command)

    connection.call = interrupted
    try:
        yield
    finally:
        connection.call = call
    assert left == 0


class Meddler(Watch):
    """Act between the choice and the change, as somebody else may."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act

    def confirm(self, preview: object) -> bool:
        self.act()
        return True
