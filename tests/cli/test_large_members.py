"""Members of tens of megabytes: calls with one of them each, and memory for a few."""

import os
import subprocess
import sys

import pytest

from tests.builders import failed, retry

SIZE = 24 * 1024 * 1024
PEAK = """
import sys
from pathlib import Path
from jobctl.cli.main import run
code = run(sys.argv[1:])
(peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
print(peak.split()[1], file=sys.stderr)
sys.exit(code)
"""
MOST = 4 * SIZE + 100 * 1024 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_the_memory_of_a_change_is_bounded_by_the_largest_member(raw, url, own_journal):
    retry(raw, *(failed(f"large-{i}", args=["@"]).replace(b"@", b"x" * SIZE) for i in range(3)))
    change = ("requeue", "--all", "--reset-retries", "--spread", "1h", "--yes")
    ran = subprocess.run(
        [sys.executable, "-c", PEAK, "retries", *change],
        env=os.environ | {"JOBCTL_URL": url},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True,
    )  # fmt: skip
    assert int(ran.stderr.split()[-1]) * 1024 < MOST


def test_each_large_member_is_changed_by_a_call_of_its_own(raw, store):
    retry(raw, *(failed(f"large-{i}", args=["x" * 2_000_000]) for i in range(3)))
    raw.config_resetstat()
    assert store.retries.kill("jobtype=SendEmail").done == 3
    before = 2  # it is checked that scripts can run, and the operation is claimed
    assert raw.info("commandstats")["cmdstat_eval"]["calls"] == before + 3
    assert raw.zcard("dead") == 3
