"""The scripts, as they are sent."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jobctl.redis.keys import operation_key
from jobctl.redis.packing import Words

_LUA = Path(__file__).with_name("lua")
_WORD = re.compile("'([A-Z]{3,})'")
_NO_COMMANDS = {"LEFT", "RIGHT", "WRONGTYPE"}


class Script(str):
    """The text of a script, which knows its name: replies are checked by it."""

    __slots__ = ("name",)
    name: str


@cache
def script(*names: str) -> Script:
    """Return a script behind the beginnings that it shares with others; its own name comes last.

    It goes with every call: EVALSHA would save a hundredth of a batch's bytes, and cost a second
    way for every call to go.
    """
    made = Script("\n".join((_LUA / f"{name}.lua").read_text() for name in names))
    made.name = names[-1]
    return made


def ready(*names: str, keys: Sequence[str] = ()) -> Words:
    """Return the call that checks, before anything is written, that a script can do its work.

    It is refused where scripts, or a command of this one, are denied or not there; where the server
    takes no writes now, is a replica, or part of a cluster.

    Args:
        names: the script's, as `script` takes them.
        keys: the set that it takes jobs from, where there is one.
    """
    keys = [operation_key(secrets.token_hex(8)), *keys]
    return ("EVAL", script("ready"), len(keys), *keys, *commands(*names))


@cache
def commands(*names: str) -> tuple[str, ...]:
    """Return the commands that a script, with its beginnings, calls."""
    return tuple(sorted(set(_WORD.findall(script(*names))) - _NO_COMMANDS))
