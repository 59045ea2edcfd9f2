"""Which level names the doors, and what its variables mean."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from jobctl.config.levels import DEFAULT_URL, Endpoint, SettingsLevel, choose_level
from jobctl.errors import ConfigProblem, UnknownContext, UsageProblem

CONTEXTS = """
[contexts.prod]
url = "redis://prod"
faktory = "tcp://prod"
[contexts.redis]
url = "redis://only"
layout = "bare"
[contexts.wire]
faktory = "tcp://only"
read_only = true
[contexts.vars]
url = "redis://:${PW}@${HOST}/$$0"
[contexts.broken]
url = "redis://${"
"""
FAKTORY = {"FAKTORY_URL": "tcp://elsewhere"}


SECRET = "correct-horse-battery"
R, F = "redis://flag", "tcp://flag"
BOTH = {"JOBCTL_URL": "redis://one", "FAKTORY_URL": "tcp://env"}


def chosen(
    url=None, faktory_url=None, environ: Mapping[str, str] = {}, embedded=None
) -> SettingsLevel:
    return choose_level(url, faktory_url, environ, lambda: embedded)


@pytest.fixture
def environ(config) -> dict[str, str]:
    return {"JOBCTL_CONFIG": str(config(CONTEXTS))}


def doors(level) -> tuple[str | None, str | None]:
    return tuple(door and door.url for door in (level.redis, level.faktory))


@pytest.mark.parametrize(
    ("given", "more", "expected"),
    [
        ({"url": "redis://a"}, {"JOBCTL_CONTEXT": "prod"} | FAKTORY, ("redis://a", None)),
        ({"faktory_url": "tcp://a"}, {"JOBCTL_CONTEXT": "prod"}, (None, "tcp://a")),
        (
            {"context": "prod"},
            {"JOBCTL_URL": "redis://b", "JOBCTL_CONTEXT": "redis"} | FAKTORY,
            ("redis://prod", "tcp://prod"),
        ),
        (
            {},
            {"JOBCTL_URL": "redis://b", "JOBCTL_CONTEXT": "prod"} | FAKTORY,
            ("redis://b", "tcp://elsewhere"),
        ),
        ({}, {"JOBCTL_CONTEXT": "prod", "REDIS_URL": "redis://c"}, ("redis://prod", "tcp://prod")),
        ({}, {"JOBCTL_CONTEXT": " prod\n"}, ("redis://prod", "tcp://prod")),
        ({}, {"JOBCTL_CONTEXT": "", "REDIS_URL": "redis://c"}, ("redis://c", None)),
        ({}, {"JOBCTL_CONTEXT": "redis"} | FAKTORY, ("redis://only", None)),
        ({}, {"JOBCTL_CONTEXT": "wire", "REDIS_URL": "redis://c"}, (None, "tcp://only")),
        ({}, FAKTORY, (None, "tcp://elsewhere")),
        (
            {},
            {"REDIS_PROVIDER": "CLOUD_URL", "CLOUD_URL": "redis://d", "REDIS_URL": "redis://c"},
            ("redis://d", None),
        ),
        ({}, {"REDIS_PROVIDER": "CLOUD_URL", "JOBCTL_CONTEXT": "redis"}, ("redis://only", None)),
        ({}, {"REDIS_URL": ' "redis://c"\n'}, ("redis://c", None)),
        (
            {},
            {"REDIS_PROVIDER": "'CLOUD_URL'", "CLOUD_URL": "'redis://d'"} | FAKTORY,
            ("redis://d", "tcp://elsewhere"),
        ),
    ],
)
def test_the_first_level_names_both_doors_and_no_other_adds_to_it(
    environ, given, more, expected
) -> None:
    flags = {"url": None, "faktory_url": None} | given
    level = choose_level(environ=environ | more, embedded=lambda: None, **flags)
    assert doors(level) == expected


@pytest.mark.parametrize("name", ["REDIS_PROVIDER", "FAKTORY_PROVIDER"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("CLOUD_URL", "{} names CLOUD_URL, which is not set"),
        ("NOT_SET", "{} names NOT_SET, which is not set"),
        (f"tcp://:{SECRET}@host:7419", "{} holds no variable's name"),
        (f"{SECRET}@host", "{} holds no variable's name"),
        (SECRET, "{} holds no variable's name"),
        ("\x00", "{} holds no variable's name"),
    ],
)
def test_a_provider_that_names_nothing_is_an_error_that_quotes_no_url(
    environ, name, value, said
) -> None:
    more = environ | ({"JOBCTL_URL": "redis://one"} if name.startswith("FAKTORY") else {})
    for given in (environ, more):
        with pytest.raises(UsageProblem) as caught:
            choose_level(None, None, given | {name: value, "CLOUD_URL": " "}, lambda: None)
        assert str(caught.value) == said.format(name)
        assert caught.value.hint.endswith(f"{name.replace('PROVIDER', 'URL')} holds the URL")
        assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_a_server_alone_says_which_redis_it_passes_over(environ) -> None:
    more = environ | {"JOBCTL_CONTEXT": "prod", "REDIS_URL": "redis://c"}
    assert choose_level(None, "tcp://a", more, pytest.fail).passed_over == "JOBCTL_CONTEXT"
    level = choose_level(None, None, more | {"JOBCTL_CONTEXT": "wire"}, pytest.fail)
    assert (level.passed_over, level.below) == (None, None)


def test_a_context_brings_its_layout_and_rules(environ) -> None:
    level = choose_level(None, None, environ, pytest.fail, context="redis")
    assert (level.layout, level.rules.context, level.rules.read_only) == ("bare", "redis", False)
    assert choose_level(None, None, environ, pytest.fail, context="wire").rules.read_only
    level = choose_level("redis://a", None, environ, pytest.fail)
    assert (level.layout, level.rules.context) == (None, None)


@pytest.mark.parametrize(("url", "faktory"), [("redis://a", None), (None, "tcp://a")])
def test_a_context_beside_a_url_is_a_usage_error(environ, url, faktory) -> None:
    with pytest.raises(UsageProblem, match=r"--context and --(url|faktory-url) both say where"):
        choose_level(url, faktory, environ, pytest.fail, context="prod")


def test_an_unknown_context_is_said_to_be_from_the_environment(environ) -> None:
    with pytest.raises(UnknownContext, match=r"no context 'prd' in .*\(from JOBCTL_CONTEXT\)"):
        choose_level(None, None, environ | {"JOBCTL_CONTEXT": "prd"}, pytest.fail)
    with pytest.raises(UnknownContext, match="no context ''"):
        choose_level(None, None, environ, pytest.fail, context="")


def test_variables_are_put_in_where_the_context_is_used(environ) -> None:
    full = environ | {"PW": "p@ss", "HOST": "h"}
    assert doors(choose_level(None, None, full, pytest.fail, context="vars"))[0] == (
        "redis://:p@ss@h/$0"
    )
    message = "url of context vars needs the variable HOST, which is not set"
    with pytest.raises(ConfigProblem, match=message):
        choose_level(None, None, environ | {"PW": "x"}, pytest.fail, context="vars")
    with pytest.raises(ConfigProblem, match="the variable PW, which is empty"):
        choose_level(None, None, full | {"PW": ""}, pytest.fail, context="vars")
    with pytest.raises(ConfigProblem, match=r"url of context broken: '\$\{' begins no"):
        choose_level(None, None, environ, pytest.fail, context="broken")


@pytest.mark.parametrize("environ", [{}, BOTH, {"REDIS_URL": "redis://two", "FAKTORY_URL": "tcp://env"},
                                     {"FAKTORY_PROVIDER": "MINE", "MINE": "tcp://mine"},
                                     {"FAKTORY_PROVIDER": "unset"}])  # fmt: skip
def test_a_redis_on_the_command_line_never_goes_with_a_server_of_the_environment(environ) -> None:
    assert chosen(R, None, environ) == SettingsLevel(Endpoint(R, "--url"))
    assert chosen(R, F, environ) == SettingsLevel(
        Endpoint(R, "--url"), Endpoint(F, "--faktory-url")
    )


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
    assert level == SettingsLevel(None, Endpoint(F, "--faktory-url"), passed_over=passed_over)


@pytest.mark.parametrize("name", ["JOBCTL_URL", "REDIS_URL"])
def test_a_redis_and_a_server_of_the_environment_belong_together(name: str) -> None:
    level = chosen(environ={name: "redis://one", "FAKTORY_URL": "tcp://env\n"}, embedded="unix:///")
    assert level == SettingsLevel(
        Endpoint("redis://one", name), Endpoint("tcp://env", "FAKTORY_URL")
    )
    assert chosen(environ={name: "redis://one"}) == SettingsLevel(Endpoint("redis://one", name))


def test_a_server_of_the_environment_alone_has_a_redis_below_for_what_needs_no_server() -> None:
    door = Endpoint("tcp://env", "FAKTORY_URL")
    environ = {"FAKTORY_URL": "tcp://env"}
    assert chosen(environ=environ) == SettingsLevel(
        None, door, Endpoint(DEFAULT_URL, "the default")
    )
    running = Endpoint("unix:///running", "the embedded server")
    assert chosen(environ=environ, embedded=running.url) == SettingsLevel(None, door, running)
    assert chosen(embedded=running.url) == SettingsLevel(running)
    assert chosen() == SettingsLevel(Endpoint(DEFAULT_URL, "the default"))


def test_the_provider_names_the_variable_and_wins() -> None:
    environ = BOTH | {"FAKTORY_PROVIDER": "MY_FAKTORY", "MY_FAKTORY": "tcp://mine"}
    door = Endpoint("tcp://mine", "MY_FAKTORY, named by FAKTORY_PROVIDER")
    assert chosen(environ=environ) == SettingsLevel(Endpoint("redis://one", "JOBCTL_URL"), door)
    assert chosen(environ=environ | {"FAKTORY_PROVIDER": ""}).faktory == Endpoint(
        "tcp://env", "FAKTORY_URL"
    )
