"""config.toml: where it is looked for, and everything that can be wrong with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jobctl.config.contexts import config_file, find_context, read_contexts
from jobctl.errors import ConfigProblem, Exit, UnknownContext
from jobctl.model.layout import QueueForm
from jobctl.model.verbs import Rules

SECRET = "correct-horse-battery"
PROD = f'[contexts.prod]\nurl = "redis://:{SECRET}@10.0.0.1/0"\n'


def problem(text: str | bytes, config) -> ConfigProblem:
    """Read a bad file; whatever is said of it, a secret in it is not."""
    config(text)
    with pytest.raises(ConfigProblem) as raised:
        read_contexts(os.environ)
    assert raised.value.code is Exit.USAGE
    assert SECRET not in raised.value.message + (raised.value.hint or "")
    return raised.value


def test_the_file_is_looked_for_by_the_xdg_rules(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    home = tmp_path / ".config" / "jobctl" / "config.toml"
    assert config_file({}).path == home
    assert config_file({"JOBCTL_CONFIG": "", "XDG_CONFIG_HOME": "relative"}).path == home
    found = config_file({"XDG_CONFIG_HOME": "/etc/xdg"})
    assert (found.path, found.source) == (
        Path("/etc/xdg/jobctl/config.toml"),
        "XDG_CONFIG_HOME",
    )
    found = config_file({"XDG_CONFIG_HOME": "/etc/xdg", "JOBCTL_CONFIG": "my.toml"})
    assert (found.path, found.source) == (Path("my.toml"), "JOBCTL_CONFIG")


def test_a_file_that_is_not_there_has_no_contexts(tmp_path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert read_contexts(environ) == {}
    with pytest.raises(UnknownContext) as raised:
        find_context("prod", environ)
    assert raised.value.message == "there is no context 'prod': there is no config file"
    assert raised.value.hint == f"it would be {tmp_path}/jobctl/config.toml"


def test_a_file_that_was_named_must_be_there(tmp_path) -> None:
    with pytest.raises(ConfigProblem, match=r"there is no file .*nothing.toml \(from JOBCTL_CONFI"):
        read_contexts({"JOBCTL_CONFIG": str(tmp_path / "nothing.toml")})


def test_every_key_is_read(config) -> None:
    file = config(
        '[contexts.prod]\nurl = "redis://h"\nfaktory = "tcp://h"\nlayout = "bare"\n'
        'password_command = ["pass", "show", "x"]\n'
        "read_only = true\nprotected = true\nreason_required = true\njournal = false\n"
        '[contexts.staging]\nfaktory = "tcp://s"\npassword_file = "~/x"\n'
    )
    prod, staging = read_contexts(os.environ).values()
    assert (prod.name, prod.file, prod.url, prod.faktory) == ("prod", file, "redis://h", "tcp://h")
    assert (prod.layout, prod.password_command) == (QueueForm.BARE, ("pass", "show", "x"))
    assert prod.rules == Rules("prod", True, True, True, False)
    assert (staging.url, staging.layout, staging.password_file) == (None, None, "~/x")
    assert staging.rules == Rules("staging", journal=True)
    assert staging.place == f"{file} [contexts.staging]"


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "[contexts]\n", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_contexts(config, text) -> None:
    config(text)
    assert read_contexts(os.environ) == {}
    with pytest.raises(UnknownContext, match="there is no context 'prod' in "):
        find_context("prod", os.environ)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (PROD + "read_only = yes\n", 3, 13),
        (PROD + f'password_command = "{SECRET}\n', 3, 42),
        (PROD + "read_only", 3, 10),
        ("[contexts.prod\nurl = 1\n", 1, 15),
        (PROD + PROD, 3, 15),
        (PROD + "url = 'again'\n", 3, 14),
        (PROD + "protected = [true", 3, 18),
        ("\x00", 1, 1),
    ],
)
def test_a_syntax_error_is_said_with_its_line_and_column(config, text, line, column) -> None:
    error = problem(text, config)
    assert error.message.startswith(f"{os.environ['JOBCTL_CONFIG']}:{line}:{column}: ")
    assert "(at " not in error.message


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("[context.prod]\nurl = 'x'", "there is no table or key 'context'", "mean contexts"),
        ("[prod]\nurl = 'x'", "there is no table or key 'prod'", "a table [contexts.prod]"),
        ("url = 'x'", "there is no table or key 'url'", "one of: contexts"),
        ("contexts = 'prod'", "contexts must be tables", "[contexts.NAME]"),
        ("[[contexts]]\nurl = 'x'", "contexts must be tables", "[contexts.NAME]"),
        (f"[contexts]\nprod = '{SECRET}'", "contexts.prod must be a table", "[contexts.prod] on"),
        (PROD + "readonly = true", "[contexts.prod]: there is no key 'readonly'", "read_only?"),
        (PROD + f"password = '{SECRET}'", "there is no key 'password'", "password_"),
        ("[contexts.prod]\nread_only = true", "names neither a Redis nor a", "url = .., faktory"),
        ("[contexts.prod]", "[contexts.prod] names neither a Redis nor a Faktory server", "url"),
        (PROD + "password_file='a'\npassword_command='b'", "has both password_command and", "one"),
        ("[contexts.'']\nurl = 'x'", "'' is no name of a context", None),
        ("[contexts.'a b']\nurl = 'x'", "'a b' is no name of a context", None),
        ('[contexts."a\\u001b"]\nurl = "x"', "'a\\x1b' is no name of a context", None),
    ],
)
def test_a_mistake_is_said_with_what_is_near(config, text, said, hint) -> None:
    error = problem(text, config)
    assert said in error.message
    assert error.message.startswith(os.environ["JOBCTL_CONFIG"])
    assert (error.hint is None) if hint is None else hint in (error.hint or "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("url = 6379", "url must be a string"),
        ("url = ''", "url must be a string that is not empty"),
        ("url = ['redis://a']", "url must be a string"),
        ("faktory = true", "faktory must be a string"),
        ("layout = 'Q'", 'layout must be "q" or "bare"'),
        ("layout = []", 'layout must be "q" or "bare"'),
        (f"layout = '{SECRET}'", 'layout must be "q" or "bare"'),
        ("system = 'resque'", 'system must be "faktory" or "sidekiq"'),
        ("read_only = 'true'", "read_only must be true or false, without quotes"),
        ("protected = 1", "protected must be true or false"),
        ("reason_required = []", "reason_required must be true or false"),
        ("journal = 'no'", "journal must be true or false"),
        ("password_file = 1", "password_file must be a string"),
        ("password_command = ''", "password_command must be a string for the shell, or an array"),
        ("password_command = []", "password_command must be a string for the shell, or an array"),
        ("password_command = ['']", "password_command must be a string for the shell, or an arra"),
        ("password_command = ['a', 1]", "password_command must be a string for the shell, or an"),
        (f"password_command = {{x = '{SECRET}'}}", "password_command must be a string for the"),
    ],
)
def test_a_wrong_type_is_said_with_what_is_expected(config, line, expected) -> None:
    other = "faktory = 'tcp://h'" if line.startswith("url") else "url = 'redis://h'"
    error = problem(f"[contexts.prod]\n{other}\n{line}\n", config)
    assert f"[contexts.prod]: {expected}" in error.message


def test_what_is_no_text_is_said_to_be_none(config) -> None:
    error = problem(PROD.encode() + b"# caf\xe9\n", config)
    assert error.message.endswith("config.toml:3:6: this is not UTF-8")
    assert "UTF-8" in problem(os.urandom(500) + b"\xff", config).message


def test_a_huge_file_is_not_read(config, monkeypatch) -> None:
    assert "larger than any file of settings" in problem("#" * (1024 * 1024 + 1), config).message
    monkeypatch.setenv("JOBCTL_CONFIG", "/dev/zero")
    with pytest.raises(ConfigProblem, match="larger than any"):
        read_contexts(os.environ)


def test_values_beyond_all_bounds_are_no_bug(config) -> None:
    assert "value that no setting has" in problem("x = " + "[" * 100_000, config).message
    assert "value that no setting has" in problem("x = " + "9" * 10_000, config).message


def test_a_file_that_cannot_be_read_is_said_to_be_so(config, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("JOBCTL_CONFIG", str(tmp_path))
    with pytest.raises(ConfigProblem, match="is a directory, not a config file"):
        read_contexts(os.environ)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(ConfigProblem, match="cannot be read: Too many levels"):
        read_contexts({"JOBCTL_CONFIG": str(loop)})
    with pytest.raises(ConfigProblem, match="no path has a NUL in it"):
        read_contexts({"JOBCTL_CONFIG": "a\0b"})
    if os.getuid():
        config(PROD).chmod(0)
        with pytest.raises(ConfigProblem, match="cannot be read: Permission denied"):
            read_contexts(os.environ)


def test_an_unknown_context_is_said_with_the_near_ones(config) -> None:
    config("".join(f"[contexts.{n}]\nurl = 'x'\n" for n in ("production", "staging", "demo")))
    with pytest.raises(UnknownContext, match="there is no context 'prodution' in") as raised:
        find_context("prodution", os.environ)
    assert raised.value.hint == "did you mean production?"
    with pytest.raises(UnknownContext) as raised:
        find_context("xyz", os.environ)
    assert raised.value.hint == "one of: production, staging, demo"
