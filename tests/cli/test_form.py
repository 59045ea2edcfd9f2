"""Which form of list a requeue writes: what was seen, what was said, what the server says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.builders import enqueue, failed, job, retry
from tests.conftest import Ran
from tests.faktory.double import FaktoryDouble

Requeue = Callable[..., Ran]


@pytest.fixture
def requeue(jobctl, raw, monkeypatch, tmp_path) -> Requeue:
    """Requeue one job to a queue that has no list."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    retry(raw, failed("jid-00000001", queue="new"))

    def run(*argv: str) -> Ran:
        return jobctl("retries", "requeue", "--all", "--yes", "--connect-timeout", "1s", *argv)

    return run


@pytest.mark.parametrize(
    ("version", "key"), [("1.9.4", "new"), ("1.10.0", "q:new"), ("2.0.0", "q:new")]
)
def test_where_no_list_tells_the_server_is_asked(
    requeue, raw, server, monkeypatch, version: str, key: str
) -> None:
    with FaktoryDouble(server.socket, version=version) as double:
        monkeypatch.setenv("FAKTORY_URL", double.url)
        assert requeue().code == 0
        assert raw.keys("*new") == [key.encode()]
        assert [line.split(" ")[0] for line in double.commands[:2]] == ["HELLO", "INFO"]


def test_what_was_said_is_asked_of_nobody(requeue, raw, faktory, monkeypatch) -> None:
    monkeypatch.setenv("FAKTORY_URL", faktory.url)
    assert requeue("--layout", "bare").code == 0
    assert (raw.llen("new"), faktory.commands) == (1, [])


def test_lists_of_the_newer_form_tell_and_nobody_is_asked(requeue, raw, faktory, monkeypatch):
    monkeypatch.setenv("FAKTORY_URL", faktory.url)
    enqueue(raw, "default", job("jid-00000002"))
    assert requeue().code == 0
    assert (raw.llen("q:new"), faktory.commands) == (1, [])


def test_a_newer_server_reads_none_of_the_old_lists(requeue, raw, server, monkeypatch) -> None:
    enqueue(raw, "default", job("jid-00000002"), form="")
    with FaktoryDouble(server.socket) as double:
        monkeypatch.setenv("FAKTORY_URL", double.url)
        assert requeue().code == 0
    assert (raw.llen("q:new"), raw.llen("new")) == (1, 0)


def test_old_lists_tell_where_the_server_is_not_there(requeue, raw, monkeypatch) -> None:
    enqueue(raw, "default", job("jid-00000002"), form="")
    monkeypatch.setenv("FAKTORY_URL", "tcp://127.0.0.1:1")
    assert requeue().code == 0
    assert raw.llen("new") == 1


def test_a_server_that_does_not_tell_leaves_it_open_and_the_requeue_is_refused(
    requeue, raw, faktory, monkeypatch
) -> None:
    monkeypatch.setenv("FAKTORY_URL", faktory.url)
    faktory.answer("INFO", b"$2\r\n{}\r\n")
    ran = requeue()
    assert (ran.code, raw.zcard("retries")) == (7, 1)
    assert "or NAME; the server does not say its version" in ran.err
    monkeypatch.setenv("FAKTORY_URL", "tcp://:secret@127.0.0.1:1")
    ran = requeue()
    assert (ran.code, raw.zcard("retries")) == (7, 1)
    assert "or NAME; connection refused by tcp://:***@127.0.0.1:1" in ran.err
    assert "hint: say it: --layout q" in ran.err
    assert "secret" not in ran.err


def test_the_environments_server_is_not_asked_about_another_redis(
    requeue, faktory, url, monkeypatch
) -> None:
    monkeypatch.setenv("FAKTORY_URL", faktory.url)
    assert requeue("-u", url).code == 7
    assert faktory.commands == []
    assert requeue("-u", url, "--faktory-url", faktory.url).code == 0
