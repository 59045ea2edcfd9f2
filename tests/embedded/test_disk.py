"""A disk that is full, or cannot be written: small file systems of the test's own."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.embedded.servers import PYTHON

START = """
import json, os, sys
from pathlib import Path
from jobctl import embedded
from jobctl.errors import ServerProblem
from tests.embedded.servers import ENVIRON, nothing_is_left

disk, program = Path(sys.argv[1]), sys.argv[2]

def start(directory):
    try:
        embedded.start(directory, environ=ENVIRON | {"JOBCTL_SERVER_BINARY": program})
    except ServerProblem as problem:
        return problem.message
    embedded.stop(directory, timeout=0)
    return "started"
"""
# For each number of pages that are left: the error, or that it works.
FULL = """
told = []
for pages in (0, 1, 2, 4, 6, 8, 12):
    directory = disk / str(pages)
    directory.mkdir(mode=0o700)
    filler = disk / "filler"
    free = os.statvfs(disk)
    filler.write_bytes(bytes(free.f_bsize * (free.f_bavail - pages)))
    told.append(start(directory))
    assert nothing_is_left(directory)
    filler.unlink()
    assert start(directory) == "started"
print(json.dumps(told))
"""


@pytest.fixture
def on_disk(tmp_path):
    """Run code on a file system of 1 MB, in namespaces that end with it, and all it started."""

    def run(code, program, options="rw"):
        inside = f'mount -t tmpfs -o size=1m,mode=700,{options} none "{tmp_path}" && exec "$@"'
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        command += [*([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", inside, "sh"]
        able = shutil.which("unshare") and not subprocess.run([*command, "true"]).returncode
        if not able:
            must = os.environ.get("CI") and sys.platform == "linux"
            (pytest.fail if must else pytest.skip)("no small file system here (unshare, mount)")
        command += [sys.executable, "-c", START + code, str(tmp_path), program]
        ran = subprocess.run(command, env=PYTHON, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return run


def test_a_full_disk_is_a_clear_error_and_room_heals_it(on_disk, program):
    told = on_disk(FULL, program)
    assert told[0] != "started"
    assert told[-1] == "started"
    assert any("MISCONF" in message for message in told)  # it ran, but could not write
    assert all(m == "started" or "No space left on device" in m for m in told), told


def test_a_disk_that_cannot_be_written_is_a_clear_error(on_disk, tmp_path):
    told = on_disk("print(json.dumps(start(disk / 'server')))", "", options="ro")
    assert told.startswith(f"cannot start the server in {tmp_path}/server: Read-only file system")
