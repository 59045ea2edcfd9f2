"""Levels of settings: each names its Redis and Faktory server, and two are never mixed.

Flags come first, then the environment, config.toml, a running embedded server, the default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jobctl.config.contexts import Context, find_context
from jobctl.config.secrets import Password, expand, password_of
from jobctl.errors import UnknownContext, UsageProblem
from jobctl.model.layout import QueueForm, System
from jobctl.model.target import bare
from jobctl.model.verbs import NO_RULES, Rules
from jobctl.model.words import did_you_mean

DEFAULT_URL = "redis://127.0.0.1:6379/0"
EMBEDDED = "the embedded server"
CONNECT_TIMEOUT = 5.0  # seconds
_VARIABLES = ("JOBCTL_URL", "JOBCTL_CONTEXT", "REDIS_PROVIDER", "REDIS_URL")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The URL of a server and where it came from."""

    url: str = field(repr=False)
    source: str


@dataclass(frozen=True, slots=True)
class SettingsLevel:
    """The servers that one level of the settings names.

    Attributes:
        redis: the Redis.
        faktory: the Faktory server that uses it.
        below: the Redis of the next level, if this one names only a Faktory server. Commands that
            need no Faktory server may use it; those that talk to one must not.
        passed_over: the variable that names a Redis, if the flags name only a Faktory server.
        context: the context that names them, if one does.
        password: reads the context's password, for a URL that has none.
    """

    redis: Endpoint | None = None
    faktory: Endpoint | None = None
    below: Endpoint | None = None
    passed_over: str | None = None
    context: Context | None = None
    password: Password | None = field(default=None, repr=False)

    @property
    def rules(self) -> Rules:
        """The rules for every change."""
        return NO_RULES if self.context is None else self.context.rules

    @property
    def unclear(self) -> bool:
        """Whether commands for the Faktory server are refused: an embedded Redis runs beside it."""
        return self.below is not None and self.below.source == EMBEDDED

    @property
    def layout(self) -> QueueForm | None:
        """The form of Faktory's queue keys, if the context has one."""
        return None if self.context is None else self.context.layout

    @property
    def system(self) -> System | None:
        """The job system to use, if the context names one."""
        return None if self.context is None else self.context.system

    @property
    def records_namespace(self) -> str | None:
        """The key prefix of status records, if the context has one."""
        return None if self.context is None else self.context.records_namespace


def choose_level(
    url: str | None,
    faktory_url: str | None,
    environ: Mapping[str, str],
    embedded: Callable[[], str | None],
    *,
    context: str | None = None,
) -> SettingsLevel:
    """Return the servers to use, and the setting that names each.

    Args:
        url: the value of ``--url``, if it was given.
        faktory_url: the value of ``--faktory-url``, likewise.
        environ: the environment; an empty variable counts as unset.
        embedded: returns the URL of a running embedded server, if there is one.
        context: the value of ``--context``, likewise.

    Raises:
        UsageProblem: two levels are given at once; a .._PROVIDER names no variable.
        ConfigProblem: the context is unknown, or the config file cannot be used.
    """
    if url is not None or faktory_url is not None:
        if context is not None:
            raise UsageProblem(
                f"--context and {'--url' if url is not None else '--faktory-url'} both say where",
                hint="leave one out: a context names its Redis and its Faktory server itself",
            )
        passed_over = next((name for name in _VARIABLES if variable(environ, name)), None)
        return SettingsLevel(
            _endpoint(url, "--url"),
            _endpoint(faktory_url, "--faktory-url"),
            passed_over=passed_over if url is None else None,
        )
    if context is not None:
        return context_level(find_context(context, environ), environ)
    for name in _VARIABLES:
        value = variable(environ, name)
        if value is None:
            continue
        if name == "JOBCTL_CONTEXT":
            return _named_level(value, environ)
        redis = _provided(environ, name) if name == "REDIS_PROVIDER" else Endpoint(value, name)
        return SettingsLevel(redis, faktory_endpoint(environ))
    running = embedded()
    below = Endpoint(running, EMBEDDED) if running else Endpoint(DEFAULT_URL, "the default")
    faktory = faktory_endpoint(environ)
    return SettingsLevel(below) if faktory is None else SettingsLevel(None, faktory, below)


def context_level(context: Context, environ: Mapping[str, str]) -> SettingsLevel:
    """Return the servers of a context: those it names, and nothing else.

    Raises:
        ConfigProblem: a variable that it uses is not set.
    """
    return SettingsLevel(
        _context_endpoint(context, "url", context.url, environ),
        _context_endpoint(context, "faktory", context.faktory, environ),
        context=context,
        password=password_of(context, environ),
    )


def _context_endpoint(
    context: Context, key: str, text: str | None, environ: Mapping[str, str]
) -> Endpoint | None:
    source = f"context {context.name}"
    return None if text is None else Endpoint(expand(text, environ, f"{key} of {source}"), source)


def _named_level(name: str, environ: Mapping[str, str]) -> SettingsLevel:
    try:
        return context_level(find_context(name, environ), environ)
    except UnknownContext as error:  # nobody typed it: say who did
        error.message += " (from JOBCTL_CONTEXT)"
        raise


def faktory_endpoint(environ: Mapping[str, str]) -> Endpoint | None:
    """Return the Faktory server that the environment names, as Faktory's clients read it.

    Raises:
        UsageProblem: FAKTORY_PROVIDER names no variable that is set.
    """
    named = _provided(environ, "FAKTORY_PROVIDER")
    return named or _endpoint(variable(environ, "FAKTORY_URL"), "FAKTORY_URL")


def _provided(environ: Mapping[str, str], name: str) -> Endpoint | None:
    """Return the URL in the variable that this variable names.

    Raises:
        UsageProblem: it names no variable that is set.
    """
    provider = variable(environ, name)
    if provider is None:
        return None
    value = variable(environ, provider)
    if value is None:
        url = name.replace("PROVIDER", "URL")
        hint = f"it holds the name of the variable that holds the URL; {url} holds the URL"
        if not provider.isidentifier():  # a URL, perhaps, with its password
            raise UsageProblem(f"{name} holds no variable's name", hint=hint)
        raise UsageProblem(f"{name} names {provider}, which is not set", hint=hint)
    return Endpoint(value, f"{provider}, named by {name}")


def named_system(environ: Mapping[str, str]) -> System | None:
    """Return the job system that JOBCTL_SYSTEM names; None if it is not set.

    Raises:
        UsageProblem: there is no such job system.
    """
    value = variable(environ, "JOBCTL_SYSTEM")
    if value is None:
        return None
    if value not in list(System):
        hint = did_you_mean(value, list(System))
        raise UsageProblem(f"JOBCTL_SYSTEM names no job system: {value!r}", hint=hint)
    return System(value)


def _endpoint(url: str | None, source: str) -> Endpoint | None:
    return None if url is None else Endpoint(url, source)


def variable(environ: Mapping[str, str], name: str) -> str | None:
    """Return a variable without the line break or quotes that a file may have left around it."""
    return bare(environ.get(name, "").strip()) or None


def operations_directory(environ: Mapping[str, str]) -> Path:
    """Return the directory of operation files, by the XDG base directory specification."""
    given = environ.get("XDG_STATE_HOME", "")
    state = Path(given) if given.startswith("/") else Path.home() / ".local" / "state"
    return state / "jobctl" / "operations"
