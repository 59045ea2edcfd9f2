"""What URLs of servers have in common: their parts, read so that no secret gets into a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from jobctl.errors import BadUrl
from jobctl.model.url_parameters import ALIASES, CHECKS, REFUSED, YES
from jobctl.model.words import did_you_mean

TLS_QUERY = ("cacert", "cert", "key", "insecure", "any_host")
_BRACKETED = re.compile(r"\[[^\[\]]+\](:\d*)?")
_SCHEME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+-.")
_SECURE = re.compile(r"tls|ssl|ss$|[eyp]s$")  # a scheme that asks for TLS: https, valkeys
_NAME = re.compile(r"[a-z][A-Za-z_]{2,40}")  # a parameter's name, and no part of a password


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS files and checks; the names are redis-cli's.

    With `any_host` a certificate counts that is trusted, whichever host it is for.
    """

    cacert: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: bool = False
    any_host: bool = False

    def over(self, other: Tls) -> Tls:
        """Return these settings, with the other's where this one has none."""
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
class Reader:
    """Reads URLs of one kind; every message ends with what they look like.

    Messages never quote a part of a URL: a misplaced password would be in there.

    Attributes:
        forms: what such URLs look like.
        schemes: what they begin with.
        secure: those of them that speak TLS.
        query: the parameters they may have.
        ignored: parameters that steer another client alone.
    """

    forms: str
    schemes: tuple[str, ...]
    secure: tuple[str, ...]
    query: tuple[str, ...]
    ignored: frozenset[str] = frozenset()

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
            BadUrl: it is not; names the near one, for a scheme of TLS one of TLS.
        """
        if scheme not in self.schemes:
            near = self.secure if _SECURE.search(scheme) else self.schemes
            raise BadUrl(
                "malformed URL: its scheme is not a scheme jobctl speaks",
                hint=did_you_mean(f"{scheme}://", [f"{known}://" for known in near]),
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
        return self._known(pairs, nameable="@" not in text)

    def _known(self, pairs: Iterable[tuple[str, str]], *, nameable: bool) -> dict[str, str]:
        """Return the parameters that mean something here, under one name each.

        One that is not known is named, unless an @ tells that it may be a part of the password.
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
        """Return what another client's parameter says of the checks of a certificate."""
        values = CHECKS[name]
        if value and value.lower() not in values:
            message = f"malformed URL: {name} has a value jobctl does not know"
            raise BadUrl(message, hint=f"one of: {', '.join(values)}")
        return values[value.lower()] if value else {}


def bare(text: str) -> str:
    """Return a text without the quotes around it that a file or a shell has left there."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`":
        return text[1:-1].strip()
    return text


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
