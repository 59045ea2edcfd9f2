"""Somebody else, between what a change has read and its script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jobctl import Store, connect


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
