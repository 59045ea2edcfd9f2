"""Contexts on the command line: using one, its password, and what is said of it."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from hashlib import sha256

import pytest

from jobctl import connect, embedded
from jobctl.config import choose_level
from jobctl.connecting import Settings, open_doors
from jobctl.errors import ConfigProblem, UsageProblem, WrongPassword
from tests.builders import failed, retry
from tests.store.doubles import serving

SECRET = "correct-horse-battery"
KEYS = [
    "context", "url", "faktory", "layout", "read_only", "protected", "reason_required", "journal",
    "current",
]  # fmt: skip
FORMATS = ("table", "wide", "json", "jsonl", "csv", "tsv", "ids")


@pytest.fixture
def locked(raw) -> Iterator[None]:
    """Give the server a password, which a new connection must know."""
    raw.config_set("requirepass", SECRET)
    yield
    raw.config_set("requirepass", "")


@pytest.fixture
def two(config, server, raw):
    """A context of the test's own server, and one of nobody's."""
    retry(raw, failed("jid-00000001"))
    return config(
        f'[contexts.here]\nurl = "{server.url}"\n'
        f'[contexts.there]\nurl = "redis://:{SECRET}@127.0.0.1:1/0"\n'
    )


def test_a_context_names_the_redis(two, jobctl) -> None:
    assert jobctl("retries", "count", "--context", "here", url=None).out == "1\n"
    assert jobctl("--context", "here", "retries", "count", url="redis://127.0.0.1:1").out == "1\n"
    ran = jobctl("retries", "count", "--context", "there", url=None)
    assert (ran.code, ran.out) == (3, "")
    assert "redis://:***@127.0.0.1:1/0 (from context there)" in ran.err


def test_the_environment_may_name_it(two, jobctl, monkeypatch) -> None:
    monkeypatch.setenv("JOBCTL_CONTEXT", "here")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("FAKTORY_URL", "nonsense")
    assert jobctl("retries", "count", url=None).out == "1\n"
    assert jobctl("retries", "count", "--context", "there", url=None).code == 3
    assert jobctl("retries", "count", "-u", "redis://127.0.0.1:1", url=None).code == 3
    monkeypatch.setenv("JOBCTL_CONTEXT", "her")
    ran = jobctl("retries", "count", url=None)
    assert (ran.code, ran.out) == (2, "")
    assert "there is no context 'her'" in ran.err
    assert "(from JOBCTL_CONTEXT)\nhint: did you mean here?" in ran.err


@pytest.mark.parametrize("argv", [("-u", "redis://h"), ("--faktory-url", "tcp://h")])
def test_a_context_beside_a_url_is_refused(two, jobctl, argv) -> None:
    ran = jobctl("retries", "count", "--context", "here", *argv, url=None)
    assert (ran.code, ran.out) == (2, "")
    name = "--url" if argv[0] == "-u" else argv[0]
    assert f"--context and {name} both say where" in ran.err
    assert jobctl("--context", "here", "retries", "count", *argv, url=None).code == 2


def test_the_library_takes_a_context(two, server) -> None:
    with connect(context="here") as store:
        assert (store.retries.count(), store.rules.context) == (1, "here")
    environ = {"JOBCTL_CONFIG": str(two), "JOBCTL_CONTEXT": "here"}
    with connect(environ=environ) as store:
        assert store.rules.context == "here"
    with connect(server.url, environ=environ) as store:
        assert store.rules.context is None
    with pytest.raises(UsageProblem):
        connect("redis://h", context="here")


def test_the_layout_of_a_context_counts_where_none_is_given(config, server, jobctl, raw) -> None:
    config(f'[contexts.old]\nurl = "{server.url}"\nlayout = "bare"\n')
    retry(raw, failed("jid-00000001"), failed("jid-00000002"))
    requeue = ("retries", "requeue", "--yes", "--context", "old", "--jid")
    assert jobctl(*requeue, "jid-00000001", url=None).code == 0
    assert raw.llen("default") == 1
    raw.delete("default", "queues")
    assert jobctl(*requeue, "jid-00000002", "--layout", "q", url=None).code == 0
    assert raw.llen("q:default") == 1


def test_a_context_with_a_server_alone_has_no_redis(config, jobctl) -> None:
    file = config('[contexts.wire]\nfaktory = "tcp://127.0.0.1:1"\n')
    ran = jobctl("retries", "count", "--context", "wire", url="redis://127.0.0.1:1")
    assert (ran.code, ran.out) == (2, "")
    assert "this needs the Redis, and only a Faktory server is given" in ran.err
    assert f"url = .. in {file} [contexts.wire]" in ran.err
    level = choose_level(None, None, os.environ, lambda: None, context="wire")
    with open_doors(level, Settings(), os.environ) as doors:
        assert (doors.store, doors.rules.context) == (None, "wire")
        with pytest.raises(UsageProblem, match="queue drain needs the Redis") as raised:
            doors.redis("queue drain")
        assert raised.value.hint == "give context wire its url, too"


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
    assert ran.code == 3
    assert f"{server.url} wants a password (from context none)" in ran.err
    assert f"password_command or password_file = .. in {file} [contexts.none]" in ran.err
    for more in ((), ("--debug",), ("-o", "json")):
        ran = jobctl("retries", "count", "--context", "wrong", *more, url=None)
        assert (ran.code, ran.out) == (3, "")
        assert f"{server.url} refused the user or password (from context wrong)" in ran.err
        assert SECRET not in ran.err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"echo {SECRET}; echo no such entry >&2; exit 1", "failed (exit 1): no such entry"),
        ("true", "gives no password"),
    ],
)
def test_a_command_that_fails_ends_it_before_anything_is_opened(
    config, jobctl, command, said
) -> None:
    config(f'[contexts.prod]\nurl = "redis://127.0.0.1:1"\npassword_command = "{command}"\n')
    for more in ((), ("--debug",), ("-o", "json")):
        ran = jobctl("retries", "count", "--context", "prod", *more, url=None)
        assert (ran.code, ran.out) == (2, "")
        assert f"password_command of context prod {said}" in ran.err
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
        with open_doors(level, Settings(), os.environ) as doors:
            assert not log.exists()
            assert doors.faktory is not None
            doors.faktory.open()
            assert SECRET not in str(doors.faktory.address)
    assert log.exists() is ran


def test_a_faktory_server_that_refuses_it_is_said_to(config) -> None:
    with serving(faktory_server("another")) as port:
        config(
            f'[contexts.wire]\nfaktory = "tcp://127.0.0.1:{port}"\n'
            f'password_command = "echo {SECRET}"\n'
        )
        level = choose_level(None, None, os.environ, lambda: None, context="wire")
        with open_doors(level, Settings(), os.environ) as doors:
            assert doors.faktory is not None
            with pytest.raises(WrongPassword, match="refused the password") as raised:
                doors.faktory.open()
    assert raised.value.hint == "check where the context's comes from"


FULL = f"""
[contexts.prod]
url = "redis://:${{PW}}@h:${{PORT}}/0"
faktory = "tcp://:{SECRET}@h"
password_command = "touch {{ran}}; echo {SECRET}"
protected = true
reason_required = true
[contexts.secret]
url = "redis://ada:{SECRET}@h/2"
[contexts.lost]
url = "redis://:{SECRET}/@h"
[contexts.mixed]
url = "redis://:{SECRET}@${{HOST}}/0?password={SECRET}"
[contexts.plain]
url = "unix:///run/redis.sock"
layout = "q"
journal = false
read_only = true
password_file = "{SECRET}"
"""


@pytest.fixture
def full(config, tmp_path):
    """Contexts with secrets in every place; returns what must never come to be."""
    ran = tmp_path / "ran"
    config(FULL.replace("{ran}", str(ran)))
    yield ran
    assert not ran.exists()


def test_contexts_are_listed(full, jobctl, monkeypatch) -> None:
    monkeypatch.setenv("JOBCTL_CONTEXT", "prod")
    rows = json.loads(jobctl("context", "ls", "-o", "json", url=None).out)
    assert [list(row) for row in rows] == [KEYS] * 5
    assert rows[0] == {
        "context": "prod", "url": "redis://:${PW}@h:${PORT}/0", "faktory": "tcp://:***@h:7419",
        "layout": None, "read_only": False, "protected": True, "reason_required": True,
        "journal": True, "current": True,
    }  # fmt: skip
    assert [row["url"] for row in rows[1:]] == [
        "redis://ada:***@h:6379/2",
        "(malformed)",
        "redis://:***@${HOST}/0?password=***",
        "unix:///run/redis.sock",
    ]
    assert [row["journal"] for row in rows] == [True, True, True, True, False]
    ran = jobctl("--context", "plain", "context", "ls", "-o", "json", url=None)
    assert [row["context"] for row in json.loads(ran.out) if row["current"]] == ["plain"]
    assert jobctl("context", "ls", "-o", "ids").out == "prod\nsecret\nlost\nmixed\nplain\n"


@pytest.mark.parametrize("fmt", FORMATS)
def test_no_output_has_a_secret_in_it(full, jobctl, monkeypatch, fmt) -> None:
    monkeypatch.setenv("JOBCTL_URL", f"redis://:{SECRET}@h")
    monkeypatch.setenv("REDIS_URL", f"redis://:{SECRET}")
    monkeypatch.setenv("FAKTORY_PROVIDER", "MINE")
    monkeypatch.setenv("MINE", f"tcp://:{SECRET}@h")
    monkeypatch.setenv("PW", SECRET)
    monkeypatch.setenv("PORT", "6380")
    monkeypatch.setenv("HOST", "h")
    names = ("prod", "secret", "lost", "mixed", "plain")
    commands = [("context", "ls"), ("config", "explain")]
    commands += [("context", "show", name) for name in names]
    commands += [("config", "explain", "--context", name) for name in names]
    commands += [("config", "explain", "-u", f"redis://:{SECRET}{end}") for end in ("@h", "/@h")]
    for argv in commands:
        for tty in (False, True):
            ran = jobctl("--debug", *argv, "-o", fmt, tty=tty, url=None)
            assert ran.code == 0, ran.err
            assert SECRET not in ran.out + ran.err, argv
            assert ran.out


def test_a_context_is_shown(full, jobctl, monkeypatch) -> None:
    row = json.loads(jobctl("context", "show", "plain", "-o", "json").out)
    assert list(row) == [*KEYS, "password", "file"]
    assert (row["password"], row["read_only"], row["layout"]) == ("from a file", True, "q")
    assert row["file"].endswith("config.toml")
    for name, said in (("prod", "a command"), ("secret", "in the URL"), ("mixed", "in the URL")):
        assert said in jobctl("context", "show", name, "-o", "table").out
    shown = jobctl("context", "show", "plain", "-o", "table").out
    keys = [line.split()[0] for line in shown.splitlines() if not line.startswith(" ")]
    assert keys == [key for key in (*KEYS, "password", "file") if key != "faktory"]
    ran = jobctl("context", "show", "plian")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean plain?" in ran.err


def test_a_password_in_a_variable_is_said_to_be_in_the_url(config, jobctl, monkeypatch) -> None:
    config(
        '[contexts.a]\nurl = "${WHERE}"\n[contexts.b]\nurl = "redis://:${PW}@h"\n'
        '[contexts.c]\nurl = "redis://${HOST}"\n'
    )

    def said(name: str) -> str:
        return json.loads(jobctl("context", "show", name, "-o", "json").out)["password"]

    assert [said(name) for name in "abc"] == ["none", "in the URL", "none"]
    monkeypatch.setenv("WHERE", f"redis://:{SECRET}@h")
    assert said("a") == "in the URL"


def test_where_there_is_no_file_nothing_is_listed(jobctl, config) -> None:
    ran = jobctl("context", "ls", tty=True)
    assert ran.code == 0
    assert "no contexts as there is no file" in ran.err
    assert jobctl("context", "ls", "-o", "json").out == "[]\n"
    file = config("")
    assert f"no contexts in {file}" in jobctl("context", "ls", tty=True).err


def test_a_config_file_with_a_syntax_error_is_two_lines(config, jobctl) -> None:
    file = config(f'[contexts.prod]\nurl = "redis://:{SECRET}\n')
    for argv in (("context", "ls"), ("info", "--context", "prod"), ("context", "show", "prod")):
        ran = jobctl(*argv, url=None)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(f"error: {file}:2:")
        assert SECRET not in ran.err
    told = json.loads(jobctl("info", "--context", "prod", "-o", "json", url=None).err)
    assert told["message"].startswith(f"{file}:2:")


@pytest.fixture
def running_at_home(monkeypatch, tmp_path):
    """An embedded server where jobctl looks for one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    directory = embedded.default_directory(os.environ)
    running, _ = embedded.start(directory, environ=os.environ)
    yield running
    embedded.stop(directory)


def explained(jobctl, *argv, url=None) -> dict[str, list]:
    rows = json.loads(jobctl("config", "explain", "-o", "json", *argv, url=url).out)
    assert all(list(row) == ["setting", "value", "source"] for row in rows)
    found: dict[str, list] = {}
    for row in rows:
        found.setdefault(row["setting"], []).append((row["value"], row["source"]))
    return found


def test_settings_are_explained_by_default(jobctl, tmp_path) -> None:
    found = explained(jobctl)
    assert list(found) == [
        "config_file", "context", "url", "faktory", "layout", "password", "read_only",
        "protected", "reason_required", "journal", "connect_timeout", "operations_directory",
    ]  # fmt: skip
    assert found["config_file"][0][1] == "XDG_CONFIG_HOME (not there)"
    assert found["url"] == [("redis://127.0.0.1:6379/0", "the default")]
    assert found["context"] == [(None, None)]
    assert found["journal"] == [(True, "default")]
    assert found["connect_timeout"] == [("5s", "default")]
    assert found["operations_directory"][0][1] == "XDG_STATE_HOME"


def test_settings_of_a_context_are_explained_with_what_they_overrule(
    full, jobctl, monkeypatch
) -> None:
    monkeypatch.setenv("JOBCTL_CONTEXT", "secret")
    monkeypatch.setenv("FAKTORY_URL", f"tcp://:{SECRET}@h")
    monkeypatch.setenv("FAKTORY_PROVIDER", "NOT_SET")
    found = explained(jobctl, "--context", "plain", url=f"redis://:{SECRET}@j")
    place = f"[contexts.plain] in {os.environ['JOBCTL_CONFIG']}"
    assert found["context"] == [("plain", "--context")]
    assert found["url"] == [("unix:///run/redis.sock", place)]
    assert found["layout"] == [("q", place)]
    assert found["password"] == [("from a file", place)]
    assert found["read_only"] == [(True, place)]
    assert found["protected"] == [(False, "default")]
    assert found["overruled"] == [
        ("redis://:***@j:6379/0", "JOBCTL_URL"),
        ("secret", "JOBCTL_CONTEXT"),
        ("tcp://:***@h:7419", "FAKTORY_URL"),
        ("NOT_SET, which is not set", "FAKTORY_PROVIDER"),
    ]
    found = explained(
        jobctl, "-u", "redis://:x@h", "--layout", "bare", "--connect-timeout", "1s", url=None
    )
    assert found["url"] == [("redis://:***@h:6379/0", "--url")]
    assert found["password"] == [("in the URL", "--url")]
    assert found["layout"] == [("bare", "--layout")]
    assert found["connect_timeout"] == [("1s", "--connect-timeout")]
    assert ("secret", "JOBCTL_CONTEXT") in found["overruled"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[contexts.prod\n", ":1:15: "),
        ("[contexts.prod]\nurl = 1\n", "url must be a string"),
        (None, " (from JOBCTL_CONFIG)\nhint: unset it"),
    ],
)
def test_a_config_file_that_cannot_be_used_is_a_problem_found(config, jobctl, text, said) -> None:
    file = config(text or "")
    if text is None:
        file.unlink()
    for fmt in FORMATS:
        ran = jobctl("config", "explain", "-o", fmt)
        assert ran.code == 8
        assert "journal" in ran.out
        assert ran.err.startswith("warning: ")
        assert said in ran.err
    assert json.loads(jobctl("config", "explain", "-o", "json").out)
    for argv in (("context", "ls"), ("context", "show", "prod")):
        ran = jobctl(*argv)
        assert (ran.code, ran.out) == (2, "")
    assert jobctl("config", "explain", "--context", "prod", url=None).code == 2


def test_what_is_used_is_not_overruled(full, jobctl, monkeypatch) -> None:
    monkeypatch.setenv("JOBCTL_CONTEXT", "secret")
    assert "overruled" not in explained(jobctl)
    monkeypatch.delenv("JOBCTL_CONTEXT")
    monkeypatch.setenv("FAKTORY_PROVIDER", "MINE")
    monkeypatch.setenv("MINE", f"tcp://:{SECRET}@h")
    found = explained(jobctl)
    assert found["faktory"] == [("tcp://:***@h:7419", "MINE, named by FAKTORY_PROVIDER")]
    assert found["url"] == [(None, None)]
    assert found["url_without_faktory"] == [("redis://127.0.0.1:6379/0", "the default")]
    assert "overruled" not in found


def test_a_server_alone_is_never_shown_as_one_pair_with_the_embedded_redis(
    jobctl, monkeypatch, running_at_home
) -> None:
    monkeypatch.setenv("FAKTORY_URL", "tcp://h")
    found = explained(jobctl)
    assert found["url"] == [(None, None)]
    assert found["url_without_faktory"] == [(running_at_home.url, "the embedded server")]
    assert found["faktory"] == [
        ("tcp://h:7419", "FAKTORY_URL; refused while the embedded server runs")
    ]
    ran = jobctl("config", "explain", url=None)
    assert (ran.code, "say which one, -u embedded:// or --faktory-url" in ran.err) == (0, True)
    assert jobctl("queue", "pause", "x", url=None).code == 2
    assert jobctl("retries", "count", url=None).out == "0\n"
    assert "url_without_faktory" not in explained(jobctl, url="redis://j")


def test_a_narrow_table_keeps_the_name_of_the_context(config, jobctl, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    config('[contexts.prod]\nurl = "redis://h"\nread_only = true\n')
    ran = jobctl("config", "explain", "--context", "prod", "-o", "table", url=None)
    lines = {line.split()[0]: line for line in ran.out.splitlines()}
    assert "[contexts.prod]" in lines["url"]
    assert "[contexts.prod]" in lines["read_only"]


def test_a_variable_that_is_not_set_is_said_with_its_key(full, jobctl) -> None:
    ran = jobctl("config", "explain", "--context", "prod", url=None)
    assert ran.code == 2
    assert "url of context prod needs the variable PW, which is not set" in ran.err


def test_no_file_of_ours_is_written(two, jobctl) -> None:
    before = two.read_bytes()
    two.chmod(stat.S_IRUSR)
    for argv in (("context", "ls"), ("context", "show", "here"), ("config", "explain")):
        assert jobctl(*argv).code == 0
    assert two.read_bytes() == before


def test_the_library_raises_what_the_command_line_prints(config) -> None:
    config("[contexts.prod]\nurl = 1\n")
    with pytest.raises(ConfigProblem, match="url must be a string"):
        connect(context="prod")
