"""The sources of settings: where each value comes from, and which variables were overruled.

Nothing is connected, no command is run and no password is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from jobctl.config.contexts import FLAGS, Context, config_file
from jobctl.config.levels import (
    CONNECT_TIMEOUT,
    EMBEDDED,
    Endpoint,
    SettingsLevel,
    named_system,
    operations_directory,
    variable,
)
from jobctl.config.secrets import expand, has_password, shown_url
from jobctl.errors import BadUrl, ConfigProblem
from jobctl.model.jobba import NAMESPACE
from jobctl.model.target import Address, Target

KEYS = ("setting", "value", "source")
OPTIONS = ("context", "layout", "connect_timeout", "records_namespace", "system")
Row = dict[str, object]
Sourced = tuple[object, str | None]  # a value, and where it comes from

_BY_DATA = "what the data tells"
_VARIABLES: dict[str, type[Target | Address]] = {
    "JOBCTL_URL": Target,
    "JOBCTL_CONTEXT": Target,
    "REDIS_PROVIDER": Target,
    "REDIS_URL": Target,
    "FAKTORY_URL": Address,
    "FAKTORY_PROVIDER": Address,
}


def setting_rows(
    level: SettingsLevel, options: Mapping[str, str | None], environ: Mapping[str, str]
) -> list[Row]:
    """Return a row for each setting (setting, value, source), then one for each overruled one.

    Args:
        level: the level that is used.
        options: the text of each of `OPTIONS`, None if it was not given.
        environ: the environment.
    """
    file, context = config_file(environ), level.context
    place = None if context is None else _place(context)
    named_by = "--context" if options["context"] is not None else "JOBCTL_CONTEXT"

    def chosen(key: str, in_context: str | None) -> Sourced | None:
        if options[key] is not None:
            return options[key], f"--{key.replace('_', '-')}"
        return None if in_context is None else (in_context, place)

    rows: list[tuple[str, object, str | None]] = [
        ("config_file", str(file.path), file.source + ("" if file.there else " (not there)")),
        ("context", *((context.name, named_by) if context else (None, None))),
        ("url", *_endpoint(level.redis, Target, place)),
        ("faktory", *_faktory(level, place)),
    ]
    if level.below is not None:  # no command uses it together with the Faktory server
        rows.append(("url_without_faktory", *_endpoint(level.below, Target, None)))
    rows += [
        ("layout", *(chosen("layout", level.layout) or (None, _BY_DATA))),
        ("system", *(chosen("system", level.system) or _system(environ))),
        (
            "records_namespace",
            *(chosen("records_namespace", level.records_namespace) or (NAMESPACE, "default")),
        ),
        ("password", *_password(level, place)),
    ]
    for key in FLAGS:
        given = context is not None and key in context.given
        rows.append((key, bool(getattr(level.rules, key)), place if given else "default"))
    rows += [
        ("connect_timeout", *(chosen("connect_timeout", None) or _timeout(level))),
        ("operations_directory", *_operations(environ)),
        *(("overruled", value, source) for source, value in _overruled(level, environ)),
    ]
    return [dict(zip(KEYS, row, strict=True)) for row in rows]


def context_row(context: Context, *, current: bool) -> Row:
    """Return the row of a context in a list."""
    return {
        "context": context.name,
        "url": context.url and shown_url(context.url, Target),
        "faktory": context.faktory and shown_url(context.faktory, Address),
        "layout": None if context.layout is None else context.layout.value,
        "system": None if context.system is None else context.system.value,
        "records_namespace": context.records_namespace,
        **{key: getattr(context.rules, key) for key in FLAGS},
        "current": current,
    }


def context_document(context: Context, environ: Mapping[str, str], *, current: bool) -> Row:
    """Return everything a context says, and the source of its password instead of the password."""
    return context_row(context, current=current) | {
        "password": _password_of(context, environ),
        "file": str(context.file),
    }


def _password_of(context: Context, environ: Mapping[str, str]) -> str:
    if context.password_command is not None:
        return "from a command"
    if context.password_file is not None:
        return "from a file"
    for text, kind in ((context.url, Target), (context.faktory, Address)):
        try:
            if text is not None and has_password(expand(text, environ, ""), kind):
                return "in the URL"
        except ConfigProblem:  # a variable is not set: go by the text
            if text is not None and ("@" in text or "password=" in text):
                return "in the URL"
    return "none"


def _place(context: Context) -> str:
    """Return where a context stands, its name first: a narrow table cuts the end."""
    return f"[contexts.{context.name}] in {context.file}"


def _endpoint(
    endpoint: Endpoint | None, kind: type[Target | Address], place: str | None
) -> Sourced:
    if endpoint is None:
        return None, None
    return _shown(endpoint.url, kind), place or endpoint.source


def _shown(url: str, kind: type[Target | Address]) -> str:
    """Return a URL in use without its password; a dollar sign in it is just that."""
    return shown_url(url.replace("$", "$$"), kind)


def _faktory(level: SettingsLevel, place: str | None) -> Sourced:
    shown, source = _endpoint(level.faktory, Address, place)
    return shown, f"{source}; refused while {EMBEDDED} runs" if level.unclear else source


def _system(environ: Mapping[str, str]) -> Sourced:
    named = named_system(environ)
    return (None, _BY_DATA) if named is None else (named, "JOBCTL_SYSTEM")


def _password(level: SettingsLevel, place: str | None) -> Sourced:
    if level.context is not None and level.password is not None:
        how = "a command" if level.context.password_command is not None else "a file"
        return f"from {how}", place
    for endpoint, kind in ((level.redis or level.below, Target), (level.faktory, Address)):
        if endpoint is not None and has_password(endpoint.url, kind):
            return "in the URL", place or endpoint.source
    return "none", None


def _timeout(level: SettingsLevel) -> Sourced:
    redis = level.redis or level.below
    if redis is not None:
        with suppress(BadUrl):
            seconds = Target.parse(redis.url).connect_timeout
            if seconds is not None:
                return f"{seconds:g}s", redis.source
    return f"{CONNECT_TIMEOUT:g}s", "default"


def _operations(environ: Mapping[str, str]) -> Sourced:
    named = environ.get("XDG_STATE_HOME", "").startswith("/")
    return str(operations_directory(environ)), "XDG_STATE_HOME" if named else "default"


def _overruled(level: SettingsLevel, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the variables that name a server and were not used, with their values."""
    used = {each.source for each in (level.redis, level.faktory, level.below) if each is not None}
    found = []
    for name, kind in _VARIABLES.items():
        value = variable(environ, name)
        if value is None or any(source in (name, f"{value}, named by {name}") for source in used):
            continue
        if name == "JOBCTL_CONTEXT":
            if level.context is None or level.context.name != value:
                found.append((name, value))
        elif name.endswith("_PROVIDER"):
            found.append((name, _provided(value, environ, kind)))
        else:
            found.append((name, _shown(value, kind)))
    return found


def _provided(name: str, environ: Mapping[str, str], kind: type[Target | Address]) -> str:
    """Return the value of a .._PROVIDER and the URL behind it; some people put a URL into it."""
    if ":" in name:
        return _shown(name, kind)
    url = variable(environ, name)
    return f"{name}: {_shown(url, kind)}" if url else f"{name}, which is not set"
