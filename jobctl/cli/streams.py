"""Ids from stdin; rows and documents to stdout in the session's format, talk to stderr."""

from __future__ import annotations

import os
import sys
import time
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import count
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO, TypeVar

from jobctl.cli.command import Session, check_field
from jobctl.errors import UsageProblem
from jobctl.filter.values import from_field
from jobctl.model.rows import Page, SortOrder
from jobctl.model.times import parse_duration
from jobctl.render.formats import (
    Format,
    Terminal,
    Writable,
    printable,
    printable_json,
    printable_output,
)

if TYPE_CHECKING:
    from jobctl.model.rows import Row
    from jobctl.render.screen import Console


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


ON_A_TERMINAL = 50  # rows of a table that nobody asked to be longer


def write_rows(
    session: Session,
    rows: Iterable[Row],
    columns: Sequence[str],
    now: float,
    *,
    ident: str = "jid",
) -> None:
    """Write rows in the session's format.

    Args:
        session: the format, header and colour asked for.
        rows: read one by one by the machine formats, all at once by a table.
        columns: the keys that tables, csv and tsv show; with ``--columns`` the JSON keys too.
        now: unix seconds that relative times count from.
        ident: the key that ``ids`` prints.
    """
    header = not session.flag("no_header")
    if session.format.human:
        from jobctl.render.table import print_table

        wide = session.format is Format.WIDE
        taken = count()
        rows = map(itemgetter(0), zip(rows, taken, strict=False))
        hidden = print_table(console(session), rows, columns, now, wide=wide, header=header)
        if next(taken) == 0:
            say("nothing there")
        elif hidden:
            say(f"no room for {', '.join(hidden)}: -o wide, or --columns")
        return
    from jobctl.render.machine import write_rows as write

    if session.text("columns") is not None and session.format is not Format.IDS:
        rows = ({key: row.get(key) for key in columns} for row in rows)
    write(stdout(session), session.format, rows, columns, ident=ident, header=header)


def read_order(session: Session, keys: Sequence[str]) -> SortOrder:
    """Return how to sort; `keys` are the fields there are.

    Raises:
        UsageProblem: the field to sort by is not among them.
    """
    field = session.text("sort")
    if field is not None:
        check_field("--sort", field, keys)
    return SortOrder(field, reverse=session.flag("reverse"))


def read_page(session: Session) -> Page:
    """Return which part of the rows to show."""
    return Page(session.number("offset") or 0, session.number("limit"))


def write_document(session: Session, document: object) -> None:
    """Write one JSON document to stdout; in jsonl on one line."""
    from jobctl.render.machine import write_document as write

    write(stdout(session), document, indent=session.format is not Format.JSONL)


def write_facts(
    session: Session,
    document: Row,
    *,
    ident: str,
    shown: Mapping[str, object] | None = None,
    exact_keys: bool = False,
) -> None:
    """Write one document: as JSON, as a row, or for people a line for each fact.

    Args:
        session: the format asked for.
        document: what there is to say.
        ident: the key that ``ids`` prints.
        shown: the facts for people, where they are others.
        exact_keys: whether people type these keys, so that they are spelled as they are.
    """
    if session.in_json:
        write_document(session, document)
    elif session.format.human:
        from jobctl.render.screen import print_facts  # imports rich

        print_facts(console(session), shown or document, exact_keys=exact_keys)
    else:
        write_rows(session, [document], tuple(document), 0.0, ident=ident)


def read_duration(session: Session, name: str) -> float | None:
    """Return the seconds of an option that takes a duration."""
    text = session.text(name)
    return None if text is None else parse_duration(text)


def stdout(session: Session) -> Writable:
    """Return the output of machine formats; on a terminal it shows control characters escaped."""
    out = sys.stdout.buffer
    if not sys.stdout.isatty():
        return out
    return Terminal(out, printable_json if session.in_json else printable_output)


def write_number(session: Session, count: int) -> None:
    """Write a count: the bare number, in JSON ``{"count": n}``."""
    print(f'{{"count": {count}}}' if session.in_json else count)


def write_bytes(raw: bytes) -> None:
    """Write exact bytes; on a terminal a line with control characters escaped."""
    if not sys.stdout.isatty():
        sys.stdout.buffer.write(raw)
        return
    out = Terminal(sys.stdout.buffer, printable_output)
    out.write(raw + b"\n")
    if out.changed:
        sys.stdout.flush()
        say("control characters are shown as \\x1b; a pipe gets the exact bytes")


def console(session: Session, out: TextIO | None = None) -> Console:
    """Return a console on stdout, or another stream."""
    from jobctl.render.screen import make_console

    return make_console(out or sys.stdout, session.color)


def say(text: str) -> None:
    """Print a line on stderr; if that fails, go on without."""
    try:
        print(printable(text), file=sys.stderr, flush=True)
    except OSError:  # closed, or the disk is full
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 (the next one would fail as well)


_T = TypeVar("_T")
_HOME, _CLEAR_BELOW, _CLEAR = "\x1b[H", "\x1b[J", "\x1b[2J"
_SHORTEST = 0.1


def repeat(
    session: Session,
    seconds: str,
    opening: Callable[[], AbstractContextManager[_T]],
    look: Callable[[_T], object],
) -> None:
    """Call `look` every so often; on a terminal each answer replaces the one before.

    Args:
        session: the options.
        seconds: how often, as typed.
        opening: opens what `look` gets; called once.
        look: writes the answer.

    Raises:
        UsageProblem: the seconds make no sense, or the format is one document.
    """
    pause = _seconds(seconds)
    if session.format is Format.JSON:
        raise UsageProblem("--watch prints many documents", hint="use -o jsonl: one a line")
    redraw = session.format.human and sys.stdout.isatty()
    with opening() as opened:
        if redraw:
            sys.stdout.write(_CLEAR)
        while True:
            if redraw:
                sys.stdout.write(_HOME + _CLEAR_BELOW)
            look(opened)
            sys.stdout.flush()
            time.sleep(pause)


def _seconds(text: str) -> float:
    try:
        pause = float(text)
    except ValueError:
        pause = parse_duration(text)
    if not _SHORTEST <= pause < 86400:
        raise UsageProblem(f"--watch: every {text} s is not possible", hint="0.1 s to a day")
    return pause
