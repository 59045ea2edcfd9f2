"""JIDs from arguments and from stdin."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

from jobctl.errors import UsageProblem
from jobctl.render.safe import from_field


def read_ids(given: Iterable[str]) -> tuple[str, ...]:
    r"""Return the ids given, a ``-`` replaced by the lines of stdin, each id once.

    Lines are as ``-o ids`` writes them: ``\\ \t \n \r`` written out. Empty lines are skipped.

    Raises:
        UsageProblem: an id is empty, or stdin is a terminal.
    """
    ids: dict[str, None] = {}
    for name in given:
        if name == "":
            raise UsageProblem("a JID is empty", hint="is a variable unset in your script?")
        ids.update(dict.fromkeys(_lines() if name == "-" else [_argument(name)]))
    return tuple(ids)


def _lines() -> Iterator[str]:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageProblem("- reads JIDs from stdin, and stdin is a terminal", hint="pipe them in")
    for line in sys.stdin.buffer:
        text = _text(line.rstrip(b"\n").removesuffix(b"\r"))
        if text:
            yield from_field(text)


def _argument(text: str) -> str:
    try:
        return _text(os.fsencode(text))
    except UnicodeEncodeError:  # not from a command line, but from Python: it is what it is
        return text


def _text(raw: bytes) -> str:
    """Decode as ``-o ids`` encodes, lone surrogates too; other bytes survive as Python has them."""
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "surrogateescape")
