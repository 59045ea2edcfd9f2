"""Open the backend that the settings name: a Redis, the server on it, or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from jobctl.backend import Backend, Scope, open_backend
from jobctl.config.levels import (
    CONNECT_TIMEOUT,
    Endpoint,
    SettingsLevel,
    named_system,
    operations_directory,
)
from jobctl.config.secrets import has_password
from jobctl.embedded import default_directory, find
from jobctl.errors import (
    BadUrl,
    JobctlError,
    NoPasswordWanted,
    Unreachable,
    UsageProblem,
    WrongPassword,
)
from jobctl.model.jobba import NAMESPACE
from jobctl.model.layout import QueueForm, System
from jobctl.model.target import NO_TLS, Address, Target, Tls, with_tls
from jobctl.systems.faktory.server import Faktory

Trace = Callable[[str], None]

_LONGEST_TIMEOUT = 86400.0  # seconds


@dataclass(frozen=True, slots=True)
class Settings:
    """How to open a backend.

    Attributes:
        tls: certificates and checks for ``rediss://`` and ``tcp+tls://``, over what the URLs say.
        layout: the form of Faktory's lists where the data does not tell.
        connect_timeout: seconds for connecting and the first reply; without it what the URL says,
            else 5.
        trace: called with a line for each command and reply (never a password).
        operations: the directory for the files of what is changed, for undo and resume; without
            one ``$XDG_STATE_HOME/jobctl/operations``.
        records_namespace: what stands before the keys of Jobba's status records; None: the
            context's, else ``jobba``.
        system: whose jobs are meant where the Redis holds two systems' data; None: the context's,
            else JOBCTL_SYSTEM.
    """

    tls: Tls = NO_TLS
    layout: QueueForm | None = None
    connect_timeout: float | None = None
    trace: Trace | None = None
    operations: Path | None = None
    records_namespace: str | None = None
    system: System | None = None

    def __post_init__(self) -> None:
        timeout = self.connect_timeout
        if timeout is not None and not 0 <= timeout <= _LONGEST_TIMEOUT:
            raise UsageProblem("--connect-timeout is a day at most")


def open_redis(level: SettingsLevel, settings: Settings, environ: Mapping[str, str]) -> Backend:
    """Open the Redis of a level, or of the one below it, for what needs no server.

    Raises:
        UsageProblem: the command line names a Faktory server alone.
        Unreachable: it cannot be reached, or refused.
    """
    endpoint = level.redis or level.below
    if endpoint is None:
        raise UsageProblem(
            "this needs the Redis, and only a Faktory server is given", hint=_both_hint(level)
        )
    address = None if level.redis is None else _address(level)
    scope = Scope(
        form=settings.layout or level.layout,
        system=settings.system or level.system or named_system(environ),
        rules=level.rules,
        operations_directory=settings.operations or operations_directory(environ),
        records_namespace=settings.records_namespace or level.records_namespace or NAMESPACE,
    )
    try:
        target = Target.parse(endpoint.url)
        tls = settings.tls
        if target.secure or address is None or not address.secure:
            target = with_tls(target, tls)
        faktory = None
        if address is not None:
            address = with_tls(address, tls) if address.secure else address
            faktory = _faktory(address, level, settings)
        return _open(resolved(target, environ), faktory, scope, level, settings)
    except (BadUrl, Unreachable) as error:
        raise _said_by(error, endpoint, level) from error.__cause__


def _open(
    target: Target, faktory: Faktory | None, scope: Scope, level: SettingsLevel, settings: Settings
) -> Backend:
    """Open a Redis, with the context's password where its URL has none and it wants one."""
    offered = None
    if level.password is not None and target.password is None:
        offered = level.password()

    def greeted(target: Target) -> Backend:
        timeout = settings.connect_timeout
        if timeout is None:
            timeout = target.connect_timeout or CONNECT_TIMEOUT
        return open_backend(target, faktory, scope, connect_timeout=timeout, trace=settings.trace)

    try:
        return greeted(replace(target, offered=offered))
    except NoPasswordWanted:
        if offered is None:
            raise
        return greeted(target)


def open_either(level: SettingsLevel, settings: Settings, environ: Mapping[str, str]) -> Backend:
    """Open what a level names: the Redis at once, the server when it is first needed.

    Raises:
        UsageProblem: the environment names a Faktory server, and an embedded Redis runs that is
            not known to be behind it.
        Unreachable: the Redis cannot be reached, or refused.
    """
    if level.redis is not None:
        return open_redis(level, settings, environ)
    assert level.faktory is not None  # noqa: S101 (every level names one of the two)
    if level.below is not None and running_embedded(environ) is not None:
        raise UsageProblem(
            f"which one? {level.faktory.source} names a Faktory server, and an embedded Redis runs",
            hint="say it: -u embedded:// or --faktory-url URL",
        )
    try:
        address = with_tls(Address.parse(level.faktory.url), settings.tls)
    except BadUrl as error:
        raise _said_by(error, level.faktory, level) from None
    faktory = _faktory(address, level, settings)
    return Backend(None, faktory, Scope(rules=level.rules, passed_over=level.passed_over))


def _address(level: SettingsLevel) -> Address | None:
    if level.faktory is None:
        return None
    try:
        return Address.parse(level.faktory.url)
    except BadUrl as error:
        raise _said_by(error, level.faktory, level) from None


def _faktory(address: Address, level: SettingsLevel, settings: Settings) -> Faktory:
    timeout = settings.connect_timeout
    return Faktory(
        address,
        connect_timeout=CONNECT_TIMEOUT if timeout is None else timeout,
        trace=settings.trace,
        password=level.password,
    )


def _said_by(error: JobctlError, endpoint: Endpoint, level: SettingsLevel) -> JobctlError:
    if not endpoint.source.startswith("--"):  # nobody typed it: say who did
        error.message += f" (from {endpoint.source})"
    bare = level.password is None and not has_password(endpoint.url, Target)
    if level.context is not None and bare and isinstance(error, WrongPassword):
        error.hint = f"password_command or password_file = .. in {level.context.place}"
    return error


def _both_hint(level: SettingsLevel) -> str:
    if level.context is None:
        return "give both: --url beside --faktory-url"
    return f"give the context its Redis: url = .. in {level.context.place}"


def running_embedded(environ: Mapping[str, str]) -> str | None:
    """Return the URL of this user's embedded server, while it runs."""
    server = find(default_directory(environ))
    return server.url if server else None


def resolved(target: Target, environ: Mapping[str, str]) -> Target:
    """Return the Redis that is talked to; for an embedded server its socket.

    Raises:
        Unreachable: no embedded server runs there.
    """
    if target.scheme != "embedded":
        return target
    directory = Path(target.path) if target.path else default_directory(environ)
    server = find(directory)
    if server is None:
        raise Unreachable(
            f"no embedded server runs in {directory}",
            hint="start it: jobctl server start, or jobctl demo for one with jobs in it",
        )
    return Target("unix", path=str(server.socket), db=target.db)
