"""The scripts, as they are sent."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_LUA = Path(__file__).with_name("lua")


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
