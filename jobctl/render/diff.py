"""What changes in a file, as a unified diff."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from jobctl.render.safe import printable

_STYLES = {b"--- ": "bold", b"+++ ": "bold", b"@@": "cyan", b"+": "green", b"-": "red"}
_AROUND = 3  # lines
_NO_BREAK = b"\\ No newline at end of file\n"


def print_diff(console: Console, name: str, old: bytes | None, new: bytes) -> None:
    """Print the lines that differ, with some of those around them.

    Args:
        console: where.
        name: of the file.
        old: its bytes; None where there is none yet.
        new: those it is to have.
    """
    for line in diff_lines(name, old, new):
        style = next((its for mark, its in _STYLES.items() if line.startswith(mark)), "")
        for each in line.removesuffix(b"\n").split(b"\n"):  # two where a file does not end a line
            text = each.removesuffix(b"\r").decode("utf-8", "replace")
            console.print(Text(printable(text.expandtabs(4)), style=style), soft_wrap=True)
            style = ""


def diff_lines(name: str, old: bytes | None, new: bytes) -> Iterator[bytes]:
    """Yield the lines of a unified diff with their line breaks: what patch takes."""
    script = _script(_lines(old or b""), _lines(new))
    hunks = _hunks(script)
    label = name.encode("utf-8", "surrogateescape")
    if hunks:
        yield b"--- " + (b"/dev/null" if old is None else label) + b"\n"
        yield b"+++ " + label + b"\n"
    for hunk in hunks:
        yield _head(script, hunk)
        for mark, line in script[hunk.start : hunk.stop]:
            yield mark + (line if line.endswith(b"\n") else line + b"\n" + _NO_BREAK)


def _script(old: list[bytes], new: list[bytes]) -> list[tuple[bytes, bytes]]:
    """Return all lines, each with what becomes of it.

    Not by difflib: an entry's lines are much like those of the next, and it loses its way among
    them. Whole entries come or go here, so both ends are compared, and then what lies between.
    """
    most = min(len(old), len(new))
    lead = next((i for i in range(most) if old[i] != new[i]), most)
    rest = most - lead
    tail = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    script = [(b" ", line) for line in old[:lead]]
    left = iter([*new[lead : len(new) - tail], None])
    wanted = next(left)
    for line in old[lead : len(old) - tail]:
        if line == wanted:
            script.append((b" ", line))
            wanted = next(left)
        else:
            script.append((b"-", line))
    while wanted is not None:
        script.append((b"+", wanted))
        wanted = next(left)
    return script + [(b" ", line) for line in old[len(old) - tail :]]


def _hunks(script: list[tuple[bytes, bytes]]) -> list[range]:
    """Return the parts of a script that are shown: what changes, and some lines around it."""
    hunks: list[range] = []
    for i, (mark, _) in enumerate(script):
        if mark == b" ":
            continue
        end = min(i + _AROUND + 1, len(script))
        if hunks and i - _AROUND <= hunks[-1].stop:
            hunks[-1] = range(hunks[-1].start, end)
        else:
            hunks.append(range(max(0, i - _AROUND), end))
    return hunks


def _head(script: list[tuple[bytes, bytes]], hunk: range) -> bytes:
    """Return where a part begins in the old and in the new file, and its lengths there."""
    where = []
    for other in (b"+", b"-"):
        start = sum(mark != other for mark, _ in script[: hunk.start])
        count = sum(mark != other for mark, _ in script[hunk.start : hunk.stop])
        where.append(f"{start + 1 if count else start},{count}")
    return f"@@ -{where[0]} +{where[1]} @@\n".encode()


def _lines(raw: bytes) -> list[bytes]:
    *lines, last = raw.split(b"\n")  # not splitlines: a lone \r ends no line
    return [line + b"\n" for line in lines] + ([last] if last else [])
