"""Settings: flag > environment > a running embedded server > default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jobctl.errors import UsageProblem

DEFAULT_URL = "redis://127.0.0.1:6379/0"
CONNECT_TIMEOUT = 5.0  # seconds
_VARIABLES = ("JOBCTL_URL", "REDIS_URL")


@dataclass(frozen=True, slots=True)
class Door:
    """The URL of a server and where it came from."""

    url: str
    source: str


@dataclass(frozen=True, slots=True)
class Level:
    """The doors that one level of the settings names; two levels are never mixed.

    Attributes:
        redis: the Redis.
        faktory: the Faktory server on it.
        below: the Redis of the next level, where this one names the Faktory server alone. What
            needs no server may use it; what talks to the server must not.
        passed_over: who names a Redis at a lower level, where this one names a server alone.
    """

    redis: Door | None = None
    faktory: Door | None = None
    below: Door | None = None
    passed_over: str | None = None


def choose_level(
    url: str | None,
    faktory_url: str | None,
    environ: Mapping[str, str],
    embedded: Callable[[], str | None],
) -> Level:
    """Return the doors to use, and who named them.

    Args:
        url: the value of ``--url``, if it was given.
        faktory_url: the value of ``--faktory-url``, likewise.
        environ: the environment; an empty variable counts as unset.
        embedded: returns the URL of a running embedded server, if there is one.

    Raises:
        UsageProblem: FAKTORY_PROVIDER names no variable.
    """
    if url is not None or faktory_url is not None:
        passed_over = next((name for name in _VARIABLES if _value(environ, name)), None)
        return Level(
            _door(url, "--url"),
            _door(faktory_url, "--faktory-url"),
            passed_over=passed_over if url is None else None,
        )
    for name in _VARIABLES:
        value = _value(environ, name)
        if value is not None:
            return Level(Door(value, name), faktory_door(environ))
    running = embedded()
    below = Door(DEFAULT_URL, "the default")
    if running is not None:
        below = Door(running, "the embedded server")
    faktory = faktory_door(environ)
    return Level(below) if faktory is None else Level(None, faktory, below)


def faktory_door(environ: Mapping[str, str]) -> Door | None:
    """Return the Faktory server that the environment names, as Faktory's own clients read it.

    Raises:
        UsageProblem: FAKTORY_PROVIDER names no variable that is set.
    """
    provider = _value(environ, "FAKTORY_PROVIDER")
    if provider is None:
        return _door(_value(environ, "FAKTORY_URL"), "FAKTORY_URL")
    value = _value(environ, provider)
    if value is None:
        hint = "it holds the name of the variable that holds the URL; FAKTORY_URL holds the URL"
        if not provider.isidentifier():  # a URL, perhaps, with its password
            raise UsageProblem("FAKTORY_PROVIDER holds no variable's name", hint=hint)
        raise UsageProblem(f"FAKTORY_PROVIDER names {provider}, which is not set", hint=hint)
    return Door(value, f"{provider}, named by FAKTORY_PROVIDER")


def _door(url: str | None, source: str) -> Door | None:
    return None if url is None else Door(url, source)


def _value(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None  # a file it came from may end with a line break


def operations_directory(environ: Mapping[str, str]) -> Path:
    """Return where the files of operations are kept, by the XDG base directory rules."""
    given = environ.get("XDG_STATE_HOME", "")
    state = Path(given) if given.startswith("/") else Path.home() / ".local" / "state"
    return state / "jobctl" / "operations"
