"""Settings: flag > environment > a running embedded server > default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_URL = "redis://127.0.0.1:6379/0"
CONNECT_TIMEOUT = 5.0  # seconds
_VARIABLES = ("JOBCTL_URL", "REDIS_URL")


@dataclass(frozen=True, slots=True)
class Door:
    """A Redis URL and where it came from."""

    url: str
    source: str


def redis_door(
    flag: str | None, environ: Mapping[str, str], embedded: Callable[[], str | None]
) -> Door:
    """Return the URL of the Redis to use, and who named it.

    Args:
        flag: the value of ``--url``, if it was given.
        environ: the environment; an empty variable counts as unset.
        embedded: returns the URL of a running embedded server, if there is one.
    """
    if flag is not None:
        return Door(flag, "--url")
    for name in _VARIABLES:
        value = environ.get(name, "").strip()  # a file it came from may end with a line break
        if value:
            return Door(value, name)
    running = embedded()
    if running is not None:
        return Door(running, "the embedded server")
    return Door(DEFAULT_URL, "the default")


def operations_directory(environ: Mapping[str, str]) -> Path:
    """Return where the files of operations are kept, by the XDG base directory rules."""
    given = environ.get("XDG_STATE_HOME", "")
    state = Path(given) if given.startswith("/") else Path.home() / ".local" / "state"
    return state / "jobctl" / "operations"
