"""Which Redis: a URL read once, with its secrets kept out of every text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from jobctl.errors import BadUrl
from jobctl.model.words import did_you_mean

SCHEMES = ("redis", "rediss", "unix", "embedded")
FORMS = (
    "redis://[user:password@]host[:port][/db], rediss://.. (TLS), unix:///path/redis.sock[?db=0], "
    "embedded://[dir]"
)
_LATER = ("redis+sentinel", "redis+cluster")
_QUERY = ("db", "username", "password", "cacert", "cert", "key", "insecure")
_BRACKETED = re.compile(r"\[[^\[\]]+\](:\d*)?")
# redis-py's own names for the same, which people have in their environments.
_ALIASES = {"ssl_ca_certs": "cacert", "ssl_certfile": "cert", "ssl_keyfile": "key"}


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS files and checks; the names are redis-cli's."""

    cacert: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool = False

    def over(self, other: Tls) -> Tls:
        """Return these settings, with the other's where this one has none."""
        return Tls(
            self.cacert or other.cacert,
            self.cert or other.cert,
            self.key or other.key,
            self.insecure or other.insecure,
        )


@dataclass(frozen=True, slots=True)
class Target:
    """A Redis to talk to: `host` and `port`, or the `path` of a unix socket.

    For ``embedded`` the `path` is the server's directory, empty for the default one.
    """

    scheme: str
    host: str = "localhost"
    port: int = 6379
    path: str = ""
    db: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: Tls = Tls()

    def __str__(self) -> str:
        """Return the URL without its password: safe to print, log and store."""
        at = self._who()
        if self.scheme in ("unix", "embedded"):
            query = f"?db={self.db}" if self.db else ""
            path = quote(self.path, errors="surrogateescape")
            return f"{self.scheme}://{at}{path}{query}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{at}{host}:{self.port}/{self.db}"

    def _who(self) -> str:
        if self.password:
            return f"{quote(self.username or '', safe='')}:***@"
        # A user alone is most often a password in the wrong place.
        return "***@" if self.username else ""

    def with_tls(self, tls: Tls) -> Target:
        """Return the target with TLS settings from flags laid over those of the URL.

        Raises:
            BadUrl: there are settings, and the URL does not speak TLS.
        """
        if tls == Tls():
            return self
        if self.scheme != "rediss":
            raise BadUrl(
                f"TLS options need a rediss:// URL, this one is {self.scheme}://",
                hint="write rediss://host:port, or leave the TLS options out",
            )
        return replace(self, tls=tls.over(self.tls))

    @classmethod
    def parse(cls, url: str) -> Target:
        """Read a URL.

        Messages never quote a part of it: a misplaced password would be in there.

        Raises:
            BadUrl: it is malformed, or of a scheme jobctl does not speak.
        """
        scheme = _scheme(url)
        if any(c < " " or c == "\x7f" for c in url):  # urlsplit would leave some of them out
            raise _bad("there is a control character in it")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise _bad("the port or host of the URL is not valid") from None
        query = _query(parts.query)
        if parts.fragment:
            raise _bad("the URL has a '#' in it")
        common = cls(
            scheme=scheme,
            username=_login(query.get("username") or _unquoted(parts.username or "")),
            password=_login(query.get("password") or _unquoted(parts.password or "")),
            tls=_tls(query),
        )
        if common.tls != Tls() and scheme != "rediss":
            raise _bad("TLS parameters need a rediss:// URL")
        if scheme == "embedded":
            return _embedded(common, parts, query)
        if scheme == "unix":
            return _unix(common, parts, query)
        return _tcp(common, parts, port, query)


def _scheme(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    scheme = scheme.lower()
    if not separator or not scheme or any(c not in _SCHEME_CHARACTERS for c in scheme):
        raise _bad("the URL has no scheme")
    if scheme in _LATER:
        raise BadUrl(f"{scheme}:// is not spoken yet", hint=f"name the server itself: {FORMS}")
    if scheme not in SCHEMES:
        raise BadUrl(
            "malformed URL: its scheme is not a scheme jobctl speaks",
            hint=did_you_mean(f"{scheme}://", [f"{known}://" for known in SCHEMES]),
        )
    return scheme


_SCHEME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+-.")


def _bad(what: str) -> BadUrl:
    return BadUrl(
        f"malformed URL: {what}",
        hint=f"URLs look like {FORMS}; percent-encode what is special in a password (/ is %2F)",
    )


def _query(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=bool(text), errors="surrogateescape"
        )
    except ValueError:
        raise _bad("its parameters are not name=value") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name == "ssl_cert_reqs":
            found["insecure"] = "1" if value.lower() == "none" else ""
            continue
        known = _ALIASES.get(name, name)
        if known not in _QUERY:
            hint = did_you_mean(name, _QUERY)
            raise BadUrl("malformed URL: a parameter jobctl does not know", hint=hint)
        found[known] = value
    return found


def _tls(query: Mapping[str, str]) -> Tls:
    return Tls(
        query.get("cacert") or None,
        query.get("cert") or None,
        query.get("key") or None,
        query.get("insecure", "").lower() in ("1", "true", "yes"),
    )


def _db(text: str | None) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise _bad("its database is not a number")
    return int(text)


def _unquoted(text: str) -> str:
    """Undo percent-encoding; bytes that are no UTF-8 come as in a file's name."""
    return unquote(text, errors="surrogateescape")


def _login(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _bad("its user or password is not UTF-8") from None
    return text or None


def _embedded(common: Target, parts: SplitResult, query: Mapping[str, str]) -> Target:
    if common.username or common.password or any(c in "@:" for c in parts.netloc):
        raise _bad("an embedded server has no user, password or port")
    return replace(common, path=_path(parts.netloc + parts.path), db=_db(query.get("db")))


def _unix(common: Target, parts: SplitResult, query: Mapping[str, str]) -> Target:
    # unix://user:password@/path, as redis-py reads it; unix://path would lose its first step.
    where = parts.netloc.rpartition("@")[2]
    if where or not parts.path.startswith("/") or len(parts.path) < 2:
        raise _bad("a unix URL names an absolute path: unix:///run/redis.sock")
    return replace(common, path=_path(parts.path), db=_db(query.get("db")))


def _path(text: str) -> str:
    path = _unquoted(text)
    if "\0" in path:
        raise _bad("no path has a NUL in it")
    return path


def _tcp(common: Target, parts: SplitResult, port: int | None, query: Mapping[str, str]) -> Target:
    db, asked = _db(parts.path.strip("/")), query.get("db")
    host = _host(parts)
    if port == 0 or host is None or any(c.isspace() for c in parts.netloc):
        raise _bad("the port or host of the URL is not valid")
    return replace(common, host=host, port=port or 6379, db=_db(asked) if asked else db)


def _host(parts: SplitResult) -> str | None:
    """Return the host; None where it is none, as user:password%40host, encoded too often."""
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
