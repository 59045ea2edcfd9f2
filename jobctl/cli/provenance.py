"""Who runs jobctl, on which host, with which command line."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from jobctl.model.urls import SECRET

if TYPE_CHECKING:
    from jobctl.operations.request import Provenance

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

    return Provenance(who(), host(), command_line())


def command_line() -> tuple[str, ...]:
    """Return the command line without the passwords that may be in its URLs."""
    return without_passwords(sys.argv)


def without_passwords(words: Iterable[str]) -> tuple[str, ...]:
    """Return a command line without the passwords in its URLs."""
    return tuple(_SECRET.sub(r"\1***", _LOGIN.sub("***@", word)) for word in words)
