"""What a context holds every change to: read_only, reason_required, protected, journal."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
import time

import pytest

from jobctl import Guards, Watch, Where, connect
from jobctl.errors import Refused
from tests.builders import enqueue, failed, job, retry
from tests.everything import contents
from tests.recording import record

SECRET = "correct-horse-battery"
KILL = ("retries", "kill", "--type", "SendEmail")
CHANGES = [
    (*KILL, "--yes"),
    ("retries", "discard", "--all", "--yes"),
    ("scheduled", "requeue", "--all", "--yes"),
    ("retries", "reschedule", "--all", "--in", "1h", "--yes"),
    ("dead", "clear", "--confirm", "dead"),
    ("retries", "clear", "--confirm", "retries", "--no-undo"),
    ("mutate", "--yes", '{"cmd":"kill","target":"retries","filter":{"jobtype":"SendEmail"}}'),
    ("record", "delete", "one", "--yes"),
    ("record", "mark", "failed", "one"),
]
# Others are refused in tests/blackbox.
MORE_CHANGES = [
    ("scheduled", "requeue", "--all", "--yes"),
    ("retries", "clear", "--confirm", "retries", "--no-undo"),
    ("record", "set", "one", "--progress", "1"),
    ("record", "set", "one", "--name", "N"),
    ("record", "request-kill", "one", "--yes"),
]


@pytest.fixture
def shop(raw):
    retry(raw, failed("jid-00000001"), failed("jid-00000002", jobtype="Import"))
    for kind in ("scheduled", "dead"):
        raw.zadd(kind, {failed("jid-00000009"): time.time() + 1000})
    enqueue(raw, "default", job("queued-00001"))
    record(raw, "one", state="succeeded")
    return contents(raw)


@pytest.fixture
def rules(config, server, monkeypatch):
    """Make a context of the test's server the current one."""

    def make(*lines: str, name: str = "prod") -> None:
        config(f'[contexts.{name}]\nurl = "{server.url}"\n' + "\n".join(lines))
        monkeypatch.setenv("JOBCTL_CONTEXT", name)

    return make


@pytest.fixture
def at_terminal(own_journal):
    """Run the command line at a real terminal for each answer to its question, all at once."""

    def start(argv, answer: str) -> tuple[subprocess.Popen[bytes], int]:
        main, side = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "jobctl", *argv], stdin=side, stdout=side, stderr=side
        )
        os.close(side)
        os.write(main, f"{answer}\n".encode())
        return process, main

    def end(process: subprocess.Popen[bytes], main: int) -> tuple[int, str]:
        said = b""
        with contextlib.suppress(OSError):  # the other side is closed
            while piece := os.read(main, 4096):
                said += piece
        os.close(main)
        return process.wait(), said.decode()

    def run(*argv: str, answers: tuple[str, ...]) -> list[tuple[int, str]]:
        running = [start(argv, answer) for answer in answers]
        return [end(*each) for each in running]

    return run


# read_only


@pytest.mark.parametrize("argv", MORE_CHANGES, ids=" ".join)
def test_read_only_refuses_every_change(shop, raw, rules, jobctl, own_journal, argv) -> None:
    rules("read_only = true")
    jobctl(*argv, url=None).fails(7, "context prod is read-only; nothing was changed\nhint: ")
    assert contents(raw) == shop
    assert not own_journal.exists()
    assert raw.exists("jobctl:server") == 0


def test_read_only_refuses_before_it_connects(config, jobctl) -> None:
    config(
        '[contexts.prod]\nurl = "redis://127.0.0.1:1"\nread_only = true\n'
        'password_command = "exit 1"\n'
    )
    assert jobctl(*KILL, "--yes", "--context", "prod", url=None).code == 7
    assert jobctl("retries", "kill", "--context", "prod", url=None).code == 2


def test_read_only_allows_dry_runs_and_plans(shop, raw, rules, report, tmp_path) -> None:
    rules("read_only = true", "reason_required = true", "protected = true")
    found = report(*KILL, "--dry-run", url=None)
    assert (found["matched"], found["dry_run"]) == (1, True)
    plan = tmp_path / "plan"
    assert report(*KILL, "--plan", str(plan), url=None)["matched"] == 1
    assert report("apply", str(plan), "--dry-run", url=None)["matched"] == 1
    assert contents(raw) == shop


def test_read_only_refuses_undo_resume_and_apply(
    shop, raw, rules, jobctl, report, tmp_path
) -> None:
    rules()
    plan = tmp_path / "plan"
    report("retries", "discard", "--type", "Import", "--plan", str(plan), url=None)
    operation = report(*KILL, "--yes", url=None)["operation"]
    before = contents(raw)
    rules("read_only = true")
    for argv in (("undo", operation), ("resume", operation), ("apply", str(plan))):
        jobctl(*argv, "--yes", url=None).fails(7, "context prod is read-only")
    assert report("undo", operation, "--dry-run", url=None)["dry_run"]
    assert contents(raw) == before


def test_the_library_keeps_the_rules_too(shop, raw, rules, report, own_journal, tmp_path) -> None:
    rules()
    operation = report(*KILL, "--yes", url=None)["operation"]
    before = contents(raw)
    rules("read_only = true")
    with connect() as store:
        everybody = Guards(everything=True, reason="why")
        for change in (
            lambda: store.retries.discard(Where(), guards=everybody),
            lambda: store.dead.clear(guards=Guards(undo=False)),
            lambda: store.undo(operation),
            lambda: store.resume(operation),
            lambda: store.apply(tmp_path / "nothing"),
        ):
            with pytest.raises(Refused, match="context prod is read-only"):
                change()
        assert (
            store.retries.discard(Where(), guards=Guards(everything=True, dry_run=True)).matched
            == 1
        )
    rules("reason_required = true", "journal = false")
    with connect() as store:
        with pytest.raises(Refused, match="context prod wants a reason"):
            store.retries.discard(Where(), guards=Guards(everything=True, reason=" "))
        assert contents(raw) == before
        assert store.retries.discard(Where(), guards=everybody, watch=Watch()).operation is None
        assert store.undo(operation).done == 1
    assert [file.stem for file in own_journal.iterdir()] == [operation]


# reason_required


@pytest.mark.parametrize("argv", CHANGES, ids=" ".join)
def test_a_reason_that_is_required_must_be_given(shop, raw, rules, jobctl, report, argv) -> None:
    rules("reason_required = true")
    for more in ((), ("--reason", ""), ("--reason", "  ")):
        ran = jobctl(*argv, *more, url=None)
        ran.fails(7, "context prod wants a reason; nothing was changed\nhint: say why: --reason")
    assert contents(raw) == shop
    found = report(*argv, "--reason", "4711", url=None)
    assert (found["done"] > 0, found["reason"]) == (True, "4711")


def test_undo_resume_and_apply_have_a_reason_already(shop, rules, report, tmp_path) -> None:
    rules("reason_required = true")
    plan = tmp_path / "plan"
    report(*KILL, "--plan", str(plan), url=None)
    operation = report("apply", str(plan), "--yes", url=None)["operation"]
    assert report("resume", operation, "--yes", url=None)["done"] == 1
    assert report("undo", operation, "--yes", url=None)["done"] == 1


# protected


@pytest.mark.parametrize("argv", CHANGES, ids=" ".join)
def test_a_protected_context_wants_its_own_name(shop, raw, rules, jobctl, report, argv) -> None:
    rules("protected = true")
    jobctl(*argv, url=None).fails(7, "the name 'prod' is required", "hint: pass --confirm prod; or")
    assert jobctl(*argv, "--yes", "--confirm", "prdo", url=None).code == 7
    assert contents(raw) == shop
    assert report(*argv, "--confirm", "prod", url=None)["done"] > 0


def test_a_protected_context_wants_its_name_for_what_a_file_names(
    shop, raw, rules, jobctl, report, tmp_path
) -> None:
    rules("protected = true")
    plan = tmp_path / "plan"
    report("retries", "discard", "--type", "Import", "--plan", str(plan), url=None)
    operation = report(*KILL, "--confirm", "prod", url=None)["operation"]
    for argv in (("resume", operation), ("undo", operation), ("apply", str(plan))):
        for more in ((), ("--yes",), ("--yes", "--confirm", "retries")):
            jobctl(*argv, *more, url=None).fails(7, "hint: pass --confirm prod; or")
        assert report(*argv, "--confirm", "prod", url=None)["done"] == 1


def test_its_name_is_asked_for_at_a_terminal(shop, raw, rules, at_terminal) -> None:
    rules("protected = true")
    for code, said in at_terminal(*KILL, "--yes", answers=("y\nno", "retries\nno", "\nno")):
        assert code == 7, said
        assert "Type prod to go on:" in said
        assert "not confirmed; nothing was changed" in said
    assert contents(raw) == shop
    ((code, said),) = at_terminal(*KILL, "--yes", answers=("prod",))
    assert code == 0, said
    assert "SendEmail" in said  # what will be changed is shown before it asks
    ((code, said),) = at_terminal("dead", "clear", answers=("prod",))
    assert (code, raw.zcard("dead")) == (0, 0)


def test_its_name_on_the_line_answers_at_a_terminal(shop, rules, at_terminal) -> None:
    rules("protected = true")
    for _ in range(2):  # nothing matches the second time
        ((code, said),) = at_terminal(*KILL, "--confirm", "prod", answers=("",))
        assert (code, "Type prod" in said) == (0, False)


# journal


def test_without_a_journal_no_file_stays(shop, rules, report, jobctl, own_journal, tmp_path):
    plan = str(tmp_path / "plan")
    rules()
    report("retries", "discard", "--type", "Import", "--plan", plan, url=None)
    rules("journal = false")
    for argv in ((*KILL, "--yes"), ("apply", plan, "--yes")):
        found = report(*argv, url=None)
        assert (found["done"], found["operation"]) == (1, None)
    assert report("dead", "clear", "--confirm", "dead", url=None)["done"] == 2
    ran = jobctl("scheduled", "clear", "--confirm", "scheduled", "--limit", "1", url=None)
    ran.fails(2, "hint: journal of context prod: false")
    assert not list(own_journal.iterdir())


# the context of an operation


def test_an_operation_names_its_context(shop, rules, report, own_journal) -> None:
    rules()
    operation = report(*KILL, "--yes", url=None)["operation"]
    told = report("journal", "show", operation)
    assert told["context"] == "prod"
    other = report("retries", "kill", "--all", "--yes", "-u", told["server"])["operation"]
    assert report("journal", "show", other)["context"] is None


def test_the_context_of_an_operation_comes_with_its_password(
    shop, rules, raw, report, monkeypatch, own_journal
) -> None:
    rules(f"password_command = 'echo {SECRET}'", "protected = true")
    raw.config_set("requirepass", SECRET)
    try:
        operation = report(*KILL, "--confirm", "prod", url=None)["operation"]
        monkeypatch.delenv("JOBCTL_CONTEXT")
        assert report("undo", operation, "--confirm", "prod", url=None)["done"] == 1
    finally:
        raw.config_set("requirepass", "")
    (file,) = own_journal.iterdir()
    assert SECRET not in file.read_text()


def test_rules_hold_for_what_was_made_under_them(
    shop, rules, report, jobctl, monkeypatch, server
) -> None:
    rules()
    operation = report(*KILL, "--yes", url=None)["operation"]
    rules("read_only = true")
    monkeypatch.setenv("JOBCTL_CONTEXT", "another")
    assert jobctl("undo", operation, "--yes", url=server.url).code == 7
    assert jobctl("undo", operation, "--yes", "-u", server.url).code == 0


def test_what_the_environment_names_holds_where_it_is_the_same_redis(
    shop, rules, report, jobctl
) -> None:
    operation = report(*KILL, "--yes")["operation"]  # by its URL: under no context
    rules("protected = true")
    jobctl("undo", operation, "--yes", url="").fails(7, "--confirm prod")


def test_a_context_that_is_gone_is_said_and_the_files_own_server_is_used(
    shop, rules, report, jobctl, config, monkeypatch
) -> None:
    rules("protected = true")
    operation = report(*KILL, "--confirm", "prod", url=None)["operation"]
    monkeypatch.delenv("JOBCTL_CONTEXT")
    config('[contexts.prod]\nurl = "redis://127.0.0.1:1"\n')
    ran = jobctl("undo", operation, "--dry-run", url=None)
    assert ran.code == 0
    assert "context prod, which this was made under, is not there any more" in ran.err
    config("")
    assert jobctl("undo", operation, "--yes", url=None).code == 0


def test_a_config_file_that_cannot_be_read_lets_nothing_past_its_rules(
    shop, raw, rules, report, jobctl, config, monkeypatch
) -> None:
    rules("protected = true")
    operation = report(*KILL, "--confirm", "prod", url=None)["operation"]
    before = contents(raw)
    config("[contexts.prod")
    ran = jobctl("undo", operation, "--yes", url=None)
    assert (ran.code, ran.out) == (2, "")
    monkeypatch.delenv("JOBCTL_CONTEXT")
    assert jobctl("undo", operation, "--yes", url=None).code == 2
    assert contents(raw) == before


def test_the_context_that_is_given_is_used_and_the_server_is_still_checked(
    shop, raw, config, server, report, jobctl
) -> None:
    config(
        f'[contexts.prod]\nurl = "{server.url}"\n'
        f'[contexts.copy]\nurl = "{server.url}?db=3"\n'
        f'[contexts.audit]\nurl = "{server.url}"\nread_only = true\n'
    )
    operation = report(*KILL, "--yes", "--context", "prod", url=None)["operation"]
    jobctl("undo", operation, "--yes", "--context", "copy", url=None).fails(7, "is of unix://")
    assert jobctl("undo", operation, "--yes", "--context", "audit", url=None).code == 7
    assert report("undo", operation, "--yes", "--context", "prod", url=None)["done"] == 1


def test_an_embedded_server_is_known_by_its_socket(shop, config, server, report, jobctl) -> None:
    url = f"embedded://{server.directory}"
    config(f'[contexts.mine]\nurl = "{url}"\nprotected = true\n')
    operation = report(*KILL, "--confirm", "mine", "--context", "mine", url=None)["operation"]
    assert jobctl("undo", operation, "--yes", url=None).code == 7
    assert report("undo", operation, "--confirm", "mine", url=None)["done"] == 1
