"""One connection to one Redis, and its server: send commands, read replies, name every failure.

Commands are sent exactly once. (redis-py's client would send them again by itself on a
dropped connection; this uses its connection, TLS and parser, and not its client.)
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, cast

import hiredis
import redis.exceptions as failures
from redis.connection import Connection as TcpConnection
from redis.connection import SSLConnection, UnixDomainSocketConnection

from jobctl.errors import ConnectionLost, JobctlError, Loading, NoPermission, TooOld
from jobctl.model.info import ServerFacts
from jobctl.model.target import Target
from jobctl.redis.refusals import (
    explain_connecting,
    explain_login,
    explain_losing,
    explain_refusal,
    wrong_reply,
)
from jobctl.redis.scripts import Command, Reply, Trace, fits, transactions_fit
from jobctl.tls import check_files

REPLY_TIMEOUT = 60.0  # seconds; no command jobctl sends takes a healthy server a tenth of one
_FAMILIES = {0: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}
_READ_SIZE = 256 * 1024
_LONGEST_TRACE = 200
_OLDEST = (6, 2)  # Redis that jobctl works with

# Errors that are replies; redis-py counts some of them as the connection's.
_REFUSALS = (failures.ResponseError, failures.AuthenticationError, failures.BusyLoadingError)

_pack = cast("Any", hiredis.pack_command)  # its types know of one word only
_LARGE = 4 * 1024 * 1024  # bytes of a command of which no copy is made
_FEW = 4  # commands; of more, none is looked at for its size
_MANY = 32  # words of a command; only one of more may be joined at once


class Connection:
    """A connection that is opened by its first command."""

    def __init__(self, target: Target, *, connect_timeout: float, trace: Trace | None) -> None:
        self.target = target
        self._trace = trace
        self._connect_timeout = connect_timeout
        self._link = _link(target, connect_timeout)
        self._open = False
        self._owed = 0  # replies that were asked for and not read yet

    def open(self) -> None:
        """Connect, log in and select the database.

        Raises:
            Unreachable: any of it failed; says which.
            UsageProblem: a certificate or key cannot be read.
        """
        if self.target.scheme == "rediss":
            check_files(self.target.tls)
        try:
            self._link.connect()
        except (failures.ResponseError, failures.AuthenticationError) as error:
            raise explain_login(error, self.target) from None  # it may quote the password
        except (failures.RedisError, OSError) as error:
            raise explain_connecting(error, self.target, self._connect_timeout) from error
        self._open = True

    def patient(self) -> None:
        """Wait for replies as long as a busy server needs, no longer the connect timeout."""
        timeout = self.target.reply_timeout or REPLY_TIMEOUT
        self._link.socket_timeout = timeout
        self._link.update_current_socket_timeout(timeout)

    def close(self) -> None:
        """Close the connection."""
        self._open = False
        self._owed = 0
        self._link.disconnect()

    def call(self, *command: str | bytes | int | float) -> Reply:
        """Send one command and return its reply.

        Raises:
            RefusedByRedis: Redis answered with an error.
            ConnectionLost: the connection ended, or no reply came in time.
        """
        return self.pipe([command])[0]

    def pipe(
        self, commands: Iterable[Command], *, kept: type[JobctlError] | None = None
    ) -> list[Reply]:
        """Send commands in one go and return their replies; the first refusal is raised.

        Refusals of the type `kept` are returned in their places, as the errors.
        """
        asked = list(commands)
        self._send(asked)
        return self._collect(asked, kept)

    def attempt(self, commands: Iterable[Command]) -> list[Reply]:
        """Send commands in one go; a refusal is returned in its place, as the error."""
        asked = list(commands)
        self._send(asked)
        return self._replies(asked)

    def each(self, commands: Iterator[Command]) -> Generator[Reply, None, None]:
        """Yield the reply to each command; a refusal is yielded in its place, as the error.

        The next command is made while one is under way, unless that is a large one: then only one
        of them is in memory.
        """
        upcoming = next(commands, None)
        while upcoming is not None:
            under_way = [upcoming]
            self._send(under_way)
            if is_large(upcoming):
                del upcoming
                under_way = [under_way[0][:2]]  # what an error needs of it
                yield self._replies(under_way)[0]
                upcoming = next(commands, None)
                continue
            try:
                upcoming = next(commands, None)
            except (
                BaseException
            ):  # the next one could not be made: this one is under way all the same
                self._drain()
                raise
            (reply,) = self._replies(under_way)
            yield reply

    def stream(
        self,
        follow: Callable[[list[Reply] | None], list[Command]],
        *,
        kept: type[JobctlError] | None = None,
    ) -> Generator[list[Reply], None, None]:
        """Yield replies, with the next commands under way while these are worked on.

        Args:
            follow: given the last replies (None at first), returns what to send next; an empty
                list ends it.
            kept: the refusals that are yielded in their places, as the errors; others are raised.
        """
        commands = follow(None)
        self._send(commands)
        try:
            while commands:
                replies = self._collect(commands, kept)
                commands = follow(replies)
                self._send(commands)
                yield replies
                del replies  # it may be large: it goes before the next one comes
        finally:
            if self._open and self._owed:
                self._drain()

    def _collect(
        self, commands: list[Command], kept: type[JobctlError] | None = None
    ) -> list[Reply]:
        replies = self._replies(commands)
        _raise_refusal(replies, kept)
        return replies

    def _replies(self, commands: list[Command]) -> list[Reply]:
        replies: list[Reply] = []
        try:
            for command in commands:
                replies.append(self._receive(command))  # noqa: PERF401 (kept when one is lost)
        except ConnectionLost:
            _raise_refusal(replies)  # it said why, and hung up
            raise
        if commands and commands[-1][0] == "EXEC" and not transactions_fit(commands, replies):
            raise self._wrong(commands[-1])
        return replies

    def _drain(self) -> None:
        """Read and drop the replies that are still owed, so that the connection can be used."""
        with contextlib.suppress(JobctlError):  # if it is lost, the next command says so
            for _ in range(self._owed):
                self._receive(("",))

    def _send(self, commands: list[Command]) -> None:
        if not self._open:
            raise ConnectionLost(f"the connection to {self.target} is closed")
        if self._owed:
            raise RuntimeError("a reply is still owed on this connection")
        if not commands:
            return
        if self._trace:
            for command in commands:
                self._trace("> " + _shown(command))
            self._sent_at = time.perf_counter()
        self._owed = len(commands)
        try:
            self._link.send_packed_command(pack(commands), check_health=False)
        except (failures.RedisError, OSError) as error:
            raise self._lost(error) from error
        except BaseException:  # Ctrl-C: half a command may be sent
            self.close()
            raise

    def _receive(self, command: Command) -> Reply:
        try:
            reply = self._link.read_response(disable_decoding=True, disconnect_on_error=False)
        except _REFUSALS as error:
            reply = explain_refusal(error, command, self.target)
        except (failures.RedisError, OSError) as error:
            raise self._lost(error) from error
        except BaseException:  # Ctrl-C: half a reply may be read
            self.close()
            raise
        self._owed -= 1
        if not isinstance(reply, JobctlError) and not fits(command, reply):
            raise self._wrong(command)
        if self._trace:
            took = (time.perf_counter() - self._sent_at) * 1000
            self._trace(f"< {_size(reply)} after {took:.1f} ms")
        return reply

    def _wrong(self, command: Command) -> JobctlError:
        self.close()
        return wrong_reply(command, self.target)

    def _lost(self, error: Exception) -> JobctlError:
        self.close()
        return explain_losing(error, self.target, self._link.socket_timeout)


def pack(commands: Sequence[Command]) -> list[bytes]:
    """Return commands as Redis reads them, in one piece unless one of them is large."""
    if len(commands) <= _FEW and any(map(is_large, commands)):
        return [piece for command in commands for piece in _pieces(command)]
    return [b"".join([_pack_ids(c) if len(c) > _MANY else _pack(c) for c in commands])]


def is_large(command: Command) -> bool:
    """Check whether a command is so large that no copy of it should be made."""
    return sum(len(word) for word in command if isinstance(word, bytes)) > _LARGE


def _pieces(command: Command) -> list[bytes]:
    pieces = [b"*%d\r\n" % len(command)]
    for word in command:
        text = word if isinstance(word, bytes) else str(word).encode()
        pieces += (b"$%d\r\n" % len(text), text, b"\r\n")
    return pieces


def _pack_ids(command: Command) -> bytes:
    """Pack a command of many words; ids of the same length, as UUIDs are, are joined at once.

    Without it, counts of records in indexes take 8 to 25 % longer.
    """
    try:
        ids = cast("tuple[bytes, ...]", command[2:])
        (length,) = set(map(len, ids))
        before = b"\r\n$%d\r\n" % length
        joined = before.join(ids)
    except (TypeError, ValueError):  # these are no ids, or not of one length
        return bytes(_pack(command))
    head: bytes = _pack(command[:2])
    # The head begins with the number of its words, two: the number of all takes its place.
    return b"*%d%b%b%b\r\n" % (len(command), head[2:-2], before, joined)


def _raise_refusal(replies: Iterable[Reply], kept: type[JobctlError] | None = None) -> None:
    for reply in replies:
        if isinstance(reply, JobctlError) and (kept is None or not isinstance(reply, kept)):
            raise reply


def _link(target: Target, connect_timeout: float) -> Any:  # redis-py does not type these
    common = {
        "db": target.db,
        "username": target.username,
        "password": target.password or target.offered,
        "socket_timeout": connect_timeout,
        "socket_connect_timeout": connect_timeout,
        "socket_read_size": _READ_SIZE,
        "protocol": 2,
        "driver_info": None,
    }
    make = cast(Any, UnixDomainSocketConnection)
    if target.scheme == "unix":
        return make(path=target.path, **common)
    common |= {
        "host": target.host,
        "port": target.port,
        "socket_type": _FAMILIES[target.family],  # redis-py's name for the family
    }
    if target.scheme == "redis":
        return cast(Any, TcpConnection)(**common)
    tls = target.tls
    return cast(Any, SSLConnection)(
        ssl_ca_certs=tls.cacert,
        ssl_certfile=tls.cert,
        ssl_keyfile=tls.key,
        ssl_cert_reqs="none" if tls.insecure else "required",
        ssl_check_hostname=not (tls.insecure or tls.any_host),
        **common,
    )


def _shown(command: Command) -> str:
    words = [w.decode("utf-8", "replace") if isinstance(w, bytes) else str(w) for w in command]
    text = " ".join(w if len(w) <= _LONGEST_TRACE else f"{w[:_LONGEST_TRACE]}.." for w in words)
    return text.encode("unicode_escape").decode()


def _size(reply: Reply) -> str:
    if isinstance(reply, list):
        return f"{len(reply)} items"
    if isinstance(reply, bytes):
        return f"{len(reply)} bytes"
    return str(reply)


class Server:
    """The Redis behind a connection, greeted once: its version, clock, memory and counters."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ahead = 0.0
        self.clock: str | None = None  # why times go by this machine's clock, if they do

    def greet(self, also: Sequence[Command] = ()) -> list[Reply]:
        """Ask for version and clock; what is denied or missing is left open.

        Args:
            also: other commands to send in the same go.

        Returns:
            The replies to these; a refusal in its place, as the error.

        Raises:
            TooOld: it is older than Redis 6.2.
            Unreachable: it is no Redis, loads its data, or wants another password.
        """
        named, info, clock, *others = self._connection.attempt(
            [("CLIENT", "SETNAME", "jobctl"), ("INFO", "server"), ("TIME",), *also]
        )
        for reply in (info, clock):
            if isinstance(reply, JobctlError) and not isinstance(reply, NoPermission):
                raise reply
        if isinstance(named, Loading):
            raise named
        if isinstance(info, bytes):
            self._check_version(_fields(info))
        if isinstance(clock, list):
            self._ahead = int(clock[0]) + int(clock[1]) / 1e6 - time.time()
        else:
            self.clock = clock.message
        self._connection.patient()
        return others

    def now(self) -> float:
        """Return unix seconds by the server's clock, which jobs and workers go by."""
        return time.time() + self._ahead

    def facts(self) -> ServerFacts | None:
        """Return version, memory and uptime; None if this user may not see them."""
        (info,) = self._connection.attempt([("INFO",)])
        if isinstance(info, NoPermission):
            return None
        if isinstance(info, JobctlError):
            raise info
        fields = _fields(info)
        limit = int(fields.get("maxmemory", 0))
        return ServerFacts(
            product="Valkey" if "valkey_version" in fields else "Redis",
            version=fields.get("valkey_version") or fields.get("redis_version", ""),
            role=fields.get("role", ""),
            uptime=int(fields.get("uptime_in_seconds", 0)),
            memory=int(fields.get("used_memory", 0)),
            memory_limit=limit or None,
            clients=int(fields.get("connected_clients", 0)),
        )

    def started(self) -> float | None:
        """Return when it started, in unix seconds; None if this user may not see it."""
        (info,) = self.ask(("INFO", "server"))
        uptime = _fields(info).get("uptime_in_seconds") if isinstance(info, bytes) else None
        return None if uptime is None else self.now() - int(uptime)

    def ask(self, *commands: Command) -> list[Reply]:
        """Return the replies to commands that only read; a refusal in its place, as the error."""
        return self._connection.attempt(commands)

    def counters(
        self, names: Sequence[str], days: Iterable[str] = ()
    ) -> list[tuple[int | None, int | None]]:
        """Return (processed, failures) in all, then of each day (YYYY-MM-DD); None: no count."""
        asked: list[Command] = []
        for suffix in ("", *(f":{day}" for day in days)):
            asked += [("GET", name + suffix) for name in names]
        counts = [_count(reply) for reply in self._connection.attempt(asked)]
        return list(zip(counts[::2], counts[1::2], strict=True))

    def _check_version(self, fields: dict[str, str]) -> None:
        # Valkey calls itself a Redis 7.2 here, for exactly this purpose.
        version = fields.get("redis_version", "")
        found = re.match(r"(\d+)\.(\d+)", version)
        if found and (int(found[1]), int(found[2])) < _OLDEST:
            raise TooOld(
                f"{self._connection.target} is Redis {version}; jobctl needs 6.2 or newer",
                hint="Redis 6.2 is from 2021; Valkey will do as well",
            )


def _fields(info: bytes) -> dict[str, str]:
    lines = info.decode("utf-8", "replace").splitlines()
    pairs = (line.partition(":") for line in lines if not line.startswith("#"))
    return {name: value for name, colon, value in pairs if colon}


def _count(reply: object) -> int | None:
    if not isinstance(reply, bytes):
        return None
    text = reply.strip()
    return int(text) if re.fullmatch(rb"-?\d{1,40}", text) else None
