"""A private real server for the whole run, an empty database for each test, and the real CLI."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis

from jobctl import Store, connect, embedded
from jobctl.cli.main import run as run_jobctl
from jobctl.redis.connection import Server
from jobctl.systems.faktory.system import FaktorySystem
from tests.builders import NOW
from tests.systems.double import FaktoryDouble

# A machine that is busy with other things is no failure.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

NOBODYS = (
    "JOBCTL_URL", "JOBCTL_CONTEXT", "JOBCTL_CONFIG", "JOBCTL_SYSTEM", "REDIS_PROVIDER", "REDIS_URL",
    "FAKTORY_PROVIDER", "FAKTORY_URL", "XDG_CONFIG_HOME", "NO_COLOR", "FORCE_COLOR",
)  # fmt: skip
RUN_ENVIRONMENT = {"COLUMNS": "100", "TERM": "xterm-256color", "LANG": "C.UTF-8"}


# Whoever runs the tests in the background, or by nohup, has these ignored: so would all they start.
for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(ignored) is signal.SIG_IGN:
        is_int = ignored is signal.SIGINT
        signal.signal(ignored, signal.default_int_handler if is_int else signal.SIG_DFL)


@pytest.fixture(autouse=True)
def interruptible() -> None:
    """Have Ctrl-C raise an error: importing the console script leaves it to end the process."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Ran:
    """What a run of the command line left behind."""

    code: int
    out: str
    err: str

    def fails(self, code: int, *said: str) -> None:
        """Check that it failed with this code, printed nothing, and said all of this."""
        assert (self.code, self.out) == (code, ""), self
        for text in said:
            assert text in self.err, self


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedServer]:
    """A server that only this run knows."""
    directory = tmp_path_factory.mktemp("server")
    running, _ = embedded.start(directory, environ=os.environ)
    yield running
    embedded.stop(directory)


@pytest.fixture
def url(server: embedded.EmbeddedServer, raw: redis.Redis) -> str:
    """The URL of an empty database."""
    return server.url


@pytest.fixture
def raw(server: embedded.EmbeddedServer) -> Iterator[redis.Redis]:
    """A plain client of an empty database, to seed and to look."""
    with redis.Redis(unix_socket_path=str(server.socket)) as client:
        client.flushdb()
        yield client


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """The store of an empty database."""
    with connect(url) as opened:
        yield opened


@pytest.fixture
def faktory(server: embedded.EmbeddedServer, raw: redis.Redis) -> Iterator[FaktoryDouble]:
    """A Faktory server on the empty database; what is in Redis by now is behind its back.

    `faktory.restart()` lets it read Redis again.
    """
    with FaktoryDouble(server.socket) as double:
        yield double


@pytest.fixture
def acquainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no server have to learn of queues: all their jobs stay as they were.

    tests/cli/test_introduce.py is about how it does.
    """
    monkeypatch.setattr(FaktorySystem, "introduce", lambda *_: ())


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> float:
    """Stop the server's clock at the builders' NOW, so that whole outputs can be compared."""
    monkeypatch.setattr(Server, "now", lambda self: NOW)
    return NOW


@pytest.fixture(autouse=True)
def _nobodys_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No test sees the settings or servers of whoever runs it."""
    for name in NOBODYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "nobody"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "nobody"))
    for name, value in RUN_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def own_journal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Keep this test's operations in a directory of its own, and return that."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "jobctl" / "operations"


class _Stream(io.TextIOWrapper):
    def __init__(self, *, tty: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="surrogatepass", newline="")
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode("utf-8", "surrogatepass")


@pytest.fixture
def jobctl(monkeypatch: pytest.MonkeyPatch, url: str) -> Callable[..., Ran]:
    """Run the real command line against the empty database: ``jobctl("retries", "ls")``.

    `stdin` is what it reads there, `tty` whether stdout and stderr are a terminal, `url` None
    leaves JOBCTL_URL unset; `together` writes stderr into stdout, as a screen shows them.
    """

    def run(
        *argv: str,
        stdin: str | bytes = b"",
        tty: bool = False,
        url: str | None = url,
        together: bool = False,
    ) -> Ran:
        if url is not None:
            monkeypatch.setenv("JOBCTL_URL", url)
        given = stdin.encode("utf-8", "surrogateescape") if isinstance(stdin, str) else stdin
        with (
            _Stream(tty=tty) as out,
            _Stream(tty=tty) as err,
            io.TextIOWrapper(io.BytesIO(given)) as inp,
            monkeypatch.context() as patched,
        ):
            patched.setattr(sys, "stdout", out)
            patched.setattr(sys, "stderr", out if together else err)
            patched.setattr(sys, "stdin", inp)
            code = run_jobctl(argv)
            return Ran(code, out.text(), err.text())

    return run


@pytest.fixture
def report(jobctl: Callable[..., Ran]) -> Callable[..., dict[str, Any]]:
    """Run a change by the command line and return its report: ``report("retries", "kill")``."""

    def run(*argv: str, code: int = 0, **how: Any) -> dict[str, Any]:
        ran = jobctl(*argv, "-o", "json", **how)
        assert ran.code == code, ran.err
        found: dict[str, Any] = json.loads(ran.out)
        return found

    return run


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a config.toml and name it in JOBCTL_CONFIG; return its path."""

    def write(text: str | bytes) -> Path:
        file = tmp_path / "settings" / "config.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        monkeypatch.setenv("JOBCTL_CONFIG", str(file))
        return file

    return write


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a whole output with ``golden/NAME``; JOBCTL_GOLDEN=write writes it anew."""

    def check(name: str, text: str) -> None:
        file = Path(__file__).parent / "golden" / name
        if os.environ.get("JOBCTL_GOLDEN") == "write":
            file.write_text(text)
        assert text == file.read_text()

    return check
