"""Run every command in every format, and hold the answers to what each format promises."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator

from tests.conftest import Ran

FORMATS = ("table", "wide", "json", "jsonl", "csv", "tsv", "ids")
SETS = ("scheduled", "retries", "dead", "working")

ODD_JIDS = [
    "plain-0001", 'double"quote', "single'quote", "back\\slash", "back\\nslash-n", "new\nline",
    "line\n", "tab\t", "cr\r", "a*b?c[d]e", "[^x]", "ünï-ö", "日本", "emoji-😀", "null\x00byte",
    "esc\x1b[31m", "</script>", "a&b<c>", " spaces ", "{}", "-", "--debug", "42", "null", "%s",
    "\u2028", "\x85", "[bold]x[/]",
]  # fmt: skip

# Everything a terminal acts on: controls but the line break, C1, bidi marks, line separators.
UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
STYLE = re.compile(r"\x1b\[[0-9;]*m")


def commands(*jids: str) -> Iterator[tuple[str, ...]]:
    """Yield every command that looks, those on a job for each of these."""
    for name in SETS:
        yield name, "ls"
        yield name, "count"
        yield from ((name, "show", "--", jid) for jid in jids)
    yield "queue", "ls"
    yield "queue", "jobs", "default"
    yield "info", "--days", "3"
    yield from (("status", "--", jid) for jid in jids)
    yield "status", "--", *jids, "nobody"


def look(jobctl: Callable[..., Ran], fmt: str, *argv: str, codes: tuple[int, ...] = (0, 4)) -> Ran:
    """Run a command in a format, on a terminal where people would, and check the answer."""
    human = fmt in ("table", "wide")
    ran = jobctl("-o", fmt, "--color", "never", *argv, tty=human)
    check(ran, fmt, argv, codes)
    return ran


def check(ran: Ran, fmt: str, argv: tuple[str, ...], codes: tuple[int, ...]) -> None:
    """Hold an answer to what its format promises."""
    assert "this is a bug" not in ran.err, (argv, fmt, ran.err)
    assert "Traceback" not in ran.err
    assert ran.code in codes, (argv, fmt, ran)
    assert not UNSAFE.search(ran.err), (argv, fmt, ran.err)
    if ran.code not in (0, 4):
        return
    if fmt in ("table", "wide"):
        assert not UNSAFE.search(ran.out), (argv, fmt, UNSAFE.search(ran.out))
    elif fmt == "json" and ran.out:
        json.loads(ran.out)
    elif fmt == "jsonl":
        assert all(isinstance(json.loads(line), dict | int) for line in lines(ran.out))
    elif fmt == "csv" and "count" not in argv:
        rows = list(csv.reader(io.StringIO(ran.out, newline=""), strict=True))
        assert len({len(row) for row in rows}) <= 1, (argv, rows)
    elif fmt == "tsv" and "count" not in argv:
        assert len({line.count("\t") for line in lines(ran.out)}) <= 1


def lines(text: str) -> list[str]:
    """Return the lines of machine formats: they end with a line feed, and with nothing else."""
    return text.split("\n")[:-1]
