"""Write what is generated: docs/commands.md and completions/. ``--check`` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from jobctl.cli.completion import SHELLS, script
from jobctl.cli.root import root

TOP = Path(__file__).parent.parent
FILES = {"bash": "jobctl.bash", "zsh": "_jobctl", "fish": "jobctl.fish"}


def commands() -> str:
    """Return the reference of all commands, from their own help."""
    parts = ["# Commands\n\nGenerated from the commands' own help: `python docs/generate.py`.\n"]
    todo: list[tuple[str, click.Command, click.Context | None]] = [("jobctl", root, None)]
    while todo:
        name, command, parent = todo.pop(0)
        context = click.Context(command, info_name=name, parent=parent, **command.context_settings)
        context.terminal_width = 90
        parts.append(f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n")
        if isinstance(command, click.Group):
            names = command.list_commands(context)
            found = [(n, command.get_command(context, n), context) for n in names]
            todo = [(n, c, p) for n, c, p in found if c is not None] + todo
    return "\n".join(parts)


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
