"""The demo and the private server, as a stranger runs them."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from tests.blackbox.story import run as run_main

JOBCTL = str(Path(sys.executable).parent / "jobctl")


def runner(directory):
    """Return what runs a command line in this process, with a state directory of its own."""

    def run(line, **environ):
        with pytest.MonkeyPatch.context() as patched:
            for name, value in ({"XDG_STATE_HOME": str(directory)} | environ).items():
                patched.setenv(name, value)
            program, *argv = shlex.split(line)
            assert program == "jobctl"
            return run_main(argv)

    return run


@pytest.fixture
def home(tmp_path):
    """A home of the test's own; a server that was started in it is stopped."""
    yield runner(tmp_path)
    runner(tmp_path)("jobctl server stop")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Where several tests have their demo: it is asked for first."""
    run = runner(tmp_path_factory.mktemp("demo"))
    yield run
    run("jobctl server stop")


def tour_of(demo, **environ):
    """Return the commands that the demo proposes."""
    code, out, err = demo("jobctl demo -o json", **environ)
    assert code == 0, err
    return json.loads(out)["tour"]


def test_the_demo_fills_a_server_that_plain_commands_find(home, tmp_path):
    def run(*argv):
        environ = {"XDG_STATE_HOME": str(tmp_path), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        return subprocess.run([JOBCTL, *argv], capture_output=True, text=True, env=environ)

    first = run("demo")
    assert first.returncode == 0, first.stderr
    assert "started" in first.stderr
    told = json.loads(run("demo", "-o", "json").stdout)
    assert (told["started"], told["seeded"]) == (False, False)
    assert int(run("retries", "count").stdout) > 100
    assert json.loads(run("server", "status", "-o", "json").stdout)["url"] == told["url"]


def test_every_command_of_the_tour_works_as_typed(demo):
    for line in tour_of(demo):
        code, out, err = demo(line)
        assert code == 0, (line, err)
        assert out or "stop" in line, line
    assert demo("jobctl server status")[0] == 4


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
def test_the_tour_names_the_server_where_the_environment_names_another(demo, other):
    assert demo(tour_of(demo, **other)[0], **other)[0] == 0


def test_a_directory_of_its_own_keeps_a_demo_apart(home, tmp_path):
    directory = tmp_path / "elsewhere"
    tour = json.loads(home(f"jobctl demo --dir {directory} -o json")[1])["tour"]
    try:
        assert home(tour[0])[0] == 0
        assert home("jobctl server status")[0] == 4
        code, out, _ = home(f"jobctl -u embedded://{directory} dead count")
        assert (code, out != "0\n") == (0, True)
    finally:
        home(f"jobctl server stop --dir {directory}")


def test_jobs_that_no_demo_made_are_left_alone(home):
    home("jobctl server start")
    url = json.loads(home("jobctl server status -o json")[1])["url"]
    with redis.Redis(unix_socket_path=url.removeprefix("unix://")) as client:
        client.lpush("q:mine", "my own job")
        for line in ("jobctl demo", "jobctl demo --fresh"):
            code, _, err = home(line)
            assert (code, "left alone" in err) == (7, True)
        assert client.lrange("q:mine", 0, -1) == [b"my own job"]
        client.flushdb()
    assert home("jobctl demo")[0] == 0
    assert home("jobctl demo --fresh -o json")[1].count('"seeded": true') == 1


def test_data_outlives_the_server(demo):
    demo("jobctl demo")
    before = demo("jobctl retries count")
    assert demo("jobctl server stop")[0] == 0
    assert demo("jobctl -u embedded:// info")[0] == 3
    assert demo("jobctl server start")[0] == 0
    assert demo("jobctl retries count") == before


def test_without_a_server_program_the_error_names_the_cure(home):
    code, _, err = home("jobctl demo", JOBCTL_SERVER_BINARY="/no/such/program")
    assert (code, err.startswith("error: "), "hint: " in err) == (1, True, True)
