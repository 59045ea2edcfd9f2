"""Passwords of contexts: got when they are needed, and never shown."""

from __future__ import annotations

import json
import os
import socket
from hashlib import sha256

import pytest

from jobctl import connect
from jobctl.config.levels import choose_level
from jobctl.connecting import Settings, open_either
from jobctl.errors import WrongPassword
from tests.builders import failed, retry
from tests.cli.conftest import SECRET
from tests.redis.doubles import serving


@pytest.mark.parametrize(
    "how",
    [
        f"password_command = 'echo {SECRET}'",
        f"password_command = ['echo', '{SECRET}']",
        "password_command = 'echo $PW'",
        "password_file = 'secret'",
    ],
)
def test_a_password_is_got_where_the_url_has_none(
    config, server, locked, jobctl, monkeypatch, how
) -> None:
    monkeypatch.setenv("PW", SECRET)
    file = config(f'[contexts.prod]\nurl = "{server.url}"\n{how}\n')
    (file.parent / "secret").write_text(f"{SECRET}\n")
    for more in ((), ("--debug",)):
        ran = jobctl("retries", "count", "--context", "prod", *more, url=None)
        assert (ran.code, ran.out) == (0, "0\n")
        assert SECRET not in ran.err


def test_a_password_in_the_url_needs_no_command(config, server, locked, jobctl) -> None:
    url = server.url.replace("unix://", f"unix://:{SECRET}@")
    config(f'[contexts.prod]\nurl = "{url}"\npassword_command = "exit 1"\n')
    assert jobctl("retries", "count", "--context", "prod", url=None).code == 0


def test_a_user_in_the_url_logs_in_with_it(config, server, raw, jobctl) -> None:
    raw.execute_command("ACL", "SETUSER", "ada", "on", f">{SECRET}", "~*", "+@all")
    try:
        url = server.url.replace("unix://", "unix://ada@")
        config(f'[contexts.prod]\nurl = "{url}"\npassword_command = "echo {SECRET}"\n')
        assert jobctl("retries", "count", "--context", "prod", url=None).out == "0\n"
    finally:
        raw.execute_command("ACL", "DELUSER", "ada")


def test_a_redis_that_wants_no_password_is_opened_without(config, server, jobctl) -> None:
    config(f'[contexts.prod]\nurl = "{server.url}"\npassword_command = "echo {SECRET}"\n')
    assert jobctl("retries", "count", "--context", "prod", url=None).out == "0\n"
    with connect(context="prod") as store:
        assert str(store.target) == server.url


def test_a_wrong_or_missing_password_is_said_to_be_so(config, server, locked, jobctl) -> None:
    file = config(
        f'[contexts.none]\nurl = "{server.url}"\n'
        f'[contexts.wrong]\nurl = "{server.url}"\npassword_command = "echo x{SECRET}"\n'
    )
    ran = jobctl("retries", "count", "--context", "none", url=None)
    ran.fails(
        3,
        f"{server.url} wants a password (from context none)",
        f"password_command or password_file = .. in {file} [contexts.none]",
    )
    for more in ((), ("--debug",), ("-o", "json")):
        ran = jobctl("retries", "count", "--context", "wrong", *more, url=None)
        ran.fails(3, f"{server.url} refused the user or password (from context wrong)")
        assert SECRET not in ran.err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"echo {SECRET}; echo {SECRET} >&2; exit 1", "failed (exit 1)"),
        ("true", "gives no password"),
    ],
)
def test_a_command_that_fails_ends_it_before_anything_is_opened(
    config, jobctl, command, said
) -> None:
    config(f'[contexts.prod]\nurl = "redis://127.0.0.1:1"\npassword_command = "{command}"\n')
    for more in ((), ("--debug",), ("-o", "json")):
        ran = jobctl("retries", "count", "--context", "prod", *more, url=None)
        ran.fails(2, f"password_command of context prod {said}")
        assert SECRET not in ran.err


def test_a_command_runs_once_and_leaves_stdin_alone(config, server, locked, jobctl, tmp_path, raw):
    retry(raw, failed("jid-00000001"), failed("jid-00000002"))
    log = tmp_path / "log"
    command = f"cat >> {log}; echo ran >> {log}; echo {SECRET}"
    config(f'[contexts.prod]\nurl = "{server.url}"\npassword_command = "{command}"\n')
    argv = ("retries", "count", "--jid", "-", "--context", "prod")
    assert jobctl(*argv, stdin="jid-00000001\n", url=None).out == "1\n"
    assert log.read_text() == "ran\n"


def faktory_server(password: str | None):
    """Return what handles a connection as a Faktory server with this password does."""

    def handle(connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        hello = b'{"v":2}' if password is None else b'{"v":2,"i":1,"s":"salt"}'
        connection.sendall(b"+HI %b\r\n" % hello)
        login = json.loads(lines.readline().split(b" ", 1)[1])
        if password is not None:
            right = sha256(f"{password}salt".encode()).hexdigest()
            if login.get("pwdhash") != right:
                connection.sendall(b"-ERR Invalid password\r\n")
                return
        connection.sendall(b"+OK\r\n")
        lines.readline()

    return handle


@pytest.mark.parametrize(("asked", "ran"), [(SECRET, True), (None, False)])
def test_a_faktory_server_gets_the_password_where_it_asks(config, tmp_path, asked, ran) -> None:
    log = tmp_path / "log"
    with serving(faktory_server(asked)) as port:
        config(
            f'[contexts.wire]\nfaktory = "tcp://127.0.0.1:{port}"\n'
            f'password_command = "echo >> {log}; echo {SECRET}"\n'
        )
        level = choose_level(None, None, os.environ, lambda: None, context="wire")
        with open_either(level, Settings(), os.environ) as backend:
            assert not log.exists()
            assert backend.faktory is not None
            backend.faktory.open()
            assert SECRET not in str(backend.faktory.address)
    assert log.exists() is ran


def test_a_faktory_server_that_refuses_it_is_said_to(config) -> None:
    with serving(faktory_server("another")) as port:
        config(
            f'[contexts.wire]\nfaktory = "tcp://127.0.0.1:{port}"\n'
            f'password_command = "echo {SECRET}"\n'
        )
        level = choose_level(None, None, os.environ, lambda: None, context="wire")
        with open_either(level, Settings(), os.environ) as backend:
            assert backend.faktory is not None
            with pytest.raises(WrongPassword, match="refused the password") as raised:
                backend.faktory.open()
    assert raised.value.hint == "check where the context's comes from"
