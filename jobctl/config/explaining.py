"""Where each setting comes from, and what was overruled: nothing is opened, run or asked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from jobctl.config.contexts import FLAGS, Context
from jobctl.config.expanding import expand
from jobctl.config.file import config_file
from jobctl.config.levels import (
    CONNECT_TIMEOUT,
    EMBEDDED,
    Door,
    Level,
    named_system,
    operations_directory,
    variable,
)
from jobctl.config.redacting import DoorKind, has_password, shown_url
from jobctl.errors import BadUrl, ConfigProblem
from jobctl.model.jobba import NAMESPACE

_BY_DATA = "what the data tells"
KEYS = ("setting", "value", "source")
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Given:
    """The options that were given, as typed."""

    context: str | None = None
    layout: str | None = None
    connect_timeout: str | None = None
    records_namespace: str | None = None
    system: str | None = None


def explain(level: Level, given: Given, environ: Mapping[str, str]) -> list[Row]:
    """Return a row for each setting (setting, value, source), then one for each overruled one."""
    file = config_file(environ)
    place = None if level.context is None else _place(level.context)
    named_by = "--context" if given.context is not None else "JOBCTL_CONTEXT"
    redis = level.redis or level.below
    absent = "" if file.there else " (not there)"
    rows: list[tuple[str, object, str | None]] = [
        ("config_file", str(file.path), file.source + absent),
        ("context", *((level.context.name, named_by) if level.context else (None, None))),
        ("url", *_door(level.redis, DoorKind.REDIS, place)),
        ("faktory", *_server(level, place)),
        *_below(level),
        ("layout", *_layout(level, given)),
        ("system", *_system(level, given, environ)),
        ("records_namespace", *_namespace(level, given)),
        ("password", *_password(level, redis)),
        *((key, *_flag(level, key)) for key in FLAGS),
        ("connect_timeout", *_timeout(given, redis)),
        ("operations_directory", *_operations(environ)),
        *(("overruled", value, source) for source, value in _overruled(level, environ)),
    ]
    return [dict(zip(KEYS, row, strict=True)) for row in rows]


def describe(context: Context, environ: Mapping[str, str], *, current: bool) -> Row:
    """Return what a context says, without its password."""
    return listed(context, current=current) | {
        "password": password_from(context, environ),
        "file": str(context.file),
    }


def listed(context: Context, *, current: bool) -> Row:
    """Return the row of a context in a list."""
    rules = context.rules
    return {
        "context": context.name,
        "url": context.url and shown_url(context.url, DoorKind.REDIS),
        "faktory": context.faktory and shown_url(context.faktory, DoorKind.FAKTORY),
        "layout": None if context.layout is None else context.layout.value,
        "system": None if context.system is None else context.system.value,
        "records_namespace": context.records_namespace,
        "read_only": rules.read_only,
        "protected": rules.protected,
        "reason_required": rules.reason_required,
        "journal": rules.journal,
        "current": current,
    }


def password_from(context: Context, environ: Mapping[str, str]) -> str:
    """Return where the password of a context comes from, in words."""
    if context.password_command is not None:
        return "from a command"
    if context.password_file is not None:
        return "from a file"
    doors = ((context.url, DoorKind.REDIS), (context.faktory, DoorKind.FAKTORY))
    for text, kind in doors:
        try:
            if text is not None and has_password(expand(text, environ, ""), kind):
                return "in the URL"
        except ConfigProblem:  # a variable that is not set: the text itself must tell
            if text is not None and ("@" in text or "password=" in text):
                return "in the URL"
    return "none"


def _door(door: Door | None, kind: DoorKind, place: str | None) -> tuple[str | None, str | None]:
    return (None, None) if door is None else (_shown(door.url, kind), place or door.source)


def _server(level: Level, place: str | None) -> tuple[str | None, str | None]:
    shown, source = _door(level.faktory, DoorKind.FAKTORY, place)
    return shown, f"{source}; refused while {EMBEDDED} runs" if level.unclear else source


def _below(level: Level) -> list[tuple[str, object, str | None]]:
    """Return the Redis of the level below, which no command uses together with the server."""
    if level.below is None:
        return []
    return [("url_without_faktory", *_door(level.below, DoorKind.REDIS, None))]


def _place(context: Context) -> str:
    """Return where a context stands: its name first, as tables cut what is long."""
    return f"[contexts.{context.name}] in {context.file}"


def _shown(url: str, kind: DoorKind) -> str:
    """Return a URL that is in use; a dollar sign in it is one."""
    return shown_url(url.replace("$", "$$"), kind)


def _layout(level: Level, given: Given) -> tuple[str | None, str | None]:
    if given.layout is not None:
        return given.layout, "--layout"
    if level.context is not None and level.layout is not None:
        return level.layout.value, _place(level.context)
    return None, _BY_DATA


def _system(level: Level, given: Given, environ: Mapping[str, str]) -> tuple[str | None, str]:
    if given.system is not None:
        return given.system, "--system"
    if level.context is not None and level.system is not None:
        return level.system.value, _place(level.context)
    named = named_system(environ)
    return (None, _BY_DATA) if named is None else (named.value, "JOBCTL_SYSTEM")


def _namespace(level: Level, given: Given) -> tuple[str, str]:
    if given.records_namespace is not None:
        return given.records_namespace, "--records-namespace"
    if level.context is not None and level.records_namespace is not None:
        return level.records_namespace, _place(level.context)
    return NAMESPACE, "default"


def _password(level: Level, redis: Door | None) -> tuple[str, str | None]:
    doors = ((redis, DoorKind.REDIS), (level.faktory, DoorKind.FAKTORY))
    named = [d for d, kind in doors if d is not None and has_password(d.url, kind)]
    context = level.context
    if context is not None and level.password is not None:
        how = "from a command" if context.password_command is not None else "from a file"
        return how, _place(context)
    if named:
        return "in the URL", named[0].source if context is None else _place(context)
    return "none", None


def _flag(level: Level, key: str) -> tuple[bool, str]:
    value = bool(getattr(level.rules, key))
    if level.context is not None and key in level.context.given:
        return value, _place(level.context)
    return value, "default"


def _timeout(given: Given, redis: Door | None) -> tuple[str, str]:
    if given.connect_timeout is not None:
        return given.connect_timeout, "--connect-timeout"
    if redis is not None:
        from jobctl.model.target import Target

        with suppress(BadUrl):
            seconds = Target.parse(redis.url).connect_timeout
            if seconds is not None:
                return f"{seconds:g}s", redis.source
    return f"{CONNECT_TIMEOUT:g}s", "default"


def _operations(environ: Mapping[str, str]) -> tuple[str, str]:
    named = environ.get("XDG_STATE_HOME", "").startswith("/")
    return str(operations_directory(environ)), "XDG_STATE_HOME" if named else "default"


def _overruled(level: Level, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the variables that name a door and were not used, with what they name."""
    used = {door.source for door in (level.redis, level.faktory, level.below) if door is not None}
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


_VARIABLES = {
    "JOBCTL_URL": DoorKind.REDIS,
    "JOBCTL_CONTEXT": DoorKind.REDIS,
    "REDIS_PROVIDER": DoorKind.REDIS,
    "REDIS_URL": DoorKind.REDIS,
    "FAKTORY_URL": DoorKind.FAKTORY,
    "FAKTORY_PROVIDER": DoorKind.FAKTORY,
}


def _provided(name: str, environ: Mapping[str, str], kind: DoorKind) -> str:
    """Return what a variable leads to that names another; people put URLs into it, too."""
    if ":" in name:
        return _shown(name, kind)
    url = variable(environ, name)
    return f"{name}: {_shown(url, kind)}" if url else f"{name}, which is not set"
