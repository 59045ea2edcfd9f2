"""Commands as the bytes that are sent: what redis-py does, without what jobctl never gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import hiredis

Words = tuple[str | bytes | int | float, ...]

_pack = cast("Any", hiredis.pack_command)  # its types know of one word only
_LARGE = 4 * 1024 * 1024  # bytes
_FEW = 4  # commands that are looked at for large words
_MANY = 32  # words of a command, from which on it is looked at whether they are all alike


def pack(commands: Sequence[Words]) -> list[bytes]:
    """Return commands as Redis reads them, one behind the other, in as few pieces as can be."""
    if len(commands) <= _FEW and any(map(is_large, commands)):
        return [piece for command in commands for piece in _as_they_are(command)]
    return [b"".join([_alike(c) if len(c) > _MANY else _pack(c) for c in commands])]


def is_large(command: Words) -> bool:
    """Tell whether a command is so large that no copy of it should be made."""
    return sum(len(word) for word in command if isinstance(word, bytes)) > _LARGE


def _as_they_are(command: Words) -> list[bytes]:
    pieces = [b"*%d\r\n" % len(command)]
    for word in command:
        text = word if isinstance(word, bytes) else str(word).encode()
        pieces += (b"$%d\r\n" % len(text), text, b"\r\n")
    return pieces


def _alike(command: Words) -> bytes:
    """Pack a command of many words: ids of one length, as UUIDs are, are joined at once."""
    try:
        ids = cast("tuple[bytes, ...]", command[2:])
        (length,) = set(map(len, ids))
        before = b"\r\n$%d\r\n" % length
        joined = before.join(ids)
    except (TypeError, ValueError):  # they are no bytes, or not of one length
        return bytes(_pack(command))
    head: bytes = _pack(command[:2])
    # The head says that there are two words: all of them stand behind another number.
    return b"*%d%b%b%b\r\n" % (len(command), head[2:-2], before, joined)
