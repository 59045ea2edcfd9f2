"""Send lines to a Faktory server, read RESP replies, and explain every failure."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING

import hiredis

from jobctl.errors import (
    ConnectionLost,
    JobctlError,
    NotFaktory,
    RefusedByFaktory,
    Unreachable,
    WrongPassword,
)
from jobctl.model.target import Address

if TYPE_CHECKING:
    import ssl


Reply = bytes | int | None
Trace = Callable[[str], None]

REPLY_TIMEOUT = 15.0  # seconds; a busy server answers each of jobctl's commands in far less
_LARGEST = 64 * 1024 * 1024  # bytes of a reply: nothing that jobctl asks for is a tenth of it
_LARGEST_GREETING = 64 * 1024
_BATCH = 500  # lines under way: were there more, both ends could wait for the other to read
_KINDS = b"+-:$"  # how Faktory's replies begin
_READ_SIZE = 64 * 1024
_LONGEST_TRACE = 200
_MORE = object()  # what the parser says while a reply is not whole
_LONGEST = 200  # characters of what a server says
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_WHY_LOST = {
    "tcp": "did the server stop, or is this port no Faktory server (TLS needs tcp+tls://)?",
    "tcp+tls": "did the server stop, or does it want a client certificate (--cert and --key)?",
}


class Wire:
    """A socket that speaks Faktory's protocol. Nothing is ever sent a second time."""

    def __init__(self, address: Address, *, connect_timeout: float, trace: Trace | None) -> None:
        self._address = address
        self._connect_timeout = self._timeout = max(connect_timeout, 0.001)  # 0: does not block
        self._trace = trace
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader(notEnoughData=_MORE)
        self._unread = 0  # bytes since the last whole reply
        self._most = _LARGEST_GREETING  # how many there may be
        self._begun = False  # whether something of the next reply was read

    def open(self) -> None:
        """Connect, through TLS where the address says so; nothing is left of an earlier time.

        Raises:
            Unreachable: it failed; says why.
            UsageProblem: a certificate or key cannot be read.
        """
        address = self._address
        self._timeout = self._connect_timeout
        self._reader = hiredis.Reader(notEnoughData=_MORE)
        self._unread, self._most, self._begun = 0, _LARGEST_GREETING, False
        context = _context(address)
        try:
            plain = socket.create_connection((address.host, address.port), self._timeout)
        except OSError as error:
            raise explain_connecting(error, address, self._timeout) from error
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = plain
            if context is not None:
                self._socket = context.wrap_socket(plain, server_hostname=address.host)
        except OSError as error:
            self.close()
            raise explain_connecting(error, address, self._timeout) from error
        except BaseException:
            self.close()
            raise

    def patient(self) -> None:
        """Give replies the time and room a busy server needs; until here it was a greeting's."""
        self._timeout, self._most = REPLY_TIMEOUT, _LARGEST
        if self._socket is not None:
            self._socket.settimeout(self._timeout)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket = None

    def say_goodbye(self) -> None:
        """Tell the server that nothing more comes; whether it hears it does not matter."""
        with contextlib.suppress(OSError):
            if self._socket is not None:
                self._say("> END")
                self._socket.sendall(b"END\r\n")

    def call(self, command: str) -> Reply:
        """Send one line and return the reply to it.

        Raises:
            RefusedByFaktory: the server answered with an error.
            ConnectionLost: the connection ended, or no reply came in time.
        """
        (reply,) = self.attempt([command])
        if isinstance(reply, JobctlError):
            raise reply
        return reply

    def attempt(self, commands: Iterable[str]) -> list[Reply | JobctlError]:
        """Send lines, many in one go; a refusal is returned in its place, as the error."""
        replies: list[Reply | JobctlError] = []
        lines = iter(commands)
        while asked := list(islice(lines, _BATCH)):
            for command in asked:
                self._say(f"> {_shown(command)}")
            self._send("".join(f"{command}\r\n" for command in asked))
            replies += self._replies(asked)
        return replies

    def receive(self, command: str = "") -> Reply | JobctlError:
        """Return the next reply; a refusal as the error. `command` is what it is the reply to.

        Raises:
            ConnectionLost: the connection ended, or no reply came in time.
            NotFaktory: this is not the protocol.
        """
        began = time.perf_counter()
        end = time.monotonic() + self._timeout
        try:
            while (reply := self._parsed()) is _MORE:
                self._read(end)
        except BaseException:  # Ctrl-C too: half a reply may be read
            self.close()
            raise
        self._unread, self._begun = 0, self._reader.has_data()
        self._say(f"< {_size(reply)} after {(time.perf_counter() - began) * 1000:.1f} ms")
        if isinstance(reply, hiredis.ReplyError):
            return explain_refusal(str(reply), command, self._address)
        if reply is None or isinstance(reply, bytes | int):
            return reply
        self.close()
        raise not_faktory(self._address)

    def _replies(self, commands: list[str]) -> list[Reply | JobctlError]:
        replies: list[Reply | JobctlError] = []
        try:
            for command in commands:
                replies.append(self.receive(command))  # noqa: PERF401 (kept when one is lost)
        except ConnectionLost:
            for reply in replies:
                if isinstance(reply, JobctlError):
                    raise reply from None  # it said why, and hung up
            raise
        return replies

    def _parsed(self) -> object:
        """Return the next reply of what was read, or `_MORE`."""
        try:
            return self._reader.gets()
        except (hiredis.HiredisError, MemoryError, TypeError, ValueError):
            raise not_faktory(self._address) from None

    def _send(self, lines: str) -> None:
        if self._socket is None:
            raise ConnectionLost(f"the connection to {self._address} is closed")
        try:
            self._socket.settimeout(self._timeout)  # reading left what was left of it
            self._socket.sendall(lines.encode())
        except OSError as error:
            raise self._lost(error) from error
        except BaseException:
            self.close()
            raise

    def _read(self, end: float) -> None:
        """Read some more of a reply, which must be there at a moment of the monotonic clock."""
        if self._socket is None:
            raise ConnectionLost(f"the connection to {self._address} is closed")
        left = end - time.monotonic()
        try:
            if left <= 0:  # a line that comes letter by letter is late all the same
                raise TimeoutError
            self._socket.settimeout(left)
            said = self._socket.recv(_READ_SIZE)
        except OSError as error:
            raise self._lost(error) from error
        if not said:
            raise hung_up(self._address)
        self._unread += len(said)
        if self._unread > self._most or not (self._begun or said[0] in _KINDS):
            raise not_faktory(self._address)
        self._begun = True
        self._reader.feed(said)

    def _lost(self, error: OSError) -> JobctlError:
        self.close()
        greeted = self._most == _LARGEST
        return explain_losing(error, self._address, self._timeout, greeted=greeted)

    def _say(self, line: str) -> None:
        if self._trace is not None:
            self._trace(line)


def _context(address: Address) -> ssl.SSLContext | None:
    if not address.secure:
        return None
    from jobctl.tls import check_files  # it imports ssl, which is slow

    try:
        return check_files(address.tls)
    except OSError as error:
        raise Unreachable(f"no TLS with {address}: {error}") from None


def _shown(command: str) -> str:
    if command.startswith("HELLO "):
        return "HELLO .."  # the hash of a password is a password to this server
    return _escaped(command)


def _size(reply: object) -> str:
    if isinstance(reply, bytes):
        return f"{len(reply)} bytes"
    # What a server says of HELLO may quote it.
    return "an error" if isinstance(reply, hiredis.ReplyError) else _escaped(str(reply))


def _escaped(text: str) -> str:
    short = text if len(text) <= _LONGEST_TRACE else f"{text[:_LONGEST_TRACE]}.."
    return short.encode("unicode_escape").decode()


def explain_connecting(error: OSError, address: Address, timeout: float) -> JobctlError:
    """Return the error for a connection that could not be opened."""
    if isinstance(error, socket.gaierror):
        return Unreachable(
            f"the host of {address} cannot be resolved", hint="check its spelling, and your DNS"
        )
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(
            f"connection refused by {address}", hint="is the Faktory server running there?"
        )
    if isinstance(error, TimeoutError) and "handshake" not in str(error):
        return Unreachable(
            f"no answer from {address} within {timeout:g} s",
            hint="is the address right, and no firewall between? --connect-timeout waits longer",
        )
    if address.secure:
        import ssl  # it is slow to import

        from jobctl.tls import NO_TLS_HINT, explain_handshake

        if isinstance(error, ssl.SSLError):
            return explain_handshake(error, str(address))
        if isinstance(error, TimeoutError):
            return Unreachable(f"no TLS with {address} within {timeout:g} s", hint=NO_TLS_HINT)
        if isinstance(error, ConnectionError):
            return Unreachable(f"no TLS with {address}: it hung up", hint=NO_TLS_HINT)
    return Unreachable(
        f"cannot reach {address}: {error.strerror or error}", hint="is the address right?"
    )


def explain_losing(
    error: OSError, address: Address, timeout: float, *, greeted: bool
) -> JobctlError:
    """Return the error for a connection that ended before its reply, or stalled.

    Args:
        error: what happened to it.
        address: whom it was to.
        timeout: seconds that were waited for a reply.
        greeted: whether the server had greeted, and let us in.
    """
    if isinstance(error, TimeoutError):
        hint = "is the server well? its own log, and the one of its Redis, may tell"
        if not greeted:
            hint = "is this a Faktory server (its own port is 7419)?"
            hint += "" if address.secure else " if it speaks TLS, write tcp+tls://"
        return ConnectionLost(f"no answer from {address} within {timeout:g} s", hint=hint)
    return hung_up(address)


def hung_up(address: Address) -> JobctlError:
    """Return the error for a connection that the other side ended."""
    return ConnectionLost(f"{address} closed the connection", hint=_WHY_LOST[address.scheme])


def not_faktory(address: Address) -> JobctlError:
    """Return the error for what answers, but not as a Faktory server does."""
    return NotFaktory(
        f"what answers at {address} is not a Faktory server",
        hint="check the port (7419 is Faktory's own, 7420 its web page)",
    )


def explain_refusal(said: str, command: str, address: Address) -> JobctlError:
    """Return the error for an answer that is an error; `command` is what it answers, if any."""
    name = command.split(" ")[0] if command else "to talk"
    text = said.removeprefix("ERR ").strip()
    if name != "HELLO":
        return RefusedByFaktory(f"{address} refused {name}: {_short(text)}")
    if "password" in text.lower():
        where = "the one in the URL" if address.password else "where the context's comes from"
        return WrongPassword(f"{address} refused the password", hint=f"check {where}")
    # It may quote what it was told, and the hash of a password is a password to it.
    return RefusedByFaktory(f"{address} refused to log in: {_short(_HASH.sub('..', text))}")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}.."
