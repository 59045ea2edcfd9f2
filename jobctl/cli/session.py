"""One run of jobctl: the shared options it was given."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from jobctl.errors import UsageProblem
from jobctl.model.words import did_you_mean
from jobctl.render.formats import Format

if TYPE_CHECKING:
    from jobctl.config.levels import SettingsLevel


class Session:
    """The shared options, as typed.

    Attributes:
        given: their values by name; an option that was not given is not in it.
        level: the level of the settings that names the Redis; None until it is asked for.
        quiet: whether not to mention again what is special about the Redis.
    """

    def __init__(self) -> None:
        self.given: dict[str, object] = {}
        self.level: SettingsLevel | None = None
        self.quiet = False

    def text(self, name: str) -> str | None:
        """Return the text of an option."""
        return cast("str | None", self.given.get(name))

    def flag(self, name: str) -> bool:
        """Return whether a flag was given."""
        return bool(self.given.get(name))

    def number(self, name: str) -> int | None:
        """Return the number of an option."""
        return cast("int | None", self.given.get(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of an option that may be repeated."""
        return cast("tuple[str, ...]", self.given.get(name, ()))

    @property
    def format(self) -> Format:
        """The output format: a table on a terminal, tsv in a pipe."""
        asked = self.text("output")
        if asked is not None:
            return Format(asked)
        return Format.TABLE if sys.stdout.isatty() else Format.TSV

    @property
    def in_json(self) -> bool:
        """Whether the output is JSON, in one document or in lines."""
        return self.format in (Format.JSON, Format.JSONL)

    @property
    def brief(self) -> bool:
        """Whether the output is a table on a terminal: long ones are cut there."""
        return self.format is Format.TABLE and sys.stdout.isatty()

    @property
    def color(self) -> str:
        """When to use colour."""
        return self.text("color") or "auto"

    def columns(self, default: Sequence[str], keys: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that were asked for, else the default ones.

        Raises:
            UsageProblem: one of them is not among the keys.
        """
        asked = self.text("columns")
        if asked is None:
            return tuple(default)
        names = tuple(dict.fromkeys(name.strip() for name in asked.split(",")))
        for name in names:
            check_field("--columns", name, keys)
        return names


def check_field(option: str, name: str, keys: Sequence[str]) -> None:
    """Check that a field exists.

    Raises:
        UsageProblem: it does not; names the nearest.
    """
    if name not in keys:
        raise UsageProblem(f"{option}: there is no field {name!r}", hint=did_you_mean(name, keys))
