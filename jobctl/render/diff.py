"""What changes in a file, as a unified diff."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import diff_bytes, unified_diff

from rich.console import Console
from rich.text import Text

from jobctl.render.safe import printable

_STYLES = {b"--- ": "bold", b"+++ ": "bold", b"@@": "cyan", b"+": "green", b"-": "red"}
_NO_BREAK = b"\\ No newline at end of file\n"


def print_diff(console: Console, name: str, old: bytes | None, new: bytes) -> None:
    """Print the lines that differ, each with three of those around it.

    Args:
        console: where.
        name: of the file.
        old: its bytes; None where there is none yet.
        new: those it is to have.
    """
    for line in diff_lines(name, old, new):
        style = next((its for mark, its in _STYLES.items() if line.startswith(mark)), "")
        text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")
        console.print(Text(printable(text.expandtabs(4)), style=style), soft_wrap=True)


def diff_lines(name: str, old: bytes | None, new: bytes) -> Iterator[bytes]:
    """Yield the lines of a unified diff with their line breaks: what patch takes."""
    label = name.encode("utf-8", "surrogateescape")
    before = b"/dev/null" if old is None else label
    for line in diff_bytes(unified_diff, _lines(old or b""), _lines(new), before, label):
        yield line if line.endswith(b"\n") else line + b"\n" + _NO_BREAK


def _lines(raw: bytes) -> list[bytes]:
    *lines, last = raw.split(b"\n")  # not splitlines: a lone \r ends no line
    return [line + b"\n" for line in lines] + ([last] if last else [])
