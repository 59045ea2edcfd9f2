"""What Redis, or the way to it, said no to: each in its own two lines."""

from __future__ import annotations

import errno
import socket
import ssl

import redis.exceptions as failures

from jobctl.errors import (
    ConnectionLost,
    JobctlError,
    Loading,
    NoPermission,
    NotRedis,
    RefusedByRedis,
    Unreachable,
    WrongPassword,
    WrongType,
)
from jobctl.model.target import Target


def explain_connecting(error: Exception, target: Target, timeout: float) -> JobctlError:
    """Return the error for a connection that could not be opened."""
    if isinstance(error, failures.ResponseError | failures.AuthenticationError):
        return explain_refusal(error, ("AUTH",), target)
    if isinstance(error, failures.BusyLoadingError):
        return explain_refusal(error, ("SELECT",), target)
    cause = error if isinstance(error, OSError) else error.__context__
    if isinstance(error, failures.TimeoutError) or isinstance(cause, TimeoutError):
        return Unreachable(
            f"no answer from {target} within {timeout:g} s",
            hint="is the address right, and no firewall between? --connect-timeout waits longer",
        )
    if isinstance(error, failures.InvalidResponse):
        return _not_redis(target)
    if isinstance(cause, OSError):
        return _explain_os(cause, target)
    return _hung_up(target)


def _explain_os(cause: OSError, target: Target) -> JobctlError:
    if isinstance(cause, socket.gaierror):
        return Unreachable(
            f"the host of {target} cannot be resolved", hint="check its spelling, and your DNS"
        )
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Unreachable(
            f"the certificate of {target} is not trusted: {cause.verify_message}",
            hint="name its CA with --cacert FILE",
        )
    if isinstance(cause, ssl.SSLError):
        return Unreachable(
            f"no TLS with {target}: {cause.reason or 'the handshake failed'}",
            hint="does this port speak TLS? if not, write redis:// instead of rediss://",
        )
    if isinstance(cause, ConnectionRefusedError):
        return Unreachable(
            f"connection refused by {target}", hint="is Redis running there? try: jobctl demo"
        )
    if isinstance(cause, FileNotFoundError) and target.scheme == "unix":
        return Unreachable(
            f"there is no socket at {target}",
            hint="Faktory's own Redis listens at <its storage directory>/redis.sock",
        )
    if isinstance(cause, FileNotFoundError):
        return Unreachable(
            f"a TLS file for {target} does not exist", hint="check --cacert, --cert and --key"
        )
    if isinstance(cause, PermissionError):
        return Unreachable(
            f"no permission to open {target}", hint="run as the user that owns the socket"
        )
    if cause.errno in (errno.ECONNRESET, errno.EPIPE):
        return _hung_up(target)
    return Unreachable(f"cannot reach {target}: {cause.strerror or cause}")


def explain_losing(error: Exception, target: Target, timeout: float) -> JobctlError:
    """Return the error for a connection that ended before its reply."""
    if isinstance(error, failures.InvalidResponse) or "rotocol error" in str(error):
        return _not_redis(target)
    if isinstance(error, failures.TimeoutError):
        return ConnectionLost(
            f"no answer from {target} within {timeout:g} s",
            hint="is this a Redis, or is it busy? its own view: redis-cli slowlog get",
        )
    return ConnectionLost(
        f"the connection to {target} was lost",
        hint="did the server stop, or is this port no Redis (TLS needs rediss://)?",
    )


def explain_refusal(error: Exception, command: tuple[object, ...], target: Target) -> JobctlError:
    """Return the error for an answer that is an error."""
    said = str(error)
    name = str(command[0])
    if isinstance(error, failures.AuthenticationError) or _is(said, "WRONGPASS", "NOAUTH"):
        return _password(said, target)
    if isinstance(error, failures.BusyLoadingError) or _is(said, "LOADING"):
        return Loading(f"{target} is loading its data from disk", hint="try again in a moment")
    if isinstance(error, failures.NoPermissionError) or _is(said, "NOPERM"):
        return NoPermission(
            f"{target} denies {name}: {said.removeprefix('NOPERM ')}",
            hint="grant this user what it says (ACL SETUSER), or use another user",
        )
    if _is(said, "WRONGTYPE"):
        key = command[1] if len(command) > 1 else ""
        shown = key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
        return WrongType(
            f"the key {shown} of {target} holds another type than a job system keeps there",
            hint=f"look at it: redis-cli type {shown}",
        )
    if _is(said, "MOVED", "CLUSTERDOWN", "CROSSSLOT"):
        return RefusedByRedis(
            f"{target} is part of a Redis Cluster", hint="clusters are not spoken yet"
        )
    return RefusedByRedis(f"{target} refused {name}: {said}")


def _is(said: str, *codes: str) -> bool:
    return said.split(" ", 1)[0] in codes


def _password(said: str, target: Target) -> JobctlError:
    if target.password is None:
        return WrongPassword(
            f"{target} wants a password", hint=f"put it in the URL: {target.scheme}://:PASSWORD@.."
        )
    if "no password is set" in said:
        return WrongPassword(
            f"{target} has no password, one was given", hint="leave it out of the URL"
        )
    return WrongPassword(f"{target} refused the user or password", hint="check both in the URL")


def _not_redis(target: Target) -> JobctlError:
    return NotRedis(f"what answers at {target} is not a Redis", hint="check the port")


def _hung_up(target: Target) -> JobctlError:
    return Unreachable(
        f"{target} closed the connection", hint="does this port speak TLS (rediss://)?"
    )
