"""Open what the options or the environment name; who asks, on which host, with which words."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterable
from shlex import quote
from typing import TYPE_CHECKING

from jobctl.cli.command import Session
from jobctl.cli.streams import read_duration, say
from jobctl.errors import UsageProblem
from jobctl.model.layout import QueueForm, System
from jobctl.model.url_parameters import SECRET

if TYPE_CHECKING:
    from jobctl.backend import Backend
    from jobctl.config.levels import SettingsLevel
    from jobctl.connecting import Settings
    from jobctl.model.verbs import Rules
    from jobctl.operations.request import Provenance

# What names a job system on the command line.
_NAMING = (
    ("--context", "context"),
    ("-u", "url"),
    ("--faktory-url", "faktory_url"),
    ("--system", "system"),
)


def connect(session: Session) -> Backend:
    """Open the Redis that the options, or the environment, name."""
    from jobctl.connecting import open_redis  # help does without it

    backend = open_redis(level_of(session), _settings(session), os.environ)
    _note_clock(session, backend)
    return backend


def connect_either(session: Session) -> Backend:
    """Open the Redis, the Faktory server, or both: whatever the same level names."""
    from jobctl.connecting import open_either

    backend = open_either(level_of(session), _settings(session), os.environ)
    _note_clock(session, backend)
    return backend


def note_passed_over(backend: Backend) -> None:
    """Say which Redis is not used, because another level of the settings names it."""
    if backend.scope.passed_over is not None:
        say(f"{backend.scope.passed_over} is not used: --faktory-url was given without --url")


def level_of(session: Session) -> SettingsLevel:
    """Return the level of the settings that is used; nothing is opened.

    The session keeps it. The file of an operation may name another: its commands put that there.
    """
    from jobctl.config.levels import choose_level
    from jobctl.connecting import running_embedded

    if session.level is None:
        session.level = choose_level(
            session.text("url"),
            session.text("faktory_url"),
            os.environ,
            lambda: running_embedded(os.environ),
            context=session.text("context"),
        )
    return session.level


def rules_of(session: Session) -> Rules:
    """Return the rules that the context holds every change to."""
    return level_of(session).rules


def naming_options(session: Session) -> str:
    """Return the options that name the job system, to be typed again; without passwords."""
    given = [(option, session.text(name)) for option, name in _NAMING]
    words = [word for option, value in given if value is not None for word in (option, value)]
    return "".join(f" {quote(word)}" for word in without_passwords(words))


def _note_clock(session: Session, backend: Backend) -> None:
    if backend.has_redis and backend.server.clock is not None and not session.quiet:
        say(f"using the clock of this machine: {backend.server.clock}")
        session.quiet = True


def _settings(session: Session) -> Settings:
    from jobctl.connecting import Settings
    from jobctl.model.target import Tls

    layout, system = session.text("layout"), session.text("system")
    namespace = session.text("records_namespace")
    if namespace == "":
        raise UsageProblem("--records-namespace is empty", hint="leave it out for jobba")
    return Settings(
        tls=Tls(
            session.text("cacert"),
            session.text("cert"),
            session.text("key"),
            session.flag("insecure"),
        ),
        layout=None if layout is None else QueueForm(layout),
        connect_timeout=read_duration(session, "connect_timeout"),
        trace=say if session.flag("debug") else None,
        records_namespace=namespace,
        system=None if system is None else System(system),
    )


_LOGIN = re.compile(r"(?<=://)[^/\s]*@")  # up to the last one: a password may have an @ in it
_SECRET = re.compile(rf"([?&](?:{'|'.join(SECRET)})=)[^&#\s]+")


def who() -> str:
    """Return the name of the user, else the user id."""
    named = os.environ.get("USER") or os.environ.get("LOGNAME")
    if named:
        return named
    from pwd import getpwuid  # cron and containers set neither

    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def host() -> str:
    """Return the name of this machine."""
    return socket.gethostname()


def provenance() -> Provenance:
    """Return who asks, as it is kept with a change."""
    from jobctl.operations.request import Provenance

    return Provenance(who(), host(), without_passwords(sys.argv))


def without_passwords(words: Iterable[str]) -> tuple[str, ...]:
    """Return a command line without the passwords in its URLs."""
    return tuple(_SECRET.sub(r"\1***", _LOGIN.sub("***@", word)) for word in words)
