"""Read ids from arguments and from stdin."""

from __future__ import annotations

import os
import sys
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from jobctl.errors import UsageProblem
from jobctl.filter.values import from_field


def read_ids(given: Iterable[str], one: str = "a JID", *, written: bool = False) -> tuple[str, ...]:
    r"""Return the ids given, a ``-`` replaced by the lines of stdin, each id once.

    Lines are as ``-o ids`` writes them: ``\\ \t \n \r`` written out, and left so where they are
    wanted as `written`. Empty lines are skipped.

    Raises:
        UsageProblem: an id is empty, or there is nothing to read from.
    """
    ids: dict[str, None] = {}
    for name in given:
        if name == "":
            raise UsageProblem(f"{one} is empty", hint="is a variable unset in your script?")
        ids.update(dict.fromkeys(_lines(one, written) if name == "-" else [argument_text(name)]))
    return tuple(ids)


def read_id(given: str) -> str:
    """Return the one id given, or with ``-`` the one on stdin.

    Raises:
        UsageProblem: it is empty, or stdin does not hold exactly one.
    """
    ids = read_ids([given])
    if len(ids) != 1:
        raise UsageProblem(f"this takes one JID, and stdin has {len(ids) or 'none'}")
    return ids[0]


def _lines(one: str, written: bool) -> Iterator[str]:
    for number, line in enumerate(open_stdin(f"{one.split()[-1]}s", hint="pipe them in")):
        mark = b"" if number else BOM_UTF8  # Windows writes it, and ends lines with \r\n
        text = _text(line.removeprefix(mark).rstrip(b"\n").removesuffix(b"\r"))
        if text:
            yield text if written else from_field(text)


def open_stdin(what: str, *, hint: str | None = None) -> BinaryIO:
    """Return stdin to read; `what` a dash stands for is named in the error.

    Raises:
        UsageProblem: it is a terminal, or closed.
    """
    closed = sys.stdin is None
    if closed or sys.stdin.isatty():
        state = "closed" if closed else "a terminal"
        raise UsageProblem(f"- reads {what} from stdin, and stdin is {state}", hint=hint)
    return sys.stdin.buffer


def argument_text(text: str) -> str:
    """Return an argument decoded as ``-o ids`` encodes ids."""
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
