"""Ends, peaceful or not, and starting again afterwards."""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from jobctl import embedded
from jobctl.errors import ServerProblem
from tests.embedded.servers import ask, kill, lock_is_free, nothing_is_left, start

# Start a server, and get killed just before the step that MOMENT names.
CRASH = """
import signal
from jobctl.embedded import launch
setattr(launch, os.environ["MOMENT"], lambda *args, **named: os.kill(os.getpid(), signal.SIGKILL))
embedded.start(home, environ=os.environ)
"""


def test_the_data_survives_a_stop_and_a_kill(home, program):
    server = start(home, JOBCTL_SERVER_BINARY=program)
    assert server.binary == program
    ask(server, "SET", "colour", "blue")
    embedded.stop(home)
    server = start(home, JOBCTL_SERVER_BINARY=program)
    # By default a write is acknowledged before it is in the file when an fsync goes on.
    ask(server, "CONFIG SET", "appendfsync", "always")
    ask(server, "SET", "size", "big")
    kill(server)
    assert embedded.find(home) is None
    assert server.socket.exists()
    again = start(home, JOBCTL_SERVER_BINARY=program)
    assert again.pid != server.pid
    assert ask(again, "EXISTS", "colour", "size") == ask(again, "DBSIZE") == 2


def test_what_a_dead_server_left_costs_no_process_and_no_file(home, tmp_path, spawn):
    kill(start(home))
    innocent = spawn("sys.stdin.readline()")  # leads a group of its own, as a server does
    precious = tmp_path / "precious"
    precious.touch()
    known = json.loads((home / "server.json").read_text())
    known |= {"pid": innocent.pid, "socket": str(precious)}
    (home / "server.json").write_text(json.dumps(known))
    (home / "server.lock").write_text(json.dumps(known))
    assert embedded.find(home) is embedded.stop(home) is None
    assert (home / "server.sock").is_socket()  # a stale one: it is no obstacle
    start(home)
    assert innocent.poll() is None
    assert precious.exists()


@pytest.mark.parametrize("name", ["server.json", "server.sock"])
def test_a_server_that_cannot_be_found_any_more_is_replaced(home, name):
    first = start(home)
    ask(first, "SET", "colour", "blue")
    (home / name).unlink()
    (home / name).write_text("garbage")
    assert embedded.find(home) is None
    second = start(home)
    assert second.pid != first.pid
    assert ask(second, "EXISTS", "colour") == 1


def test_a_server_that_does_not_end_is_killed(home):
    server = start(home)
    os.kill(server.pid, signal.SIGSTOP)
    assert embedded.stop(home, timeout=0.1) == server
    assert nothing_is_left(home)


@pytest.mark.parametrize("moment", ["replace", "wait_until_ready"])
def test_a_start_that_was_killed_halfway_is_made_good(home, program, spawn, moment):
    starter = spawn(CRASH, MOMENT=moment, JOBCTL_SERVER_BINARY=program)
    assert starter.wait(10) == -signal.SIGKILL
    noted = json.loads((home / "server.lock").read_text())["pid"]
    assert bool(noted) == (moment == "wait_until_ready")
    assert not lock_is_free(home)
    assert embedded.find(home) is None
    assert ask(start(home), "PING")


def test_a_copied_directory_leaves_the_original_alone(home, tmp_path):
    server = start(home)
    copy = tmp_path / "copy"
    shutil.copytree(home, copy, ignore=lambda _, names: {n for n in names if ".sock" in n})
    copy.chmod(0o700)
    try:
        assert embedded.find(copy) is None
        start(copy)
        assert embedded.find(home) == server
        assert ask(server, "PING")
    finally:
        embedded.stop(copy)
    assert ask(server, "PING")


def test_a_server_of_another_machine_is_not_killed_by_its_process_number(home):
    server = start(home)
    for name in ("server.lock", "server.json"):
        known = json.loads((home / name).read_bytes()) | {"host": "another-machine"}
        (home / name).write_text(json.dumps(known))
    with pytest.raises(ServerProblem, match="another-machine"):
        embedded.stop(home)
    assert ask(server, "PING")
    for name in ("server.lock", "server.json"):
        known = json.loads((home / name).read_bytes()) | {"host": server.host}
        (home / name).write_text(json.dumps(known))


def test_a_server_inherits_no_secret(home):
    server = start(home, JOBCTL_URL="redis://:hunter2@localhost")
    environ = Path(f"/proc/{server.pid}/environ")
    if environ.exists():
        assert b"hunter2" not in environ.read_bytes()
    else:
        assert sys.platform != "linux"
