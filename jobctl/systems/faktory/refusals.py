"""What a Faktory server, or the way to it, said no to: each in its own two lines."""

from __future__ import annotations

import re
import socket

from jobctl.errors import (
    ConnectionLost,
    JobctlError,
    NotFaktory,
    RefusedByFaktory,
    Unreachable,
    WrongPassword,
)
from jobctl.model.target import Address

_LONGEST = 200  # characters of what a server says
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_WHY_LOST = {
    "tcp": "did the server stop, or is this port no Faktory server (TLS needs tcp+tls://)?",
    "tcp+tls": "did the server stop, or does it want a client certificate (--cert and --key)?",
}


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
        import ssl  # nobody else pays for it

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
