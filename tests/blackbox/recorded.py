"""The recordings: a block a story, in files that are read and compared as text."""

from __future__ import annotations

import difflib
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parent / "recorded"
WRITES = os.environ.get("JOBCTL_GOLDEN") == "write"
_HEAD = "=== "


def blocks(file: Path) -> dict[str, str]:
    """Return the text of each story in a file."""
    if not file.exists():
        return {}
    found = file.read_text().split(_HEAD)[1:]
    return dict(block.rstrip("\n").split("\n", 1) if "\n" in block.rstrip("\n")
                else (block.rstrip("\n"), "") for block in found)  # fmt: skip


def check(file: Path, story: str, lines: Sequence[str]) -> None:
    """Compare a story's lines with the recorded ones; JOBCTL_GOLDEN=write records them anew."""
    text = "\n".join(lines).rstrip("\n")
    if WRITES:
        _write(file, {story: text})
        return
    recorded = blocks(file).get(story, "nothing was recorded").rstrip("\n")
    changes = difflib.unified_diff(recorded.split("\n"), text.split("\n"), "recorded", "now", n=1)
    assert text == recorded, "\n".join(changes)


def check_names(group: str, stories: Sequence[str]) -> None:
    """Check that a group's files hold exactly these stories; writing drops the others."""
    data, talk = FOLDER / f"{group}.data.txt", FOLDER / f"{group}.talk.txt"
    for file in (data, talk):
        stale = blocks(file).keys() - set(stories)
        if WRITES and stale:
            _write(file, dict.fromkeys(stale))
        assert not stale - ({*stale} if WRITES else set()), file
    assert WRITES or blocks(data).keys() == set(stories)


def _write(file: Path, changed: dict[str, str | None]) -> None:
    """Replace blocks, or drop them; several processes may do so at once."""
    lock = os.open(FOLDER, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = {name: text for name, text in (blocks(file) | changed).items() if text is not None}
        file.write_text("\n".join(f"{_HEAD}{name}\n{kept[name]}\n" for name in sorted(kept)))
    finally:
        os.close(lock)
