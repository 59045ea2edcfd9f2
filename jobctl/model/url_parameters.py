"""Parameters that other clients put into URLs, so that one address serves all of them.

There are other names for those of jobctl, and those that steer such a client alone. Any other is
refused: a key prefix, for one, would make jobctl look in the wrong place.
"""

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
