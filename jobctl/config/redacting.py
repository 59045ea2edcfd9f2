"""URLs as they may be shown: without a password, and with ``${VAR}`` as it stands."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from jobctl.config.expanding import only_refers, plain, refers
from jobctl.errors import BadUrl
from jobctl.model.urls import SECRET

if TYPE_CHECKING:
    from jobctl.model.target import Address, Target

_SECRET = re.compile(rf"([?&](?:{'|'.join(SECRET)})=)([^&#]*)")
_HIDDEN = "***"
MALFORMED = "(malformed)"


class DoorKind(StrEnum):
    """Which of the two doors a URL is of."""

    REDIS = "redis"
    FAKTORY = "faktory"


def shown_url(text: str, kind: DoorKind) -> str:
    """Return a URL as it may be shown, its variables unexpanded; never raises."""
    if refers(text):
        return _by_its_text(text)
    try:
        return str(_parsed(plain(text), kind))
    except BadUrl:
        return MALFORMED


def has_password(url: str, kind: DoorKind) -> bool:
    """Tell whether a URL has a password in it; one that is malformed has none."""
    try:
        return _parsed(url, kind).password is not None
    except BadUrl:
        return False


def _parsed(url: str, kind: DoorKind) -> Target | Address:
    if kind is DoorKind.FAKTORY:
        from jobctl.model.target import Address

        return Address.parse(url)
    from jobctl.model.target import Target

    return Target.parse(url)


def _by_its_text(text: str) -> str:
    """Hide what may be secret in a URL that cannot be read before its variables are known."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return text if only_refers(text) else MALFORMED
    login, at, where = rest.rpartition("@")  # a password may have an @ in it, and a / by mistake
    if at:
        user, colon, password = login.partition(":")
        if not colon:  # a user alone is most often a password in the wrong place
            user = _unless_variable(user)
        elif password:
            password = _unless_variable(password)
        rest = f"{user}{colon}{password}@{where}"
    rest = _SECRET.sub(lambda found: found[1] + _unless_variable(found[2]), rest)
    return f"{scheme}://{rest}"


def _unless_variable(text: str) -> str:
    return text if only_refers(text) else _HIDDEN
