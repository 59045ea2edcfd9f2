"""The output formats."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """What ``-o`` takes: table and wide for people, the others for programs."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    IDS = "ids"

    @property
    def human(self) -> bool:
        """Whether people read it."""
        return self in (Format.TABLE, Format.WIDE)
