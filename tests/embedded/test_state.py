"""What is known about a server: `find`, the state file, the default directory."""

import fcntl
import json
import os
import time
from pathlib import Path

import pytest

from jobctl import embedded
from tests.embedded.servers import ENVIRON, ask, nothing_is_left, start


def known(**but):
    return json.dumps({"pid": 2**31 - 1, "socket": "/no/s", "binary": "b", "started_at": ""} | but)


def test_a_started_server_is_found_and_a_stopped_one_is_gone(home, monkeypatch):
    assert embedded.find(home) is embedded.stop(home) is None
    assert not home.exists()
    server = start(home)
    monkeypatch.chdir(home.parent)
    for directory in (home, Path(home.name)):
        assert embedded.find(directory) == server
        assert embedded.start(directory, environ=ENVIRON) == (server, False)
    assert server.directory == home
    assert server.url == f"unix://{home}/server.sock"
    assert time.strptime(server.started_at, "%Y-%m-%dT%H:%M:%SZ")
    assert ask(server, "DBSIZE") == 0
    assert embedded.stop(Path(home.name)) == server
    assert embedded.find(home) is embedded.stop(home) is None
    assert nothing_is_left(home)
    with pytest.raises(ChildProcessError):
        os.waitpid(server.pid, os.WNOHANG)  # reaped


GARBAGE = ["", "\udcff\0", "[" * 100_000, "[1]", '{"pid": "1"}']
LIES = [known(pid=1), known(pid=1e400), known(socket="\0"), known()]


@pytest.mark.parametrize("garbage", [*GARBAGE, *LIES], ids=range(9))
def test_garbage_in_the_state_file_is_no_server(home, garbage):
    home.mkdir(mode=0o700)
    (home / "server.json").write_bytes(os.fsencode(garbage))
    with (home / "server.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert embedded.find(home) is None
    assert embedded.stop(home) is None
    assert nothing_is_left(home)


def test_finding_imports_nothing_heavy(home, spawn):
    start(home)
    heavy = {"subprocess", "tempfile", "socket", "shutil", "redis"}
    look = spawn(f"assert embedded.find(home)\nprint({heavy!r} & set(sys.modules))")
    assert look.communicate() == ("set()\n", "")


def test_the_default_directory_follows_the_xdg_specification():
    local = Path("/home/ann/.local/state/jobctl/embedded")
    for state in ({}, {"XDG_STATE_HOME": ""}, {"XDG_STATE_HOME": "relative"}):
        assert embedded.default_directory({"HOME": "/home/ann", **state}) == local
    assert embedded.default_directory({"XDG_STATE_HOME": "/s"}) == Path("/s/jobctl/embedded")
    assert embedded.default_directory({}).is_absolute()
