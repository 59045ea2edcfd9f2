"""``jobctl info`` with two doors, with the server alone, and with a server that does not answer."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.builders import small_shop
from tests.redis import doubles
from tests.systems.commands import bulk
from tests.systems.double import FaktoryDouble

SAYS = {
    "faktory": {
        "total_failures": 67, "total_processed": 12345, "total_enqueued": 3, "total_queues": 2,
        "queues": {"default": 2, "webhooks": 1}, "tasks": {},
    },
    "server": {
        "faktory_version": "1.10.0", "uptime": 90061, "connections": 4, "command_count": 99,
        "used_memory_mb": "68 MB",
    },
}  # fmt: skip
TOLD = {
    "version": "1.10.0", "uptime": 90061, "connections": 4, "commands": 99, "memory": "68 MB",
    "processed": 12345, "failures": 67, "enqueued": 3, "queues": {"default": 2, "webhooks": 1},
}  # fmt: skip
NOT_LOOKED = "the Redis was not looked at: this is what the Faktory server says\n"
PASSED_OVER = "{} is not used: --faktory-url was given without --url\n"


@pytest.fixture
def shop(raw, noon, faktory: FaktoryDouble) -> FaktoryDouble:
    """A shop of a few jobs, and a server whose words do not change."""
    small_shop(raw)
    faktory.answer("INFO", bulk(json.dumps(SAYS).encode()))
    return faktory


@pytest.fixture
def document(jobctl) -> Callable[..., dict[str, Any]]:
    def run(*argv: str, **how: Any) -> dict[str, Any]:
        ran = jobctl("info", "-o", "json", "--connect-timeout", "300ms", *argv, **how)
        assert ran.code == 0, ran.err
        found: dict[str, Any] = json.loads(ran.out)
        return found

    return run


@pytest.mark.parametrize("by", ["flags", "environment"])
def test_with_both_doors_both_say_of_themselves(shop, url, document, monkeypatch, by) -> None:
    argv: tuple[str, ...] = ()
    if by == "flags":
        argv = ("-u", url, "--faktory-url", shop.url)
    else:
        monkeypatch.setenv("FAKTORY_URL", shop.url)
    found = document(*argv)
    assert found["faktory"] == TOLD
    assert (found["target"], found["retries"], found["processed"]) == (url, 3, 12345)
    assert found["server"]["version"]
    assert found["warnings"] == []


def test_the_server_of_the_environment_is_not_asked_about_another_redis(
    shop, url, document, monkeypatch
) -> None:
    monkeypatch.setenv("FAKTORY_URL", shop.url)
    assert document("-u", url)["faktory"] is None
    assert shop.commands == []


def test_the_version_tells_the_layout_where_no_list_does(raw, url, server, document) -> None:
    raw.sadd("queues", "empty")
    with FaktoryDouble(server.socket, version="1.9.4") as double:
        assert document("-u", url)["layout"] is None
        assert document("-u", url, "--faktory-url", double.url)["layout"] == "bare"
        assert document("--faktory-url", double.url)["layout"] == "bare"


@pytest.mark.parametrize(
    ("handle", "why"),
    [
        (doubles.hanging_up, "closed the connection"),
        (doubles.greeting(b"-ERR \x1b[2Jboom\r\n"), "refused to talk"),
    ],
    ids=["closes", "error"],  # all others: tests/systems
)
def test_a_server_that_does_not_answer_is_a_warning_where_the_redis_does(
    shop, url, jobctl, document, handle, why: str
) -> None:
    with doubles.serving(handle) as port:
        argv = ("-u", url, "--faktory-url", f"tcp://127.0.0.1:{port}")
        found = document(*argv)
        assert (found["faktory"], found["retries"]) == (None, 3)
        (warning,) = found["warnings"]
        assert warning.startswith("the Faktory server says nothing of itself: ")
        assert why in warning
        ran = jobctl("info", "--connect-timeout", "300ms", *argv, tty=True)
        assert (ran.code, ran.err) == (0, "")
        assert "warning: the Faktory server says nothing of itself" in ran.out
        assert "\x1b[2J" not in ran.out
        assert jobctl("info", "--connect-timeout", "300ms", *argv).code == 0


def test_the_server_alone_tells_what_it_knows(shop, jobctl, document, monkeypatch) -> None:
    expected = {
        "target": shop.url, "server": None, "faktory": TOLD, "layout": "q", "processed": 12345,
        "failures": 67, "queues": 2, "paused": None, "enqueued": 3, "scheduled": None,
        "working": None, "retries": None, "dead": None, "days": [], "warnings": [],
        "system": "faktory",
    }  # fmt: skip
    assert document("--faktory-url", shop.url, url=None) == expected
    monkeypatch.setenv("FAKTORY_URL", shop.url)
    assert document(url=None) == expected
    ran = jobctl("info", "-o", "jsonl", url=None)
    assert (json.loads(ran.out), ran.err) == (expected, NOT_LOOKED)


def test_the_documents_of_all_doors_have_the_same_keys(shop, url, document) -> None:
    both = document("-u", url, "--faktory-url", shop.url)
    assert list(both) == list(document("--faktory-url", shop.url)) == list(document("-u", url))


@pytest.mark.parametrize("name", ["JOBCTL_URL", "REDIS_URL"])
def test_a_redis_that_is_left_aside_is_named(shop, jobctl, url, monkeypatch, name) -> None:
    monkeypatch.setenv(name, url)
    ran = jobctl("info", "-o", "json", "--faktory-url", shop.url, url=None)
    assert (ran.code, ran.err) == (0, PASSED_OVER.format(name) + NOT_LOOKED)
    assert json.loads(ran.out)["retries"] is None


@pytest.mark.parametrize("form", ["csv", "tsv", None])
def test_by_the_server_alone_there_is_one_row(shop, jobctl, form: str | None) -> None:
    argv = () if form is None else ("-o", form)
    ran = jobctl("info", "--faktory-url", shop.url, *argv, url=None)
    assert (ran.code, ran.err) == (0, NOT_LOOKED)
    rows = [line.replace(",", "\t").split("\t") for line in ran.out.splitlines()]
    assert rows == [
        ["version", "uptime", "connections", "processed", "failures", "enqueued"],
        ["1.10.0", "90061", "4", "12345", "67", "3"],
    ]


def test_days_need_the_redis(shop, jobctl) -> None:
    ran = jobctl("info", "--faktory-url", shop.url, "-o", "ids")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: info by day needs the Redis behind {shop.url}")
    assert "hint: give both: --url beside --faktory-url" in ran.err
    assert shop.commands == []


def test_a_server_alone_that_does_not_answer_is_an_error_and_nothing_else_is_said(jobctl) -> None:
    ran = jobctl("info", "-o", "json", "--faktory-url", "tcp://:secret@127.0.0.1:1")
    assert (ran.code, ran.out) == (3, "")
    assert json.loads(ran.err)["message"] == "connection refused by tcp://:***@127.0.0.1:1"


def test_neither_output_nor_debug_shows_the_password(server, raw, url, jobctl) -> None:
    with FaktoryDouble(server.socket, password="correct-horse-battery") as double:
        for argv in (("-u", url), ()):
            for form in ("json", "table", "jsonl"):
                ran = jobctl("info", *argv, "--faktory-url", double.url, "-o", form, "--debug")
                assert ran.code == 0
                assert "HELLO .." in ran.err
                assert "correct-horse" not in ran.out + ran.err
                assert "pwdhash" not in ran.out + ran.err


def test_days_are_those_of_the_servers_own_zone(shop, raw, document, jobctl) -> None:
    assert document("--days", "2")["days"][-1]["date"] == "2026-09-21"  # it is 14:13 in UTC
    raw.set("processed:2026-09-22", 5)  # so it is ahead of UTC
    found = document("--days", "2")
    assert [day["date"] for day in found["days"]] == ["2026-09-21", "2026-09-22"]
    assert found["days"][-1]["processed"] == 5
    assert "until 2026-09-22 in the server's own zone" in jobctl("info", tty=True).out


def test_odd_words_of_a_server_do_nothing_to_a_terminal(raw, url, faktory, jobctl) -> None:
    odd = {"server": {"faktory_version": "\x1b[2J\n[bold]", "used_memory_mb": "\u202e"}}
    faktory.answer("INFO", bulk(json.dumps(odd).encode()))
    ran = jobctl("info", "-u", url, "--faktory-url", faktory.url, "--color", "never", tty=True)
    assert ran.code == 0
    assert r"Faktory \x1b[2J\n[bold], memory \u202e" in ran.out
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("doors", ["both", "wire"])
def test_the_screen(shop, url, jobctl, golden, monkeypatch, doors: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    argv = ("-u", url) if doors == "both" else ()
    ran = jobctl("info", *argv, "--faktory-url", shop.url, "--color", "never", tty=True)
    text = ran.out.replace(url, "URL").replace(shop.url, "FAKTORY").splitlines()
    lines = [line for line in text if not line.startswith(("Valkey", "Redis"))]
    golden(f"info-{doors}-80.txt", "\n".join([*lines, f"-- exit {ran.code}", ran.err]))


def test_watch_tells_again_and_survives_a_server_that_goes_and_comes(shop, url) -> None:
    command = [sys.executable, "-m", "jobctl", "info", "--watch=0.1", "-o", "jsonl",
               "-u", url, "--faktory-url", shop.url]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None

        def until(holds: Callable[[dict[str, Any]], bool]) -> None:
            assert running.stdout is not None
            while not holds(json.loads(running.stdout.readline())):
                pass

        until(lambda found: found["faktory"] == TOLD)
        shop.stop()
        until(lambda found: found["faktory"] is None and bool(found["warnings"]))
        shop.listen()
        until(lambda found: found["faktory"] == TOLD)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (130, b"")


def test_watch_of_the_server_alone_says_once_what_is_not_looked_at(shop) -> None:
    command = [sys.executable, "-m", "jobctl", "info", "--watch=0.1", "-o", "jsonl",
               "--faktory-url", shop.url]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        first, second = (json.loads(running.stdout.readline()) for _ in range(2))
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
    assert first == second
    assert (running.returncode, err.decode()) == (130, NOT_LOOKED)
