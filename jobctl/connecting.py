"""`connect`: from URLs, or the environment, to a store and the server on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jobctl.actions.doors import Doors
from jobctl.actions.jobs import Store
from jobctl.config import CONNECT_TIMEOUT, Door, Level, choose_level, operations_directory
from jobctl.errors import BadUrl, JobctlError, Unreachable, UsageProblem
from jobctl.faktory.server import Faktory
from jobctl.model.address import Address
from jobctl.model.layout import QueueForm
from jobctl.model.target import Target
from jobctl.model.urls import NO_TLS, Tls
from jobctl.store.opening import open_store

Trace = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to open the doors.

    Attributes:
        tls: certificates and checks for ``rediss://`` and ``tcp+tls://``, over what the URLs say.
        layout: the form of Faktory's lists where the data does not tell.
        connect_timeout: seconds for connecting and the first reply.
        trace: called with a line for each command and reply (never a password).
        operations: the directory for the files of what is changed, for undo and resume; without
            one ``$XDG_STATE_HOME/jobctl/operations``.
    """

    tls: Tls = NO_TLS
    layout: QueueForm | None = None
    connect_timeout: float = CONNECT_TIMEOUT
    trace: Trace | None = None
    operations: Path | None = None


def connect(
    url: str | None = None,
    *,
    faktory_url: str | None = None,
    tls: Tls | None = None,
    layout: QueueForm | None = None,
    connect_timeout: float = CONNECT_TIMEOUT,
    trace: Trace | None = None,
    operations: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Store:
    """Open the Redis that holds the jobs.

    Args:
        url: ``redis://``, ``rediss://``, ``unix://`` or ``embedded://[dir]``. Without one:
            JOBCTL_URL, REDIS_URL, a running embedded server, redis://127.0.0.1:6379/0.
        faktory_url: the Faktory server on it, ``tcp://`` or ``tcp+tls://``; opened when it is
            first needed. Where the environment names the Redis, FAKTORY_URL names this one.
        tls: certificates and checks, over what the URLs say.
        layout: the form of Faktory's lists where the data does not tell.
        connect_timeout: seconds for connecting and the first reply.
        trace: called with a line for each command and reply (never a password).
        operations: the directory for the files of what is changed, for undo and resume; without
            one ``$XDG_STATE_HOME/jobctl/operations``.
        environ: the environment to look in.

    Raises:
        BadUrl: a URL is malformed.
        UsageProblem: only a Faktory server is named.
        Unreachable: the Redis cannot be reached, or refused; says which and what helps.
    """
    settings = Settings(tls or NO_TLS, layout, connect_timeout, trace, operations)
    level = choose_level(url, faktory_url, environ, lambda: running_embedded(environ))
    return open_redis(level, settings, environ)


def open_redis(level: Level, settings: Settings, environ: Mapping[str, str]) -> Store:
    """Open the Redis of a level, or of the one below it, for what needs no server.

    Raises:
        UsageProblem: the command line names a Faktory server alone.
        Unreachable: it cannot be reached, or refused.
    """
    door = level.redis or level.below
    if door is None:
        raise UsageProblem(
            "this needs the Redis, and only a Faktory server is given",
            hint="give both: --url beside --faktory-url",
        )
    address = None if level.redis is None else _address(level)
    try:
        target = Target.parse(door.url)
        tls = settings.tls
        if target.secure or address is None or not address.secure:
            target = target.with_tls(tls)
        if target.scheme == "embedded":
            target = _embedded(target, environ)
        store = open_store(
            target,
            Store,
            form=settings.layout,
            connect_timeout=settings.connect_timeout,
            trace=settings.trace,
        )
    except (BadUrl, Unreachable) as error:
        raise _said_by(error, door) from error.__cause__
    store.operations_directory = settings.operations or operations_directory(environ)
    if address is not None:
        store.faktory = _faktory(address.with_tls(tls) if address.secure else address, settings)
    return store


def open_doors(level: Level, settings: Settings, environ: Mapping[str, str]) -> Doors:
    """Open the doors of a level: the Redis at once, the server when it is first needed.

    Raises:
        UsageProblem: the environment names a Faktory server, and an embedded Redis runs that is
            not known to be behind it.
        Unreachable: the Redis cannot be reached, or refused.
    """
    if level.redis is not None:
        store = open_redis(level, settings, environ)
        return Doors(store, store.faktory)
    assert level.faktory is not None  # noqa: S101 (every level names one of the two)
    if level.below is not None and running_embedded(environ) is not None:
        raise UsageProblem(
            f"which one? {level.faktory.source} names a Faktory server, and an embedded Redis runs",
            hint="say it: -u embedded:// or --faktory-url URL",
        )
    try:
        address = Address.parse(level.faktory.url).with_tls(settings.tls)
    except BadUrl as error:
        raise _said_by(error, level.faktory) from None
    return Doors(None, _faktory(address, settings), passed_over=level.passed_over)


def _address(level: Level) -> Address | None:
    if level.faktory is None:
        return None
    try:
        return Address.parse(level.faktory.url)
    except BadUrl as error:
        raise _said_by(error, level.faktory) from None


def _faktory(address: Address, settings: Settings) -> Faktory:
    return Faktory(address, connect_timeout=settings.connect_timeout, trace=settings.trace)


def _said_by(error: JobctlError, door: Door) -> JobctlError:
    if not door.source.startswith("--"):  # nobody typed it: say who did
        error.message += f" (from {door.source})"
    return error


def running_embedded(environ: Mapping[str, str]) -> str | None:
    """Return the URL of this user's embedded server, while it runs."""
    from jobctl.embedded import default_directory, find  # where a URL is given, nobody asks

    server = find(default_directory(environ))
    return server.url if server else None


def _embedded(target: Target, environ: Mapping[str, str]) -> Target:
    from jobctl.embedded import default_directory, find

    directory = Path(target.path) if target.path else default_directory(environ)
    server = find(directory)
    if server is None:
        raise Unreachable(
            f"no embedded server runs in {directory}",
            hint="start it: jobctl server start, or jobctl demo for one with jobs in it",
        )
    return Target("unix", path=str(server.socket), db=target.db)
