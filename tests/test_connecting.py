"""Which servers a run opens: one level of the settings names both, and two are never mixed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from jobctl import connect
from jobctl.config.levels import Endpoint, SettingsLevel, choose_level
from jobctl.connecting import Settings, open_either
from jobctl.errors import BadUrl, UsageProblem
from tests.systems.double import FaktoryDouble

SECRET = "correct-horse-battery"


def chosen(
    url=None, faktory_url=None, environ: Mapping[str, str] = {}, embedded=None
) -> SettingsLevel:
    return choose_level(url, faktory_url, environ, lambda: embedded)


def test_doors_are_opened_as_the_level_says(faktory: FaktoryDouble, url: str, tmp_path) -> None:
    nowhere = {"XDG_STATE_HOME": str(tmp_path)}
    both = SettingsLevel(Endpoint(url, "--url"), Endpoint(faktory.url, "--faktory-url"))
    with open_either(both, Settings(), nowhere) as backend:
        assert backend.has_redis
        assert backend.faktory is not None
        assert backend.address == str(backend.target)
        assert faktory.commands == []
        assert backend.faktory.info().version == "1.10.0"
    alone = SettingsLevel(None, Endpoint(faktory.url, "--faktory-url"), passed_over="JOBCTL_URL")
    with open_either(alone, Settings(), nowhere) as backend:
        assert (backend.has_redis, backend.scope.passed_over) == (False, "JOBCTL_URL")
        assert backend.address == faktory.url
        with pytest.raises(UsageProblem, match="this needs the Redis behind tcp://127"):
            backend.require_redis("this")
    with open_either(SettingsLevel(Endpoint(url, "--url")), Settings(), nowhere) as backend:
        assert backend.faktory is None
        backend.require_redis("this")


def test_a_malformed_url_of_the_environment_says_where_it_came_from(url: str, tmp_path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path), "FAKTORY_URL": f"http://:{SECRET}@host"}
    with pytest.raises(BadUrl, match=r"\(from FAKTORY_URL\)") as caught:
        connect(environ=environ | {"JOBCTL_URL": url})
    assert SECRET not in str(caught.value)
    with pytest.raises(BadUrl, match=r"\(from FAKTORY_URL\)"):
        open_either(chosen(environ=environ), Settings(), environ)
    with connect(url, environ=environ) as store:
        assert store.faktory is None
    with pytest.raises(UsageProblem, match="only a Faktory server is given"):
        connect(faktory_url="tcp://host", environ=environ)


def test_a_server_of_the_environment_and_an_embedded_redis_may_not_belong_together(
    server, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"FAKTORY_URL": "tcp://env", "XDG_STATE_HOME": str(tmp_path)}
    monkeypatch.setattr("jobctl.connecting.running_embedded", lambda environ: "unix:///running")
    with pytest.raises(UsageProblem, match="which one"):
        open_either(chosen(environ=environ, embedded="unix:///running"), Settings(), environ)
