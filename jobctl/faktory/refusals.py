"""What a Faktory server, or the way to it, said no to: each in its own two lines."""

from __future__ import annotations

import socket

from jobctl.errors import JobctlError, RefusedByFaktory, Unreachable, WrongPassword
from jobctl.model.address import Address

PLAIN = "tcp:// instead of tcp+tls://"


def explain_connecting(error: OSError, address: Address, timeout: float) -> JobctlError:
    """Return the error for a connection that could not be opened."""
    if isinstance(error, socket.gaierror):
        return Unreachable(
            f"the host of {address} cannot be resolved", hint="check its spelling, and your DNS"
        )
    if isinstance(error, TimeoutError):
        return _late(address, timeout)
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(
            f"connection refused by {address}", hint="is the Faktory server running there?"
        )
    if address.secure:
        import ssl

        if isinstance(error, ssl.SSLError):
            from jobctl.tls import explain_handshake

            return explain_handshake(error, str(address), PLAIN)
    return Unreachable(
        f"cannot reach {address}: {error.strerror or error}", hint="is the address right?"
    )


def _late(address: Address, timeout: float) -> JobctlError:
    hint = "is the address right, and no firewall between? --connect-timeout waits longer"
    if address.secure:
        hint = f"does this port speak TLS? if not, write {PLAIN}"
    return Unreachable(f"no answer from {address} within {timeout:g} s", hint=hint)


def explain_refusal(said: str, command: str, address: Address) -> JobctlError:
    """Return the error for an answer that is an error."""
    name = command.split(" ")[0] if command else "to talk"
    text = said.removeprefix("ERR ").strip()
    if name == "HELLO":
        if "password" in text.lower():
            where = "the one in the URL" if address.password else "where the context's comes from"
            return WrongPassword(f"{address} refused the password", hint=f"check {where}")
        return RefusedByFaktory(f"{address} refused to log in: {text}")
    return RefusedByFaktory(f"{address} refused {name}: {text}")
