"""URLs of a Redis and of a Faktory server, read so that no secret gets into a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from jobctl.errors import BadUrl
from jobctl.model.url_parameters import ALIASES, CHECKS, CONNECT, IGNORED, REFUSED, REPLY, YES
from jobctl.model.words import did_you_mean

TLS_QUERY = ("cacert", "cert", "key", "insecure", "any_host")
_BRACKETED = re.compile(r"\[[^\[\]]+\](:\d*)?")
_SCHEME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+-.")
_SECURE = re.compile(r"tls|ssl|ss$|[eyp]s$")  # a scheme that asks for TLS: https, valkeys
_NAME = re.compile(r"[a-z][A-Za-z_]{2,40}")  # a parameter's name, and no part of a password


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS files and checks; the names are redis-cli's.

    With `any_host` a trusted certificate is accepted for every host name.
    """

    cacert: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool = False
    any_host: bool = False

    def over(self, other: Tls) -> Tls:
        """Return these settings, completed by the other's."""
        return Tls(
            self.cacert or other.cacert,
            self.cert or other.cert,
            self.key or other.key,
            self.insecure or other.insecure,
            self.any_host or other.any_host,
        )

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Tls:
        """Read the settings among a URL's parameters."""
        return cls(
            query.get("cacert") or None,
            query.get("cert") or None,
            query.get("key") or None,
            query.get("insecure", "").lower() in YES,
            query.get("any_host", "").lower() in YES,
        )


NO_TLS = Tls()


@dataclass(frozen=True, slots=True)
class UrlParts:
    """The parts of a URL; the parameters under jobctl's names."""

    scheme: str
    split: SplitResult
    port: int | None
    query: Mapping[str, str]
    username: str | None
    password: str | None
    tls: Tls


@dataclass(frozen=True, slots=True)
class UrlReader:
    """Reads URLs of one kind; the hint of each error shows valid ones.

    Messages never quote a part of a URL: it could be a misplaced password.

    Attributes:
        forms: examples of such URLs.
        schemes: the schemes they may have.
        secure: the schemes that speak TLS.
        query: the parameters they may have.
        ignored: parameters for other clients.
    """

    forms: str
    schemes: tuple[str, ...]
    secure: tuple[str, ...]
    query: tuple[str, ...]
    ignored: frozenset[str] = frozenset()

    def bad(self, what: str) -> BadUrl:
        """Return the error for a malformed URL."""
        return BadUrl(
            f"malformed URL: {what}",
            hint=f"URLs look like {self.forms}; percent-encode what is special in a password "
            "(/ is %2F)",
        )

    def read(self, url: str) -> UrlParts:
        """Read what all URLs of this kind have.

        Raises:
            BadUrl: it is malformed, or has another scheme.
        """
        url = bare(url)
        scheme = self.scheme(url)
        self._check_scheme(scheme)
        split, port, query = self._split(url)
        tls = Tls.of(query)
        if tls != NO_TLS and scheme not in self.secure:
            raise self.bad(f"TLS parameters need a {self.secure[0]}:// URL")
        username = self._login(query.get("username") or unquoted(split.username or ""))
        password = self._login(query.get("password") or unquoted(split.password or ""))
        return UrlParts(scheme, split, port, query, username, password, tls)

    def scheme(self, url: str) -> str:
        """Return the scheme of a URL in lower case, whether it is one of `schemes` or not."""
        scheme, separator, _ = url.partition("://")
        scheme = scheme.lower()
        if not separator or not scheme or any(c not in _SCHEME_CHARACTERS for c in scheme):
            raise self.bad("the URL has no scheme")
        return scheme

    def _check_scheme(self, scheme: str) -> None:
        """Check that a scheme is one of `schemes`.

        Raises:
            BadUrl: it is not; the hint names a similar one, with TLS where TLS was meant.
        """
        if scheme not in self.schemes:
            near = self.secure if _SECURE.search(scheme) else self.schemes
            raise BadUrl(
                "malformed URL: its scheme is not a scheme jobctl speaks",
                hint=did_you_mean(f"{scheme}://", [f"{known}://" for known in near]),
            )

    def _split(self, url: str) -> tuple[SplitResult, int | None, dict[str, str]]:
        """Return the parts of a URL, its port, and its parameters."""
        if any(c < " " or c == "\x7f" for c in url):  # urlsplit would leave some of them out
            raise self.bad("there is a control character in it")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise self.bad("the port or host of the URL is not valid") from None
        query = self._query(parts.query)
        if parts.fragment:
            raise self.bad("the URL has a '#' in it")
        return parts, port, query

    def _login(self, text: str) -> str | None:
        """Return a user or password; None when it is empty."""
        try:
            text.encode()
        except UnicodeEncodeError:
            raise self.bad("its user or password is not UTF-8") from None
        return text or None

    def address(self, found: UrlParts, default: int) -> tuple[str, int]:
        """Return the host and port of a URL."""
        host = host_of(found.split)
        if found.port == 0 or host is None or any(c.isspace() for c in found.split.netloc):
            raise self.bad("the port or host of the URL is not valid")
        return host, found.port or default

    def _query(self, text: str) -> dict[str, str]:
        try:
            pairs = parse_qsl(
                text, keep_blank_values=True, strict_parsing=bool(text), errors="surrogateescape"
            )
        except ValueError:
            raise self.bad("its parameters are not name=value") from None
        return self._known(pairs, nameable="@" not in text)

    def _known(self, pairs: Iterable[tuple[str, str]], *, nameable: bool) -> dict[str, str]:
        """Return the known parameters under jobctl's names.

        The error for an unknown one names it, unless it may be part of a password (an @ follows).
        """
        found: dict[str, str] = {}
        for name, value in pairs:
            known = ALIASES.get(name, name)
            if name in CHECKS:
                found |= self._checks(name, value)
            elif known in self.query:
                found[known] = value
            elif name not in self.ignored:
                named = f": {name}" if nameable and _NAME.fullmatch(name) else ""
                message = f"malformed URL: a parameter jobctl does not know{named}"
                raise BadUrl(message, hint=REFUSED.get(name) or did_you_mean(name, self.query))
        return found

    def _checks(self, name: str, value: str) -> dict[str, str]:
        """Translate another client's parameter for certificate checks."""
        values = CHECKS[name]
        if value and value.lower() not in values:
            message = f"malformed URL: {name} has a value jobctl does not know"
            raise BadUrl(message, hint=f"one of: {', '.join(values)}")
        return values[value.lower()] if value else {}


def bare(text: str) -> str:
    """Strip quotes that a file or a shell left around a text."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`":
        return text[1:-1].strip()
    return text


def unquoted(text: str) -> str:
    """Undo percent-encoding; bytes that are not UTF-8 become surrogates, as in file names."""
    return unquote(text, errors="surrogateescape")


def shown_login(username: str | None, password: str | None) -> str:
    """Return the login part of a URL, with the password hidden."""
    if password:
        return f"{quote(username or '', safe='')}:***@"
    # A user alone is most often a password in the wrong place.
    return "***@" if username else ""


def shown_host(host: str) -> str:
    """Return a host as it is written in a URL."""
    return f"[{host}]" if ":" in host else host


def host_of(parts: SplitResult) -> str | None:
    """Return the host; None when it is not one, as in user:password%40host (encoded twice)."""
    where = parts.netloc.rpartition("@")[2]
    if "[" in where and _BRACKETED.fullmatch(where) is None:
        return None  # [::1]7000: urlsplit would leave the 7000 out
    text = parts.hostname or "localhost"
    host = unquote(text)
    if any(c in "/?#@\\" or c <= " " for c in host) or (":" in host and ":" not in text):
        return None
    try:
        host.encode("idna")  # as getaddrinfo does
    except UnicodeError:
        return None
    return host


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

    @classmethod
    def parse(cls, url: str) -> Target:
        """Parse a URL.

        Messages never quote a part of it: it could be a misplaced password.

        Raises:
            BadUrl: it is malformed, or jobctl does not know its scheme.
        """
        scheme = _REDIS_URLS.scheme(bare(url))
        later = _LATER.fullmatch(scheme)
        if later is not None:
            forms = "rediss://[user:password@]host[:port][/db]" if later[1] else _FORMS
            raise BadUrl(f"{scheme}:// is not spoken yet", hint=f"name the server itself: {forms}")
        found = _REDIS_URLS.read(url)
        common = cls(
            scheme=_SAME.get(scheme, scheme),
            username=found.username,
            password=found.password,
            tls=found.tls,
            family=_family(found.query.get("family", "")),
            connect_timeout=_timeout(found.query, CONNECT),
            reply_timeout=_timeout(found.query, REPLY),
        )
        if common.scheme == "embedded":
            return _embedded(common, found)
        if common.scheme == "unix":
            return _unix(common, found)
        return _tcp(common, found)


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


def _embedded(common: Target, found: UrlParts) -> Target:
    parts = found.split
    if common.username or common.password or any(c in "@:" for c in parts.netloc):
        raise _REDIS_URLS.bad("an embedded server has no user, password or port")
    return replace(common, path=_path(parts.netloc + parts.path), db=_db(found.query.get("db")))


def _unix(common: Target, found: UrlParts) -> Target:
    parts = found.split
    # unix://user:password@/path, as redis-py reads it; unix://path would lose its first step.
    where = parts.netloc.rpartition("@")[2]
    if where or not parts.path.startswith("/") or len(parts.path) < 2:
        raise _REDIS_URLS.bad("a unix URL names an absolute path: unix:///run/redis.sock")
    return replace(common, path=_path(parts.path), db=_db(found.query.get("db")))


def _path(text: str) -> str:
    path = unquoted(text)
    if "\0" in path:
        raise _REDIS_URLS.bad("no path has a NUL in it")
    return path


def _tcp(common: Target, found: UrlParts) -> Target:
    db, asked = _db(found.split.path.strip("/")), found.query.get("db")
    host, port = _REDIS_URLS.address(found, _REDIS_PORT)
    return replace(common, host=host, port=port, db=_db(asked) if asked else db)


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

    @classmethod
    def parse(cls, url: str) -> Address:
        """Parse a URL. Faktory has no users: one in the URL is for a proxy on the way.

        Messages never quote a part of it: it could be a misplaced password.

        Raises:
            BadUrl: it is malformed, or has a scheme that no Faktory server speaks.
        """
        found = _FAKTORY_URLS.read(url)
        if found.split.path.strip("/"):
            raise _FAKTORY_URLS.bad("a Faktory server has no paths")
        host, port = _FAKTORY_URLS.address(found, _FAKTORY_PORT)
        return cls(found.scheme, host, port, found.username, found.password, found.tls)


Server = TypeVar("Server", Target, Address)


def with_tls(server: Server, tls: Tls) -> Server:
    """Return a server with these TLS settings over those of its URL.

    Raises:
        BadUrl: there are settings, and the URL does not speak TLS.
    """
    if tls == NO_TLS:
        return server
    if not server.secure:
        secure = "rediss" if isinstance(server, Target) else "tcp+tls"
        raise BadUrl(
            f"TLS options need a {secure}:// URL, this one is {server.scheme}://",
            hint=f"write {secure}://host:port, or leave the TLS options out",
        )
    return replace(server, tls=tls.over(server.tls))
