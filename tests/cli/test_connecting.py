"""Every failure of the way to Redis: its own two lines and exit code, and never the password."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator

import pytest

from jobctl import embedded
from tests.builders import enqueue
from tests.conftest import Ran
from tests.redis import doubles
from tests.redis.doubles import bulk, redis_double
from tests.trouble import denied

PASSWORD = "correct-horse-battery"
LOADING = b"-LOADING Redis is loading the dataset in memory\r\n"
NOAUTH = b"-NOAUTH Authentication required.\r\n"
QUOTED = b"-ERR unknown command 'AUTH', with args beginning with: '%b'\r\n" % PASSWORD.encode()
DENIED = b"-DENIED Redis is running in protected mode because protected mode is enabled ...\r\n"
FULL = b"-ERR max number of clients reached\r\n"
NOT_SET = (
    b"-ERR AUTH <password> called without any password configured for the default user. "
    b"Are you sure your configuration is correct?\r\n"
)

Failing = Callable[..., tuple[str, str]]


@pytest.fixture
def failing(jobctl: Callable[..., Ran]) -> Failing:
    """Fail in every way of telling it, and return the message and the hint."""

    def run(url: str, *argv: str, code: int = 3) -> tuple[str, str]:
        argv = ("retries", "ls", "-u", url, "--connect-timeout", "300ms", *argv)
        plain, as_json, debug = (jobctl(*argv, *m) for m in ((), ("-o", "json"), ("--debug",)))
        for ran in (plain, as_json, debug):
            assert (ran.code, ran.out) == (code, "")
            assert PASSWORD not in ran.err
            assert "this is a bug" not in ran.err
        told = json.loads(as_json.err)
        assert list(told) == ["code", "message", "hint"]
        assert told["code"] == code
        assert plain.err == f"error: {told['message']}\nhint: {told['hint']}\n"
        return told["message"], told["hint"]

    return run


@pytest.mark.parametrize(
    ("handle", "message", "hint"),
    [
        pytest.param(handle, message, hint, id=name)
        for name, handle, message, hint in (
            ("http", doubles.replying(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
             "what answers at {} is not a Redis", "check the port"),
            ("ssh", doubles.greeting(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
             "what answers at {} is not a Redis", "check the port"),
            ("closes at once", doubles.hanging_up,
             "{} closed the connection", "did the server stop, or is this port no Redis (TLS"),
            ("stays silent", doubles.greeting(b""),
             "no answer from {} within 0.3 s", "is the address right, and no firewall"),
            ("echo", doubles.echo,
             "{} refused the user or password", "check both in the URL"),
            ("wrong password", redis_double(AUTH=b"-WRONGPASS invalid username-password pair\r\n"),
             "{} refused the user or password", "check both in the URL"),
            ("stays silent at the first reply",
             redis_double(INFO=None, TIME=None, TYPE=None, SSCAN=None),
             "no answer from {} within 0.3 s", "is this a Redis, or is it busy"),
            ("password not wanted", redis_double(AUTH=NOT_SET),
             "{} has no password, one was given", "leave it out of the URL"),
            ("password not wanted by an old one",
             redis_double(AUTH=b"-ERR Client sent AUTH, but no password is set\r\n"),
             "{} has no password, one was given", "leave it out of the URL"),
            ("no AUTH, and the answer quotes the password", redis_double(AUTH=QUOTED),
             "{} refused to log in", "is this a Redis?"),
            ("loading at login", redis_double(AUTH=LOADING),
             "{} is loading its data from disk", "try again in a moment"),
            ("loading", redis_double(CLIENT=LOADING, INFO=LOADING, TIME=LOADING),
             "{} is loading its data from disk", "try again in a moment"),
            ("loading later", redis_double(ZRANGE=LOADING),
             "{} is loading its data from disk", "try again in a moment"),
            ("too many clients", doubles.replying(FULL),
             "{} has as many clients as it takes", "who they are: redis-cli client list"),
            ("protected mode", doubles.replying(DENIED),
             "{} is in protected mode: it speaks to its own machine only", "set a password there"),
            ("redis 5", redis_double(INFO=bulk(b"# Server\r\nredis_version:5.0.7\r\n")),
             "{} is Redis 5.0.7; jobctl needs 6.2 or newer", "Redis 6.2 is from 2021"),
            ("cluster", redis_double(ZRANGE=b"-MOVED 3999 10.0.0.7:6381\r\n"),
             "{} is part of a Redis Cluster", "clusters are not spoken yet"),
            ("cluster, moving", redis_double(ZRANGE=b"-ASK 3999 10.0.0.7:6381\r\n"),
             "{} is part of a Redis Cluster", "clusters are not spoken yet"),
            ("cluster, down", redis_double(ZRANGE=b"-CLUSTERDOWN The cluster is down\r\n"),
             "{} is part of a Redis Cluster", "clusters are not spoken yet"),
            ("replica alone", redis_double(ZRANGE=b"-MASTERDOWN Link with MASTER is down ..\r\n"),
             "{} is a replica that has lost its primary", "use the primary"),
            ("busy", redis_double(ZRANGE=b"-BUSY Redis is busy running a script. ..\r\n"),
             "{} is busy running a script", "try again"),
            ("odd INFO", redis_double(INFO=b":42\r\n"),
             "{} answers INFO as no Redis does", "is this port a Redis"),
            ("odd TIME", redis_double(TIME=b":42\r\n"),
             "{} answers TIME as no Redis does", "is this port a Redis"),
        )
    ],
)  # fmt: skip
def test_what_answers_decides_what_is_said(
    failing: Failing, handle: doubles.Handle, message: str, hint: str
) -> None:
    with doubles.serving(handle) as port:
        told = failing(f"redis://:{PASSWORD}@127.0.0.1:{port}/0")
    assert told[0] == message.format(f"redis://:***@127.0.0.1:{port}/0")
    assert told[1].startswith(hint)


@pytest.mark.parametrize(
    ("handle", "message"),
    [
        pytest.param(handle, message, id=name)
        for name, handle, message in (
            ("closes at once", doubles.hanging_up, "the connection to {} was lost"),
            ("stays silent", doubles.greeting(b""), "no answer from {} within 0.3 s"),
            ("echo", doubles.echo, "{} answers INFO as no Redis does"),
            ("password missing", redis_double(CLIENT=NOAUTH, INFO=NOAUTH, TIME=NOAUTH),
             "{} wants a password"),
            ("too many clients", doubles.replying(FULL), "{} has as many clients as it takes"),
            ("protected mode", doubles.replying(DENIED),
             "{} is in protected mode: it speaks to its own machine only"),
        )
    ],
)  # fmt: skip
def test_without_a_password_the_first_commands_tell(
    failing: Failing, handle: doubles.Handle, message: str
) -> None:
    with doubles.serving(handle) as port:
        told, _ = failing(f"redis://127.0.0.1:{port}/0")
    assert told == message.format(f"redis://127.0.0.1:{port}/0")


def test_a_port_where_nobody_listens_refuses(failing: Failing) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        message, hint = failing(f"redis://:{PASSWORD}@127.0.0.1:{port}/3")
    assert message == f"connection refused by redis://:***@127.0.0.1:{port}/3"
    assert "jobctl demo" in hint


def test_a_host_without_an_address_is_said_to_be_none(
    failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*args: object) -> None:  # a real resolver may take its time
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    message, hint = failing(f"redis://:{PASSWORD}@no-such-host.invalid/0")
    assert message == "the host of redis://:***@no-such-host.invalid:6379/0 cannot be resolved"
    assert hint == "check its spelling, and your DNS"


def test_a_socket_that_is_not_there_and_one_that_nobody_listens_on_differ(
    failing: Failing, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("s") / "redis.sock"
    message, hint = failing(f"unix://:{PASSWORD}@{path}")
    assert message == f"there is no socket at unix://:***@{path}"
    assert "Faktory" in hint
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(path))
    assert failing(f"unix://:{PASSWORD}@{path}")[0] == f"connection refused by unix://:***@{path}"
    long = f"/{'x' * 120}/redis.sock"
    assert failing(f"unix://{long}")[0] == f"cannot reach unix://{long}: AF_UNIX path too long"


@pytest.mark.parametrize(  # all other forms: tests/model/test_target.py
    "url",
    [
        "127.0.0.1:6379",
        f"redis://:{PASSWORD}@host:port/0",
        f"unix://:{PASSWORD}@redis.sock",
        f"http://:{PASSWORD}@host/0",
        f"redis+cluster://:{PASSWORD}@host/0",
        f"{PASSWORD}://host",
    ],
)
def test_a_malformed_url_is_a_usage_error_that_quotes_no_secret(failing: Failing, url: str) -> None:
    message, hint = failing(url, code=2)
    assert "URL" in message or "is not spoken yet" in message
    assert hint


def test_a_url_from_the_environment_is_said_to_be_from_there(jobctl, monkeypatch) -> None:
    ran = jobctl("retries", "count", url=f"redis://:{PASSWORD}@127.0.0.1:1/0")
    assert ran.err.startswith(
        "error: connection refused by redis://:***@127.0.0.1:1/0 (from JOBCTL_URL)\nhint: "
    )
    monkeypatch.setenv("REDIS_URL", f"redis://:{PASSWORD}")
    monkeypatch.delenv("JOBCTL_URL")
    ran = jobctl("retries", "count", url=None)
    ran.fails(2, "(from REDIS_URL)")
    assert PASSWORD not in ran.err


@pytest.fixture
def user(raw, server: embedded.EmbeddedServer) -> Iterator[Callable[..., str]]:
    """Make a user that may do everything but these commands, and return its URL."""

    def make(*denied: str) -> str:
        rules = [f"-{command}" for command in denied]
        raw.execute_command("ACL", "SETUSER", "ada", "on", f">{PASSWORD}", "~*", "+@all", *rules)
        return f"unix://ada:{PASSWORD}@{server.socket}?db=2"

    yield make
    raw.execute_command("ACL", "DELUSER", "ada")


def test_a_unix_url_takes_user_password_and_database(raw, user, jobctl) -> None:
    raw.execute_command("SELECT", 2)
    try:
        raw.zadd("dead", {"x": 1})
        assert jobctl("dead", "count", url=user()).out == "1\n"
    finally:
        raw.delete("dead")
        raw.execute_command("SELECT", 0)


def test_a_database_beyond_the_last_is_said_not_to_be_there(server, raw, failing) -> None:
    message, hint = failing(f"unix://{server.socket}?db=999")
    assert message == f"unix://{server.socket}?db=999 has no database 999"
    assert "config get databases" in hint


def test_a_real_server_refuses_wrong_and_missing_passwords(raw, server, user, failing) -> None:
    right = user()
    wrong = right.replace(PASSWORD, PASSWORD[1:])
    target = f"unix://ada:***@{server.socket}?db=2"
    assert failing(wrong)[0] == f"{target} refused the user or password"
    message = failing(f"unix://:{PASSWORD}@{server.socket}")[0]
    assert message == f"unix://:***@{server.socket} has no password, one was given"
    raw.config_set("requirepass", "another")
    try:
        for query in ("", "?db=1"):
            message, hint = failing(server.url + query)
            assert message == f"{server.url}{query} wants a password"
            assert hint == "put it in the URL: unix://:PASSWORD@.."
    finally:
        raw.config_set("requirepass", "")


def test_a_user_that_only_old_urls_have_is_to_be_left_out(raw, server, failing) -> None:
    raw.config_set("requirepass", PASSWORD)
    try:
        message, hint = failing(f"unix://h:{PASSWORD}@{server.socket}")
    finally:
        raw.execute_command("AUTH", PASSWORD)
        raw.config_set("requirepass", "")
    assert message == f"unix://h:***@{server.socket} refused the user or password"
    assert hint == "leave the user out: unix://:PASSWORD@.."


@pytest.mark.parametrize(
    ("command", "argv"),
    [
        ("zrange", ("retries", "ls")),
        ("zcard", ("retries", "count")),
        ("zscan", ("status", "some-jid")),
        ("smembers", ("queue", "ls")),
        ("lrange", ("queue", "jobs", "default")),
    ],
)
def test_a_denied_command_is_named_with_the_words_of_redis(
    raw, url, jobctl, command: str, argv: tuple[str, ...]
) -> None:
    enqueue(raw, "default", b"{}")
    raw.zadd("retries", {"{}": 1})
    with denied(raw, url, f"-{command}") as limited:
        ran = jobctl(*argv, url=limited)
    assert (ran.code, ran.out) == (3, "")
    assert f" denies {command.upper()}: " in ran.err
    assert "hint: grant this user" in ran.err
    assert ":pw@" not in ran.err


def test_what_a_restricted_user_may_not_see_of_the_server_is_left_open(user, jobctl) -> None:
    ran = jobctl("retries", "count", url=user("info", "client"))
    assert (ran.code, ran.out, ran.err) == (0, "0\n", "")
    ran = jobctl("retries", "count", url=user("time"))
    assert (ran.code, ran.out) == (0, "0\n")
    assert ran.err.startswith("using the clock of this machine: ")
    ran = jobctl("info", "-o", "json", url=user("info"))
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["server"] is None
    ran = jobctl("info", url=user("info"), tty=True)
    assert (ran.code, ran.err) == (0, "")
