"""``jobctl record ..``: Jobba's status records."""

from __future__ import annotations

from jobctl.cli import record_verbs
from jobctl.cli.helping import Group
from jobctl.cli.index import COMMANDS

record = Group(
    "record",
    help="""Jobba's status records, one or many of them.""",
    short_help=COMMANDS["record"].summary,
    examples=["jobctl record cleanup --older-than 12w --dry-run"],
)
for command in record_verbs.COMMANDS:
    record.add_command(command)
