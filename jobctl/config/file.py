"""config.toml: where it is, and the contexts in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jobctl.config.contexts import Context
from jobctl.errors import ConfigProblem, UnknownContext
from jobctl.model.words import did_you_mean

_MOST = 1024 * 1024  # bytes; a file of settings has a few thousand
_WHERE = re.compile(r"\(at line (\d+), column (\d+)\)$")


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """Where the settings are looked for.

    Attributes:
        path: of the file; it need not be there.
        source: what says so: a variable, or ``default``.
    """

    path: Path
    source: str

    @property
    def required(self) -> bool:
        """Whether it was named, so that it must be there."""
        return self.source == "JOBCTL_CONFIG"

    @property
    def there(self) -> bool:
        """Whether it is there."""
        return self.path.exists()


def config_file(environ: Mapping[str, str]) -> ConfigFile:
    """Return where the settings are, by JOBCTL_CONFIG, else by the XDG base directory rules."""
    named = environ.get("JOBCTL_CONFIG", "")
    if named:
        return ConfigFile(Path(named), "JOBCTL_CONFIG")
    given = environ.get("XDG_CONFIG_HOME", "")
    if given.startswith("/"):
        return ConfigFile(Path(given) / "jobctl" / "config.toml", "XDG_CONFIG_HOME")
    return ConfigFile(Path.home() / ".config" / "jobctl" / "config.toml", "default")


def read_contexts(environ: Mapping[str, str]) -> dict[str, Context]:
    """Return the contexts by name, in the file's order; none where there is no file.

    Raises:
        ConfigProblem: the file cannot be read, or does not say what it should.
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
    """Return a context by its name.

    Raises:
        UnknownContext: there is none; names the near ones, and the file.
        ConfigProblem: the file cannot be read, or does not say what it should.
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
    """Return the text of the file; None where it is not there and need not be."""
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
    import tomllib  # a start without a context does not pay for it

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
