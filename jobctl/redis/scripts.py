"""The scripts as they are sent, and what each command and script replies.

Replies are checked, so that a proxy or a wrong port is found out at its first reply.
"""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any

DEMO = "jobctl:demo"  # unix seconds that the demo data was made for
IDENTITY = "jobctl:server"  # tells one database from another, written at the first change
CLAIM = "claim"  # field of an operation's hash: who has claimed it
SERVER_VERSION = "jobctl:faktory"  # the version of the Faktory server seen at the last change
KEPT = 7 * 86400  # seconds that an operation's results are kept after its last batch


def operation_key(operation: str) -> str:
    """Return the hash of an operation: number of each batch that was applied -> its result."""
    return f"jobctl:op:{operation}"


PAUSES = "jobctl:paused"  # a hash: queue -> who paused it, when and why; lives as the pause does


def hold_key(queue: str) -> str:
    """Return the hash of the leases of a queue; kept for `KEPT` after the last heartbeat."""
    return f"jobctl:hold:{queue}"


def aside_key(operation: str, round_number: int, key: bytes) -> bytes:
    """Return the key that a list is renamed to while its queue is removed."""
    return b"%b:removed:%d:%b" % (operation_key(operation).encode(), round_number, key)


def back_key(operation: str, key: bytes) -> bytes:
    """Return the key at which a list is rebuilt before it goes back."""
    return b"%b:back:%b" % (operation_key(operation).encode(), key)


Word = str | bytes | int | float
Command = tuple[Word, ...]  # a command as it is sent
Reply = Any
Trace = Callable[[str], None]

_LUA = Path(__file__).parent
_USES = re.compile(r"^-- Uses: (.+)$", re.MULTILINE)
_COMMAND = re.compile("'([A-Z]{3,})'")
_NO_COMMANDS = {"LEFT", "RIGHT", "WRONGTYPE"}
_CURSOR = re.compile(rb"\d{1,20}")


class Script(str):
    """The text of a script, which knows its name: replies are checked by it."""

    __slots__ = ("name",)
    name: str


@cache
def script(name: str) -> Script:
    """Return a script, behind the files that its header says it uses.

    The text goes with every call: EVALSHA would save a hundredth of a batch's bytes, and every call
    would need a second way for a server that does not know the script.
    """
    text = _read(name)
    uses = _USES.search(text)
    shared = [_read(used) for used in uses[1].split(", ")] if uses else []
    made = Script("\n".join([*shared, text]))
    made.name = name
    return made


def _read(name: str) -> str:
    return (_LUA / f"{name}.lua").read_text()


def script_call(name: str, keys: Sequence[str | bytes], *words: Word) -> Command:
    """Return the call of a script."""
    return ("EVAL", script(name), len(keys), *keys, *words)


def batch_call(
    name: str, operation: str, number: str, keys: Sequence[str | bytes], *words: Word
) -> Command:
    """Return the call of a script that applies one batch of an operation, once."""
    return script_call(name, [operation_key(operation), *keys], number, KEPT, *words)


def ready(name: str, *, action: str | None = None, keys: Sequence[str] = ()) -> Command:
    """Return the call that checks, before anything is written, that a script can do its work.

    It is refused where scripts, or a command of this one, are denied or missing, and where the
    server takes no writes now, is a replica, or is part of a cluster.

    Args:
        name: the script's.
        action: which of its actions, as `commands` takes it.
        keys: the set that it takes jobs from, where there is one.
    """
    keys = [operation_key(secrets.token_hex(8)), *keys]
    return script_call("ready", keys, *commands(name, action))


@cache
def commands(name: str, action: str | None = None) -> tuple[str, ...]:
    """Return the commands that a script and the files it uses call.

    With an action only those in the body of this function of the script.
    """
    text: str = script(name)
    if action is not None:
        text = text.partition(f"function actions.{action}()")[2].partition("\nend\n")[0]
    return tuple(sorted(set(_COMMAND.findall(text)) - _NO_COMMANDS))


_Shape = Callable[[Any], bool]


def fits(command: tuple[object, ...], reply: Any) -> bool:
    """Check that a reply, which is no error, has the form of the replies to its command.

    Args:
        command: what was sent.
        reply: bytes, an integer, None, or a list of such.
    """
    if type(reply) is bytes and reply == b"QUEUED":  # inside MULTI
        return True
    name = str(command[0])
    if isinstance(script := command[1] if len(command) > 1 else None, Script):
        shape = _SCRIPTS.get(script.name, _text)
    elif name == "ZRANGE" and "WITHSCORES" in command:
        shape = _scored
    elif name == "LPOS" and "COUNT" not in command:
        return reply is None or _integer(reply)
    else:
        shape = _SHAPES.get(name, _anything)
    return shape(reply) and (name not in _AN_ANSWER_A_MEMBER or len(reply) == len(command) - 2)


def transactions_fit(commands: Sequence[tuple[object, ...]], replies: Sequence[Any]) -> bool:
    """Check that the replies to EXEC have the forms of those to the commands since MULTI."""
    start = 0
    for i, command in enumerate(commands):
        if command[0] == "MULTI":
            start = i + 1
        elif command[0] == "EXEC" and type(replies[i]) is list:
            inside = commands[start:i]
            if len(inside) != len(replies[i]):
                return False
            pairs = zip(inside, replies[i], strict=True)
            if not all(isinstance(item, Exception) or fits(asked, item) for asked, item in pairs):
                return False
    return True


def _anything(_reply: Any) -> bool:
    return True


def _integer(reply: Any) -> bool:
    return type(reply) is int


def _text(reply: Any) -> bool:
    return type(reply) is bytes


def _text_or_nothing(reply: Any) -> bool:
    return reply is None or type(reply) is bytes


def _integers(reply: Any) -> bool:
    return type(reply) is list and {int}.issuperset(map(type, reply))


def _texts(reply: Any) -> bool:
    return type(reply) is list and {bytes}.issuperset(map(type, reply))


def _texts_or_nothing(reply: Any) -> bool:
    return type(reply) is list and {bytes, NoneType}.issuperset(map(type, reply))


def _scores_or_nothing(reply: Any) -> bool:
    return _texts_or_nothing(reply) and _numbers([text for text in reply if text is not None])


def _pairs(reply: Any) -> bool:
    return _texts(reply) and len(reply) % 2 == 0


def _scored(reply: Any) -> bool:
    return _pairs(reply) and _numbers(reply[1::2])


def _numbers(texts: list[bytes]) -> bool:
    try:
        deque(map(float, texts), maxlen=0)
    except ValueError:
        return False
    return b"nan" not in texts


def _page(items: _Shape) -> _Shape:
    """Return the form of the replies to a scan: a cursor, and items of a form."""

    def fit(reply: Any) -> bool:
        if type(reply) is not list or len(reply) != 2 or not _text(reply[0]):
            return False
        return _CURSOR.fullmatch(reply[0]) is not None and items(reply[1])

    return fit


def _clock(reply: Any) -> bool:
    return _texts(reply) and len(reply) == 2 and all(map(_CURSOR.fullmatch, reply))


def _list_or_nothing(reply: Any) -> bool:
    return reply is None or type(reply) is list


def _outcome(reply: Any) -> bool:
    """Check that a reply is a word, perhaps with more texts after it."""
    return _texts_or_nothing(reply) and bool(reply) and reply[0] is not None


def _two_or_more_integers(reply: Any) -> bool:
    return _integers(reply) and len(reply) >= 2


_AN_ANSWER_A_MEMBER = {"HMGET", "SMISMEMBER", "ZMSCORE"}

_COMMANDS: dict[_Shape, str] = {
    _integer: "DBSIZE EXISTS EXPIRE HLEN HSET HSETNX LLEN LPUSH PTTL RPUSH SADD SCARD"
    " SISMEMBER SREM UNLINK ZADD ZCARD ZCOUNT",
    _text: "FLUSHDB INFO MULTI SELECT TYPE",
    _text_or_nothing: "GET HGET LINDEX SET",
    _integers: "LPOS SMISMEMBER",
    _texts: "LRANGE SMEMBERS ZRANGE",
    _texts_or_nothing: "HMGET",
    _pairs: "HGETALL",
    _list_or_nothing: "EXEC",
    _page(_pairs): "HSCAN",
    _page(_texts): "SCAN SSCAN",
    _page(_scored): "ZSCAN",
    _scores_or_nothing: "ZMSCORE",
    _clock: "TIME",
}
_SHAPES = {name: shape for shape, names in _COMMANDS.items() for name in names.split()}

_OUTCOMES = "pauses record_create record_mark record_set"
_SCRIPTS: dict[str, _Shape] = {  # the others reply a text
    **dict.fromkeys(_OUTCOMES.split(), _outcome),
    "probe": _texts,
    "record_look": _two_or_more_integers,
}


_FIRST = 1  # it may be one of 40 MB
_MOST = 1000
_GROWTH = 8
_BYTES = 512 * 1024
_SECONDS = 0.005  # of a call; Redis does nothing else meanwhile
_SURE = 250  # members that Redis matches against a glob in well under 10 ms


class Chunk:
    """A chunk size that follows the size of the members met so far."""

    def __init__(self, most: int = _MOST) -> None:
        self.size = _FIRST
        self._most = most
        self._way = float("inf")  # seconds that a call takes at least: that is the network

    def learn(self, members: int, size: int, seconds: float = 0.0) -> None:
        """Take in what a reply cost.

        Args:
            members: how many were read.
            size: the bytes that came.
            seconds: from call to reply, where the bytes do not tell what Redis had to do.
        """
        if members:
            fitting = int(_BYTES * members / (size + 1))
            self._way = min(self._way, seconds)
            worked = seconds - self._way
            if worked > 0:
                fitting = min(fitting, max(_SURE, int(_SECONDS * members / worked)))
            self.size = max(1, min(fitting, self._most, self.size * _GROWTH))
