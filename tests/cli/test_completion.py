"""Completion, asked for as the shells' scripts ask."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.blackbox.story import run as run_main
from tests.builders import NOW, enqueue, failed, job, reservation, retry
from tests.embedded.servers import until

COMPLETIONS = Path(__file__).parents[2] / "completions"


@pytest.fixture
def complete(monkeypatch, url):
    """The words that complete a command line, as the shells' scripts ask for them."""

    def run(line, **environ):
        asked = {
            "_JOBCTL_COMPLETE": "bash_complete", "COMP_WORDS": line,
            "COMP_CWORD": str(line.count(" ")), "JOBCTL_URL": url,
        }  # fmt: skip
        with monkeypatch.context() as patched:
            for name, value in (asked | environ).items():
                patched.setenv(name, value)
            code, out, err = run_main([])
        assert (code, err) == (0, "")
        return [found.split(",", 1)[1] for found in out.splitlines() if found]

    return run


def test_commands_options_and_choices_complete(complete):
    assert complete("jobctl st") == ["status", "states"]
    assert complete("jobctl retries ") == [
        "clear", "count", "discard", "group", "kill", "ls", "requeue", "reschedule", "show",
    ]  # fmt: skip
    assert complete("jobctl retries ls --old") == ["--older-than"]
    assert complete("jobctl dead ls -o js") == ["json", "jsonl"]


def test_queue_names_are_the_live_ones(complete, raw):
    enqueue(raw, "default", job())
    enqueue(raw, "deploys", job())
    raw.sadd("queues", "two words", "mailers")
    assert complete("jobctl queue jobs de") == ["default", "deploys"]
    assert complete("jobctl retries ls --queue ") == ["default", "deploys", "mailers"]


def test_where_the_jobs_are_sidekiqs_nothing_completes_and_nothing_is_said(complete, raw):
    raw.sadd("queues", "default")
    raw.zadd("retry", {"{}": 1})
    assert complete("jobctl queue jobs de") == []


def test_the_redis_on_the_line_is_the_one_asked(complete, raw, url):
    enqueue(raw, "default", job())
    nowhere = "redis://127.0.0.1:1"
    assert complete(f"jobctl -u {url} queue jobs d", JOBCTL_URL=nowhere) == ["default"]
    assert complete(f"jobctl queue jobs -u {url} d", JOBCTL_URL=nowhere) == ["default"]
    assert complete("jobctl queue jobs d", JOBCTL_URL=nowhere) == []


def test_a_redis_that_does_not_answer_costs_no_more_than_the_cap(complete):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        complete("jobctl queue jobs d", JOBCTL_URL="redis://127.0.0.1:1")
        began = time.monotonic()
        assert complete("jobctl queue jobs d", JOBCTL_URL=silent_url) == []
        assert time.monotonic() - began < 5  # not the connect timeout and its retries


@pytest.mark.parametrize(("shell", "file"), [("bash", "jobctl.bash"), ("zsh", "_jobctl")])
def test_the_script_is_what_the_command_prints_and_its_shell_reads_it(jobctl, shell, file):
    text = (COMPLETIONS / file).read_text()
    assert jobctl("completion", shell).out == text
    if shutil.which(shell):
        subprocess.run([shell, "-n", str(COMPLETIONS / file)], check=True)


def test_bash_completes_a_queue_with_the_script(url, raw):
    enqueue(raw, "default", job())
    line = (
        f"source '{COMPLETIONS / 'jobctl.bash'}'; COMP_WORDS=(jobctl queue jobs de); COMP_CWORD=3; "
        '_jobctl_completion jobctl; echo "${COMPREPLY[@]}"'
    )
    environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "JOBCTL_URL": url}

    def completed():
        ran = subprocess.run(["bash", "-c", line], env=environ, capture_output=True, text=True)
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout == "default\n"

    until(completed)  # on a busy machine Redis may not answer within the cap


def test_only_operations_that_can_be_undone_or_resumed_complete_there(
    complete, jobctl, raw, own_journal
):
    retry(raw, *(failed(f"jid-{i:08d}") for i in range(3)))
    enqueue(raw, "default", job())
    raw.zadd("working", {reservation(job("held-00001")): NOW})

    def done(*argv):
        ran = jobctl(*argv, "--yes", "-o", "json")
        assert ran.code == 0, ran.err
        return json.loads(ran.out)["operation"]

    kept, undone, cut = (done("retries", "kill", "--jid", f"jid-{i:08d}") for i in range(3))
    released = done("working", "release", "held-00001")
    done("undo", undone)
    file = own_journal / f"{cut}.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(line for line in lines if not line.startswith(b'{"end"')))
    assert sorted(complete("jobctl undo ")) == sorted([kept, cut])
    assert complete("jobctl resume ") == [cut]
    every = sorted([kept, undone, cut, released])
    assert sorted(complete("jobctl journal show ")) == every


def test_behind_the_dashes_of_a_hold_no_queue_completes(complete, raw):
    enqueue(raw, "default", job())
    assert complete("jobctl queue hold d") == ["default"]
    assert complete("jobctl queue hold default -- d") == []
    assert complete("jobctl queue hold default -- make d") == []


def test_the_names_of_contexts_complete(complete, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("".join(f"[contexts.{n}]\nurl = 'x'\n" for n in ("prod", "pre", "demo")))
    named = {"JOBCTL_CONFIG": str(file)}
    assert complete("jobctl --context p", **named) == ["prod", "pre"]
    assert complete("jobctl retries ls --context d", **named) == ["demo"]
    assert complete("jobctl context show ", **named) == ["prod", "pre", "demo"]
    file.write_text("[contexts")
    assert complete("jobctl --context p", **named) == []
    assert complete("jobctl --context p", JOBCTL_CONFIG=str(tmp_path / "nothing")) == []


def test_the_queues_of_a_context_complete_without_its_command(complete, raw, url, tmp_path):
    enqueue(raw, "default", job())
    file, ran = tmp_path / "config.toml", tmp_path / "ran"
    named = {"JOBCTL_CONFIG": str(file)}
    file.write_text(f"[contexts.prod]\nurl = '{url}'\npassword_file = 'secret'\n")
    (tmp_path / "secret").write_text("x")
    assert complete("jobctl --context prod queue jobs ", **named) == ["default"]
    file.write_text(f"[contexts.prod]\nurl = '{url}'\npassword_command = 'touch {ran}; echo x'\n")
    assert complete("jobctl --context prod queue jobs ", **named) == []
    assert not ran.exists()
