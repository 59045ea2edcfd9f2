"""``jobctl config explain``: where each setting comes from."""

from __future__ import annotations

import os

import click

from jobctl.cli.helping import Group
from jobctl.cli.index import COMMANDS
from jobctl.cli.options import shared_options
from jobctl.cli.output import say, write_rows
from jobctl.cli.session import Session
from jobctl.errors import ConfigProblem, Exit


@click.group(
    "config",
    cls=Group,
    help=COMMANDS["config"].summary,
    short_help=COMMANDS["config"].summary,
    examples=["jobctl config explain", "jobctl config explain --context prod"],
)
def config() -> None:
    """Settings."""


@config.command(
    "explain",
    help="""Say of each setting what it is and where it comes from, and which variables were
    overruled. The first of these names the Redis and its Faktory server, two are never mixed:
    --url and --faktory-url; --context; JOBCTL_URL; JOBCTL_CONTEXT; REDIS_PROVIDER; REDIS_URL;
    FAKTORY_URL alone; a running embedded server; redis://127.0.0.1:6379/0. With FAKTORY_URL alone
    url_without_faktory is the Redis of what needs no server; what asks the server never uses it.

    Nothing is connected, no password is asked for, none is shown. A config.toml that cannot be
    used, also where no context is asked for, is a warning, and the exit code is 8.""",
    short_help="Say where each setting comes from.",
    examples=[
        "jobctl config explain",
        "jobctl config explain --context prod",
        "jobctl config explain -o json | jq '.[] | select(.setting == \"overruled\")'",
    ],
)
@shared_options()
@click.pass_obj
def explain(session: Session) -> None:
    """Explain the settings."""
    from jobctl.config.explaining import KEYS, Given
    from jobctl.config.explaining import explain as explain_settings

    names = ("context", "layout", "connect_timeout", "records_namespace", "system")
    given = Given(*(session.text(name) for name in names))
    rows = explain_settings(session.level, given, os.environ)
    write_rows(session, rows, KEYS, 0.0, ident="setting")
    if session.level.unclear:
        say("what asks a Faktory server is refused: say which one, -u embedded:// or --faktory-url")
    _check_file()


def _check_file() -> None:
    """Read config.toml, also where no context is asked for, and say what is wrong with it."""
    from jobctl.config import read_contexts

    try:
        read_contexts(os.environ)
    except ConfigProblem as problem:
        say(f"warning: {problem.message}")
        if problem.hint is not None:
            say(f"hint: {problem.hint}")
        raise click.exceptions.Exit(Exit.PROBLEMS) from None
