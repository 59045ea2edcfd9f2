"""The root command; its help lists every command without importing any."""

from __future__ import annotations

import click

from jobctl import __version__
from jobctl.cli.command import LazyGroup, write_options
from jobctl.cli.index import COMMANDS, SECTIONS
from jobctl.cli.options import shared_options
from jobctl.errors import EXIT_MEANINGS


class Root(LazyGroup):
    """The root: its help has the commands by section, and the exit codes."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, the options, and the exit codes."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, each.summary) for name, each in commands.items()])
        write_options(self, ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code.value), text) for code, text in EXIT_MEANINGS.items()])


@click.group(
    "jobctl",
    cls=Root,
    listed=COMMANDS,
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
