"""Which form of list a requeue writes: what was seen, what was said, what the server says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.builders import enqueue, failed, job, retry
from tests.conftest import Ran
from tests.systems.double import FaktoryDouble

Requeue = Callable[..., Ran]


@pytest.fixture
def requeue(jobctl, raw) -> Requeue:
    """Requeue one job to a queue that has no list."""
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
        double.schedule(0.05)  # it learns of the new queue by the job
        monkeypatch.setenv("FAKTORY_URL", double.url)
        assert requeue().code == 0
        assert raw.keys("*new") == [key.encode()]
        asked = [line.split(" ")[0] for line in double.commands[:3]]
        assert asked == ["HELLO", "QUEUE", "INFO"]  # it is verified before it is believed


@pytest.mark.parametrize("option", [(), ("--layout", "bare")])
@pytest.mark.parametrize("form", ["q:", ""])
def test_what_the_server_reads_goes_before_lists_and_what_was_said(
    requeue, raw, server, monkeypatch, form: str, option: tuple[str, ...]
) -> None:
    enqueue(raw, "default", job("jid-00000002"), form=form)
    with FaktoryDouble(server.socket, version="1.9.4" if form else "1.10.0") as double:
        double.schedule(0.05)  # it learns of the new queue by the job
        monkeypatch.setenv("FAKTORY_URL", double.url)
        assert requeue(*option).code == 0
    assert raw.llen("new" if form else "q:new") == 1


@pytest.mark.parametrize(("version", "key"), [("1.9.4", "new"), ("1.10.0", "q:new")])
def test_the_server_that_an_earlier_change_knew_decides_where_it_is_not_known(
    requeue, raw, server, jobctl, monkeypatch, version: str, key: str
) -> None:
    enqueue(raw, "default", job("jid-00000002"), form="")
    with FaktoryDouble(server.socket, version=version) as double:
        double.schedule(0.05)  # it learns of the new queue by the job
        monkeypatch.setenv("FAKTORY_URL", double.url)
        retry(raw, failed("jid-00000003"))
        jobctl("retries", "requeue", "--jid", "jid-00000003", "--dry-run")
        assert not raw.exists("jobctl:faktory")
        jobctl("retries", "requeue", "--jid", "jid-00000003", "--yes")
    assert raw.get("jobctl:faktory") == version.encode()
    monkeypatch.delenv("FAKTORY_URL")
    assert requeue().code == 0
    assert raw.llen(key) == 1


def test_lists_of_the_newer_form_make_what_is_known_of_an_older_server_doubtful(
    requeue, raw
) -> None:
    raw.set("jobctl:faktory", "1.9.4")
    enqueue(raw, "default", job("jid-00000002"))
    ran = requeue()
    assert (ran.code, raw.zcard("retries")) == (7, 1)
    assert "Faktory 1.9.4 was seen here" in ran.err
    assert requeue("--layout", "q").code == 0
    assert raw.llen("q:new") == 1


def test_what_was_said_decides_where_only_old_lists_tell(requeue, raw) -> None:
    enqueue(raw, "default", job("jid-00000002"), form="")
    assert requeue("--layout", "q").code == 0
    assert (raw.llen("q:new"), raw.llen("new")) == (1, 0)


def test_the_version_of_a_server_on_another_redis_is_not_believed(
    requeue, raw, server, monkeypatch
) -> None:
    enqueue(raw, "default", job("jid-00000002"))
    with FaktoryDouble(f"{server.url}?db=7") as elsewhere:
        monkeypatch.setenv("FAKTORY_URL", elsewhere.url)
        ran = requeue()
    assert (ran.code, raw.zcard("retries"), raw.exists("jobctl:faktory")) == (7, 1, 0)
    assert "another Redis" in ran.err


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
    faktory.schedule(0.05)  # it learns of the new queue by the job
    assert requeue("-u", url, "--faktory-url", faktory.url).code == 0
