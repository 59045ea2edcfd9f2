"""A shop of reservations, a server that holds them, and releases with both doors."""

import json

import pytest
import redis

from tests.builders import enqueue, job
from tests.release.holding import held, hold
from tests.systems.double import FaktoryDouble


@pytest.fixture(autouse=True)
def own_journal(monkeypatch, tmp_path, acquainted):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "jobctl" / "operations"


@pytest.fixture
def shop(raw):
    """Two reservations, the first to expire first, and a job that waits."""
    enqueue(raw, "default", job("queued-00001"))
    return hold(raw, held("held-0000001", -60), held("held-0000002", 900, queue="mailers"))


@pytest.fixture
def seen(server):
    """A connection that tells of a Faktory server by the name of its library."""
    with redis.Redis(unix_socket_path=str(server.socket)) as other:
        other.execute_command("CLIENT", "SETINFO", "LIB-NAME", "go-redis")
        yield other


@pytest.fixture
def double(server):
    """A server on this Redis, booted when it is first asked for, so after the shop is filled."""
    with FaktoryDouble(server.socket) as running:
        yield running


@pytest.fixture
def release(jobctl, double, monkeypatch):
    """Run a release with both doors; return its report and what it said."""
    monkeypatch.setenv("FAKTORY_URL", double.url)

    def run(*argv, code=0, verb=("working", "release")):
        ran = jobctl(*verb, *argv, "--yes", "-o", "json")
        assert ran.code == code, ran
        return (json.loads(ran.out) if ran.out else json.loads(ran.err)), ran.err

    return run


@pytest.fixture
def latest(jobctl):
    def find():
        return json.loads(jobctl("journal", "ls", "-o", "json").out)[0]

    return find


@pytest.fixture
def resume(release, latest):
    """Resume the newest operation."""

    def run(*argv, code=0):
        return release(latest()["operation"], *argv, code=code, verb=("resume",))

    return run
