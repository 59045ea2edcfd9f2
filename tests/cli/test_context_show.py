"""``jobctl context show`` without a name: the settings in use, and where each comes from."""

from __future__ import annotations

import json
import os

import pytest

from jobctl import embedded
from tests.cli.conftest import SECRET
from tests.redis.runs import FORMATS


@pytest.fixture
def running_at_home(monkeypatch, tmp_path):
    """An embedded server where jobctl looks for one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    directory = embedded.default_directory(os.environ)
    running, _ = embedded.start(directory, environ=os.environ)
    yield running
    embedded.stop(directory)


def explained(jobctl, *argv, url=None) -> dict[str, list]:
    rows = json.loads(jobctl("context", "show", "-o", "json", *argv, url=url).out)
    assert all(list(row) == ["setting", "value", "source"] for row in rows)
    found: dict[str, list] = {}
    for row in rows:
        found.setdefault(row["setting"], []).append((row["value"], row["source"]))
    return found


def test_settings_are_explained_by_default(jobctl) -> None:
    found = explained(jobctl)
    assert list(found) == [
        "config_file", "context", "url", "faktory", "layout", "system", "records_namespace",
        "password", "read_only", "protected", "reason_required", "journal", "connect_timeout",
        "operations_directory",
    ]  # fmt: skip
    assert found["config_file"][0][1] == "XDG_CONFIG_HOME (not there)"
    assert found["url"] == [("redis://127.0.0.1:6379/0", "the default")]
    assert found["context"] == [(None, None)]
    assert found["journal"] == [(True, "default")]
    assert found["system"] == [(None, "what the data tells")]
    assert found["records_namespace"] == [("jobba", "default")]
    assert found["connect_timeout"] == [("5s", "default")]
    assert found["operations_directory"][0][1] == "XDG_STATE_HOME"


def test_what_a_provider_leads_to_and_what_a_url_says_are_explained(jobctl, monkeypatch) -> None:
    monkeypatch.setenv("CLOUD_URL", f"redis://:{SECRET}@h?connectTimeout=2000")
    monkeypatch.setenv("REDIS_PROVIDER", "CLOUD_URL")
    monkeypatch.setenv("REDIS_URL", "redis://c")
    found = explained(jobctl)
    source = "CLOUD_URL, named by REDIS_PROVIDER"
    assert found["url"] == [("redis://:***@h:6379/0", source)]
    assert found["connect_timeout"] == [("2s", source)]
    assert found["overruled"] == [("redis://c:6379/0", "REDIS_URL")]
    found = explained(jobctl, url="redis://j")
    assert ("CLOUD_URL: redis://:***@h:6379/0", "REDIS_PROVIDER") in found["overruled"]


def test_settings_of_a_context_are_explained_with_what_they_overrule(
    full, jobctl, monkeypatch
) -> None:
    monkeypatch.setenv("JOBCTL_CONTEXT", "secret")
    monkeypatch.setenv("FAKTORY_URL", f"tcp://:{SECRET}@h")
    monkeypatch.setenv("FAKTORY_PROVIDER", "NOT_SET")
    found = explained(jobctl, "--context", "plain", url=f"redis://:{SECRET}@j")
    place = f"[contexts.plain] in {os.environ['JOBCTL_CONFIG']}"
    assert found["context"] == [("plain", "--context")]
    assert found["url"] == [("unix:///run/redis.sock", place)]
    assert found["layout"] == [("q", place)]
    assert found["system"] == [("faktory", place)]
    assert found["records_namespace"] == [("jobs", place)]
    assert found["password"] == [("from a file", place)]
    assert found["read_only"] == [(True, place)]
    assert found["protected"] == [(False, "default")]
    assert found["overruled"] == [
        ("redis://:***@j:6379/0", "JOBCTL_URL"),
        ("secret", "JOBCTL_CONTEXT"),
        ("tcp://:***@h:7419", "FAKTORY_URL"),
        ("NOT_SET, which is not set", "FAKTORY_PROVIDER"),
    ]
    found = explained(
        jobctl, "-u", "redis://:x@h", "--layout", "bare", "--connect-timeout", "1s",
        "--records-namespace", "other", url=None,
    )  # fmt: skip
    assert found["url"] == [("redis://:***@h:6379/0", "--url")]
    assert found["password"] == [("in the URL", "--url")]
    assert found["layout"] == [("bare", "--layout")]
    assert found["records_namespace"] == [("other", "--records-namespace")]
    assert found["connect_timeout"] == [("1s", "--connect-timeout")]
    assert ("secret", "JOBCTL_CONTEXT") in found["overruled"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[contexts.prod\n", ":1:15: "),
        ("[contexts.prod]\nurl = 1\n", "url must be a string"),
        (None, " (from JOBCTL_CONFIG)\nhint: unset it"),
    ],
)
def test_a_config_file_that_cannot_be_used_is_a_problem_found(config, jobctl, text, said) -> None:
    file = config(text or "")
    if text is None:
        file.unlink()
    for fmt in FORMATS:
        ran = jobctl("context", "show", "-o", fmt)
        assert ran.code == 8
        assert "journal" in ran.out
        assert ran.err.startswith("warning: ")
        assert said in ran.err
    assert json.loads(jobctl("context", "show", "-o", "json").out)
    for argv in (("context", "ls"), ("context", "show", "prod")):
        ran = jobctl(*argv)
        assert (ran.code, ran.out) == (2, "")
    assert jobctl("context", "show", "--context", "prod", url=None).code == 2


def test_what_is_used_is_not_overruled(full, jobctl, monkeypatch) -> None:
    monkeypatch.setenv("JOBCTL_CONTEXT", "secret")
    assert "overruled" not in explained(jobctl)
    monkeypatch.delenv("JOBCTL_CONTEXT")
    monkeypatch.setenv("FAKTORY_PROVIDER", "MINE")
    monkeypatch.setenv("MINE", f"tcp://:{SECRET}@h")
    found = explained(jobctl)
    assert found["faktory"] == [("tcp://:***@h:7419", "MINE, named by FAKTORY_PROVIDER")]
    assert found["url"] == [(None, None)]
    assert found["url_without_faktory"] == [("redis://127.0.0.1:6379/0", "the default")]
    assert "overruled" not in found


def test_a_server_alone_is_never_shown_as_one_pair_with_the_embedded_redis(
    jobctl, monkeypatch, running_at_home
) -> None:
    monkeypatch.setenv("FAKTORY_URL", "tcp://h")
    found = explained(jobctl)
    assert found["url"] == [(None, None)]
    assert found["url_without_faktory"] == [(running_at_home.url, "the embedded server")]
    assert found["faktory"] == [
        ("tcp://h:7419", "FAKTORY_URL; refused while the embedded server runs")
    ]
    ran = jobctl("context", "show", url=None)
    assert (ran.code, "name one, by -u embedded:// or --faktory-url" in ran.err) == (0, True)
    assert jobctl("queue", "pause", "x", url=None).code == 2
    assert jobctl("retries", "count", url=None).out == "0\n"
    assert "url_without_faktory" not in explained(jobctl, url="redis://j")


def test_a_narrow_table_keeps_the_name_of_the_context(config, jobctl, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    config('[contexts.prod]\nurl = "redis://h"\nread_only = true\n')
    ran = jobctl("context", "show", "--context", "prod", "-o", "table", url=None)
    lines = {line.split()[0]: line for line in ran.out.splitlines()}
    assert "[contexts.prod]" in lines["url"]
    assert "[contexts.prod]" in lines["read_only"]
