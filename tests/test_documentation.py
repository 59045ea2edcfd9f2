"""What README and helps show is what the commands print, and every command in them can be typed."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from jobctl.cli.command import Session
from jobctl.cli.main import root
from jobctl.demo.population import lifelike
from jobctl.demo.seeding import seed

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted(p for p in (ROOT / "docs").glob("*.md") if p.name != "commands.md")]
SOCKET = "unix:///var/lib/faktory/db/redis.sock"
ANYTHING = ".."  # a line that stands for any lines
CRON = """\
[cron_plugin]
enabled = true

[[cron]]
schedule = "*/5 * * * *"
[cron.job]
type = "Cleanup"

[[cron]]
schedule = "3 * * * * * * *" # quartz format
[cron.job]
type = "Report"
[[cron.jobs.args]]
day = "today"
"""
COLOR = re.compile(r"\x1b\[[0-9;]*m")
OPERATION = re.compile(r"\b[0-9a-f]{8}\b(?!-)")


def fences(text: str, language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[click.Command]:
    """Yield every command below one."""
    if not isinstance(command, click.Group):
        yield command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, (*path, name))


def typed(line: str) -> list[str] | None:
    """Return the words of the jobctl command in a line of shell; None where there is none."""
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    words.commenters = "#"
    found = list(words)
    if "jobctl" not in found:
        return None
    found = found[found.index("jobctl") + 1 :]
    ends = [i for i, word in enumerate(found) if re.fullmatch(r"[|&;<>()]+", word)]
    return found[: ends[0]] if ends else found


def parse(argv: list[str]) -> None:
    """Let click read a command line, down to its command; nothing is run."""
    command: click.Command = root
    context: click.Context | None = None
    words, given = list(argv), Session()
    while True:
        name = context.info_name if context else "jobctl"
        made = command.make_context(name, words, parent=context, obj=given)
        if not isinstance(command, click.Group):
            return
        name, found, words = command.resolve_command(made, [*made._protected_args, *made.args])
        assert found is not None, argv
        command, context = found, made


def examples() -> list[str]:
    """Return every line that helps and documents propose to type."""
    lines = [line for command in leaves(root) for line in getattr(command, "examples", ())]
    for document in DOCUMENTS:
        text = document.read_text()
        for block in fences(text, "sh"):
            lines += block.replace("\\\n", " ").splitlines()
        for block in fences(text, "text"):
            lines += [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    return [line for line in dict.fromkeys(lines) if re.search(r"(^|[^/])\bjobctl\b [a-z-]", line)]


@pytest.mark.parametrize("line", examples())
def test_what_is_shown_can_be_typed(line):
    argv = typed(line)
    if argv is None:  # $(jobctl ..)
        argv = typed(re.sub(r".*\$\((.*?)\).*", r"\1", line))
    assert argv is not None
    with contextlib.suppress(click.exceptions.Exit):  # --help, --version
        parse(argv)


@pytest.fixture
def shop(store, noon, monkeypatch, tmp_path):
    """The demo's jobs at a fixed moment, and files and names as README has them."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "deploy.sh"
    script.write_text("#!/bin/sh\necho deployed\n")
    script.chmod(0o755)
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "cron.toml").write_text(CRON)
    seed(store.backend.connection, lifelike(noon))


def screens(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command that a document shows with ``$``, and what is said to come of it."""
    for block in fences(text, "text"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown.rstrip()


def pattern(shown: str) -> re.Pattern[str]:
    """Return what an output matches that is shown so."""
    lines = [OPERATION.sub("OPERATION", line) for line in shown.splitlines()]
    return re.compile(
        "\n".join("(?:.*\n?)*?.*" if line == ANYTHING else re.escape(line) for line in lines)
        .replace("OPERATION", r"[0-9a-f]{8}")
    )  # fmt: skip


SHOWING = [document for document in DOCUMENTS if any(screens(document.read_text()))]


@pytest.mark.parametrize("document", SHOWING, ids=lambda document: document.stem)
def test_a_document_shows_what_is_printed(jobctl, shop, server, document):
    text = document.read_text()
    for command, shown in screens(text):
        first, _, rest = command.partition(" | ")
        argv = typed(first)
        assert argv is not None, command
        ran = jobctl(*argv, tty=not rest and "hold" not in argv, together=not rest)  # no spinner
        said = COLOR.sub("", ran.out)
        if rest:
            said = subprocess.run(
                ["sh", "-c", rest], input=ran.out, capture_output=True, text=True, check=True
            ).stdout
        said = said.replace(server.url, SOCKET)
        said = "\n".join(line.rstrip() for line in said.rstrip().splitlines())
        if not pattern(shown).fullmatch(said) and os.environ.get("JOBCTL_GOLDEN") == "write":
            text = text.replace(f"$ {command}\n{shown}\n", f"$ {command}\n{said}\n")
            document.write_text(text)
            continue
        assert pattern(shown).fullmatch(said), f"{command}\n{said}"
