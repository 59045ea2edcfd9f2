"""The demo and the private server, as a stranger runs them."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

JOBCTL = str(Path(sys.executable).parent / "jobctl")


@pytest.fixture
def home(tmp_path):
    """Run the installed command with a state directory of its own; stops what was started."""
    environ = {
        "XDG_STATE_HOME": str(tmp_path),
        "PATH": f"{Path(JOBCTL).parent}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
    }

    def run(*argv, **more):
        return subprocess.run(
            argv, capture_output=True, text=True, env=environ | more, check=False, timeout=60
        )

    yield run
    run("jobctl", "server", "stop")


def test_the_demo_fills_a_server_that_plain_commands_find(home):
    first = home("jobctl", "demo")
    assert first.returncode == 0, first.stderr
    assert "started" in first.stderr
    again = home("jobctl", "demo", "-o", "json")
    told = json.loads(again.stdout)
    assert (told["started"], told["seeded"]) == (False, False)
    assert int(home("jobctl", "retries", "count").stdout) > 100
    status = home("jobctl", "server", "status", "-o", "json")
    assert json.loads(status.stdout)["url"] == told["url"]


def test_every_command_of_the_tour_works_as_typed(home):
    tour = json.loads(home("jobctl", "demo", "-o", "json").stdout)["tour"]
    for line in tour:
        ran = home(*shlex.split(line))
        assert ran.returncode == 0, (line, ran.stderr)
        assert ran.stdout or "stop" in line, line
    assert home("jobctl", "server", "status").returncode == 4


@pytest.mark.parametrize(
    "other",
    [
        {"REDIS_URL": "redis://127.0.0.1:1"},
        {"JOBCTL_CONTEXT": "prod"},
        {"FAKTORY_URL": "tcp://127.0.0.1:1"},
        {"FAKTORY_PROVIDER": "NOBODY"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_the_tour_names_the_server_where_the_environment_names_another(home, other):
    tour = json.loads(home("jobctl", "demo", "-o", "json", **other).stdout)["tour"]
    assert home(*shlex.split(tour[0]), **other).returncode == 0


def test_a_directory_of_its_own_keeps_a_demo_apart(home, tmp_path):
    directory = tmp_path / "elsewhere"
    tour = json.loads(home("jobctl", "demo", "--dir", str(directory), "-o", "json").stdout)["tour"]
    try:
        assert home(*shlex.split(tour[0])).returncode == 0
        assert home("jobctl", "server", "status").returncode == 4
        assert home("jobctl", "-u", f"embedded://{directory}", "dead", "count").stdout != "0\n"
    finally:
        home("jobctl", "server", "stop", "--dir", str(directory))


def test_jobs_that_no_demo_made_are_left_alone(home):
    home("jobctl", "server", "start")
    url = json.loads(home("jobctl", "server", "status", "-o", "json").stdout)["url"]
    import redis

    with redis.Redis(unix_socket_path=url.removeprefix("unix://")) as client:
        client.lpush("q:mine", "my own job")
        for argv in (["demo"], ["demo", "--fresh"]):
            refused = home("jobctl", *argv)
            assert refused.returncode == 7
            assert "left alone" in refused.stderr
        assert client.lrange("q:mine", 0, -1) == [b"my own job"]
        client.flushdb()
    assert home("jobctl", "demo").returncode == 0
    assert home("jobctl", "demo", "--fresh", "-o", "json").stdout.count('"seeded": true') == 1


def test_data_outlives_the_server(home):
    home("jobctl", "demo")
    before = home("jobctl", "retries", "count").stdout
    assert home("jobctl", "server", "stop").returncode == 0
    assert home("jobctl", "-u", "embedded://", "info").returncode == 3
    assert home("jobctl", "server", "start").returncode == 0
    assert home("jobctl", "retries", "count").stdout == before


def test_without_a_server_program_the_error_names_the_cure(home):
    ran = home("jobctl", "demo", JOBCTL_SERVER_BINARY="/no/such/program")
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: ")
    assert "hint: " in ran.stderr
