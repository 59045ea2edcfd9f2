"""``jobctl cron``: schedules of the cron plugin, as the server reads them."""

from __future__ import annotations

import click

from jobctl.cli.cron_edit import add, rm
from jobctl.cli.cron_explain import explain
from jobctl.cli.cron_load import load
from jobctl.cli.cron_ls import ls
from jobctl.cli.cron_next import next_firings
from jobctl.cli.cron_validate import validate
from jobctl.cli.helping import Group
from jobctl.cli.index import COMMANDS


@click.group(
    "cron",
    cls=Group,
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


for command in (validate, next_firings, explain, ls, load, add, rm):
    cron.add_command(command)
