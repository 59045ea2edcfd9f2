"""Whether the process of a holder is gone, as far as this machine can tell."""

import os
import subprocess
import sys
import time

import pytest

from jobctl.model.queue import Author, Lease
from jobctl.queues import holders
from jobctl.queues.holders import find_holders, process_name

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc")


@pytest.fixture
def dead(store):
    """Tell whether a holder counts as dead that is this process."""

    def look(pid, process):
        raw = Lease("x", Author("ann", "one", 1.0), pid, ["make"], process=process).encode()
        beat = store.server.now()
        client = store.backend.connection
        client.call("HSET", "jobctl:hold:q", "v", "1", "lease:x", raw, "beat:x", beat)
        (lease,) = find_holders(store.backend, ["q"])["q"].leases
        return lease.dead

    return look


@pytest.fixture
def child():
    """A process that ends when its input does."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        yield process


def test_who_runs_is_not_gone(dead, child):
    name = process_name(child.pid)
    assert name == process_name(child.pid)
    assert not dead(child.pid, name)
    assert dead(child.pid, f"{name}1")  # the pid was used again since
    assert not dead(child.pid, None)  # of an older jobctl


def test_who_ended_is_gone_also_before_its_parent_has_noticed(dead, child):
    name = process_name(child.pid)
    child.stdin.close()
    end = time.monotonic() + 5
    while not process_name(child.pid).endswith("/zombie") and time.monotonic() < end:
        time.sleep(0.01)
    assert dead(child.pid, name)
    child.wait()
    assert process_name(child.pid) is None
    assert dead(child.pid, name)


@pytest.mark.parametrize("part", [0, 1], ids=["another boot", "another container"])
def test_of_another_place_nobody_can_tell(dead, child, part):
    words = process_name(child.pid).split("/")
    words[part] = words[part][::-1]
    assert not dead(2**22 + 1, "/".join(words))


def test_a_process_of_another_user_that_is_hidden_is_not_gone(dead, child, monkeypatch):
    name = process_name(child.pid)
    monkeypatch.setattr(holders, "process_name", lambda pid: None)
    assert not dead(child.pid, name)

    def denied(pid, number):
        raise PermissionError

    monkeypatch.setattr(os, "kill", denied)
    assert not dead(child.pid, name)


def test_without_proc_the_pid_of_this_host_tells(dead, child, monkeypatch, tmp_path):
    monkeypatch.setattr(holders, "_PROC", tmp_path / "none")
    monkeypatch.setattr(holders.socket, "gethostname", lambda: "one")
    assert not dead(child.pid, None)
    child.stdin.close()
    child.wait()
    assert dead(child.pid, None)
    monkeypatch.setattr(holders.socket, "gethostname", lambda: "two")
    assert not dead(child.pid, None)
