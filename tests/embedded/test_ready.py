"""A start that fails says why, in the server's own words, and leaves nothing running."""

from pathlib import Path

import pytest

from jobctl import embedded
from jobctl.errors import ServerProblem
from tests.embedded.servers import ask, nothing_is_left, script, start, until


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("exit 3", r"before it was ready \(exit code 3\)$"),
        ("echo; echo '  no luck '; echo; exit 1", r"\(exit code 1\): no luck$"),
        ("echo '7:M 22 Nov 2026 06:22:55.267 # No'; kill -9 $$", r"\(Killed.*\): No$"),
        ("exec SERVER --requirepass x", "the server refuses: NOAUTH"),
    ],
)
def test_a_program_that_ends_or_refuses_is_quoted(home, tmp_path, text, problem):
    home.mkdir(mode=0o700)
    (home / "server.log").write_text("what an earlier server said\n")
    with pytest.raises(ServerProblem, match=problem) as caught:
        start(home, JOBCTL_SERVER_BINARY=script(tmp_path / "program", text))
    assert caught.value.hint == f"its log is {home}/server.log"
    assert nothing_is_left(home)


def test_a_program_that_cannot_be_run_is_named(home, tmp_path):
    program = Path(script(tmp_path / "program", ""))
    program.write_text("no program at all")
    with pytest.raises(ServerProblem, match=r"Exec format error \(.*/program\)"):
        start(home, JOBCTL_SERVER_BINARY=str(program))
    assert nothing_is_left(home)


def test_a_program_that_never_gets_ready_leaves_no_child(home, tmp_path):
    slow = script(tmp_path / "slow", "sleep 60")
    with pytest.raises(ServerProblem, match="did not get ready in time: it does not answer"):
        start(home, timeout=0.2, JOBCTL_SERVER_BINARY=slow)
    until(lambda: nothing_is_left(home))


def test_damaged_data_is_reported_in_the_servers_words(home):
    ask(start(home), "SET", "colour", "blue")
    embedded.stop(home)
    (log,) = (home / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(b"damaged" + log.read_bytes())
    with pytest.raises(ServerProblem, match=r"\(exit code 1\): Bad file format"):
        start(home)
    assert nothing_is_left(home)
