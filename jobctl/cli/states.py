"""``jobctl states``: the one table of states."""

from __future__ import annotations

import click

from jobctl.cli.helping import Command
from jobctl.cli.index import COMMANDS
from jobctl.cli.options import PAGE, option, output_options
from jobctl.cli.session import Session
from jobctl.cli.writing import write_rows
from jobctl.model.status import TABLE

_COLUMNS = ("state", "faktory", "jobba", "rethinkdb", "meaning")


@click.command(
    "states",
    cls=Command,
    help="""The states of a job, and what other systems call them: Faktory's tracking, the status
    records of Jobba, and rethinkdb-job-queue.

    Where a job is decides its state; one that is in no structure has the state of its record. No
    Redis is asked.""",
    short_help=COMMANDS["states"].summary,
    examples=[
        "jobctl states",
        "jobctl states -o json | jq -r '.[] | select(.jobba) | .jobba + \" is \" + .state'",
    ],
)
@option(PAGE, "--columns", metavar="A,B", help="Show these columns only.")
@output_options()
@click.pass_obj
def states(session: Session) -> None:
    """The states of a job."""
    columns = session.columns(_COLUMNS, _COLUMNS)
    write_rows(session, (named.row() for named in TABLE), columns, 0.0, ident="state")
