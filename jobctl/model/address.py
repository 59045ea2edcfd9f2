"""Which Faktory server: a URL read once, with its password kept out of every text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from jobctl.errors import BadUrl
from jobctl.model.urls import (
    NO_TLS,
    TLS_QUERY,
    Reader,
    Tls,
    bare,
    shown_host,
    shown_login,
    unquoted,
)

SCHEMES, SECURE = ("tcp", "tcp+tls"), ("tcp+tls",)
FORMS = "tcp://[:password@]host[:7419], tcp+tls://.."
_READER = Reader(FORMS, SCHEMES, SECURE, ("password", *TLS_QUERY))
PORT = 7419


@dataclass(frozen=True, slots=True)
class Address:
    """A Faktory server to talk to, as its clients name it (FAKTORY_URL)."""

    scheme: str = "tcp"
    host: str = "localhost"
    port: int = PORT
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: Tls = NO_TLS

    def __str__(self) -> str:
        """Return the URL without its password: safe to print, log and store."""
        at = shown_login(self.username, self.password)
        return f"{self.scheme}://{at}{shown_host(self.host)}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether it is spoken to through TLS."""
        return self.scheme == "tcp+tls"

    def with_tls(self, tls: Tls) -> Address:
        """Return the address with TLS settings from flags laid over those of the URL.

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
        """Read a URL. Faktory knows no users: one in the URL is for proxies on the way.

        Messages never quote a part of it: a misplaced password would be in there.

        Raises:
            BadUrl: it is malformed, or of a scheme that no Faktory server speaks.
        """
        url = bare(url)
        scheme = _READER.scheme(url)
        _READER.check_scheme(scheme)
        parts, port, query = _READER.split(url)
        if parts.path.strip("/"):
            raise _READER.bad("a Faktory server has no paths")
        host, number = _READER.address(parts, port, PORT)
        found = cls(
            scheme,
            host,
            number,
            _READER.login(unquoted(parts.username or "")),
            _READER.login(query.get("password") or unquoted(parts.password or "")),
            Tls.of(query),
        )
        if found.tls != NO_TLS and not found.secure:
            raise _READER.bad("TLS parameters need a tcp+tls:// URL")
        return found
