"""``jobctl cron``: schedules of the cron plugin, as the server reads them."""

from __future__ import annotations

import click

from jobctl.cli.command import LazyGroup, Listed

_COMMANDS = {
    "add": Listed("cron_edit:add", "Add an entry to a file."),
    "explain": Listed("cron_next:explain", "Say what a schedule says, in plain English."),
    "load": Listed("cron_files:load", "Count the jobs by hour or minute: a heat map."),
    "ls": Listed("cron_files:ls", "List entries, and when they fire."),
    "next": Listed("cron_next:next_firings", "Say when a schedule, or a file's entries, fire."),
    "rm": Listed("cron_edit:rm", "Remove entries from a file."),
    "validate": Listed("cron_files:validate", "Check files of cron entries, or schedules."),
}


@click.group(
    "cron",
    cls=LazyGroup,
    listed=_COMMANDS,
    examples=[
        "jobctl cron validate /etc/faktory/conf.d",
        "jobctl cron next '30 9 * * MON-FRI' --tz Europe/Berlin",
        "jobctl cron load /etc/faktory/conf.d --per hour",
    ],
)
def cron() -> None:
    """Schedules of the cron plugin, as the server reads them.

    Schedules are read and searched exactly as the server's parser does: 5 fields (minute, hour, day
    of month, month, day of week), or 6 with the seconds first; @daily and its kind; @every 90s; a
    zone in front, CRON_TZ=Europe/Berlin. No Redis is asked.
    """
