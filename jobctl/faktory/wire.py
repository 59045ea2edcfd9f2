"""One connection to a Faktory server: lines out, RESP replies in, every failure named."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import hiredis

from jobctl.errors import ConnectionLost, JobctlError, NotFaktory, Unreachable
from jobctl.faktory.refusals import PLAIN, explain_connecting, explain_refusal
from jobctl.model.address import Address

if TYPE_CHECKING:
    import ssl

Reply = bytes | int | None
Trace = Callable[[str], None]

REPLY_TIMEOUT = 60.0  # seconds; a busy server answers each of jobctl's commands in far less
_LARGEST = 64 * 1024 * 1024  # bytes of a reply: nothing that jobctl asks for is a tenth of it
_READ_SIZE = 64 * 1024
_LONGEST_TRACE = 200


class Wire:
    """A socket that speaks Faktory's protocol. Nothing is ever sent a second time."""

    def __init__(self, address: Address, *, connect_timeout: float, trace: Trace | None) -> None:
        self._address = address
        self._timeout = connect_timeout
        self._trace = trace
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader()
        self._unread = 0  # bytes since the last whole reply

    def open(self) -> None:
        """Connect, through TLS where the address says so.

        Raises:
            Unreachable: it failed; says why.
            UsageProblem: a certificate or key cannot be read.
        """
        address = self._address
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
        """Give replies the time a busy server needs; until here it was the connect timeout."""
        self._timeout = REPLY_TIMEOUT
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
        """Send lines in one go; a refusal is returned in its place, as the error."""
        asked = list(commands)
        for command in asked:
            self._say(f"> {_shown(command)}")
        self._send(
            "".join(f"{command}\r\n" for command in asked).encode("utf-8", "surrogateescape")
        )
        return [self.receive(command) for command in asked]

    def receive(self, command: str = "") -> Reply | JobctlError:
        """Return the next reply; a refusal as the error. `command` is what it is the reply to.

        Raises:
            ConnectionLost: the connection ended, or no reply came in time.
            NotFaktory: this is not the protocol.
        """
        began = time.perf_counter()
        end = time.monotonic() + self._timeout
        try:
            while (reply := self._reader.gets()) is False:
                self._read(end)
        except hiredis.ProtocolError:
            self.close()
            raise NotFaktory(
                f"what answers at {self._address} is not a Faktory server",
                hint="check the port (7419 is Faktory's own, 7420 its web page)",
            ) from None
        except BaseException:  # Ctrl-C too: half a reply may be read
            self.close()
            raise
        self._unread = 0
        self._say(f"< {_size(reply)} after {(time.perf_counter() - began) * 1000:.1f} ms")
        if isinstance(reply, hiredis.ReplyError):
            return explain_refusal(str(reply), command, self._address)
        if reply is None or isinstance(reply, bytes | int):
            return reply
        self.close()
        raise NotFaktory(f"{self._address} answered {command.split(' ')[0]} in an unknown form")

    def _send(self, lines: bytes) -> None:
        if self._socket is None:
            raise ConnectionLost(f"the connection to {self._address} is closed")
        try:
            self._socket.sendall(lines)
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
            raise ConnectionLost(
                f"{self._address} closed the connection",
                hint="did the server stop, or is this port no Faktory server?",
            )
        self._unread += len(said)
        if self._unread > _LARGEST:
            raise NotFaktory(f"{self._address} sends more than any answer holds")
        self._reader.feed(said)

    def _lost(self, error: OSError) -> JobctlError:
        self.close()
        if isinstance(error, TimeoutError):
            return ConnectionLost(
                f"no answer from {self._address} within {self._timeout:g} s",
                hint="is this a Faktory server, and is it well?",
            )
        why = error.strerror or error
        return ConnectionLost(f"the connection to {self._address} was lost: {why}")

    def _say(self, line: str) -> None:
        if self._trace is not None:
            self._trace(line)


def _context(address: Address) -> ssl.SSLContext | None:
    if not address.secure:
        return None
    from jobctl.tls import check_files  # ssl: nobody else pays for it

    try:
        return check_files(address.tls)
    except OSError as error:
        raise Unreachable(f"no TLS with {address}: {error}", hint=PLAIN) from None


def _shown(command: str) -> str:
    if command.startswith("HELLO "):
        return "HELLO .."  # the hash of a password is a password to this server
    text = command if len(command) <= _LONGEST_TRACE else f"{command[:_LONGEST_TRACE]}.."
    return text.encode("unicode_escape").decode()


def _size(reply: object) -> str:
    return f"{len(reply)} bytes" if isinstance(reply, bytes) else str(reply)
