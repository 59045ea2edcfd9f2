"""``jobctl help``, and what every help has."""

import re

import click
import pytest

from jobctl.cli.command import TOPICS
from jobctl.cli.main import root
from jobctl.cli.options import SHARED
from jobctl.errors import Exit
from tests.test_house import every_command

LINES = 25
# The root lists every command, the others have many options of their own.
LONG = re.compile(
    r"jobctl|jobctl (cron .*|query|queue (drain|hold)|record (create|set)|working release"
    r"|(retries|scheduled|dead) requeue)"
)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_explains_each_of_its_options(jobctl, topic):
    ran = jobctl("help", topic)
    assert (ran.code, ran.err) == (Exit.OK, "")
    for option in SHARED[topic]:
        assert next(name for name in option.names if name.startswith("--")) in ran.out
        assert option.attrs["help"].split()[0] in ran.out


@pytest.mark.parametrize("words", [(), ("retries",), ("retries", "kill"), ("help",)])
def test_the_help_of_a_command_is_what_the_command_says(jobctl, words):
    assert jobctl("help", *words).out == jobctl(*words, "--help").out


def test_what_is_no_command_is_near_named(jobctl):
    ran = jobctl("help", "filtres")
    assert ran.code == Exit.USAGE
    assert ran.err == "error: jobctl has no command 'filtres'\nhint: did you mean filters?\n"
    ran = jobctl("help", "retries", "kil")
    assert ran.err == "error: jobctl retries has no command 'kil'\nhint: did you mean kill?\n"
    assert jobctl("help", "status", "kill").code == Exit.USAGE


def test_shared_options_are_named_and_not_repeated(jobctl):
    said = jobctl("retries", "kill", "--help").out
    assert "filters     --type, --queue, --jid" in said
    assert "guards      --dry-run, --yes" in said
    assert "Job type" not in said
    assert said.index("Examples:") < said.index("Options:") < said.index("Shared options")


@pytest.mark.parametrize(("path", "command"), list(every_command()), ids=lambda v: str(v)[:40])
def test_a_help_is_short(path, command):
    words = " ".join(path)
    root_context = click.Context(root, info_name="jobctl", **root.context_settings)
    context = click.Context(command, root_context, words, terminal_width=80)
    lines = len(command.get_help(context).splitlines())
    assert lines <= LINES or LONG.fullmatch(words), lines
