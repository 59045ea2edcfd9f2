"""The lines of an operation's file: what a member is in its line, and back again."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from math import isnan

from jobctl.model.jsontext import loads_own, read_object
from jobctl.operations.selection import LONGEST, Selection

SCORE = b'{"score":'  # what the line of a member begins with
_JOB, B64 = b'"job":', b'"b64":"'  # what stands before it, as it is or encoded


def is_plain(members: Sequence[bytes], scores: Sequence[bytes]) -> bool:
    """Tell, of many members at once, whether each can stand in its line as it is."""
    text = b"".join(members)
    return (
        text.isascii()
        and b"\n" not in text
        and len(text) <= LONGEST
        and b"n" not in b"".join(scores)  # inf, nan
    )


def member_lines(
    members: Sequence[bytes], scores: Sequence[bytes], *, decoded: bool
) -> tuple[list[bytes], list[int]]:
    """Return the line of each member, and its length where it stands there as it is, else 0."""
    lines: list[bytes] = []
    lengths: list[int] = []
    for raw, score in zip(members, scores, strict=True):
        if _one_line(raw, decoded=decoded):
            lines.append(b'{"score":%b,"job":%b}\n' % (number(score), raw))
            lengths.append(len(raw))
        else:
            encoded = base64.b64encode(raw)
            lines.append(b'{"score":%b,"b64":"%b"}\n' % (number(score), encoded))
            lengths.append(0)
    return lines, lengths


def _one_line(raw: bytes, *, decoded: bool) -> bool:
    """Tell whether a member can stand in a line as it is."""
    if b"\n" in raw or len(raw) > LONGEST or not (decoded or read_object(raw) is not None):
        return False
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return not raw.startswith(b"\xef\xbb\xbf")


def is_member(line: bytes) -> bool:
    """Tell whether a line holds a chosen member, whole."""
    if not (line.startswith(SCORE) and line.endswith(b"}\n")):
        return False
    try:
        if not is_verbatim(line):
            start = line.index(b",", len(SCORE), 64) + 1
            if not (line.startswith(B64, start) and line.endswith(b'"}\n')):
                return False
            base64.b64decode(line[start + len(B64) : -3], validate=True)
        return not isnan(float(score_of(line)))
    except ValueError:
        return False


def score_of(line: bytes) -> bytes:
    """Return the score of a member, as Redis writes it."""
    return line[len(SCORE) : line.index(b",", len(SCORE), 64)].strip(b'"')


def number(score: bytes) -> bytes:
    """Return a score as JSON: infinity is a text."""
    return score if score[-1:].isdigit() else b'"%b"' % score  # inf, -inf


def is_verbatim(line: bytes) -> bool:
    """Tell whether the member stands in its line as it is."""
    return line.startswith(_JOB, line.index(b",", len(SCORE), 64) + 1)


def member_of(line: bytes) -> bytes:
    """Return the member of a line."""
    start = line.index(b",", len(SCORE), 64) + 1
    if line.startswith(_JOB, start):
        return line[start + len(_JOB) : -2]
    return base64.b64decode(line[start + len(B64) : -3])


def read_note(line: bytes) -> dict[str, object] | None:
    """Decode a line; None for one that was cut off when the disk was full or the power failed."""
    try:
        note = loads_own(line)
    except ValueError:
        return None
    return note if isinstance(note, dict) else None


def take_in(selection: Selection, lines: Sequence[bytes], offset: int) -> int:
    """Add the members of lines, and return where the next line stands."""
    members, offsets, lengths = list[bytes](), list[int](), list[int]()
    for line in lines:
        raw = member_of(line)
        plain = is_verbatim(line) and 0 < len(raw) <= LONGEST
        members.append(raw)
        offsets.append(offset + len(line) - len(raw) - 2 if plain else offset)
        lengths.append(len(raw) if plain else 0)
        offset += len(line)
    selection.add([float(score_of(line)) for line in lines], members, offsets, lengths)
    return offset
