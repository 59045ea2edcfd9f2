"""``jobctl queue hold`` where things go wrong that nobody expects of them."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import redis

from jobctl import embedded
from jobctl.errors import Refused, Unreachable
from jobctl.model.queue import Author
from jobctl.queues import holding
from jobctl.queues.holding import Signals
from jobctl.queues.naming import Naming
from tests.builders import job, reservation
from tests.cli.holds import Holder, age, ended, leases, paused
from tests.embedded.servers import until

ANN = Author("ann", "one", 1000.0)


def hold_into(err, url, script):
    """Hold a queue with its stderr on a file, and return the exit code."""
    return subprocess.run(
        [sys.executable, "-m", "jobctl", "queue", "hold", "default", "--", "sh", "-c", script],
        env=os.environ | {"JOBCTL_URL": url}, stdin=subprocess.DEVNULL, stderr=err, check=False,
    ).returncode  # fmt: skip


@pytest.mark.parametrize(
    ("stderr", "script", "code"),
    [("pipe", "true", 0), ("pipe", "exit 3", 3), ("/dev/full", "exit 3", 3)],
)
def test_what_cannot_be_said_keeps_nothing_from_its_end(queues, url, stderr, script, code):
    if stderr == "pipe":
        read, write = os.pipe()
        os.close(read)  # nobody reads
    else:
        write = os.open(stderr, os.O_WRONLY)
    try:
        assert hold_into(write, url, script) == code
    finally:
        os.close(write)
    assert paused(queues) == []
    assert not queues.keys("jobctl:hold:*")


def test_a_command_of_another_user_is_waited_for_and_keeps_its_exit_code(monkeypatch):
    def denied(self, number):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(subprocess.Popen, "send_signal", denied)
    with Signals() as signals:
        code = signals.run(["sh", "-c", f"kill -TERM {os.getpid()}; sleep 0.2; exit 9"])
    assert (code, signals.caught) == (9, [signal.SIGTERM])


def test_a_terminal_that_closes_while_it_drains_is_a_hangup_and_no_failure(queues, url):
    queues.zadd("working", {reservation(job("held-0000001")): time.time() + 100})
    ours, its = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "jobctl", "queue", "hold", "default", "--drain", "60s", "--",
         "true"],
        env=os.environ | {"JOBCTL_URL": url}, stdin=its, stdout=its, stderr=its,
        start_new_session=True,
    )  # fmt: skip
    os.close(its)
    seen = b""
    while b"held-0000001" not in seen:
        seen += os.read(ours, 4096)
    os.close(ours)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    assert process.wait(10) == 129
    assert paused(queues) == []


def test_a_signal_just_before_the_command_begins_reaches_it():
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.run(["sleep", "20"]) == 143


def test_a_heart_beats_on_whatever_it_meets(queues, store, monkeypatch):
    monkeypatch.setattr(holding, "BEAT", 0.05)
    backend = store.backend
    opened = iter([OSError("too many open files"), Unreachable("away")])

    def reopen():
        problem = next(opened, None)
        if problem is not None:
            raise problem
        from jobctl import connect

        return connect(str(store.target)).backend

    said = []
    held = holding.QueueHold(backend, reopen, said.append)
    held.take(Naming(("default",)), ANN, 1, ["true"])
    try:
        age(queues, "default")
        (ident,) = leases(queues, "default")
        until(lambda: float(queues.hget("jobctl:hold:default", f"beat:{ident}")) > time.time() - 5)
    finally:
        held.leave()
    assert any("too many open files" in text for text in said)


def test_what_was_never_held_is_not_resumed(queues, store):
    queues.sadd("paused", "default")  # by another program: there is no note
    queues.hset("jobctl:hold:mailers", mapping={"v": "2", "lease:x": "{}"})
    held = holding.QueueHold(store.backend, lambda: store.backend, lambda text: None)
    with pytest.raises(Refused, match="another version"):
        held.take(Naming(("default", "mailers")), ANN, 1, ["true"])
    assert paused(queues) == ["default"]


def test_a_hold_whose_server_is_away_leaves_nothing_behind(queues, jobctl, url, faktory):
    queues.sadd("paused", "default")
    argv = ("-u", url, "--faktory-url", faktory.url)
    faktory.stop()
    assert jobctl("queue", "hold", "default", *argv, "--", "true").code == 3
    assert paused(queues) == ["default"]
    assert not queues.keys("jobctl:hold:*")


def test_who_resumes_slowly_is_not_taken_for_dead(queues, store, faktory, monkeypatch):
    monkeypatch.setattr(holding, "BEAT", 0.05)
    faktory.restart()

    def open_either():
        from jobctl import connect

        opened = connect(str(store.target), faktory_url=faktory.url)
        return opened.backend

    held = holding.QueueHold(open_either(), open_either, lambda text: None)
    held.take(Naming(("default",)), ANN, 1, ["true"])
    (ident,) = leases(queues, "default")
    slow, seen = threading.Event(), threading.Event()

    def wait(line):
        age(queues, "default")  # a minute without an answer
        seen.set()
        slow.wait(5)

    faktory.before("QUEUE RESUME", wait, times=1)
    leaving = threading.Thread(target=held.leave)
    leaving.start()
    try:
        assert seen.wait(5)
        until(lambda: float(queues.hget("jobctl:hold:default", f"beat:{ident}")) > time.time() - 5)
        assert store.backend.pauses.holds(["default"], store.server.now())["default"].leaving
    finally:
        slow.set()
        leaving.join()
        held.close()
    assert faktory.paused == set()
    assert not queues.keys("jobctl:*")


def test_a_pause_by_hand_while_the_last_holder_resumes_stays(queues, jobctl, url, faktory, store):
    argv = ("-u", url, "--faktory-url", faktory.url)
    faktory.restart()
    lease = holding.Lease("x", ANN, 1, ["true"])
    store.backend.pauses.take(["default"], lease, by_redis=False)
    queues.sadd("paused", "default")

    def leave(line):  # between the look and the pause; it tells the server a moment later
        assert store.backend.pauses.leave(["default"], "x", by_redis=False, before=[False]) == "w"
        later = threading.Timer(0.3, resume)
        later.start()

    def resume():
        faktory.memory.resume("default")
        with redis.Redis(unix_socket_path=queues.connection_pool.connection_kwargs["path"]) as own:
            own.delete("jobctl:hold:default")
            own.hdel("jobctl:paused", "default")

    faktory.before("QUEUE PAUSE", leave, times=1)
    ran = jobctl("queue", "pause", "default", "--reason", "INC-7", *argv)
    time.sleep(0.5)
    assert ran.code == 0
    assert faktory.paused == {"default"}
    assert paused(queues) == ["default"]
    assert "INC-7" in jobctl("queue", "ls", "-u", url).out


def test_after_a_restart_of_redis_the_living_are_heard_first(tmp_path):
    directory = tmp_path / "server"
    server, _ = embedded.start(directory, environ=os.environ)
    try:
        first, second = Holder(server.url, tmp_path), Holder(server.url, tmp_path)
        with redis.Redis(unix_socket_path=str(server.socket)) as raw:
            raw.sadd("queues", "default")
            living = first.start("default", script=first.wait_file("living"))
            leaving = second.start("default", script=second.wait_file("leaving"))
            age(raw, "default")  # as if Redis had been away for a minute
            raw.save()
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: embedded.find(directory) is None)
        second.touch("leaving")
        time.sleep(0.5)
        server, _ = embedded.start(directory, environ=os.environ)
        code, said = ended(leaving)
        assert code == 0
        assert "others hold" in said
        with redis.Redis(unix_socket_path=str(server.socket)) as raw:
            assert paused(raw) == ["default"]
            first.touch("living")
            assert ended(living)[0] == 0
            assert paused(raw) == []
    finally:
        embedded.stop(directory)
