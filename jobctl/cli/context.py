"""``jobctl context ls|show``: the names that config.toml gives to job systems."""

from __future__ import annotations

import os

import click

from jobctl.cli.completion import complete_contexts
from jobctl.cli.helping import Group
from jobctl.cli.index import COMMANDS
from jobctl.cli.options import context_option, output_options
from jobctl.cli.output import console, say, write_document, write_rows
from jobctl.cli.session import Session

KEYS = (
    "context", "url", "faktory", "layout", "system", "records_namespace", "read_only",
    "protected", "reason_required", "journal", "current",
)  # fmt: skip


@click.group(
    "context",
    cls=Group,
    help=f"""{COMMANDS["context"].summary}

    They stand in config.toml: $JOBCTL_CONFIG, else $XDG_CONFIG_HOME/jobctl/config.toml, else
    ~/.config/jobctl/config.toml. Each [contexts.NAME] has a url (Redis), a faktory (server), or
    both; and, where wanted, layout, system, records_namespace, password_command or password_file,
    read_only, protected, reason_required, journal. Use one by --context NAME or
    JOBCTL_CONTEXT=NAME.""",
    short_help=COMMANDS["context"].summary,
    examples=[
        "jobctl context ls",
        "jobctl context show prod",
        "jobctl context ls -o ids | xargs -I{} jobctl --context {} info",
    ],
)
def context() -> None:
    """Contexts."""


@context.command(
    "ls",
    help="List the contexts, in the order of the file; passwords are left out.",
    short_help="List them.",
    examples=["jobctl context ls", "jobctl context ls -o json", "jobctl context ls -o ids"],
)
@context_option()
@output_options()
@click.pass_obj
def ls(session: Session) -> None:
    """List contexts."""
    from jobctl.config import config_file, read_contexts
    from jobctl.config.explaining import listed

    contexts = read_contexts(os.environ)
    current = _current(session)
    rows = [listed(each, current=name == current) for name, each in contexts.items()]
    write_rows(session, rows, KEYS, 0.0, ident="context")
    if not contexts and session.format.human:
        file = config_file(os.environ)
        where = "in" if file.there else "as there is no file"
        say(f"no contexts {where} {file.path}")


@context.command(
    "show",
    help="Show a context; of a password only where it comes from.",
    short_help="Show one of them.",
    examples=["jobctl context show prod", "jobctl context show prod -o json | jq -r .url"],
)
@click.argument("name", shell_complete=complete_contexts)
@output_options()
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Show a context."""
    from jobctl.config import find_context
    from jobctl.config.explaining import describe

    row = describe(find_context(name, os.environ), os.environ, current=name == _current(session))
    if session.in_json:
        write_document(session, row)
    elif session.format.human:
        from jobctl.render.screen import print_facts

        print_facts(console(session), row, exact_keys=True)
    else:
        write_rows(session, [row], tuple(row), 0.0, ident="context")


def _current(session: Session) -> str | None:
    return session.text("context") or os.environ.get("JOBCTL_CONTEXT", "").strip() or None
