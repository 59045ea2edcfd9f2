"""Targets: the URL of a Redis or of a Faktory server, parsed; no text of one shows a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, quote

from jobctl.errors import BadUrl
from jobctl.model.urls import (
    CONNECT,
    IGNORED,
    NO_TLS,
    REPLY,
    TLS_QUERY,
    Tls,
    UrlReader,
    bare,
    shown_host,
    shown_login,
    unquoted,
)

_SCHEMES = ("redis", "rediss", "valkey", "valkeys", "unix", "embedded")
_FORMS = (
    "redis://[user:password@]host[:port][/db], rediss://.. (TLS), unix:///path/redis.sock[?db=0], "
    "embedded://[dir]"
)
_SAME = {"valkey": "redis", "valkeys": "rediss"}
_LATER = re.compile(r"(?:redis|valkey)(s?)\+(?:sentinel|cluster)")
_TIMEOUT = re.compile(r"(-?\d{1,9}(?:\.\d{1,9})?)(ms|s|m)?", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_FAMILIES = {"": 0, "0": 0, "4": 4, "6": 6, "ipv4": 4, "ipv6": 6}
_QUERY = ("db", "username", "password", *TLS_QUERY, "family", *CONNECT, *REPLY)
_REDIS_PORT = 6379
_REDIS_URLS = UrlReader(_FORMS, _SCHEMES, ("rediss", "valkeys"), _QUERY, IGNORED)


@dataclass(frozen=True, slots=True)
class Target:
    """A Redis to talk to: `host` and `port`, or the `path` of a unix socket.

    For ``embedded`` the `path` is the server's directory, empty for the default one. An `offered`
    password is not part of the URL: it is used if the server wants one. `family` is 4 or 6 for
    only that version of IP; the timeouts are in seconds, None when the URL has none.
    """

    scheme: str
    host: str = "localhost"
    port: int = _REDIS_PORT
    path: str = ""
    db: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: Tls = NO_TLS
    offered: str | None = field(default=None, repr=False, compare=False)
    family: int = 0
    connect_timeout: float | None = None
    reply_timeout: float | None = None

    def __str__(self) -> str:
        """Return the URL without its password: safe to print, log and store."""
        at = shown_login(self.username, self.password)
        if self.scheme in ("unix", "embedded"):
            query = f"?db={self.db}" if self.db else ""
            path = quote(self.path, errors="surrogateescape")
            return f"{self.scheme}://{at}{path}{query}"
        return f"{self.scheme}://{at}{shown_host(self.host)}:{self.port}/{self.db}"

    @property
    def secure(self) -> bool:
        """Whether the connection uses TLS."""
        return self.scheme == "rediss"

    def with_tls(self, tls: Tls) -> Target:
        """Return the target with these TLS settings over those of the URL.

        Raises:
            BadUrl: there are settings, and the URL does not speak TLS.
        """
        if tls == NO_TLS:
            return self
        if not self.secure:
            raise BadUrl(
                f"TLS options need a rediss:// URL, this one is {self.scheme}://",
                hint="write rediss://host:port, or leave the TLS options out",
            )
        return replace(self, tls=tls.over(self.tls))

    @classmethod
    def parse(cls, url: str) -> Target:
        """Parse a URL.

        Messages never quote a part of it: it could be a misplaced password.

        Raises:
            BadUrl: it is malformed, or jobctl does not know its scheme.
        """
        url = bare(url)
        scheme = _REDIS_URLS.scheme(url)
        later = _LATER.fullmatch(scheme)
        if later is not None:
            forms = "rediss://[user:password@]host[:port][/db]" if later[1] else _FORMS
            raise BadUrl(f"{scheme}:// is not spoken yet", hint=f"name the server itself: {forms}")
        _REDIS_URLS.check_scheme(scheme)
        scheme = _SAME.get(scheme, scheme)
        parts, port, query = _REDIS_URLS.split(url)
        common = cls(
            scheme=scheme,
            username=_REDIS_URLS.login(query.get("username") or unquoted(parts.username or "")),
            password=_REDIS_URLS.login(query.get("password") or unquoted(parts.password or "")),
            tls=Tls.of(query),
            family=_family(query.get("family", "")),
            connect_timeout=_timeout(query, CONNECT),
            reply_timeout=_timeout(query, REPLY),
        )
        if common.tls != NO_TLS and not common.secure:
            raise _REDIS_URLS.bad("TLS parameters need a rediss:// URL")
        if scheme == "embedded":
            return _embedded(common, parts, query)
        if scheme == "unix":
            return _unix(common, parts, query)
        return _tcp(common, parts, port, query)


def _family(text: str) -> int:
    if text.lower() not in _FAMILIES:
        raise _REDIS_URLS.bad("its family is neither 4 nor 6")
    return _FAMILIES[text.lower()]


def _timeout(query: Mapping[str, str], names: Mapping[str, float]) -> float | None:
    """Return the seconds that the first of these parameters gives; None for 0 or off."""
    for name, unit in names.items():
        text = query.get(name, "")
        if text.lower() in ("", "none", "null"):
            continue
        found = _TIMEOUT.fullmatch(text)
        if found is None:
            raise _REDIS_URLS.bad(f"its {name} is not a number")
        seconds = float(found[1]) * (_UNITS[found[2]] if found[2] else unit)
        return seconds if seconds > 0 else None
    return None


def _db(text: str | None) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise _REDIS_URLS.bad("its database is not a number")
    return int(text)


def _embedded(common: Target, parts: SplitResult, query: Mapping[str, str]) -> Target:
    if common.username or common.password or any(c in "@:" for c in parts.netloc):
        raise _REDIS_URLS.bad("an embedded server has no user, password or port")
    return replace(common, path=_path(parts.netloc + parts.path), db=_db(query.get("db")))


def _unix(common: Target, parts: SplitResult, query: Mapping[str, str]) -> Target:
    # unix://user:password@/path, as redis-py reads it; unix://path would lose its first step.
    where = parts.netloc.rpartition("@")[2]
    if where or not parts.path.startswith("/") or len(parts.path) < 2:
        raise _REDIS_URLS.bad("a unix URL names an absolute path: unix:///run/redis.sock")
    return replace(common, path=_path(parts.path), db=_db(query.get("db")))


def _path(text: str) -> str:
    path = unquoted(text)
    if "\0" in path:
        raise _REDIS_URLS.bad("no path has a NUL in it")
    return path


def _tcp(common: Target, parts: SplitResult, port: int | None, query: Mapping[str, str]) -> Target:
    db, asked = _db(parts.path.strip("/")), query.get("db")
    host, number = _REDIS_URLS.address(parts, port, _REDIS_PORT)
    return replace(common, host=host, port=number, db=_db(asked) if asked else db)


_FAKTORY_PORT = 7419
_FAKTORY_URLS = UrlReader(
    "tcp://[:password@]host[:7419], tcp+tls://..",
    ("tcp", "tcp+tls"),
    ("tcp+tls",),
    ("password", *TLS_QUERY),
)


@dataclass(frozen=True, slots=True)
class Address:
    """A Faktory server to talk to, as its clients name it (FAKTORY_URL)."""

    scheme: str = "tcp"
    host: str = "localhost"
    port: int = _FAKTORY_PORT
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: Tls = NO_TLS

    def __str__(self) -> str:
        """Return the URL without its password: safe to print, log and store."""
        at = shown_login(self.username, self.password)
        return f"{self.scheme}://{at}{shown_host(self.host)}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether the connection uses TLS."""
        return self.scheme == "tcp+tls"

    def with_tls(self, tls: Tls) -> Address:
        """Return the address with these TLS settings over those of the URL.

        Raises:
            BadUrl: there are settings, and the URL does not speak TLS.
        """
        if tls == NO_TLS:
            return self
        if not self.secure:
            raise BadUrl(
                "TLS options need a tcp+tls:// URL, this one is tcp://",
                hint="write tcp+tls://host:port, or leave the TLS options out",
            )
        return replace(self, tls=tls.over(self.tls))

    @classmethod
    def parse(cls, url: str) -> Address:
        """Parse a URL. Faktory has no users: one in the URL is for a proxy on the way.

        Messages never quote a part of it: it could be a misplaced password.

        Raises:
            BadUrl: it is malformed, or has a scheme that no Faktory server speaks.
        """
        url = bare(url)
        scheme = _FAKTORY_URLS.scheme(url)
        _FAKTORY_URLS.check_scheme(scheme)
        parts, port, query = _FAKTORY_URLS.split(url)
        if parts.path.strip("/"):
            raise _FAKTORY_URLS.bad("a Faktory server has no paths")
        host, number = _FAKTORY_URLS.address(parts, port, _FAKTORY_PORT)
        found = cls(
            scheme,
            host,
            number,
            _FAKTORY_URLS.login(unquoted(parts.username or "")),
            _FAKTORY_URLS.login(query.get("password") or unquoted(parts.password or "")),
            Tls.of(query),
        )
        if found.tls != NO_TLS and not found.secure:
            raise _FAKTORY_URLS.bad("TLS parameters need a tcp+tls:// URL")
        return found
