"""Ctrl-C ends the program in silence, from its first instruction to its last."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobctl.cli.main import Interruptible

# Python runs this before the console script: it tells when the first module of ours was run.
TELLING = """
import os, sys

def tell(event, args):
    global told
    if not told and event == "exec" and args[0].co_filename.endswith("jobctl/__main__.py"):
        told = True
        os.write({fd}, b".")

told = False
sys.addaudithook(tell)
"""
MOMENTS = 30
SPAN = 0.15  # seconds, of which the start takes most


def script() -> str:
    """Return the console script of this environment."""
    return str(Path(sys.executable).with_name("jobctl"))


def interrupted(where: Path, after: float, *argv: str) -> tuple[int, str]:
    """Send SIGINT so long after the first instruction; return the exit code and what was said."""
    read, write = os.pipe()
    (where / "sitecustomize.py").write_text(TELLING.format(fd=write))
    with subprocess.Popen(
        [script(), *argv],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=(write,),
        env=os.environ | {"PYTHONPATH": str(where), "PYTHONDONTWRITEBYTECODE": "1"},
        text=True,
    ) as running:
        os.close(write)
        os.read(read, 1)
        os.close(read)
        time.sleep(after)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
    return running.returncode, err


def test_whenever_it_comes_nothing_is_said(tmp_path: Path, url: str) -> None:
    found = [
        interrupted(tmp_path, SPAN * i / MOMENTS, "retries", "ls", "-u", url)
        for i in range(MOMENTS)
    ]
    assert {err for _, err in found} == {""}
    assert {code for code, _ in found} <= {-signal.SIGINT, 130, 0}
    assert found[0][0] == -signal.SIGINT


def test_what_is_ignored_from_the_start_stays_so(url: str) -> None:
    code = (
        "import os, signal, subprocess, sys\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "with subprocess.Popen(sys.argv[1:]) as child:\n"
        "    for _ in range(40):\n"
        "        child.send_signal(signal.SIGINT)\n"
        "        try:\n"
        "            sys.exit(child.wait(0.02))\n"
        "        except subprocess.TimeoutExpired:\n"
        "            pass\n"
    )
    argv = [sys.executable, "-c", code, script(), "retries", "count", "-u", url]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "0\n", "")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module that is interrupted while it is imported."""
    text = "import signal\nsignal.raise_signal(signal.SIGINT)\nwhole = True\n"
    (tmp_path / "interrupted_module.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield "interrupted_module"
    sys.modules.pop("interrupted_module", None)


def test_a_module_is_imported_to_its_end_first(module: str) -> None:
    before = signal.getsignal(signal.SIGINT)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Interruptible():
        exec(f"import {module}, time\ntime.sleep(20)")
    assert sys.modules[module].whole
    assert time.monotonic() - begun < 10
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_that_waits_comes_at_the_end_at_the_latest(module: str) -> None:
    with pytest.raises(KeyboardInterrupt), Interruptible():
        __import__(module)


class Ending:
    """Is interrupted where nothing can be raised."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_of_a_destructor_is_not_lost() -> None:
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Interruptible():
        exec("Ending(); time.sleep(20)")
    assert time.monotonic() - begun < 10
