"""config.toml and its contexts: a context is a name for a Redis, a Faktory server, and rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from jobctl.errors import ConfigProblem, UnknownContext
from jobctl.model.layout import QueueForm, System
from jobctl.model.verbs import Rules
from jobctl.model.words import did_you_mean

FLAGS = ("read_only", "protected", "reason_required", "journal")
KEYS = (
    "url", "faktory", "layout", "system", "records_namespace", "password_command",
    "password_file", *FLAGS,
)  # fmt: skip
Table = Mapping[str, object]

_Kind = TypeVar("_Kind", bound=StrEnum)
_MOST = 1024 * 1024  # bytes
_WHERE = re.compile(r"\(at line (\d+), column (\d+)\)$")


@dataclass(frozen=True, slots=True)
class Context:
    """One table ``[contexts.NAME]``; its texts still contain their ``${VAR}``.

    Attributes:
        name: its name.
        file: the config file that has it.
        url: the Redis.
        faktory: the Faktory server that uses this Redis.
        layout: the form of Faktory's queue keys, if the data does not tell.
        system: the job system to use if the Redis holds the data of two.
        records_namespace: the key prefix of Jobba's status records.
        password_command: prints the password: a line for ``sh``, or a program and its arguments.
        password_file: has the password on its first line.
        rules: the rules for every change.
        given: the keys that the table has.
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
        """The table in the file, for messages."""
        return f"{self.file} [contexts.{self.name}]"

    @classmethod
    def read(cls, name: str, table: object, file: Path) -> Context:
        """Read a table.

        Messages never quote a value: it could hold a password.

        Raises:
            ConfigProblem: a key is unknown, missing, contradicts another, or has a wrong type.
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
            rules=Rules(name, **{key: _flag(table, key, place) for key in FLAGS if key in table}),
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


def _flag(table: Table, key: str, place: str) -> bool:
    value = table[key]
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


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The path of config.toml, and why it is that one.

    Attributes:
        path: the file need not exist.
        source: the variable that names it, or ``default``.
    """

    path: Path
    source: str

    @property
    def required(self) -> bool:
        """Whether the file was named explicitly and must exist."""
        return self.source == "JOBCTL_CONFIG"

    @property
    def there(self) -> bool:
        """Whether the file exists."""
        return self.path.exists()


def config_file(environ: Mapping[str, str]) -> ConfigFile:
    """Return the config file: JOBCTL_CONFIG, else by the XDG base directory specification."""
    named = environ.get("JOBCTL_CONFIG", "")
    if named:
        return ConfigFile(Path(named), "JOBCTL_CONFIG")
    given = environ.get("XDG_CONFIG_HOME", "")
    if given.startswith("/"):
        return ConfigFile(Path(given) / "jobctl" / "config.toml", "XDG_CONFIG_HOME")
    return ConfigFile(Path.home() / ".config" / "jobctl" / "config.toml", "default")


def read_contexts(environ: Mapping[str, str]) -> dict[str, Context]:
    """Return the contexts by name, in the order of the file; none without a file.

    Raises:
        ConfigProblem: the file cannot be read, or is not valid.
    """
    file = config_file(environ)
    text = _read(file)
    if text is None:
        return {}
    document = _parse(file.path, text)
    for key, value in document.items():
        if key != "contexts":
            hint = did_you_mean(key, ["contexts"])
            if isinstance(value, dict) and not hint.startswith("did"):
                hint = f"a context is a table [contexts.{key}]"
            raise ConfigProblem(f"{file.path}: there is no table or key {key!r}", hint=hint)
    tables = document.get("contexts", {})
    if not isinstance(tables, dict):
        raise ConfigProblem(f"{file.path}: contexts must be tables", hint="[contexts.NAME]")
    return {name: Context.read(name, table, file.path) for name, table in tables.items()}


def find_context(name: str, environ: Mapping[str, str]) -> Context:
    """Return the context of this name.

    Raises:
        UnknownContext: there is none; the hint names similar ones.
        ConfigProblem: the file cannot be read, or is not valid.
    """
    contexts = read_contexts(environ)
    if name in contexts:
        return contexts[name]
    file = config_file(environ)
    if not file.there:
        raise UnknownContext(
            f"there is no context {name!r}: there is no config file",
            hint=f"it would be {file.path}",
        )
    known = did_you_mean(name, contexts) if contexts else "there is none in it"
    raise UnknownContext(f"there is no context {name!r} in {file.path}", hint=known)


def _read(file: ConfigFile) -> str | None:
    """Return the text of the file; None if it does not exist and need not."""
    path = file.path
    try:
        with path.open("rb") as opened:
            raw = opened.read(_MOST + 1)
    except (FileNotFoundError, NotADirectoryError):
        if not file.required:
            return None
        raise ConfigProblem(
            f"there is no file {path} (from JOBCTL_CONFIG)", hint="unset it, or make the file"
        ) from None
    except IsADirectoryError:
        raise ConfigProblem(
            f"{path} is a directory, not a config file", hint=f"name a file: {path}/config.toml"
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no path has a NUL in it"
        raise ConfigProblem(f"{path} cannot be read: {why}") from None
    if len(raw) > _MOST:
        raise ConfigProblem(f"{path} is larger than any file of settings (1 MiB)")
    return _decode(raw, path)


def _decode(raw: bytes, path: Path) -> str:
    try:
        return raw.decode("utf-8-sig")  # some editors begin a file with a mark
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise ConfigProblem(
            f"{path}:{line}:{column}: this is not UTF-8", hint="save it as UTF-8 text"
        ) from None


def _parse(path: Path, text: str) -> dict[str, object]:
    import tomllib  # 4 ms, needed only with a context

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = _WHERE.search(said)
        if found:
            line, column = int(found[1]), int(found[2])
        else:  # at the end of the document
            line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
        what = said.partition(" (at ")[0].rstrip(".")
        raise ConfigProblem(
            f"{path}:{line}:{column}: {what[:1].lower()}{what[1:]}",
            hint='the file is TOML: [contexts.NAME], and below it lines like url = ".."',
        ) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, a thousand brackets
        raise ConfigProblem(f"{path} has a value that no setting has") from None
