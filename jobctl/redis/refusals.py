"""Turn what Redis, or the network, refuses into errors of two lines each."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Sequence

import redis.exceptions as failures

from jobctl.errors import (
    ConnectionLost,
    JobctlError,
    Loading,
    NoMemory,
    NoPasswordWanted,
    NoPermission,
    NotRedis,
    RefusedByRedis,
    Unreachable,
    WrongPassword,
    WrongReply,
    WrongType,
)
from jobctl.model.target import Target
from jobctl.model.words import listed
from jobctl.tls import NO_TLS_HINT, explain_handshake

_NAMED = 5  # keys in a sentence
_IN_SCRIPT = re.compile(  # how Redis 6.2 begins
    r"^(ERR )?(Error running script \(call to \w+\): )?(@user_script: ?\d+: )+-?"
)
_LONGEST = 200  # letters of what a server said
_ABSENT = re.compile(  # as Redis, its scripts, and those who sell it or stand in front of it say it
    r"(ERR )?(unknown|unsupported) (redis )?command:?,?( called from)?( ?['`\"](?P<name>\w+))?"
    r"|(ERR )?command ['`\"]?(?P<other>\w+)['`\"]? (is )?not (allowed|support(ed)?)\b",
    re.IGNORECASE,
)
_DENIED_IN_SCRIPT = ("ACL failure in script", "The user executing the script")
_FULL = "max number of clients"
_SOON, _SAID = 0.2, 200  # seconds for which that is waited for, and bytes of it
_WHY_LOST = {
    "redis": "did the server stop, or is this port no Redis (TLS needs rediss://)?",
    "rediss": "did the server stop, or does it want a client certificate (--cert and --key)?",
    "unix": "did the server stop?",
}
_Kinds = type[Exception] | tuple[type[Exception], ...]
# What servers say in some state or role: the first word of the answer, or redis-py's error; then
# jobctl's error, its message and hint.
_STATES: list[tuple[str | None, _Kinds, type[JobctlError], str, str]] = [
    (None, failures.BusyLoadingError, Loading,
     "{target} is loading its data from disk", "try again in a moment"),
    (None, failures.MasterDownError, RefusedByRedis,
     "{target} is a replica that has lost its primary", "use the primary"),
    (None, (failures.AskError, failures.ClusterDownError, failures.ClusterCrossSlotError,
            failures.TryAgainError), RefusedByRedis,  # MovedError is an AskError
     "{target} is part of a Redis Cluster", "clusters are not spoken yet"),
    ("MISCONF", (), RefusedByRedis,
     "{target} takes no writes now: it cannot save its data to disk (MISCONF)",
     "make room on its disk; it goes on once it has saved: redis-cli bgsave, and its log"),
    ("NOREPLICAS", (), RefusedByRedis,
     "{target} takes no writes now: too few replicas are connected to it (NOREPLICAS)",
     "bring its replicas back, or lower min-replicas-to-write there"),
    ("READONLY", failures.ReadOnlyError, RefusedByRedis,
     "{target} is a read-only replica, and refused {name}", "use the primary"),
    ("OOM", failures.OutOfMemoryError, NoMemory,
     "{target} has reached its memory limit, and refused {name}",
     "make room (jobctl dead discard still works), or raise maxmemory"),
    ("DENIED", (), RefusedByRedis,
     "{target} is in protected mode: it speaks to its own machine only",
     "set a password there, or connect from that machine"),
    ("BUSY", (), RefusedByRedis,
     "{target} is busy running a script", "try again; or redis-cli script kill"),
]  # fmt: skip
_UNREACHABLE: dict[type[OSError], tuple[str, str]] = {
    socket.gaierror: (
        "the host of {target} cannot be resolved", "check its spelling, and your DNS"
    ),
    ConnectionRefusedError: (
        "connection refused by {target}", "is Redis running there? try: jobctl demo"
    ),
    FileNotFoundError: (
        "there is no socket at {target}",
        "Faktory's own Redis listens at <its storage directory>/redis.sock",
    ),
    PermissionError: (
        "no permission to open {target}", "run as the user that owns the socket"
    ),
}  # fmt: skip


def explain_login(error: Exception, target: Target) -> JobctlError:
    """Return the error for a refused AUTH or SELECT. What Redis said is not quoted.

    A server or proxy that knows no AUTH says its arguments back: the password.
    """
    said = str(error)
    if target.db and ("DB index" in said or "SELECT" in said):
        return RefusedByRedis(
            f"{target} has no database {target.db}",
            hint="redis-cli config get databases tells how many; a cluster has only 0",
        )
    if isinstance(error, failures.NoPermissionError) or said.startswith(_DENIED_IN_SCRIPT):
        return explain_refusal(error, ("SELECT",), target)
    if isinstance(error, failures.AuthenticationError):
        return _password(said, target)
    if said.startswith("DENIED "):
        return explain_refusal(error, ("AUTH",), target)
    return RefusedByRedis(
        f"{target} refused to log in", hint="is this a Redis? leave out user and password if so"
    )


def explain_connecting(error: Exception, target: Target, timeout: float) -> JobctlError:
    """Return the error for a connection that could not be opened."""
    if isinstance(error, failures.BusyLoadingError):
        return explain_refusal(error, ("AUTH",), target)
    cause = error if isinstance(error, OSError) else error.__context__
    if isinstance(error, failures.TimeoutError) or isinstance(cause, TimeoutError):
        return _late(cause, target, timeout)
    if isinstance(error, failures.InvalidResponse):
        return not_redis(target)
    if isinstance(cause, OSError):
        return _explain_os(cause, target)
    return _hung_up(error, target)


def _late(cause: BaseException | None, target: Target, timeout: float) -> JobctlError:
    if "handshake" in str(cause):
        return Unreachable(f"no TLS with {target} within {timeout:g} s", hint=NO_TLS_HINT)
    return Unreachable(
        f"no answer from {target} within {timeout:g} s",
        hint="is the address right, and no firewall between? --connect-timeout waits longer",
    )


def _explain_os(cause: OSError, target: Target) -> JobctlError:
    if isinstance(cause, ssl.SSLError):
        return explain_handshake(cause, str(target))
    for kind, (message, hint) in _UNREACHABLE.items():
        if isinstance(cause, kind):
            return Unreachable(message.format(target=target), hint=hint)
    if cause.errno in (errno.ECONNRESET, errno.EPIPE):
        return _hung_up(cause, target)
    return Unreachable(
        f"cannot reach {target}: {cause.strerror or cause}", hint="is the address right?"
    )


def explain_losing(error: Exception, target: Target, timeout: float) -> JobctlError:
    """Return the error for a connection that ended before its reply."""
    if isinstance(error, failures.InvalidResponse):
        return not_redis(target)
    if isinstance(error, failures.TimeoutError):
        return ConnectionLost(
            f"no answer from {target} within {timeout:g} s",
            hint="is this a Redis, or is it busy? its own view: redis-cli slowlog get",
        )
    if _FULL in str(error) or _says_full(target):
        return _full(target)
    return ConnectionLost(f"the connection to {target} was lost", hint=_WHY_LOST[target.scheme])


def explain_refusal(error: Exception, command: tuple[object, ...], target: Target) -> JobctlError:
    """Return the error for an answer that is an error."""
    said = _IN_SCRIPT.sub("", str(error))
    name = str(command[0])
    if isinstance(error, failures.AuthenticationError):
        return _password(said, target)
    if isinstance(error, failures.NoPermissionError) or said.startswith(_DENIED_IN_SCRIPT):
        return NoPermission(
            f"{target} denies {name}: {_short(said)}",
            hint="grant this user what it says (ACL SETUSER), or use another user",
        )
    absent = _ABSENT.match(said)
    if absent:
        known = absent["name"] or absent["other"]
        return _absent(f"the command {known}" if known else "a command of this script", target)
    if said.split(" ", 1)[0] == "WRONGTYPE":
        return _wrong_type([_text(key) for key in _keys(command)], target)
    return _state(error, said, name, target) or RefusedByRedis(
        f"{target} refused {name}: {_short(said)}"
    )


def _state(error: Exception, said: str, name: str, target: Target) -> JobctlError | None:
    first_word = said.split(" ", 1)[0]
    for word, kinds, make, message, hint in _STATES:
        if first_word == word or isinstance(error, kinds):
            return make(message.format(target=target, name=name), hint=hint)
    return None


def _absent(name: str, target: Target) -> NoPermission:
    """Return the error for a command that a server does not have, as for one that it denies."""
    return NoPermission(
        f"{target} does not know {name}: it was renamed or disabled, or a proxy holds it back",
        hint="enable it there, or give the address of the server behind the proxy",
    )


def _short(said: str) -> str:
    """Return what was said in one line; some servers repeat what they were sent."""
    line = said.splitlines()[0] if said else ""
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}.."


def _keys(command: tuple[object, ...]) -> tuple[object, ...]:
    """Return the keys of a command; a script's stand behind it and their number."""
    if command[0] == "EVAL" and len(command) > 2:
        count = command[2]
        return command[3 : 3 + count] if isinstance(count, int) else ()
    return command[1:2]


def _text(key: object) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)


def _wrong_type(keys: Sequence[str], target: Target) -> WrongType:
    shown = f"the key {keys[0]}" if len(keys) == 1 else f"one of the keys {listed(keys, _NAMED)}"
    return WrongType(
        f"{shown} of {target} holds another type than is kept there",
        hint=f"look at it: redis-cli type {keys[0] if keys else 'KEY'}",
    )


def _password(said: str, target: Target) -> JobctlError:
    if (target.password or target.offered) is None:
        return WrongPassword(
            f"{target} wants a password", hint=f"put it in the URL: {target.scheme}://:PASSWORD@.."
        )
    if "no password is set" in said or "without any password" in said:
        return NoPasswordWanted(
            f"{target} has no password, one was given", hint="leave it out of the URL"
        )
    if target.password and target.username == "h":  # Heroku's URLs had it before Redis had users
        hint = f"leave the user out: {target.scheme}://:PASSWORD@.."
        return WrongPassword(f"{target} refused the user or password", hint=hint)
    where = "both in the URL" if target.password else "what the context's password comes from"
    return WrongPassword(f"{target} refused the user or password", hint=f"check {where}")


def not_redis(target: Target) -> JobctlError:
    """Return the error for a server that answers, but is no Redis."""
    return NotRedis(
        f"what answers at {target} is not a Redis",
        hint="check the port; if it speaks TLS, write rediss://",
    )


def wrong_reply(command: tuple[object, ...], target: Target) -> JobctlError:
    """Return the error for a reply that does not have the form of this command's replies."""
    return WrongReply(
        f"{target} answers {command[0]} as no Redis does",
        hint="is this port a Redis, and no proxy between that changes what it says?",
    )


def _says_full(target: Target) -> bool:
    """Check whether a server that hung up has too many clients: it says so unasked.

    On a unix socket what it said is lost if a command was sent after it had hung up.
    """
    if target.scheme != "unix":
        return False
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(_SOON)
        try:
            link.connect(target.path)
            return _FULL.encode() in link.recv(_SAID)
        except OSError:
            return False


def _full(target: Target) -> JobctlError:
    return RefusedByRedis(
        f"{target} has as many clients as it takes",
        hint="who they are: redis-cli client list; how many it takes: config get maxclients",
    )


def _hung_up(error: Exception, target: Target) -> JobctlError:
    if _FULL in str(error) or _says_full(target):
        return _full(target)
    return Unreachable(f"{target} closed the connection", hint=_WHY_LOST[target.scheme])
