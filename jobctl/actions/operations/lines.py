"""The lines of chosen members in the file of an operation."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from jobctl.actions.operations.chosen import LONGEST
from jobctl.model.job import read_object


def all_plain(members: Sequence[bytes], scores: Sequence[bytes]) -> bool:
    """Tell, of many members at once, whether each can stand in its line as it is."""
    text = b"".join(members)
    return (
        text.isascii()
        and b"\n" not in text
        and len(text) <= LONGEST
        and b"n" not in b"".join(scores)  # inf, nan
    )


def lines_of(
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


def number(score: bytes) -> bytes:
    """Return a score as JSON: infinity is a text."""
    return score if score[-1:].isdigit() else b'"%b"' % score
