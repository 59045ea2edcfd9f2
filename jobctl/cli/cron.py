"""``jobctl cron``: schedules of the cron plugin, as the server reads them."""

from __future__ import annotations

from importlib import import_module

import click

from jobctl.cli.command import Group
from jobctl.cli.index import COMMANDS, Listed

_COMMANDS = {
    "add": Listed("cron_edit:add", "Add an entry to a file."),
    "explain": Listed("cron_next:explain", "Say what a schedule says, in plain English."),
    "load": Listed("cron_load:load", "Count the jobs by hour or minute: a heat map."),
    "ls": Listed("cron_files:ls", "List entries, and when they fire."),
    "next": Listed("cron_next:next_firings", "Say when a schedule, or a file's entries, fire."),
    "rm": Listed("cron_edit:rm", "Remove entries from a file."),
    "validate": Listed("cron_files:validate", "Check files of cron entries, or schedules."),
}


class CronGroup(Group):
    """A group that imports a command when it is asked for: most read TOML, ``next`` need not."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].home.partition(":")
        command: click.Command = getattr(import_module(f"jobctl.cli.{module}"), attribute)
        command.short_help = _COMMANDS[cmd_name].summary
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands and their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.summary) for name, listed in _COMMANDS.items()])


@click.group(
    "cron",
    cls=CronGroup,
    help=f"""{COMMANDS["cron"].summary}

    Schedules are read and searched exactly as the server's parser does: 5 fields (minute, hour, day
    of month, month, day of week), or 6 with the seconds first; @daily and its kind; @every 90s; a
    zone in front, CRON_TZ=Europe/Berlin. No Redis is asked.""",
    examples=[
        "jobctl cron validate /etc/faktory/conf.d",
        "jobctl cron next '30 9 * * MON-FRI' --tz Europe/Berlin",
        "jobctl cron load /etc/faktory/conf.d --per hour",
    ],
)
def cron() -> None:
    """Cron."""
