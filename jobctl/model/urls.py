"""What URLs of servers have in common: their parts, read so that no secret gets into a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from jobctl.errors import BadUrl
from jobctl.model.words import did_you_mean

TLS_QUERY = ("cacert", "cert", "key", "insecure")
_BRACKETED = re.compile(r"\[[^\[\]]+\](:\d*)?")
_SCHEME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+-.")
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

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Tls:
        """Read the settings among a URL's parameters."""
        return cls(
            query.get("cacert") or None,
            query.get("cert") or None,
            query.get("key") or None,
            query.get("insecure", "").lower() in ("1", "true", "yes"),
        )


NO_TLS = Tls()


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads URLs of one kind; every message ends with what they look like.

    Messages never quote a part of a URL: a misplaced password would be in there.

    Attributes:
        forms: what such URLs look like.
        schemes: what they begin with.
        query: the parameters they may have.
    """

    forms: str
    schemes: tuple[str, ...]
    query: tuple[str, ...]

    def bad(self, what: str) -> BadUrl:
        """Return the error for a URL that is malformed."""
        return BadUrl(
            f"malformed URL: {what}",
            hint=f"URLs look like {self.forms}; percent-encode what is special in a password "
            "(/ is %2F)",
        )

    def scheme(self, url: str) -> str:
        """Return what a URL begins with, in lower case; of those that are spoken or not."""
        scheme, separator, _ = url.partition("://")
        scheme = scheme.lower()
        if not separator or not scheme or any(c not in _SCHEME_CHARACTERS for c in scheme):
            raise self.bad("the URL has no scheme")
        return scheme

    def check_scheme(self, scheme: str) -> None:
        """Check that a scheme is spoken.

        Raises:
            BadUrl: it is not; names the near one.
        """
        if scheme not in self.schemes:
            raise BadUrl(
                "malformed URL: its scheme is not a scheme jobctl speaks",
                hint=did_you_mean(f"{scheme}://", [f"{known}://" for known in self.schemes]),
            )

    def split(self, url: str) -> tuple[SplitResult, int | None, dict[str, str]]:
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

    def login(self, text: str) -> str | None:
        """Return a user or password; None where it is empty."""
        try:
            text.encode()
        except UnicodeEncodeError:
            raise self.bad("its user or password is not UTF-8") from None
        return text or None

    def address(self, parts: SplitResult, port: int | None, default: int) -> tuple[str, int]:
        """Return the host and port of a URL."""
        host = host_of(parts)
        if port == 0 or host is None or any(c.isspace() for c in parts.netloc):
            raise self.bad("the port or host of the URL is not valid")
        return host, port or default

    def _query(self, text: str) -> dict[str, str]:
        try:
            pairs = parse_qsl(
                text, keep_blank_values=True, strict_parsing=bool(text), errors="surrogateescape"
            )
        except ValueError:
            raise self.bad("its parameters are not name=value") from None
        return self._known(pairs)

    def _known(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in pairs:
            if name == "ssl_cert_reqs":
                found["insecure"] = "1" if value.lower() == "none" else ""
                continue
            known = _ALIASES.get(name, name)
            if known not in self.query:
                hint = did_you_mean(name, self.query)
                raise BadUrl("malformed URL: a parameter jobctl does not know", hint=hint)
            found[known] = value
        return found


def unquoted(text: str) -> str:
    """Undo percent-encoding; bytes that are no UTF-8 come as in a file's name."""
    return unquote(text, errors="surrogateescape")


def shown_login(username: str | None, password: str | None) -> str:
    """Return who logs in, as a URL has it, without the password."""
    if password:
        return f"{quote(username or '', safe='')}:***@"
    # A user alone is most often a password in the wrong place.
    return "***@" if username else ""


def shown_host(host: str) -> str:
    """Return a host as a URL has it."""
    return f"[{host}]" if ":" in host else host


def host_of(parts: SplitResult) -> str | None:
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
