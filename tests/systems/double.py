"""A Faktory server for tests: its protocol over a real socket, its data in a real Redis.

It does what the real one does, also what nobody would expect of it, and on demand it misbehaves:

    with FaktoryDouble(socket_path, password="secret") as double:
        double.answer("INFO", b"$3\\r\\n{}")  # half an answer, and then nothing
        double.hang_up("ACK", done=True, times=1)  # does it, and closes before it says so
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import redis

from tests.systems.commands import OK, Commands, Peer
from tests.systems.memory import Document, Killed, Memory, ServerError

_HELLO_SECONDS = 2.0


@dataclass
class _Turn:
    """What to do instead of answering, or before it; `times` None: every time."""

    verb: str
    times: int | None
    raw: bytes = b""
    closes: bool = False
    done: bool = False
    act: Callable[[str], None] | None = None


class FaktoryDouble:
    """A server that listens from the first `url`, `port` or ``with`` on.

    Attributes:
        commands: every line that came in, HELLO too, in order.
        greeting: said instead of the protocol's own greeting.
        rounds: how often a password is hashed.
        killed: the command that ended the server.
    """

    def __init__(
        self,
        where: str | Path,
        *,
        password: str | None = None,
        version: str = "1.10.0",
        tls: ssl.SSLContext | None = None,
        known: set[str] | None = None,
        greeting: bytes | None = None,
        owned: bool = False,
    ) -> None:
        """Boot.

        Args:
            where: the path of the Redis' socket, or its URL.
            password: what clients must prove to know.
            version: what INFO says, and which form of lists is used.
            tls: speak TLS with this certificate.
            known: the queues in its memory, whatever Redis says.
            greeting: said instead of the protocol's own greeting.
            owned: whether only the worker that holds a reservation may end it, as servers newer
                than 1.10.0 have it; else anyone may.
        """
        self.password, self.greeting = password, greeting
        self.rounds = 4001
        self.commands: list[str] = []
        self.killed: str | None = None
        self._tls = tls
        text = str(where)
        self._redis = (
            redis.Redis.from_url(text) if "://" in text else redis.Redis(unix_socket_path=text)
        )
        self.memory = Memory(self._redis, version)
        if known is not None:
            self.memory.queues = set(known)
        self._clients: set[Peer] = set()
        self._closing = threading.Event()
        self._commands = Commands(self.memory, self._clients, self._closing.is_set, owned=owned)
        self._turns: list[_Turn] = []
        self._befores: list[_Turn] = []
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self._port = 0

    @property
    def queues(self) -> set[str]:
        """The queues that its memory holds."""
        return set(self.memory.queues)

    @property
    def paused(self) -> set[str]:
        """The paused ones that its memory holds."""
        return set(self.memory.paused)

    @property
    def working(self) -> dict[str, Document]:
        """The reservations that its memory holds, by JID."""
        return dict(self.memory.working)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    @property
    def port(self) -> int:
        """The port it listens on, from now on if not before."""
        if not self._port:
            self.listen()
        return self._port

    @property
    def url(self) -> str:
        """Its URL, with the password."""
        scheme = "tcp" if self._tls is None else "tcp+tls"
        login = "" if self.password is None else f":{self.password}@"
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    def listen(self) -> None:
        """Take connections."""
        self._closing.clear()
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def schedule(self, every: float) -> None:
        """Enqueue what is due so often, until it is stopped; the real one does every 5 seconds."""

        def work() -> None:
            with contextlib.suppress(redis.ConnectionError):
                while not self._closing.wait(every):
                    self.memory.poll()

        self._closing.clear()
        self._start(work)

    def restart(self) -> None:
        """Stop and start: connections end, and memory is read from Redis again."""
        self.stop()
        self.killed = None
        self.memory.boot()
        self.listen()

    def stop(self) -> None:
        """End every connection, and take no more."""
        self._closing.set()
        for each in (self._listener, *(client.socket for client in list(self._clients))):
            if each is not None:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)  # wakes whoever waits on it
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(5)
        self._threads = [thread for thread in self._threads if thread.is_alive()]

    def close(self) -> None:
        """Stop, and let go of Redis."""
        self.stop()
        self._redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def answer(
        self, verb: str, raw: bytes, *, times: int | None = None, done: bool = False
    ) -> None:
        """Answer these bytes to a verb (``INFO``, ``QUEUE PAUSE``); `done`: and do it first."""
        self._turns.append(_Turn(verb, times, raw, done=done))

    def silence(self, verb: str, *, times: int | None = None, done: bool = False) -> None:
        """Answer nothing to a verb, and stay connected."""
        self.answer(verb, b"", times=times, done=done)

    def hang_up(self, verb: str, *, times: int | None = None, done: bool = False) -> None:
        """Close the connection instead of answering a verb; `done`: and do it first."""
        self._turns.append(_Turn(verb, times, closes=True, done=done))

    def before(self, verb: str, act: Callable[[str], None], *, times: int | None = None) -> None:
        """Call `act` with the line before a verb is carried out."""
        self._befores.append(_Turn(verb, times, act=act))

    def behave(self) -> None:
        """Do as the real one does again."""
        self._turns.clear()
        self._befores.clear()

    def _start(self, work: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._start(self._serve, listener.accept()[0])

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, redis.ConnectionError), contextlib.ExitStack() as held:
            held.enter_context(connection)
            connection.settimeout(_HELLO_SECONDS)
            if self._tls is not None:
                connection = held.enter_context(self._tls.wrap_socket(connection, server_side=True))
            client = Peer(connection)
            self._clients.add(client)
            held.callback(self._clients.discard, client)
            if self._closing.is_set():
                return
            lines = held.enter_context(connection.makefile("rb"))
            if self._greet(client, lines):
                connection.settimeout(None)
                for line in lines:
                    if not line.endswith(b"\n") or not self._take(client, _text(line)):
                        return

    def _greet(self, client: Peer, lines: Iterator[bytes]) -> bool:
        """Say hello and hear it; whether the client may stay."""
        salt = secrets.token_hex(8)
        hello: Document = {"v": 2}
        if self.password is not None:
            hello |= {"i": self.rounds, "s": salt}
        own = b"+HI " + json.dumps(hello, separators=(",", ":")).encode() + b"\r\n"
        client.socket.sendall(own if self.greeting is None else self.greeting)
        line = _text(next(lines, b""))
        if line:
            self.commands.append(line)
        if not line.startswith("HELLO {"):
            return False
        turn = self._turn(line)
        if turn is not None:
            client.socket.sendall(turn.raw)
            return not turn.closes
        try:
            said = json.loads(line[len("HELLO ") :])
        except ValueError:
            return False
        if self.password is not None:
            rounds = self.rounds if said.get("v", 0) >= 2 else 1
            if said.get("pwdhash") != _hash(self.password, salt, rounds):
                client.socket.sendall(b"-ERR Invalid password\r\n")
                return False
        client.wid = said.get("wid", "")
        client.socket.sendall(OK)
        return True

    def _take(self, client: Peer, line: str) -> bool:
        """Carry out one line; whether the client stays."""
        self.commands.append(line)
        turn = self._turn(line)
        if turn is not None and not turn.done:
            client.socket.sendall(turn.raw)
            return not turn.closes
        reply = self._reply(client, line)
        if reply is None:
            return False  # END, or the end of the server itself
        client.socket.sendall(reply if turn is None else turn.raw)
        return turn is None or not turn.closes

    def _turn(self, line: str) -> _Turn | None:
        before = _due(self._befores, line)
        if before is not None and before.act is not None:
            before.act(line)
        return _due(self._turns, line)

    def _reply(self, client: Peer, line: str) -> bytes | None:
        if line.split(" ")[0] == "END":
            return None
        try:
            return self._commands.carry_out(line, client)
        except ServerError as error:
            return f"-ERR {error}\r\n".encode("utf-8", "surrogateescape")
        except Killed:
            self.killed = line
            self.stop()
            return None


def _due(turns: list[_Turn], line: str) -> _Turn | None:
    for turn in turns:
        if line == turn.verb or line.startswith(f"{turn.verb} "):
            if turn.times is not None:
                turn.times -= 1
                if turn.times == 0:
                    turns.remove(turn)
            return turn
    return None


def _text(line: bytes) -> str:
    return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")


def _hash(password: str, salt: str, rounds: int) -> str:
    digest = hashlib.sha256(f"{password}{salt}".encode()).digest()
    for _ in range(rounds - 1):
        digest = hashlib.sha256(digest).digest()
    return digest.hex()
