"""``--context``, ``jobctl context``: names for job systems."""

from __future__ import annotations

import json
import os
import stat

import pytest

from jobctl import connect
from jobctl.config.levels import choose_level
from jobctl.connecting import Settings, open_either
from jobctl.errors import UsageProblem
from tests.builders import failed, retry
from tests.cli.conftest import SECRET
from tests.redis.runs import FORMATS

KEYS = [
    "context", "url", "faktory", "layout", "system", "records_namespace", "read_only",
    "protected", "reason_required", "journal", "current",
]  # fmt: skip


@pytest.fixture
def two(config, server, raw):
    """A context of the test's own server, and one of nobody's."""
    retry(raw, failed("jid-00000001"))
    return config(
        f'[contexts.here]\nurl = "{server.url}"\n'
        f'[contexts.there]\nurl = "redis://:{SECRET}@127.0.0.1:1/0"\n'
    )


def test_a_context_names_the_redis(two, jobctl) -> None:
    assert jobctl("retries", "count", "--context", "here", url=None).out == "1\n"
    assert jobctl("--context", "here", "retries", "count", url="redis://127.0.0.1:1").out == "1\n"
    ran = jobctl("retries", "count", "--context", "there", url=None)
    ran.fails(3, "redis://:***@127.0.0.1:1/0 (from context there)")


def test_the_library_takes_a_context(two, server) -> None:
    with connect(context="here") as store:
        assert (store.retries.count(), store.backend.rules.context) == (1, "here")
    environ = {"JOBCTL_CONFIG": str(two), "JOBCTL_CONTEXT": "here"}
    with connect(environ=environ) as store:
        assert store.backend.rules.context == "here"
    with connect(server.url, environ=environ) as store:
        assert store.backend.rules.context is None
    with pytest.raises(UsageProblem):
        connect("redis://h", context="here")


def test_the_layout_of_a_context_counts_where_none_is_given(config, server, jobctl, raw) -> None:
    config(f'[contexts.old]\nurl = "{server.url}"\nlayout = "bare"\n')
    retry(raw, failed("jid-00000001"), failed("jid-00000002"))
    requeue = ("retries", "requeue", "--yes", "--context", "old", "--jid")
    assert jobctl(*requeue, "jid-00000001", url=None).code == 0
    assert raw.llen("default") == 1
    raw.delete("default", "queues")
    assert jobctl(*requeue, "jid-00000002", "--layout", "q", url=None).code == 0
    assert raw.llen("q:default") == 1


def test_a_context_with_a_server_alone_has_no_redis(config, jobctl) -> None:
    file = config('[contexts.wire]\nfaktory = "tcp://127.0.0.1:1"\n')
    ran = jobctl("retries", "count", "--context", "wire", url="redis://127.0.0.1:1")
    ran.fails(
        2,
        "this needs the Redis, and only a Faktory server is given",
        f"url = .. in {file} [contexts.wire]",
    )
    level = choose_level(None, None, os.environ, lambda: None, context="wire")
    with open_either(level, Settings(), os.environ) as backend:
        assert (backend.has_redis, backend.rules.context) == (False, "wire")
        with pytest.raises(UsageProblem, match="queue drain needs the Redis") as raised:
            backend.require_redis("queue drain")
        assert raised.value.hint == "give context wire its url, too"


def test_contexts_are_listed(full, jobctl, report, monkeypatch) -> None:
    monkeypatch.setenv("JOBCTL_CONTEXT", "prod")
    rows = report("context", "ls", url=None)
    assert [list(row) for row in rows] == [KEYS] * 5
    assert rows[0] == {
        "context": "prod", "url": "redis://:${PW}@h:${PORT}/0", "faktory": "tcp://:***@h:7419",
        "layout": None, "system": None, "records_namespace": None, "read_only": False,
        "protected": True, "reason_required": True, "journal": True, "current": True,
    }  # fmt: skip
    assert [row["url"] for row in rows[1:]] == [
        "redis://ada:***@h:6379/2",
        "(malformed)",
        "redis://:***@${HOST}/0?password=***",
        "unix:///run/redis.sock",
    ]
    assert [row["journal"] for row in rows] == [True, True, True, True, False]
    ran = jobctl("--context", "plain", "context", "ls", "-o", "json", url=None)
    assert [row["context"] for row in json.loads(ran.out) if row["current"]] == ["plain"]
    assert jobctl("context", "ls", "-o", "ids").out == "prod\nsecret\nlost\nmixed\nplain\n"


@pytest.mark.parametrize("fmt", FORMATS)
def test_no_output_has_a_secret_in_it(full, jobctl, monkeypatch, fmt) -> None:
    monkeypatch.setenv("JOBCTL_URL", f"redis://:{SECRET}@h")
    monkeypatch.setenv("REDIS_URL", f"redis://:{SECRET}")
    monkeypatch.setenv("FAKTORY_PROVIDER", "MINE")
    monkeypatch.setenv("MINE", f"tcp://:{SECRET}@h")
    monkeypatch.setenv("PW", SECRET)
    monkeypatch.setenv("PORT", "6380")
    monkeypatch.setenv("HOST", "h")
    names = ("prod", "secret", "lost", "mixed", "plain")
    commands = [("context", "ls"), ("context", "show")]
    commands += [("context", "show", name) for name in names]
    commands += [("context", "show", "--context", name) for name in names]
    commands += [("context", "show", "-u", f"redis://:{SECRET}{end}") for end in ("@h", "/@h")]
    for argv in commands:
        for tty in (False, True):
            ran = jobctl("--debug", *argv, "-o", fmt, tty=tty, url=None)
            assert ran.code == 0, ran.err
            assert SECRET not in ran.out + ran.err, argv
            assert ran.out


def test_a_context_is_shown(full, jobctl, report) -> None:
    row = report("context", "show", "plain")
    assert list(row) == [*KEYS, "password", "file"]
    assert (row["password"], row["read_only"], row["layout"]) == ("from a file", True, "q")
    assert row["file"].endswith("config.toml")
    for name, said in (("prod", "a command"), ("secret", "in the URL"), ("mixed", "in the URL")):
        assert said in jobctl("context", "show", name, "-o", "table").out
    shown = jobctl("context", "show", "plain", "-o", "table").out
    keys = [line.split()[0] for line in shown.splitlines() if not line.startswith(" ")]
    assert keys == [key for key in (*KEYS, "password", "file") if key != "faktory"]
    jobctl("context", "show", "plian").fails(2, "did you mean plain?")


def test_a_password_in_a_variable_is_said_to_be_in_the_url(config, report, monkeypatch) -> None:
    config(
        '[contexts.a]\nurl = "${WHERE}"\n[contexts.b]\nurl = "redis://:${PW}@h"\n'
        '[contexts.c]\nurl = "redis://${HOST}"\n'
    )

    def said(name: str) -> str:
        return report("context", "show", name)["password"]

    assert [said(name) for name in "abc"] == ["none", "in the URL", "none"]
    monkeypatch.setenv("WHERE", f"redis://:{SECRET}@h")
    assert said("a") == "in the URL"


def test_where_there_is_no_file_nothing_is_listed(jobctl, config) -> None:
    ran = jobctl("context", "ls", tty=True)
    assert ran.code == 0
    assert "no contexts as there is no file" in ran.err
    assert jobctl("context", "ls", "-o", "json").out == "[]\n"
    file = config("")
    assert f"no contexts in {file}" in jobctl("context", "ls", tty=True).err


def test_no_file_of_ours_is_written(two, jobctl) -> None:
    before = two.read_bytes()
    two.chmod(stat.S_IRUSR)
    for argv in (("context", "ls"), ("context", "show", "here"), ("context", "show")):
        assert jobctl(*argv).code == 0
    assert two.read_bytes() == before


def test_the_namespace_of_records_is_the_contexts_unless_one_is_given(config, server, raw) -> None:
    config(f'[contexts.old]\nurl = "{server.url}"\nrecords_namespace = "jobs"\n')
    raw.hset("jobs:id:a", "id", '"a"')
    raw.hset("other:id:b", "id", '"b"')
    with connect(context="old") as store:
        assert (store.records.find("a") is not None, store.records.find("b")) == (True, None)
    with connect(context="old", records_namespace="other") as store:
        assert (store.records.find("a"), store.records.find("b") is not None) == (None, True)
