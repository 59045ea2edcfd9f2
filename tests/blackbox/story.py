"""A story: command lines, one after the other, and what came of each.

A step is a command line of jobctl, or one that begins with

    redis ..            a plain command to Redis
    write FILE TEXT     writes a file
    cat FILE            notes what is in a file
    load FIXTURE        puts a fixture of old/ in place: its keys and files
    cut KEY jobctl ..   the connection breaks once the size of KEY has changed
    kill9 KEY jobctl .. the process is killed then, with SIGKILL

or a pair of a command line and what it reads on stdin. OP stands for the newest operation, WIRE for
the URL of a Faktory server (a double), URL for that of the Redis, AS:NAME for it with that user.
"""

from __future__ import annotations

import gc
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from jobctl.__main__ import main
from tests.blackbox.keyspace import Keyspace
from tests.blackbox.normal import Normal, squeezed
from tests.blackbox.old.dump import load
from tests.blackbox.proxy import Proxy
from tests.systems.double import FaktoryDouble

Step = str | tuple[str, str]
DATA = ("json", "jsonl", "csv", "tsv", "ids")
OLD = Path(__file__).parent / "old"
_SIZES = {b"zset": "zcard", b"list": "llen", b"set": "scard", b"hash": "hlen"}


class _Stream(io.TextIOWrapper):
    """A stream that is no terminal, kept in memory."""

    def __init__(self, given: bytes = b"") -> None:
        super().__init__(io.BytesIO(given), "utf-8", "surrogatepass", newline="")

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode("utf-8", "backslashreplace")


def run(argv: Sequence[str], stdin: str = "") -> tuple[int, str, str]:
    """Run the console script's function in this process; return exit code, stdout and stderr."""
    interrupt, threshold = signal.getsignal(signal.SIGINT), gc.get_threshold()
    with pytest.MonkeyPatch.context() as patched, _Stream() as out, _Stream() as err:
        patched.setattr(sys, "argv", ["jobctl", *argv])
        patched.setattr(sys, "stdin", _Stream(stdin.encode()))
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            signal.signal(signal.SIGINT, interrupt)
            gc.set_threshold(*threshold)
            gc.unfreeze()
        return code, out.text(), err.text()


def run_process(argv: Sequence[str], stdin: str = "") -> subprocess.Popen[str]:
    """Start the console script as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "jobctl", *argv], text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@dataclass
class Story:
    """Plays steps; `data` and `talk` are what came of them. `exact`: JSON is not squeezed."""

    raw: redis.Redis
    socket: Path
    tmp: Path
    exact: bool = False
    data: list[str] = field(default_factory=list)
    talk: list[str] = field(default_factory=list)

    def play(self, seed: Callable[[redis.Redis], None], steps: Sequence[Step]) -> None:
        """Begin with a data set, and play the steps."""
        seed(self.raw)
        text = " ".join(step if isinstance(step, str) else step[0] for step in steps)
        self.proxy = self.double = None
        if re.search(r"\b(cut|kill9) ", text):
            self.proxy = Proxy(self.tmp / "proxy.sock", self.socket)
        self.url = self.proxy.url if self.proxy else f"unix://{self.socket}"
        self.normal = Normal(self.tmp, self.url)
        self.normal.places[str(self.socket)] = "<socket>"
        if "WIRE" in text:
            self.double = FaktoryDouble(self.socket)
            self.normal.places[self.double.url] = "<wire>"
        self.keyspace = Keyspace(self.raw, self.normal.plain)
        self.memory = self._memory()
        os.environ["JOBCTL_URL"] = self.url  # the fixture puts it back
        try:
            for step in steps:
                self._step(*((step, "") if isinstance(step, str) else step))
        finally:
            for each in (self.proxy, self.double):
                if each is not None:
                    each.close()

    def _step(self, line: str, stdin: str) -> None:
        """Play one step and note what came of it."""
        verb, _, rest = line.partition(" ")
        if verb == "redis":
            self.raw.execute_command(*shlex.split(rest))
        elif verb == "write":
            name, text = shlex.split(rest)
            file = self.tmp / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("URL", self.url))
        elif verb == "cat":
            self.data += ["$ " + line, *(self.tmp / rest).read_text().splitlines()]
            return
        elif verb == "load":
            self._load(json.loads((OLD / f"{rest}.json").read_text()))
        else:
            self._command(line, stdin)
            return
        self.keyspace.changes()
        self.data.append(f"$ {line.splitlines()[0]}")

    def _load(self, document: dict[str, Any]) -> None:
        """Put keys and files of an earlier commit in place."""
        wire = self.double.url if self.double else ""
        load(self.raw, document, self.tmp, url=self.url, wire=wire)
        if self.double:
            self.double.memory.boot()
            self.memory = self._memory()
        self.normal.made = document["made"]
        self.normal.learn_files()
        self.keyspace = Keyspace(self.raw, self.normal.plain)

    def _command(self, line: str, stdin: str) -> None:
        words = shlex.split(line)
        how = words.pop(0) if words[0] in ("cut", "kill9") else ""
        key = words.pop(0) if how else ""
        argv = [self._filled(word) for word in words]
        if how == "kill9":
            code, out, err = self._killed(key, argv)
        else:
            if how:
                self._break_when_changed(key)
            code, out, err = run(argv, stdin)
        if self.proxy:
            self.proxy.broken, self.proxy.broken_when = False, None
        self._note(line, (code, out, err), broken=bool(how))

    def _filled(self, word: str) -> str:
        """Return a word with the newest operation and the addresses filled in."""
        if word == "OP":
            return (["00000000", *self.normal.operations])[-1]
        if word in ("WIRE", "URL"):
            return self.double.url if word == "WIRE" else self.url
        if word.startswith("AS:"):
            return f"unix://{word[3:]}:pw@{self.socket}"
        return word

    def _killed(self, key: str, argv: Sequence[str]) -> tuple[int, str, str]:
        process = run_process(argv)
        self._break_when_changed(key)
        self.proxy.on_break = process.kill
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def _break_when_changed(self, key: str) -> None:
        size = self._size(key)
        self.proxy.broken_when = lambda: self._size(key) != size

    def _size(self, key: str) -> int:
        method = _SIZES.get(self.raw.type(key))
        return getattr(self.raw, method)(key) if method else 0

    def _note(self, line: str, ran: tuple[int, str, str], *, broken: bool) -> None:
        """Note what a command did; where it was broken off, only that: the rest is chance."""
        code, out, err = ran
        self.normal.learn_files()
        keys = b" ".join(self.raw.scan_iter("jobctl:op:*")).decode("utf-8", "replace")
        self.normal.data(out + keys)  # learns of operations that left no file
        self.data.append(f"$ {line} => {'broken off' if broken else code}")
        changes = self.keyspace.changes(remember=not broken)
        if broken:
            assert changes, "it was not broken off"
            return
        form = re.search(r"(?:^| )-o (\w+)", line)
        if form is None or form[1] in DATA:
            text = self.normal.data(out)
            self.data += (text if self.exact else squeezed(text)).splitlines()
            out = ""
        self.data += changes
        if self._memory() != self.memory:
            self.memory = self._memory()
            self.data.append(f"  the server's memory: {self.memory}")
        if out or err:
            self.talk += [f"$ {line}", *self.normal.talk(out).splitlines()]
            self.talk += [f"! {said}" for said in self.normal.talk(err).splitlines()]

    def _memory(self) -> str:
        if self.double is None:
            return ""
        known = (self.double.queues, self.double.paused, self.double.working)
        names = ("queues", "paused", "working")
        return ", ".join(f"{n}: {' '.join(sorted(k))}" for n, k in zip(names, known, strict=True))
