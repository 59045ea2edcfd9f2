"""``jobctl queue hold``: whatever becomes of the command, the queues are resumed."""

import json
import os
import re
import signal
import time

import pytest
import redis

from jobctl import embedded
from jobctl.model.queue import Author, Lease
from tests.builders import job, reservation
from tests.cli.holds import Holder, age, ended, holders, kill, leases, paused
from tests.embedded.servers import until


def test_the_queues_are_paused_while_the_command_runs_and_resumed_after_it(queues, holder, jobctl):
    holder.environ["USER"] = "ann"
    argv = ("default", "mailers", "--reason", "4711")
    process = holder.start(*argv, script=holder.wait_file("end"))
    assert paused(queues) == ["default", "mailers"]
    first, second = holders(jobctl("queue", "ls", "-o", "json").out)
    assert first == second
    assert [first[key] for key in ("who", "reason", "pid", "dead")] == [
        "ann", "4711", process.pid, False,
    ]  # fmt: skip
    assert first["command"][0] == "sh"
    holder.touch("end")
    code, said = ended(process)
    assert (code, said) == (0, "holding default, mailers\nresumed default, mailers\n")
    assert paused(queues) == []
    assert not queues.keys("jobctl:hold:*")


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 3", 3), ("exit 255", 255), ("kill -9 $$", 137), ("kill -TERM $$", 143)],
)
def test_the_exit_code_is_the_commands(queues, holder, script, code):
    assert ended(holder.start("default", script=script))[0] == code
    assert paused(queues) == []


def test_stdin_and_stdout_are_the_commands(queues, jobctl, capfd):
    assert jobctl("queue", "hold", "default", "--", "sh", "-c", "echo out; echo err >&2").code == 0
    assert capfd.readouterr() == ("out\n", "err\n")


def test_the_command_line_is_split_at_its_first_two_dashes(queues, jobctl, tmp_path):
    file = tmp_path / "words"
    script = 'printf "%s\\n" "$@" > ' + str(file)
    ran = jobctl("queue", "hold", "default", "--", "sh", "-c", script, "-o", "a b", "--", "--yes")
    assert ran.code == 0
    assert file.read_text().splitlines() == ["a b", "--", "--yes"]


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("default",), 2, "there is no command"),
        (("default", "--"), 2, "there is no command"),
        (("default", "true"), 2, "there is no command"),
        (("--", "true"), 2, "which queue?"),
        (("a b", "--", "true"), 4, "there is no queue a b"),
        (("nope", "--", "true"), 4, "there is no queue nope"),
        (("default", "nope", "--", "true"), 4, "there is no queue nope"),
        (("--glob", "x*", "--", "true"), 4, "there is no queue to hold"),
        (("default", "--", "no-such-command"), 127, "there is no such command"),
        (("default", "--", __file__), 126, "it cannot be run"),
        (("default", "--drain", "x", "--", "true"), 2, "is not a duration"),
        (("default", "--drain", "--", "true"), 2, ""),
    ],
)
def test_what_makes_no_sense_pauses_nothing(queues, jobctl, argv, code, said):
    ran = jobctl("queue", "hold", *argv)
    assert ran.code == code
    assert said in ran.err
    assert paused(queues) == []
    assert not queues.keys("jobctl:*")


def test_a_program_that_turns_out_not_to_run_resumes_as_well(queues, jobctl, tmp_path):
    program = tmp_path / "program"
    for text, code in (
        (b"#!/no/such/interpreter\n", 127),
        (b"\x7fELF nonsense", 126),
        (b"exit", 126),
    ):
        program.write_bytes(text)  # a shell would guess what the last one is; the system does not
        program.chmod(0o755)
        ran = jobctl("queue", "hold", "default", "--", str(program))
        assert (ran.code, paused(queues)) == (code, [])
    assert f"{program} could not be run: Exec format error" in ran.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_goes_to_the_command_and_the_queues_are_resumed(queues, holder, number):
    script = f"trap 'exit 9' {number.name[3:]}; {holder.wait_file('never')}"
    process = holder.start("default", script=script)
    process.send_signal(number)
    assert ended(process)[0] == 9
    assert paused(queues) == []


def test_a_signal_that_kills_the_command_is_its_exit_code(queues, holder):
    process = holder.start("default", script="exec sleep 30")
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 143
    assert paused(queues) == []


def test_ctrl_c_twice_while_the_command_ends_still_resumes(queues, holder):
    script = f"trap 'sleep 0.4; exit 5' INT; {holder.wait_file('never')}"
    process = holder.start("default", script=script)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    assert ended(process)[0] in (5, 130)
    assert paused(queues) == []
    assert not queues.keys("jobctl:hold:*")


def test_what_was_ignored_stays_ignored(queues, holder):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = holder.start("default", script=holder.wait_file("end"))
    finally:
        signal.signal(signal.SIGHUP, before)
    os.killpg(process.pid, signal.SIGHUP)  # the terminal closes on a nohup
    time.sleep(0.2)
    assert paused(queues) == ["default"]
    holder.touch("end")
    assert ended(process)[0] == 0
    assert paused(queues) == []


def test_a_holder_that_was_killed_leaves_the_queue_paused_and_a_dead_lease(queues, holder, jobctl):
    process = holder.start("default", script=holder.wait_file("end"))
    kill(process)
    holder.touch("end")
    assert paused(queues) == ["default"]
    assert [h["dead"] for h in holders(jobctl("queue", "ls", "-o", "json").out)] == [True]
    jobctl("queue", "resume", "default").fails(7, "queue resume --stale default")
    assert jobctl("queue", "resume", "--stale", "default").code == 0
    assert paused(queues) == []


def test_a_holder_of_another_machine_is_dead_once_it_was_silent_for_long(queues, holder, jobctl):
    process = holder.start("default", script=holder.wait_file("end"))
    kill(process)
    holder.touch("end")
    (ident,) = leases(queues, "default")
    lease = json.loads(queues.hget("jobctl:hold:default", f"lease:{ident}"))
    boot, rest = lease["process"].split("/", 1)
    for elsewhere in (f"{boot[::-1]}/{rest}", None):
        lease["process"] = elsewhere
        queues.hset("jobctl:hold:default", f"lease:{ident}", json.dumps(lease))
        assert [h["dead"] for h in holders(jobctl("queue", "ls", "-o", "json").out)] == [False]
        ran = jobctl("queue", "resume", "--stale", "default", tty=True)
        assert (ran.code, paused(queues)) == (0, ["default"])
        assert re.search(r"unless heard of again, dead in (2\d|30) s: then jobctl queue resume "
                         r"--stale default", ran.out)  # fmt: skip
        assert "default: held by " in jobctl("queue", "resume", "--stale", "default").err
    age(queues, "default")
    assert [h["dead"] for h in holders(jobctl("queue", "ls", "-o", "json").out)] == [True]
    assert jobctl("queue", "resume", "--stale", "default").code == 0
    assert paused(queues) == []


def test_the_way_to_clear_a_dead_holder_quotes_the_name(queues, store, jobctl):
    queues.sadd("queues", "late mails")
    lease = Lease("1f", Author("ann", "elsewhere", store.server.now()), 1, ["deploy"])
    store.backend.pauses.take(["late mails"], lease, by_redis=True)
    ran = jobctl("queue", "resume", "--stale", "late mails", tty=True)
    assert "then jobctl queue resume --stale 'late mails'\n" in ran.out


def test_a_holder_that_lives_is_not_taken_for_dead(queues, holder, jobctl):
    process = holder.start("default", script=holder.wait_file("end"))
    assert jobctl("queue", "resume", "--stale", "default").code == 0
    assert paused(queues) == ["default"]
    (ident,) = leases(queues, "default")
    lease = json.loads(queues.hget("jobctl:hold:default", f"lease:{ident}"))
    lease["process"] = f"{lease['process']}0"  # its pid was used again since
    queues.hset("jobctl:hold:default", f"lease:{ident}", json.dumps(lease))
    assert jobctl("queue", "resume", "--stale", "default").code == 0
    assert paused(queues) == []
    holder.touch("end")
    ended(process)


def test_of_two_holds_the_last_one_out_resumes(queues, holder):
    first, last = (holder.start("default", script=holder.wait_file(name)) for name in "ab")
    assert len(leases(queues, "default")) == 2
    holder.touch("a")
    code, said = ended(first)
    assert code == 0
    assert "others hold, so that they stay paused: default" in said
    assert paused(queues) == ["default"]
    holder.touch("b")
    assert ended(last)[0] == 0
    assert paused(queues) == []


def test_a_resume_by_hand_meanwhile_needs_force_and_the_holder_is_told(queues, holder, jobctl):
    holder.environ["PYTHONPATH"] = str(fast_beat(holder))
    process = holder.start("default", script=holder.wait_file("end"))
    assert jobctl("queue", "resume", "default").code == 7
    assert jobctl("queue", "resume", "default", "--force").code == 0
    time.sleep(0.6)
    holder.touch("end")
    code, said = ended(process)
    assert code == 0
    assert "somebody resumed it: its jobs run while it is held" in said
    assert "were resumed meanwhile: default" in said


def fast_beat(holder):
    """Return a directory that makes hearts beat five times a second, where Python finds it."""
    directory = holder.directory / "site"
    directory.mkdir()
    here = os.environ.get("PYTHONPATH", "")
    (directory / "sitecustomize.py").write_text(
        "import jobctl.model.queue\njobctl.model.queue.BEAT = 0.2\n"
    )
    return f"{directory}:{here}" if here else directory


def test_a_connection_that_is_cut_meanwhile_is_made_again(queues, holder):
    holder.environ["PYTHONPATH"] = str(fast_beat(holder))
    process = holder.start("default", script=holder.wait_file("end"))
    time.sleep(0.5)
    queues.client_kill_filter(_type="normal", skipme=True)
    time.sleep(0.5)
    queues.client_kill_filter(_type="normal", skipme=True)
    holder.touch("end")
    assert ended(process)[0] == 0
    assert paused(queues) == []
    assert not queues.keys("jobctl:hold:*")


def test_with_drain_the_command_runs_once_the_queues_are_idle(queues, jobctl, quick):
    begun = time.monotonic()
    assert jobctl("queue", "hold", "default", "--drain", "20s", "--", "true").code == 0
    assert time.monotonic() - begun >= 0.3
    assert paused(queues) == []


def test_where_they_do_not_become_idle_in_time_nothing_runs_and_they_are_resumed(
    queues, jobctl, tmp_path
):
    queues.zadd("working", {reservation(job("held-0000001")): time.time() + 100})
    file = tmp_path / "ran"
    ran = jobctl("queue", "hold", "default", "--drain", "500ms", "--", "touch", str(file))
    assert ran.code == 6
    assert "not idle after 0.5 s: 1 job runs: held-0000001 SendEmail" in ran.err
    assert "touch was not run" in ran.err
    assert not file.exists()
    assert paused(queues) == []
    assert not queues.keys("jobctl:hold:*")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_it_drains_resumes_and_runs_nothing(queues, holder, number, code):
    queues.zadd("working", {reservation(job("held-0000001")): time.time() + 100})
    process = None
    try:
        process = holder_started(holder)
        until(lambda: paused(queues) == ["default"])
        time.sleep(0.3)
        process.send_signal(number)
        assert ended(process)[0] == code
    finally:
        if process is not None and process.poll() is None:
            process.kill()
    assert paused(queues) == []
    assert not (holder.directory / "ran").exists()


def holder_started(holder):
    import subprocess
    import sys

    return subprocess.Popen(
        [sys.executable, "-m", "jobctl", "queue", "hold", "default", "--drain", "60s", "--",
         "touch", str(holder.directory / "ran")],
        env=os.environ | {"JOBCTL_URL": holder.url}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture
def own(tmp_path):
    """A server of this test's own, to be killed."""
    directory = tmp_path / "server"

    def start():
        running, _ = embedded.start(directory, environ=os.environ)
        return running

    yield start
    embedded.stop(directory)


def test_a_redis_that_is_restarted_in_the_middle_is_waited_for(own, tmp_path):
    server = own()
    holder = Holder(server.url, tmp_path)
    with redis.Redis(unix_socket_path=str(server.socket)) as raw:
        raw.sadd("queues", "default")
        process = holder.start("default", script=holder.wait_file("end"))
        assert paused(raw) == ["default"]
        os.kill(server.pid, signal.SIGKILL)
    until(lambda: embedded.find(tmp_path / "server") is None)
    holder.touch("end")
    time.sleep(1.2)  # it tries to resume, and cannot
    assert process.poll() is None
    server = own()
    code, said = ended(process)
    assert code == 0
    assert "cannot resume yet, trying again: " in said
    with redis.Redis(unix_socket_path=str(server.socket)) as raw:
        assert paused(raw) == []
        assert not raw.keys("jobctl:hold:*")


def test_a_redis_that_stays_away_is_a_failure_with_the_way_out(own, tmp_path):
    server = own()
    holder = Holder(server.url, tmp_path)
    with redis.Redis(unix_socket_path=str(server.socket)) as raw:
        raw.sadd("queues", "default")
    codes = {"true": 1, "exit 7": 7}
    waits = holder.wait_file("end")
    holding = [holder.start("default", script=f"{waits}; {script}") for script in codes]
    embedded.stop(tmp_path / "server")
    holder.touch("end")
    time.sleep(1.5)
    for process, code in zip(holding, codes.values(), strict=True):
        process.send_signal(signal.SIGTERM)  # whoever waits has no patience
        found, said = ended(process)
        assert found == code
        assert "the queues are still paused: " in said
        assert "jobctl queue resume --stale default" in said
