"""`connect`: from a URL, or the environment, to a store."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from jobctl.actions.jobs import Store
from jobctl.config import CONNECT_TIMEOUT, operations_directory, redis_door
from jobctl.errors import BadUrl, Unreachable
from jobctl.model.layout import QueueForm
from jobctl.model.target import Target, Tls
from jobctl.store.opening import open_store


def connect(
    url: str | None = None,
    *,
    tls: Tls | None = None,
    layout: QueueForm | None = None,
    connect_timeout: float = CONNECT_TIMEOUT,
    trace: Callable[[str], None] | None = None,
    operations: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Store:
    """Open the Redis that holds the jobs.

    Args:
        url: ``redis://``, ``rediss://``, ``unix://`` or ``embedded://[dir]``. Without one:
            JOBCTL_URL, REDIS_URL, a running embedded server, redis://127.0.0.1:6379/0.
        tls: certificates and checks for ``rediss://``, over what the URL says.
        layout: the form of Faktory's lists where the data does not tell.
        connect_timeout: seconds for connecting and the first reply.
        trace: called with a line for each command and reply (never a password).
        operations: the directory for the files of what is changed, for undo and resume; without
            one ``$XDG_STATE_HOME/jobctl/operations``.
        environ: the environment to look in.

    Raises:
        BadUrl: the URL is malformed.
        Unreachable: the Redis cannot be reached, or refused; says which and what helps.
    """
    door = redis_door(url, environ, lambda: _running(environ))
    try:
        target = Target.parse(door.url).with_tls(tls or Tls())
        if target.scheme == "embedded":
            target = _embedded(target, environ)
        store = open_store(target, Store, form=layout, connect_timeout=connect_timeout, trace=trace)
    except (BadUrl, Unreachable) as error:
        if url is None:  # nobody typed it: say who did
            error.message += f" (from {door.source})"
        raise
    store.operations_directory = operations or operations_directory(environ)
    return store


def _running(environ: Mapping[str, str]) -> str | None:
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
