"""A context: the name that config.toml gives to a job system, and what it says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from jobctl.errors import ConfigProblem
from jobctl.model.guards import Rules
from jobctl.model.words import did_you_mean
from jobctl.systems.layout import QueueForm
from jobctl.systems.system import System

FLAGS = ("read_only", "protected", "reason_required", "journal")
KEYS = (
    "url", "faktory", "layout", "system", "records_namespace", "password_command",
    "password_file", *FLAGS,
)  # fmt: skip
Table = Mapping[str, object]

_Kind = TypeVar("_Kind", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Context:
    """One ``[contexts.NAME]``; its texts as they stand there, with their ``${VAR}``.

    Attributes:
        name: its name.
        file: where it stands.
        url: the Redis.
        faktory: the Faktory server on it.
        layout: the form of Faktory's lists where the data does not tell.
        system: the job system that is meant where the Redis holds two systems' data.
        records_namespace: what stands before the keys of Jobba's status records.
        password_command: prints the password: a line for ``sh``, or a program and its arguments.
        password_file: begins with the password.
        rules: what every change is held to.
        given: the keys that stand in the file.
    """

    name: str
    file: Path
    url: str | None = field(default=None, repr=False)
    faktory: str | None = field(default=None, repr=False)
    layout: QueueForm | None = None
    system: System | None = None
    records_namespace: str | None = None
    password_command: str | tuple[str, ...] | None = field(default=None, repr=False)
    password_file: str | None = None
    rules: Rules = field(default_factory=Rules)
    given: frozenset[str] = frozenset()

    @property
    def place(self) -> str:
        """Where its settings stand, for people."""
        return f"{self.file} [contexts.{self.name}]"

    @classmethod
    def read(cls, name: str, table: object, file: Path) -> Context:
        """Read a table.

        Messages never quote a value: a password would be in there.

        Raises:
            ConfigProblem: a key is unknown, of the wrong type, missing or too many.
        """
        place = f"{file}: [contexts.{name}]"
        if not name or any(c.isspace() or not c.isprintable() for c in name):
            raise ConfigProblem(f"{file}: {name!r} is no name of a context: no blanks in it")
        if not isinstance(table, Mapping):
            raise ConfigProblem(
                f"{file}: contexts.{name} must be a table",
                hint=f"[contexts.{name}] on a line of its own, and below it url = ..",
            )
        _check_keys(table, place)
        return cls(
            name,
            file,
            url=_text(table, "url", place),
            faktory=_text(table, "faktory", place),
            layout=_one_of(QueueForm, table, "layout", place),
            system=_one_of(System, table, "system", place),
            records_namespace=_text(table, "records_namespace", place),
            password_command=_command(table, place),
            password_file=_text(table, "password_file", place),
            rules=Rules(
                name,
                read_only=_flag(table, "read_only", place),
                protected=_flag(table, "protected", place),
                reason_required=_flag(table, "reason_required", place),
                journal=_flag(table, "journal", place, default=True),
            ),
            given=frozenset(table),
        )


def _check_keys(table: Table, place: str) -> None:
    for key in table:
        if key not in KEYS:
            raise ConfigProblem(f"{place}: there is no key {key!r}", hint=did_you_mean(key, KEYS))
    if "url" not in table and "faktory" not in table:
        raise ConfigProblem(
            f"{place} names neither a Redis nor a Faktory server", hint="url = .., faktory = .."
        )
    if "password_command" in table and "password_file" in table:
        raise ConfigProblem(
            f"{place} has both password_command and password_file", hint="leave one out"
        )


def _text(table: Table, key: str, place: str) -> str | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise _wrong(place, key, "a string that is not empty")
    return value


def _flag(table: Table, key: str, place: str, *, default: bool = False) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise _wrong(place, key, "true or false, without quotes")
    return value


def _one_of(kinds: type[_Kind], table: Table, key: str, place: str) -> _Kind | None:
    value = table.get(key)
    if value is None:
        return None
    found = next((kind for kind in kinds if kind == value), None)
    if found is None:
        raise _wrong(place, key, " or ".join(f'"{kind.value}"' for kind in kinds))
    return found


def _command(table: Table, place: str) -> str | tuple[str, ...] | None:
    key = "password_command"
    value = table.get(key)
    if value is None or (isinstance(value, str) and value):
        return value
    words = value if isinstance(value, list) else []
    if not words or not all(isinstance(word, str) for word in words) or not words[0]:
        raise _wrong(place, key, 'a string for the shell, or an array: ["program", "argument"]')
    return tuple(words)


def _wrong(place: str, key: str, expected: str) -> ConfigProblem:
    return ConfigProblem(f"{place}: {key} must be {expected}")
