"""Several at once: starters, lookers, and strangers that hold a lock."""

import fcntl

import pytest

from jobctl import embedded
from jobctl.errors import ServerProblem
from tests.embedded.servers import kill, start

STARTER = """
print("here", flush=True)
sys.stdin.readline()
server, started = embedded.start(home, environ=os.environ)
print(server.pid, started, flush=True)
"""
LOOKER = "print('here', flush=True)\nwhile True: embedded.find(home)"


def test_simultaneous_starts_give_one_server(spawn):
    starters = [spawn(STARTER) for _ in range(4)]
    assert [starter.stdout.readline() for starter in starters] == ["here\n"] * 4
    for starter in starters:
        print(file=starter.stdin, flush=True)
    answers = [starter.stdout.readline().split() for starter in starters]
    assert len({pid for pid, _ in answers}) == 1
    assert sorted(started for _, started in answers) == ["False", "False", "False", "True"]


def test_looking_all_the_time_does_not_disturb_a_start(home, spawn):
    home.mkdir(mode=0o700)
    assert spawn(LOOKER).stdout.readline() == "here\n"
    for _ in range(3):
        server = start(home)
        assert embedded.find(home) == embedded.stop(home) == server


def test_a_look_by_somebody_else_is_not_taken_for_a_server(home):
    kill(start(home))
    with (home / "server.lock").open("rb") as look:
        fcntl.flock(look, fcntl.LOCK_SH)
        assert embedded.find(home) is embedded.stop(home) is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("server.lock", "an unknown process holds .*/server.lock"),
        ("start.lock", "another process is starting or stopping"),
    ],
)
def test_a_lock_that_somebody_else_holds_is_not_awaited_for_ever(home, name, problem):
    home.mkdir(mode=0o700)
    (home / "server.lock").touch()
    with (home / name).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ServerProblem, match=problem):
            start(home, timeout=0.05)
        with pytest.raises(ServerProblem, match=problem):
            embedded.stop(home, timeout=0.05)
