"""A proxy before a real server that gives wrong answers, and the commands that meet it."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import hiredis

_WORDS = (
    b"", b"0", b"-1", b"OK", b"nan", b"inf", b"1e999", b"\xff\xfe", b"{", b"QUEUED",
    b"a", b"p", b"r", b"w", b"d1", b"d999 why", b"u1", b"ok", b"more", b"n3", b"created", b"type",
)  # fmt: skip
_MORE = object()


class Hostile:
    """Listens on a socket, passes commands on, and replaces replies with others.

    Args:
        socket_path: where it listens.
        behind: the socket of the real server.
        seed: what decides which replies are replaced, and with what.
        share: how many of all replies are replaced, 0 to 1.
    """

    def __init__(self, socket_path: Path, behind: Path, *, seed: int, share: float) -> None:
        self.url = f"unix://{socket_path}"
        self.replaced = 0
        self._behind = behind
        self._random = random.Random(seed)
        self._share = share
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(socket_path))
        self._listening.listen()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, contextlib.suppress(OSError):
            server.connect(str(self._behind))
            replies = _read(server)
            for command in _read(client):
                server.sendall(hiredis.pack_command(tuple(command)))
                real = next(replies)
                if self._random.random() < self._share:
                    self.replaced += 1
                    real = self._wrong(real)
                client.sendall(_packed(real))

    def _wrong(self, real: object) -> object:
        """Return another reply: the real one with something missing or twice, or any other."""
        if isinstance(real, list) and real and self._random.random() < 0.5:
            at = self._random.randrange(len(real))
            return real[:at] + real[at + 1 :] if self._random.random() < 0.5 else [*real, real[at]]
        return _random_reply(self._random)


def _read(link: socket.socket) -> Iterator[object]:
    """Yield what comes on a connection, value by value."""
    reader = hiredis.Reader(notEnoughData=_MORE)
    while True:
        value = reader.gets()
        if value is not _MORE:
            yield value
            continue
        said = link.recv(65536)
        if not said:
            return
        reader.feed(said)


def _random_reply(chance: random.Random, depth: int = 0) -> object:
    kind = chance.randrange(6 if depth < 3 else 3)
    if kind == 0:
        return chance.choice((0, 1, -1, 2**63 - 1, -(2**63)))
    if kind == 1:
        return chance.choice(_WORDS)
    if kind == 2:
        return None
    return [_random_reply(chance, depth + 1) for _ in range(chance.randrange(4))]


def _packed(value: object) -> bytes:
    if isinstance(value, hiredis.ReplyError):
        return b"-%b\r\n" % str(value).encode()
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    if isinstance(value, list):
        return b"*%d\r\n" % len(value) + b"".join(map(_packed, value))
    return b"$-1\r\n"
