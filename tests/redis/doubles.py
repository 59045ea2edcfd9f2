"""What may stand where a Redis should: doubles that speak RESP, something else, or nothing."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

Handle = Callable[[socket.socket], None]
Reply = bytes | Callable[[], bytes] | None

OK = b"+OK\r\n"


def bulk(text: bytes) -> bytes:
    """Return a bulk string."""
    return b"$%d\r\n%b\r\n" % (len(text), text)


def array(*items: bytes) -> bytes:
    """Return an array of encoded replies."""
    return b"*%d\r\n" % len(items) + b"".join(items)


@contextlib.contextmanager
def serving(handle: Handle) -> Iterator[int]:
    """Listen on a free port of 127.0.0.1, handle each connection in a thread; yield the port."""
    opened: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            handle(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                opened.append(connection)
                threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            for each in (listener, *opened):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)  # wakes whoever waits on it
            for thread in (accepting, *threads):
                thread.join(5)


def late(reply: bytes, seconds: float) -> Reply:
    """Return a reply that takes its time."""

    def answer() -> bytes:
        time.sleep(seconds)
        return reply

    return answer


def redis_double(**replies: Reply) -> Handle:
    """Speak RESP: a healthy Redis but for these replies by command; None: never answers."""
    known: dict[str, Reply] = {
        "INFO": bulk(b"# Server\r\nredis_version:7.2.5\r\n"),
        "TIME": array(bulk(b"1790000000"), bulk(b"0")),
        "SMEMBERS": array(),
        "SSCAN": array(bulk(b"0"), array()),
        "TYPE": b"+none\r\n",
        "ZCARD": b":0\r\n",
    }
    known |= replies

    def handle(connection: socket.socket) -> None:
        with connection.makefile("rb") as commands:
            while command := read_command(commands):
                reply = known.get(command[0].decode().upper(), OK)
                if reply is not None:
                    connection.sendall(reply if isinstance(reply, bytes) else reply())

    return handle


def read_command(commands: BinaryIO) -> list[bytes]:
    """Read one command as clients send it; empty at the end."""
    words = []
    for _ in range(int(commands.readline()[1:] or 0)):
        length = int(commands.readline()[1:])
        words.append(commands.read(length + 2)[:-2])
    return words


def greeting(said: bytes) -> Handle:
    """Say something at once, and then listen for ever."""

    def handle(connection: socket.socket) -> None:
        connection.sendall(said)
        while connection.recv(4096):
            pass

    return handle


def replying(said: bytes) -> Handle:
    """Answer whatever comes first, and close."""

    def handle(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(said)

    return handle


def hanging_up(connection: socket.socket) -> None:
    """Accept, and close at once."""


def echo(connection: socket.socket) -> None:
    """Say back what was said."""
    while said := connection.recv(4096):
        connection.sendall(said)


def proxy(path: Path, *, tls: ssl.SSLContext | None = None, cut_after: int | None = None) -> Handle:
    """Stand in front of a unix socket; end the TLS there, or cut the line after so many bytes."""

    def handle(connection: socket.socket) -> None:
        with contextlib.ExitStack() as held:
            outer = connection
            if tls is not None:
                outer = held.enter_context(tls.wrap_socket(connection, server_side=True))
            inner = held.enter_context(socket.socket(socket.AF_UNIX))
            inner.connect(str(path))
            left = cut_after
            while left is None or left > 0:
                ready, _, _ = select.select([outer, inner], [], [])
                if not (said := ready[0].recv(16384)):  # a TLS record: nothing stays behind unseen
                    return
                if ready[0] is outer:
                    inner.sendall(said)
                    continue
                outer.sendall(said[:left])
                left = None if left is None else left - len(said)

    return handle
