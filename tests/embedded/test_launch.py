"""What a server is born with: settings, no foreign descriptors; and signals meanwhile."""

import fcntl
import os
import signal
import subprocess

import pytest

from jobctl import embedded
from tests.embedded.servers import ask, lock_is_free, nothing_is_left, script, start, until

START = "print(embedded.start(home, environ=os.environ)[0].pid, flush=True); sys.stdin.readline()"


def test_the_server_opens_no_port_and_writes_no_snapshots(home):
    expected = {"port": "0", "save": "", "appendonly": "yes", "logfile": f"{home}/server.log"}
    assert ask(start(home), "CONFIG GET", *expected) == expected


def test_a_script_around_the_server_works_and_the_starters_locale_does_not_matter(home, tmp_path):
    text = 'test "$LC_ALL" = C || exit 9; SERVER; exit 1'
    program = script(tmp_path / "program", text)
    server = start(home, LC_ALL="xx_YY.UTF-8", JOBCTL_SERVER_BINARY=program)
    assert ask(server, "PING")
    assert embedded.stop(home) == server
    assert nothing_is_left(home)


def test_the_server_inherits_its_lock_and_nothing_else(home):
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    start(home)
    os.close(writer)
    os.set_blocking(reader, False)
    assert os.read(reader, 1) == b""  # nobody else could write into the pipe
    os.close(reader)
    assert not lock_is_free(home)
    with (home / "start.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_server_survives_a_ctrl_c_at_its_starter(home, spawn):
    starter = spawn(START)
    pid = int(starter.stdout.readline())
    os.killpg(starter.pid, signal.SIGINT)
    assert starter.wait(10) != 0
    server = embedded.find(home)
    assert server.pid == pid
    assert ask(server, "PING")
    assert embedded.stop(home) == server


def test_a_ctrl_c_during_the_start_leaves_nothing_running(home, tmp_path, spawn):
    starter = spawn(START, JOBCTL_SERVER_BINARY=script(tmp_path / "slow", "sleep 60"))
    until(lambda: home.exists() and not lock_is_free(home))
    os.killpg(starter.pid, signal.SIGINT)
    _, errors = starter.communicate(timeout=10)
    assert "KeyboardInterrupt" in errors
    until(lambda: nothing_is_left(home))


def test_a_ctrl_c_is_held_back_until_the_child_is_known(home, monkeypatch):
    children = []
    init = subprocess.Popen.__init__

    def interrupted(self, *args, **named):
        init(self, *args, **named)
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
