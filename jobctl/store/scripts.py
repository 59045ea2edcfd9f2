"""The scripts, as they are sent."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_LUA = Path(__file__).with_name("lua")


@cache
def script(begin: str, name: str) -> str:
    """Return a script behind the beginning that it shares with others.

    It goes with every call: EVALSHA would save a hundredth of a batch's bytes, and cost a second
    way for every call to go.
    """
    return f"{(_LUA / f'{begin}.lua').read_text()}\n{(_LUA / f'{name}.lua').read_text()}"
