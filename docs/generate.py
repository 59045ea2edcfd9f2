"""Write what is generated: docs/commands.md and completions/. ``--check`` only compares."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from jobctl.cli.command import TOPICS
from jobctl.cli.completion import SHELLS, script
from jobctl.cli.main import root
from jobctl.cli.options import topic_text

TOP = Path(__file__).parent.parent
FILES = {"bash": "jobctl.bash", "zsh": "_jobctl", "fish": "jobctl.fish"}
WIDTH = 90
ALIKE = ("scheduled", "dead")  # their commands are those of retries
SHARED_OPTIONS = re.compile(r"Shared options.*:\n((?:  .*\n?)+)")


def commands() -> str:
    """Return the reference of all commands, from their own help."""
    parts = [
        "# Commands\n\nGenerated from the commands' own help: `python docs/generate.py`. Each has "
        "`-h, --help`;\nwhat many share is told under [jobctl help](#jobctl-help-filters).\n"
    ]
    seen: set[str] = set()
    for context in contexts(root, None, "jobctl"):
        text = brief(context.get_help())
        same = re.sub(rf"\b({'|'.join(ALIKE)})\b", "retries", without_examples(text))
        if same not in seen:
            parts.append(f"## {context.command_path}\n\n```text\n{text}\n```\n")
        seen.add(same)
        if context.info_name in ALIKE:
            parts.append("What is not told here is as in `jobctl retries`.\n")
        if context.info_name == "help":
            for topic in TOPICS:
                told = topic_text(context, topic)
                parts.append(f"## {context.command_path} {topic}\n\n```text\n{told}\n```\n")
    return "\n".join(parts)


def contexts(
    command: click.Command, parent: click.Context | None, name: str
) -> Iterator[click.Context]:
    """Yield the context of a command, and of all below it."""
    context = click.Context(command, info_name=name, parent=parent, **command.context_settings)
    context.terminal_width = WIDTH
    yield context
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            if below is not None:
                yield from contexts(below, context, each)


def brief(text: str) -> str:
    """Return a help that names the topics of shared options in one line."""
    return SHARED_OPTIONS.sub(_topics, text).rstrip()


def _topics(found: re.Match[str]) -> str:
    names = [line.split()[0] for line in found[1].splitlines() if line.strip()]
    return f"Shared options: {', '.join(names)}\n"


def without_examples(text: str) -> str:
    """Return a help without its examples."""
    return re.sub(r"Examples:\n(?:  .*\n?)+", "", text)


def generated() -> dict[Path, str]:
    """Return every generated file and its text."""
    files = {TOP / "completions" / FILES[shell]: script(root, shell) for shell in SHELLS}
    return files | {TOP / "docs" / "commands.md": commands()}


def main() -> int:
    """Write the files, or say which are not what they should be."""
    check = "--check" in sys.argv[1:]
    stale = [f for f, text in generated().items() if not f.exists() or f.read_text() != text]
    for file in stale:
        print(f"{'stale' if check else 'written'}: {file.relative_to(TOP)}")
        if not check:
            file.write_text(generated()[file])
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
