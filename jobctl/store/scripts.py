"""The scripts, as they are sent."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_LUA = Path(__file__).with_name("lua")
_WORD = re.compile("'([A-Z]{3,})'")
_NO_COMMANDS = {"LEFT", "RIGHT", "WRONGTYPE"}


@cache
def script(*names: str) -> str:
    """Return a script behind the beginnings that it shares with others; its own name comes last.

    It goes with every call: EVALSHA would save a hundredth of a batch's bytes, and cost a second
    way for every call to go.
    """
    return "\n".join((_LUA / f"{name}.lua").read_text() for name in names)


@cache
def commands(*names: str) -> tuple[str, ...]:
    """Return the commands that a script, with its beginnings, calls."""
    return tuple(sorted(set(_WORD.findall(script(*names))) - _NO_COMMANDS))
