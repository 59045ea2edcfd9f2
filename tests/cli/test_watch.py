"""``--watch`` and ``--wait``, and how they end."""

import json
import signal
import subprocess
import sys

from tests.builders import enqueue, job


def start(url, *argv):
    return subprocess.Popen(
        [sys.executable, "-m", "jobctl", "-u", url, *argv],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_watch_prints_again_until_ctrl_c(raw, url):
    enqueue(raw, "default", job("here-0000001"))
    with start(url, "status", "--watch=0.1", "here-0000001", "-o", "jsonl") as running:
        assert running.stdout is not None
        first, second = (json.loads(running.stdout.readline()) for _ in range(2))
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
    assert first["state"] == second["state"] == "enqueued"
    assert (running.returncode, err) == (130, "")


def test_ctrl_c_in_the_middle_of_a_wait_is_130_and_silent(raw, url):
    enqueue(raw, "default", job("here-0000001"))
    with start(url, "status", "here-0000001", "--wait", "dead", "--debug") as running:
        assert running.stderr is not None
        running.stderr.readline()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (130, "")
    assert "error" not in err
    assert "Traceback" not in err


def test_a_wait_that_ends_well_prints_the_answer(raw, jobctl):
    enqueue(raw, "default", job("here-0000001"))
    ran = jobctl("status", "here-0000001", "--wait", "enqueued", "-o", "json")
    assert ran.code == 0
    assert json.loads(ran.out)["state"] == "enqueued"


def test_a_wait_that_times_out_prints_the_answer_and_ends_with_6(raw, jobctl):
    enqueue(raw, "default", job("here-0000001"))
    ran = jobctl("status", "here-0000001", "--wait", "dead", "--timeout", "200ms", "-o", "json")
    assert ran.code == 6
    assert json.loads(ran.out)["state"] == "enqueued"
    assert json.loads(ran.err)["code"] == 6


def test_what_is_not_there_is_not_waited_for_where_gone_would_do(jobctl):
    assert jobctl("status", "jid-00000001", "--wait", "gone,dead", "--timeout", "30s").code == 4
