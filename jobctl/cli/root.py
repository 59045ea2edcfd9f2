"""The root command; its help lists every command without importing any."""

from __future__ import annotations

from importlib import import_module

import click

from jobctl import __version__
from jobctl.cli.command import Group, write_options
from jobctl.cli.index import COMMANDS, SECTIONS
from jobctl.cli.options import shared_options
from jobctl.errors import EXIT_MEANINGS


class Root(Group):
    """A group that imports a command when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        listed = COMMANDS.get(cmd_name)
        if listed is None:
            return None
        module, _, attribute = listed.home.partition(":")
        command: click.Command = getattr(import_module(f"jobctl.cli.{module}"), attribute)
        return command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, the options, and the exit codes."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, listed.summary) for name, listed in commands.items()])
        write_options(self, ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code.value), text) for code, text in EXIT_MEANINGS.items()])

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Complete a command's name without importing any command."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        item = click.shell_completion.CompletionItem
        return [
            item(name, help=listed.summary)
            for name, listed in COMMANDS.items()
            if name.startswith(incomplete)
        ]


@click.group(
    cls=Root,
    name="jobctl",
    examples=[
        "jobctl demo                          # a private server with lifelike jobs",
        "jobctl status 8f3a6c0d2b914e57a1c0   # one job, wherever it is",
        "jobctl retries ls --type SendEmail --error Timeout",
        "jobctl -u unix:///var/lib/faktory/db/redis.sock info",
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@shared_options()
@click.version_option(__version__, "--version", message="jobctl %(version)s")
def root() -> None:
    """Find, inspect and repair background jobs in Redis."""
