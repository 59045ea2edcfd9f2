"""Edits for tests: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Collection

from jobctl.cron.editing import NewEntry, add_entry, read_file, remove_entries


def with_entry(raw: bytes, entry: NewEntry, *, enable: bool = False) -> bytes:
    """Return the bytes of a file with one entry more."""
    return add_entry(read_file("f", raw), entry, enable=enable).document.raw


def without(raw: bytes, numbers: Collection[int]) -> bytes:
    """Return the bytes of a file with some entries less."""
    return remove_entries(read_file("f", raw), numbers).document.raw
