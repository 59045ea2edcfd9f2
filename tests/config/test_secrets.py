"""The password of a context: from a command, from a file, and never in a message."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from jobctl.config import secrets
from jobctl.config.contexts import Context
from jobctl.config.secrets import Password, expand, password_of, shown_url
from jobctl.errors import ConfigProblem
from jobctl.model.target import Address, Target

SECRET = "correct-horse-battery"
ENVIRON = {"PATH": os.defpath, "PW": SECRET}


def command(words: str | tuple[str, ...], **more: str) -> Password:
    found = password_of(
        Context("prod", Path("/c.toml"), "redis://h", password_command=words), ENVIRON | more
    )
    assert found is not None
    return found


def failure(words: str | tuple[str, ...]) -> str:
    with pytest.raises(ConfigProblem) as raised:
        command(words)()
    said = f"{raised.value.message} {raised.value.hint}"
    assert SECRET not in said
    return raised.value.message


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("echo hunter2", "hunter2"),
        ("printf 'hunter2\\r\\nsecond\\n'", "hunter2"),
        ("printf ' a b '", " a b "),
        ("printf 'p\\303\\244ss'", "päss"),
        ('echo "${PW}"', SECRET),
        ("x=$(echo a); echo ${x}$x; (sleep 100 &)", "aa"),
        ("exec 2>&-; echo a", "a"),
        ("echo told you >&2; echo a", "a"),
        (("printf", "%s", "${PW}"), SECRET),
        (("printf", "%s", "a;$PW $$"), "a;$PW $"),
        (("sh", "-c", "cat; echo end"), "end"),
    ],
)
def test_the_first_line_that_a_command_prints_is_the_password(words, expected) -> None:
    began = time.monotonic()
    assert command(words)() == expected
    assert time.monotonic() - began < 5


def test_a_command_runs_when_it_is_needed_and_once(tmp_path) -> None:
    ran = tmp_path / "ran"
    password = command(f"echo x >> {ran}; echo hunter2")
    assert not ran.exists()
    assert [password(), password()] == ["hunter2", "hunter2"]
    assert ran.read_text() == "x\n"
    assert "hunter2" not in repr(password)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (f"echo {SECRET}; exit 3", "failed (exit 3)"),
        (f"echo {SECRET} >&2; echo 'two ' >&2; exit 1", "failed (exit 1)"),
        ("kill -9 $$", "failed (signal 9)"),
        ("true", "gives no password: its first line is empty"),
        (f"echo; echo {SECRET}", "gives no password: its first line is empty"),
        ("printf '\\377'", "gives a password that is not UTF-8"),
        ("cat /dev/zero", "prints more than any password has"),
        (("no-such-program-here", "x"), "cannot be run: No such file or directory"),
        (("/", "x"), "cannot be run: Permission denied"),
        (("a\0b",), "cannot be run: there is a NUL in it"),
    ],
)
def test_a_command_that_gives_none_is_an_error(words, message) -> None:
    assert failure(words) == f"password_command of context prod {message}"


def test_a_variable_that_a_command_needs_must_be_set() -> None:
    assert failure("echo ${MISSING}") == "password_command of context prod failed (exit 2)"
    with pytest.raises(ConfigProblem, match="password_command of context prod needs the variable"):
        command(("echo", "${MISSING}"))


@pytest.mark.parametrize("words", ["sleep 60", "exec >&- 2>&-; sleep 60", "yes >&2"])
def test_a_command_that_hangs_is_stopped(words, monkeypatch) -> None:
    monkeypatch.setattr(secrets, "PATIENCE", 0.5)
    began = time.monotonic()
    assert failure(words) == "password_command of context prod gave no password within 0.5 s"
    assert time.monotonic() - began < 5


def test_what_a_stopped_command_has_started_is_not_left_writing(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(secrets, "PATIENCE", 0.2)
    pid = tmp_path / "pid"
    failure(f"yes >&2 & echo $! > {pid}; wait")
    end = time.monotonic() + 5
    while _runs(int(pid.read_text())) and time.monotonic() < end:
        time.sleep(0.01)
    assert not _runs(int(pid.read_text()))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def file_password(named: str, directory: Path, **more: str) -> str:
    context = Context("prod", directory / "config.toml", "redis://h", password_file=named)
    found = password_of(context, ENVIRON | more)
    assert found is not None
    return found()


def test_a_file_is_looked_for_beside_the_config_file(tmp_path, monkeypatch) -> None:
    (tmp_path / "secret").write_bytes(b"hunter2\r\nnot this\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert file_password("secret", tmp_path) == "hunter2"
    assert file_password(str(tmp_path / "secret"), Path("/nowhere")) == "hunter2"
    assert file_password("~/secret", Path("/nowhere")) == "hunter2"
    assert file_password("${WHERE}/secret", Path("/nowhere"), WHERE=str(tmp_path)) == "hunter2"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("nothing", "cannot be read: {here}/nothing: No such file or directory"),
        (".", "cannot be read: {here}: Is a directory"),
        ("empty", "gives no password: its first line is empty"),
        ("binary", "gives a password that is not UTF-8"),
        ("a\0b", "cannot be read: no path has a NUL in it"),
        ("~no-such-user-here/x", "there is no such home directory"),
        ("${MISSING}", "needs the variable MISSING, which is not set"),
    ],
)
def test_a_file_that_gives_none_is_an_error(named, message, tmp_path) -> None:
    (tmp_path / "empty").write_text(f"\n{SECRET}")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigProblem) as raised:
        file_password(named, tmp_path)
    assert message.format(here=tmp_path) in raised.value.message
    assert SECRET not in raised.value.message


def test_a_file_that_is_not_there_is_named_by_its_whole_path(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigProblem, match=f"cannot be read: {tmp_path}/conf/nothing: No such"):
        file_password("nothing", Path("conf"))


def test_a_context_without_either_has_none() -> None:
    assert password_of(Context("prod", Path("/c"), "redis://h"), {}) is None


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
