"""Which Redis is meant, and what becomes of a connection that ends, stalls or is refused."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import hiredis
import pytest
import redis

from jobctl import connect, embedded
from jobctl.config.levels import DEFAULT_URL, choose_level
from jobctl.errors import ConnectionLost, NoPermission, Unreachable
from jobctl.model.target import Target
from jobctl.redis.connection import Connection, pack
from tests.builders import NOW, failed
from tests.redis import doubles

JOBS = 15_000
DEBIAN = shutil.which("redis-server")


def fill(raw: redis.Redis, count: int) -> None:
    for start in range(0, count, 1000):
        raw.zadd("retries", {failed(f"jid-{i:08}"): NOW + i for i in range(start, start + 1000)})


@pytest.fixture
def second(tmp_path: Path) -> Iterator[embedded.EmbeddedServer]:
    """A server of the test's own, where XDG_STATE_HOME=tmp_path would look for it."""
    directory = tmp_path / "jobctl" / "embedded"
    running, _ = embedded.start(directory, environ=os.environ)
    yield running
    embedded.stop(directory)


@pytest.fixture
def connection(server: embedded.EmbeddedServer, raw: redis.Redis) -> Iterator[Connection]:
    opened = Connection(Target.parse(server.url), connect_timeout=1, trace=None)
    opened.open()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("flag", "environ", "running", "door"),
    [
        ("redis://a", {"JOBCTL_URL": "b", "REDIS_URL": "c"}, pytest.fail, ("redis://a", "--url")),
        (
            None, {"JOBCTL_URL": "redis://b", "REDIS_URL": "c"}, pytest.fail,
            ("redis://b", "JOBCTL_URL"),
        ),
        (
            None, {"JOBCTL_URL": "", "REDIS_URL": "redis://c"}, pytest.fail,
            ("redis://c", "REDIS_URL"),
        ),
        (None, {}, lambda: "unix:///d", ("unix:///d", "the embedded server")),
        (None, {}, lambda: None, (DEFAULT_URL, "the default")),
    ],
)  # fmt: skip
def test_the_first_that_names_a_redis_wins(flag, environ, running, door) -> None:
    found = choose_level(flag, None, environ, running).redis
    assert (found.url, found.source) == door


def test_an_embedded_server_that_runs_is_found_without_a_url(second, tmp_path, jobctl, url) -> None:
    home = {"XDG_STATE_HOME": str(tmp_path)}
    for named, environ in ((None, home), ("embedded://", home), (f"embedded://{tmp_path}", {})):
        named = f"{named}/jobctl/embedded" if named and str(tmp_path) in named else named
        with connect(named, environ=environ) as store:
            assert store.target.path == str(second.socket)
    with connect(environ=home | {"REDIS_URL": url}) as store:
        assert store.target.path == Target.parse(url).path
    ran = jobctl("info", "--url", second.url, "-o", "json", url=url)
    assert json.loads(ran.out)["target"] == second.url


def test_an_embedded_server_that_does_not_run_is_said_not_to(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=f"no embedded server runs in {tmp_path}") as caught:
        connect(f"embedded://{tmp_path}")
    assert "jobctl server start" in (caught.value.hint or "")


@pytest.mark.skipif(DEBIAN is None, reason="no redis-server on PATH")
def test_the_server_of_the_distribution_will_do(tmp_path: Path, jobctl) -> None:
    path = tmp_path / "r.sock"
    with subprocess.Popen(
        [DEBIAN, "--port", "0", "--unixsocket", path, "--save", "", "--dir", tmp_path],
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            with redis.Redis(unix_socket_path=str(path)) as raw:
                for _ in range(200):
                    with contextlib.suppress(redis.ConnectionError):
                        fill(raw, 1000)
                        break
                    time.sleep(0.05)
            ran = jobctl("status", "jid-00000999", "-o", "json", url=f"unix://{path}")
            assert json.loads(ran.out)["state"] == "retrying"
            assert json.loads(jobctl("info", "-o", "json", url=f"unix://{path}").out)["server"]
        finally:
            process.kill()


def test_a_server_that_is_killed_in_the_middle_of_a_listing_is_one_clear_error(second) -> None:
    with redis.Redis(unix_socket_path=str(second.socket)) as raw:
        fill(raw, JOBS)
    argv = [sys.executable, "-m", "jobctl", "-u", second.url, "retries", "ls", "-o", "json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listing:
        assert listing.stdout is not None
        assert listing.stdout.readline() == b"[\n"  # the pipe is full now, and most not yet read
        os.kill(second.pid, signal.SIGKILL)
        rest, err = listing.communicate(timeout=20)
    assert listing.returncode == 3
    assert 0 < rest.count(b"\n") < JOBS
    assert not rest.rstrip().endswith(b"]")
    told = json.loads(err)
    assert told["message"] == f"the connection to {second.url} was lost"
    assert told["hint"] == "did the server stop?"


@pytest.mark.parametrize("argv", [("retries", "ls"), ("status", "jid-x"), ("queue", "ls")])
def test_a_line_that_is_cut_is_one_clear_error_in_every_form(raw, server, jobctl, argv) -> None:
    fill(raw, 2000)
    raw.sadd("queues", *(f"queue-{i}" for i in range(1000)))
    with doubles.serving(doubles.proxy(server.socket, cut_after=10_000)) as port:
        url = f"redis://127.0.0.1:{port}/0"
        plain, as_json = jobctl(*argv, url=url), jobctl(*argv, "-o", "json", url=url)
    assert plain.code == as_json.code == 3
    assert plain.err.startswith(f"error: the connection to {url} was lost\nhint: did the server")
    assert json.loads(as_json.err)["code"] == 3


def test_a_reply_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch, jobctl) -> None:
    monkeypatch.setattr("jobctl.redis.connection.REPLY_TIMEOUT", 0.2)
    with doubles.serving(doubles.redis_double(ZRANGE=None)) as port:
        ran = jobctl("dead", "ls", url=f"redis://127.0.0.1:{port}/0")
    assert (ran.code, ran.out) == (3, "")
    assert f"no answer from redis://127.0.0.1:{port}/0 within 0.2 s" in ran.err
    assert "slowlog" in ran.err


def test_the_url_may_say_how_long_to_wait(jobctl) -> None:
    with doubles.serving(doubles.redis_double(ZRANGE=None)) as port:
        ran = jobctl("dead", "ls", url=f"redis://127.0.0.1:{port}/0?socket_timeout=0.2")
        assert f"no answer from redis://127.0.0.1:{port}/0 within 0.2 s" in ran.err
    with doubles.serving(doubles.greeting(b"")) as port:
        url = f"redis://127.0.0.1:{port}/0?connectTimeout=100"
        assert "within 0.1 s" in jobctl("dead", "ls", url=url).err
        assert "within 0.2 s" in jobctl("dead", "ls", "--connect-timeout", "200ms", url=url).err


def test_the_url_may_say_which_version_of_ip(jobctl) -> None:
    with doubles.serving(doubles.redis_double(ZCARD=b":7\r\n")) as port:
        assert jobctl("dead", "count", url=f"redis://127.0.0.1:{port}?family=4").out == "7\n"
        ran = jobctl("dead", "count", url=f"redis://127.0.0.1:{port}?family=6")
        assert (ran.code, ran.out) == (3, "")


def test_after_the_handshake_replies_may_take_longer_than_connecting(jobctl) -> None:
    with doubles.serving(doubles.redis_double(ZCARD=doubles.late(b":7\r\n", 0.3))) as port:
        argv = ("dead", "count", "--connect-timeout", "100ms")
        assert jobctl(*argv, url=f"redis://127.0.0.1:{port}/0").out == "7\n"


def test_a_refusal_in_the_middle_leaves_the_other_replies_and_the_connection(raw, connection):
    raw.set("dead", "no set")
    commands = [("ZCARD", "retries"), ("ZCARD", "dead"), ("ZCARD", "scheduled")]
    before, refused, after = connection.attempt(commands)
    assert (before, after) == (0, 0)
    assert "the key dead" in str(refused)
    with pytest.raises(type(refused)):
        connection.pipe(commands)
    assert connection.call("ZCARD", "retries") == 0


def test_a_stream_that_is_left_early_leaves_the_connection_usable(raw, connection) -> None:
    raw.set("count", 0)
    stream = connection.stream(lambda replies: [("INCR", "count")])
    assert next(stream) == [1]
    with pytest.raises(RuntimeError):
        connection.call("PING")  # its reply would be the stream's
    stream.close()
    assert connection.call("GET", "count") == b"2"


def test_a_stream_whose_line_is_lost_when_it_is_left_says_so_to_the_next(server, raw) -> None:
    with doubles.serving(doubles.proxy(server.socket, cut_after=30)) as port:
        target = Target.parse(f"redis://127.0.0.1:{port}/0")
        opened = Connection(target, connect_timeout=1, trace=None)
        opened.open()
        stream = opened.stream(lambda replies: [("ECHO", "twenty characters..")])
        assert next(stream) == [b"twenty characters.."]
        stream.close()
        with pytest.raises(ConnectionLost, match="is closed"):
            opened.call("PING")
        opened.close()


def test_a_trace_names_commands_and_sizes_and_no_control_character(raw, server) -> None:
    lines: list[str] = []
    with connect(server.url, trace=lines.append) as store:
        list(store.retries.find(["a\x1b[31m" + "x" * 500]))
    assert "> INFO server" in lines
    assert not any(c < " " for line in lines for c in line)
    assert max(map(len, lines)) < 400


def test_a_denied_clock_leaves_ours(raw, server) -> None:
    raw.execute_command("ACL", "SETUSER", "ada", "on", ">pw", "~*", "+@all", "-time", "-info")
    try:
        with connect(f"unix://ada:pw@{server.socket}") as store:
            assert store.server.now() == pytest.approx(time.time(), abs=2)
            assert store.server.facts() is None
        raw.execute_command("ACL", "SETUSER", "ada", "resetkeys", "~queues")
        with connect(f"unix://ada:pw@{server.socket}") as store, pytest.raises(NoPermission):
            store.dead.count()
    finally:
        raw.execute_command("ACL", "DELUSER", "ada")


def test_ctrl_c_while_a_command_is_sent_ends_the_connection(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(pieces: object) -> list[bytes]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("jobctl.redis.connection.pack", half)
        with pytest.raises(KeyboardInterrupt):
            connection.call("PING")
    with pytest.raises(ConnectionLost, match="is closed"):
        connection.call("PING")


ALIKE = [b"%036d" % i for i in range(100)]


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "key"),
        ("ZADD", b"key", 1, 2.5, "Zoë", b"\xff\x00\r\n"),
        ("SMISMEMBER", b"key", *ALIKE),
        ("SMISMEMBER", "key", *ALIKE[:31], b"longer" * 10, *ALIKE),
        ("SADD", b"key", *ALIKE, "text of the same length as the others"),
        ("SADD", b"key", *[b""] * 50),
        ("EXISTS", *ALIKE),
        (b"ZADD", b"key", *range(50)),
    ],
    ids=lambda command: str(command)[:40],
)
def test_a_command_is_packed_as_hiredis_does_it(command):
    assert pack([command, ("PING",)]) == [hiredis.pack_command(command) + b"*1\r\n$4\r\nPING\r\n"]


def test_a_large_word_is_sent_without_a_copy():
    large = b"x" * 5_000_000
    command = ("EVAL", "return 1", 0, "é", 2.5, large)
    pieces = pack([command])
    assert b"".join(pieces) == hiredis.pack_command(command)
    assert any(piece is large for piece in pieces)
