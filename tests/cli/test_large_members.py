"""Members of tens of megabytes: calls with one of them each, and memory for a few."""

import os
import subprocess
import sys

import pytest

from tests.builders import failed, retry

SIZE = 24 * 1024 * 1024
MOST = 4 * SIZE + 100 * 1024 * 1024


@pytest.mark.parametrize(
    "argv",
    [
        ("retries", "ls", "-o", "json"),
        ("retries", "ls", "-o", "wide"),
        ("retries", "kill", "--all", "--dry-run"),
        ("retries", "requeue", "--all", "--reset-retries", "--spread", "1h", "--yes"),
    ],
    ids=lambda argv: argv[1] + argv[-1],
)
def test_memory_is_bounded_by_the_largest_member(raw, url, tmp_path, argv):
    retry(raw, *(failed(f"large-{i}", args=["x" * SIZE]) for i in range(3)))
    with subprocess.Popen(
        [sys.executable, "-m", "jobctl", *argv],
        env=os.environ | {"JOBCTL_URL": url, "XDG_STATE_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
    ) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0
    assert used.ru_maxrss * 1024 < MOST


def test_each_large_member_is_changed_by_a_call_of_its_own(raw, store):
    retry(raw, *(failed(f"large-{i}", args=["x" * 2_000_000]) for i in range(3)))
    raw.config_resetstat()
    assert store.retries.kill("jobtype=SendEmail").done == 3
    assert raw.info("commandstats")["cmdstat_eval"]["calls"] == 3
    assert raw.zcard("dead") == 3
