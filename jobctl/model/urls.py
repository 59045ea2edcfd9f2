"""URLs of servers: their parts and parameters, read so that no secret gets into a message.

Parameters that other clients put into URLs are known here, so that one address serves all of
them: other names for those of jobctl, and those that steer such a client alone. Any other is
refused: a key prefix, for one, would make jobctl look in the wrong place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from jobctl.errors import BadUrl
from jobctl.model.words import did_you_mean

# Parameters whose meaning is clear and that are refused all the same, with the hint.
_PREFIX = "jobctl looks for keys without a prefix: --records-namespace is that of status records"
REFUSED = {
    **dict.fromkeys(("ssl", "tls"), "the scheme says it: rediss://, tcp+tls://"),
    **dict.fromkeys(("prefix", "keyPrefix", "key_prefix", "global_keyprefix"), _PREFIX),
    "timeout": "clients mean different ones by it: connect_timeout, or socket_timeout",
}

# redis-py, redis-rs, phpredis, predis, lettuce
ALIASES = {
    "ssl_ca_certs": "cacert",
    "ssl_certfile": "cert",
    "ssl_keyfile": "key",
    "user": "username",
    "pass": "password",
    "auth": "password",
    "database": "db",
}

# Parameters that hold a password, or a user, which is often a password in the wrong place.
SECRET = tuple(
    name for name in ("password", "username", *ALIASES)
    if ALIASES.get(name, name) in ("password", "username")
)  # fmt: skip

YES, _NO = ("1", "t", "true", "y", "yes"), ("0", "f", "false", "n", "no")
_UNCHECKED, _ANY_HOST, _CHECKED = {"insecure": "1"}, {"any_host": "1"}, dict[str, str]()
# How much of a certificate is checked, by value: redis-py and kombu, go-redis, lettuce.
CHECKS: dict[str, dict[str, dict[str, str]]] = {
    "ssl_cert_reqs": {
        **dict.fromkeys(("none", "cert_none"), _UNCHECKED),
        **dict.fromkeys(("optional", "cert_optional", "required", "cert_required"), _CHECKED),
    },
    "ssl_check_hostname": dict.fromkeys(YES, _CHECKED) | dict.fromkeys(_NO, _ANY_HOST),
    "skip_verify": dict.fromkeys(YES, _UNCHECKED) | dict.fromkeys(_NO, _CHECKED),
    "verifyPeer": {"none": _UNCHECKED, "ca": _ANY_HOST, "full": _CHECKED},
}

# Timeouts, and the unit of a number without one: redis-py and go-redis, ioredis and node-redis.
CONNECT = {
    "socket_connect_timeout": 1.0,
    "connect_timeout": 1.0,
    "dial_timeout": 1.0,
    "connectTimeout": 0.001,
}
REPLY = {
    "socket_timeout": 1.0,
    "read_timeout": 1.0,
    "commandTimeout": 0.001,
    "socketTimeout": 0.001,
}

_PYTHON = """
    protocol legacy_responses encoding encoding_errors decode_responses client_name lib_name
    lib_version max_connections health_check_interval retry_on_timeout retry_on_error
    socket_keepalive socket_read_size single_connection_client visibility_timeout minsize maxsize
"""
_NODE = """
    allowUsernameInURI autoResubscribe autoResendUnfulfilledCommands connectionName
    enableAutoPipelining enableOfflineQueue enableReadyCheck keepAlive lazyConnect
    maxLoadingRetryTime maxRetriesPerRequest noDelay pingInterval showFriendlyErrorStack
    stringNumbers disconnectTimeout
"""
_GO = """
    max_retries min_retry_backoff max_retry_backoff write_timeout pool_fifo pool_size pool_timeout
    min_idle_conns max_idle_conns max_active_conns conn_max_idle_time conn_max_lifetime
    idle_timeout idle_check_frequency max_conn_age context_timeout_enabled read_buffer_size
    write_buffer_size identity_suffix disable_identity
"""
_JAVA_AND_PHP = """
    clientName libraryName libraryVersion alias weight persistent persistent_id retry_interval
    tcp_keepalive tcp_nodelay async_connect iterable_multibulk lazy read_write_timeout
"""
IGNORED = frozenset(f"{_PYTHON} {_NODE} {_GO} {_JAVA_AND_PHP}".split())

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

    def scheme(self, url: str) -> str:
        """Return the scheme of a URL in lower case, whether it is one of `schemes` or not."""
        scheme, separator, _ = url.partition("://")
        scheme = scheme.lower()
        if not separator or not scheme or any(c not in _SCHEME_CHARACTERS for c in scheme):
            raise self.bad("the URL has no scheme")
        return scheme

    def check_scheme(self, scheme: str) -> None:
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
        """Return a user or password; None when it is empty."""
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
