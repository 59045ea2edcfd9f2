"""Which doors a run opens: one level of the settings names both, and two are never mixed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from jobctl import connect
from jobctl.config.levels import DEFAULT_URL, Endpoint, Level, choose_level
from jobctl.connecting import Settings, open_either
from jobctl.errors import BadUrl, UsageProblem
from tests.systems.double import FaktoryDouble

SECRET = "correct-horse-battery"
R, F = "redis://flag", "tcp://flag"
BOTH = {"JOBCTL_URL": "redis://one", "FAKTORY_URL": "tcp://env"}


def chosen(url=None, faktory_url=None, environ: Mapping[str, str] = {}, embedded=None) -> Level:
    return choose_level(url, faktory_url, environ, lambda: embedded)


@pytest.mark.parametrize("environ", [{}, BOTH, {"REDIS_URL": "redis://two", "FAKTORY_URL": "tcp://env"},
                                     {"FAKTORY_PROVIDER": "MINE", "MINE": "tcp://mine"},
                                     {"FAKTORY_PROVIDER": "unset"}])  # fmt: skip
def test_a_redis_on_the_command_line_never_goes_with_a_server_of_the_environment(environ) -> None:
    assert chosen(R, None, environ) == Level(Endpoint(R, "--url"))
    assert chosen(R, F, environ) == Level(Endpoint(R, "--url"), Endpoint(F, "--faktory-url"))


@pytest.mark.parametrize(
    ("environ", "passed_over"),
    [
        ({}, None),
        ({"FAKTORY_URL": "tcp://env"}, None),
        (BOTH, "JOBCTL_URL"),
        ({"REDIS_URL": "redis://two"}, "REDIS_URL"),
        ({"REDIS_URL": "redis://two", "JOBCTL_URL": "redis://one"}, "JOBCTL_URL"),
        ({"JOBCTL_URL": " "}, None),
    ],
)
def test_a_server_on_the_command_line_never_goes_with_a_redis_of_the_environment(
    environ, passed_over
) -> None:
    level = chosen(None, F, environ, embedded="unix:///running")
    assert level == Level(None, Endpoint(F, "--faktory-url"), passed_over=passed_over)


@pytest.mark.parametrize("name", ["JOBCTL_URL", "REDIS_URL"])
def test_a_redis_and_a_server_of_the_environment_belong_together(name: str) -> None:
    level = chosen(environ={name: "redis://one", "FAKTORY_URL": "tcp://env\n"}, embedded="unix:///")
    assert level == Level(Endpoint("redis://one", name), Endpoint("tcp://env", "FAKTORY_URL"))
    assert chosen(environ={name: "redis://one"}) == Level(Endpoint("redis://one", name))


def test_a_server_of_the_environment_alone_has_a_redis_below_for_what_needs_no_server() -> None:
    door = Endpoint("tcp://env", "FAKTORY_URL")
    environ = {"FAKTORY_URL": "tcp://env"}
    assert chosen(environ=environ) == Level(None, door, Endpoint(DEFAULT_URL, "the default"))
    running = Endpoint("unix:///running", "the embedded server")
    assert chosen(environ=environ, embedded=running.url) == Level(None, door, running)
    assert chosen(embedded=running.url) == Level(running)
    assert chosen() == Level(Endpoint(DEFAULT_URL, "the default"))


def test_the_provider_names_the_variable_and_wins() -> None:
    environ = BOTH | {"FAKTORY_PROVIDER": "MY_FAKTORY", "MY_FAKTORY": "tcp://mine"}
    door = Endpoint("tcp://mine", "MY_FAKTORY, named by FAKTORY_PROVIDER")
    assert chosen(environ=environ) == Level(Endpoint("redis://one", "JOBCTL_URL"), door)
    assert chosen(environ=environ | {"FAKTORY_PROVIDER": ""}).faktory == Endpoint(
        "tcp://env", "FAKTORY_URL"
    )


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ("NOT_SET", "FAKTORY_PROVIDER names NOT_SET, which is not set"),
        ("EMPTY", "FAKTORY_PROVIDER names EMPTY, which is not set"),
        (f"tcp://:{SECRET}@host:7419", "FAKTORY_PROVIDER holds no variable's name"),
        (f"{SECRET}@host", "FAKTORY_PROVIDER holds no variable's name"),
        (SECRET, "FAKTORY_PROVIDER holds no variable's name"),
        ("\x00", "FAKTORY_PROVIDER holds no variable's name"),
    ],
)
def test_a_provider_that_names_nothing_is_a_usage_error_that_quotes_no_url(provider, told) -> None:
    for more in ({}, BOTH):
        with pytest.raises(UsageProblem) as caught:
            chosen(environ=more | {"FAKTORY_PROVIDER": provider, "EMPTY": " "})
        assert told in str(caught.value)
        assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_doors_are_opened_as_the_level_says(faktory: FaktoryDouble, url: str, tmp_path) -> None:
    nowhere = {"XDG_STATE_HOME": str(tmp_path)}
    both = Level(Endpoint(url, "--url"), Endpoint(faktory.url, "--faktory-url"))
    with open_either(both, Settings(), nowhere) as backend:
        assert backend.has_redis
        assert backend.faktory is not None
        assert backend.address == str(backend.target)
        assert faktory.commands == []
        assert backend.faktory.info().version == "1.10.0"
    alone = Level(None, Endpoint(faktory.url, "--faktory-url"), passed_over="JOBCTL_URL")
    with open_either(alone, Settings(), nowhere) as backend:
        assert (backend.has_redis, backend.scope.passed_over) == (False, "JOBCTL_URL")
        assert backend.address == faktory.url
        with pytest.raises(UsageProblem, match="this needs the Redis behind tcp://127"):
            backend.require_redis("this")
    with open_either(Level(Endpoint(url, "--url")), Settings(), nowhere) as backend:
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
