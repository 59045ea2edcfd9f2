"""What several tests of the command line begin with."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from jobctl.embedded.launch import binary
from tests.cli.holds import Holder
from tests.embedded.servers import until

# A config.toml with every key, and a secret in every place.
SECRET = "correct-horse-battery"
FULL = f"""
[contexts.prod]
url = "redis://:${{PW}}@h:${{PORT}}/0"
faktory = "tcp://:{SECRET}@h"
password_command = "touch {{ran}}; echo {SECRET}"
protected = true
reason_required = true
[contexts.secret]
url = "redis://ada:{SECRET}@h/2"
[contexts.lost]
url = "redis://:{SECRET}/@h"
[contexts.mixed]
url = "redis://:{SECRET}@${{HOST}}/0?password={SECRET}"
[contexts.plain]
url = "unix:///run/redis.sock"
layout = "q"
system = "faktory"
records_namespace = "jobs"
journal = false
read_only = true
password_file = "{SECRET}"
"""


@pytest.fixture(autouse=True)
def _own_journal(own_journal) -> None:
    """Keep the operations of each test apart."""


@pytest.fixture
def queues(raw: redis.Redis) -> redis.Redis:
    """Two queues without jobs; returns a client that looks at them."""
    raw.sadd("queues", "default", "mailers")
    return raw


@pytest.fixture
def holder(url: str, tmp_path: Path) -> Holder:
    """Starts processes that hold queues."""
    return Holder(url, tmp_path)


@pytest.fixture
def quick(monkeypatch) -> None:
    """Take a third of a second without a reservation for idle."""
    monkeypatch.setattr("jobctl.queues.draining.QUIET", 0.3)
    monkeypatch.setattr("jobctl.queues.draining._PAUSE", 0.05)


@pytest.fixture
def locked(raw) -> Iterator[None]:
    """Give the server a password, which a new connection must know."""
    raw.config_set("requirepass", SECRET)
    yield
    raw.config_set("requirepass", "")


@pytest.fixture
def full(config, tmp_path):
    """Contexts with secrets in every place; returns what must never come to be."""
    ran = tmp_path / "ran"
    config(FULL.replace("{ran}", str(ran)))
    yield ran
    assert not ran.exists()


def answers(client: redis.Redis) -> bool:
    """Tell whether a server that was just started takes commands by now."""
    with contextlib.suppress(redis.ConnectionError):
        return bool(client.ping())
    return False


@pytest.fixture
def special(tmp_path):
    """Start a real server with options of its own; return its URL and a client of it."""
    with contextlib.ExitStack() as held:

        def start(*options):
            path = tmp_path / "s.sock"
            program = str(binary(os.environ))
            common = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", tmp_path]
            server = subprocess.Popen(
                [program, *common, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            held.callback(server.wait)
            held.callback(server.kill)
            client = held.enter_context(redis.Redis(unix_socket_path=str(path)))
            until(lambda: answers(client))
            return f"unix://{path}", client

        yield start
