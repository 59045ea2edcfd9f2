"""Which level names the doors, and what its variables mean."""

from __future__ import annotations

import pytest

from jobctl.config.levels import choose_level
from jobctl.config.secrets import expand, shown_url
from jobctl.errors import ConfigProblem, UnknownContext, UsageProblem
from jobctl.model.target import Address, Target

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
    [("CLOUD_URL", "{} names CLOUD_URL, which is not set"),
     ("redis://:hunter2@h", "{} holds no variable's name")],
)  # fmt: skip
def test_a_provider_that_names_nothing_is_an_error(environ, name, value, said) -> None:
    with pytest.raises(UsageProblem) as caught:
        choose_level(None, None, environ | {name: value, "CLOUD_URL": ""}, lambda: None)
    assert str(caught.value) == said.format(name)
    assert caught.value.hint.endswith(f"{name.replace('PROVIDER', 'URL')} holds the URL")


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}${B_1}", "xy z"),
        ("$A $$A $${A} $$$$", "$A $A ${A} $$"),
        ("a$", "a$"),
        ("", ""),
    ],
)
def test_a_dollar_sign_means_a_variable_only_before_a_brace(text, expected) -> None:
    assert expand(text, {"A": "x", "B_1": "y z"}, "it") == expected


@pytest.mark.parametrize("text", ["${", "${}", "${1A}", "${A-b}", "${A", "${ A }"])
def test_a_brace_that_begins_no_variable_is_an_error(text) -> None:
    with pytest.raises(ConfigProblem, match="begins no"):
        expand(text, {"A": "x"}, "it")


def test_what_a_variable_holds_is_not_expanded_again() -> None:
    assert expand("${A}", {"A": "$$ ${B}"}, "it") == "$$ ${B}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://:hunter2@h", "redis://:***@h:6379/0"),
        ("redis://:hun$$ter@h", "redis://:***@h:6379/0"),
        ("redis://hunter2@h", "redis://***@h:6379/0"),
        ("redis://:hunter2/@h", "(malformed)"),
        ("hunter2", "(malformed)"),
        ("redis://:${PW}@h", "redis://:${PW}@h"),
        ("redis://${USER}:${A}${B}@h", "redis://${USER}:${A}${B}@h"),
        ("redis://ada:x${PW}@h", "redis://ada:***@h"),
        ("redis://hunter2@${H}", "redis://***@${H}"),
        ("redis://${PW}@h", "redis://${PW}@h"),
        ("redis://:hunter2/@${H}", "redis://:***@${H}"),
        ("redis://:hun@ter2@${H}", "redis://:***@${H}"),
        ("redis://${H}/0?password=hunter2&db=1", "redis://${H}/0?password=***&db=1"),
        ("unix://${H}?db=1&password=${PW}", "unix://${H}?db=1&password=${PW}"),
        ("${URL}", "${URL}"),
        ("hunter2${X}", "(malformed)"),
    ],
)
def test_a_url_is_shown_without_its_password(text, shown) -> None:
    assert shown_url(text, Target) == shown


def test_a_servers_address_is_shown_without_its_password() -> None:
    assert shown_url("tcp://:hunter2@h", Address) == "tcp://:***@h:7419"
    assert shown_url("redis://:hunter2@h", Address) == "(malformed)"
